"""What one interruption rests on: its pieces of evidence, and what meters and readings told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.domain.supply.meter_events import MeterEventKind
from service.domain.supply.pieces import Grade
from service.store.pool import Connection
from service.store.statements import statement

_INTERRUPTION = statement(
    "interruption_find",
    """
    SELECT start_at, earliest_at, end_at, latest_at, grades, outage_id, cause, declaration_id
      FROM interruption
     WHERE point_id = $1          -- integer
       AND start_at = $2          -- timestamptz
    """,
)

_PIECES = statement(
    "evidence_of_interruption",
    """
    SELECT grade, earliest_at, start_at, end_at, latest_at, place, code, declaration_id, ticket
      FROM evidence
      LEFT JOIN declaration USING (declaration_id)
     WHERE point_id = $1          -- integer
       AND start_at <= $3         -- timestamptz
       AND coalesce(end_at, 'infinity') >= $2
     ORDER BY start_at, array_position(ARRAY['measured', 'meter_event', 'feeder', 'declared', 'inferred'], grade),
           evidence_id
    """,
)

# A meter's clock may be off by a little, and it says that supply is back some time after it is.
_METER_EVENTS = statement(
    "meter_events_of_interruption",
    """
    SELECT event, at, nullif(until_at, at) AS until_at, arrived_at, n_copies, device
      FROM meter_event
      LEFT JOIN device USING (device_id)
     WHERE meter_event.point_id = $1          -- integer
       AND at <= $3::timestamptz + interval '10 minutes'
       AND until_at >= $2::timestamptz - interval '10 minutes'
     ORDER BY at, event, until_at, device
    """,
)

_READINGS = statement(
    "voltage_events_of_interruption",
    """
    SELECT earliest_at, start_at, end_at, latest_at, device
      FROM event
      LEFT JOIN device USING (device_id)
     WHERE event.point_id = $1          -- integer
       AND kind = 'interruption'
       AND start_at <= $3               -- timestamptz
       AND coalesce(end_at, 'infinity') >= $2
     ORDER BY start_at
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInterruption:
    """An interruption of a point that is known already."""

    start_at: datetime
    earliest_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    grades: list[Grade]
    outage_id: int | None
    cause: str
    declaration_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPiece:
    """A piece of evidence that the point was without supply."""

    grade: Grade
    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    place: Literal["", "feeder", "transformer"]  # grades feeder and inferred: whose outage it is
    code: str
    declaration_id: int | None
    ticket: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldByMeter:
    """A meter event of the point."""

    event: MeterEventKind
    at: datetime  # by the meter's own clock
    until_at: datetime | None  # of an entry of the power failure log
    arrived_at: datetime
    n_copies: int
    device: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInReadings:
    """An interruption as the watch over single readings saw it."""

    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None
    latest_at: datetime | None
    device: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What an interruption rests on."""

    pieces: list[StoredPiece]
    meter_events: list[ToldByMeter]
    readings: list[SeenInReadings]


async def find_interruption(
    connection: Connection, point_id: int, start_at: datetime
) -> FoundInterruption | None:
    """Return the interruption of a point that starts at an instant; None where there is none."""
    row = await connection.fetchrow(_INTERRUPTION, point_id, start_at)
    return None if row is None else FoundInterruption(**row)


async def grounds_of(
    connection: Connection, point_id: int, one: FoundInterruption, through: datetime
) -> Grounds:
    """Return what an interruption of a point rests on; one that is open reaches to ``through``."""
    span = (one.start_at, one.end_at or max(through, one.start_at))
    wide = (one.earliest_at, one.latest_at or max(through, one.start_at))
    pieces = await connection.fetch(_PIECES, point_id, *span)
    events = await connection.fetch(_METER_EVENTS, point_id, *wide)
    readings = await connection.fetch(_READINGS, point_id, *wide)
    return Grounds(
        pieces=[StoredPiece(**row) for row in pieces],
        meter_events=[ToldByMeter(**row) for row in events],
        readings=[SeenInReadings(**row) for row in readings],
    )
