"""Interruptions and events of points, the newest first, as readers ask for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from service.domain.supply.pieces import Grade
from service.store.pool import Connection
from service.store.statements import statement

T = TypeVar("T")
EventKind = Literal["dip", "swell", "interruption", "phase_loss"]

# Half-open: what ended before $1 or begins at $2 is not meant. Pages go by start, point and kind, downwards.
_WHERE: Final = """
     WHERE start_at < $2              -- timestamptz
       AND coalesce(end_at, 'infinity') > $1
       AND ($3::text IS NULL OR point = $3)
       AND ($4::text IS NULL OR feeder = $4)
       AND ($5::text IS NULL OR region = $5)
"""

_INTERRUPTIONS = statement(
    "interruptions_list",
    f"""
    SELECT point, point_id, region, feeder, transformer, class AS point_class, start_at, end_at,
           duration_s, earliest_at, latest_at, evidence, grades, cause, ticket, outage_id, is_nested,
           n_customers
      FROM v_interruption
    {_WHERE}
       AND ($6::timestamptz IS NULL OR (start_at, point_id) < ($6, $7::integer))
       AND ($9::text IS NULL OR evidence = $9)
       AND ($10::text IS NULL OR cause = $10)
       AND ($11::boolean IS NULL OR is_open = $11)
     ORDER BY start_at DESC, point_id DESC
     LIMIT $8
    """,  # noqa: S608 (SQL of ours)
)

_EVENTS = statement(
    "events_list",
    f"""
    SELECT point, point_id, region, feeder, transformer, class AS point_class, kind, start_at,
           end_at, duration_s, earliest_at, latest_at, extreme_ppm, phase_1, phase_2, phase_3,
           device, interval_s
      FROM v_event
     CROSS JOIN LATERAL (
               SELECT event.extreme_ppm, device.interval_s
                 FROM event
                 LEFT JOIN device USING (device_id)
                WHERE event.point_id = v_event.point_id
                  AND event.kind = v_event.kind
                  AND event.start_at = v_event.start_at
           ) AS seen
    {_WHERE}
       AND ($6::timestamptz IS NULL OR (start_at, point_id, kind) < ($6, $7::integer, $8::text))
       AND ($9::text IS NULL OR kind = $9)
     ORDER BY start_at DESC, point_id DESC, kind DESC
     LIMIT $10
    """,  # noqa: S608 (SQL of ours)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFilter:
    """Where: what fits in everything that is given."""

    point: str | None = None
    feeder: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInterruption:
    """A period without supply of one point."""

    point: str
    point_id: int
    region: str
    feeder: str
    transformer: str
    point_class: str
    start_at: datetime  # supply went in earliest_at .. start_at
    end_at: datetime | None  # and came back in end_at .. latest_at; None while open
    duration_s: float  # start to end; of an open one, to where the data reach
    earliest_at: datetime
    latest_at: datetime | None
    evidence: Grade  # the best of its grades
    grades: list[Grade]  # of the pieces that it was united from, best first
    cause: str
    ticket: str | None  # of the declaration that it has its cause from
    outage_id: int | None  # of the network's outage that it is a part of
    is_nested: bool  # it went on after the rest of that outage had ended
    n_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A dip, swell, interruption or lost phase, as single readings showed it."""

    point: str
    point_id: int
    region: str
    feeder: str
    transformer: str
    point_class: str
    kind: EventKind
    start_at: datetime
    end_at: datetime | None
    duration_s: float
    earliest_at: datetime
    latest_at: datetime | None
    extreme_ppm: int  # residual or highest voltage, millionths of nominal
    phases: tuple[int, ...]  # 1 .. 3, those that took part
    device: str | None
    interval_s: int | None  # of its readings; None where the device is not known any more


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionFilter:
    """Which interruptions: those that fit in everything that is given."""

    where: PlaceFilter
    evidence: Grade | None = None  # the best of its grades
    cause: str | None = None
    is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class After:
    """Where the next page begins: behind this row."""

    start_at: datetime
    point_id: int
    kind: str = ""  # of an event


async def list_interruptions(
    connection: Connection,
    span: tuple[datetime, datetime],
    chosen: InterruptionFilter,
    after: After | None,
    limit: int,
) -> list[StoredInterruption]:
    """Return the interruptions that reach into a span of time, half-open, the newest first."""
    place = (chosen.where.point, chosen.where.feeder, chosen.where.region)
    what = (chosen.evidence, chosen.cause, chosen.is_open)
    rows = await connection.fetch(_INTERRUPTIONS, *span, *place, *_keys(after)[:2], limit, *what)
    return [StoredInterruption(**row) for row in rows]


async def list_events(
    connection: Connection,
    span: tuple[datetime, datetime],
    place: PlaceFilter,
    kind: EventKind | None,
    after: After | None,
    limit: int,
) -> list[StoredEvent]:
    """Return the events that reach into a span of time, half-open, the newest first."""
    rows = await connection.fetch(
        _EVENTS, *span, place.point, place.feeder, place.region, *_keys(after), kind, limit
    )
    return [_event(row) for row in rows]


def _keys(after: After | None) -> tuple[datetime | None, int | None, str | None]:
    return (None, None, None) if after is None else (after.start_at, after.point_id, after.kind)


def _event(row: Any) -> StoredEvent:
    fields = dict(row)
    phases = tuple(phase for phase in (1, 2, 3) if fields.pop(f"phase_{phase}"))
    return StoredEvent(phases=phases, **fields)
