"""Interruptions of supply, and the events that single readings showed."""

from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, cursor_time, encode_cursor
from service.api.parameters import FrequencyHz, From, Text, To, span_of
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.event_bounds import SeenEvent, duration_bounds_s
from service.domain.event_classes import CLASS_NAMES, EventClassifier
from service.domain.event_rows import Ieee1159, Itic, SemiF47
from service.domain.event_tables import load_event_tables
from service.domain.registry import PointClass
from service.domain.supply.pieces import Grade
from service.store.deployment_reads import reading
from service.store.interruption_reads import (
    After,
    EventKind,
    InterruptionFilter,
    PlaceFilter,
    StoredEvent,
    StoredInterruption,
    list_events,
    list_interruptions,
)

router = APIRouter(tags=["interruptions and events"], route_class=TableRoute)

UNCERTAIN: Final = "null where the shortest and the longest duration give different ones"
EVIDENCE: Final = (
    "the best of its grades. measured: readings without voltage; meter_event: what the meter told; feeder: the head "
    "of its feeder, or the terminals of its transformer, were dark, and meters below it say so too; declared: what "
    "people told; inferred: many meters of its transformer went, and nothing was heard of it - listed, and in no figure"
)
SHORTEST: Final = (
    "the shortest duration that the readings leave open, seconds: each edge is known to one interval, either way; "
    "of an event that lasts, up to where the data reach"
)


class _Period(Shape):
    """A period of one point, with what is not known of its edges."""

    point: str
    region: str
    feeder: str
    transformer: str
    class_: PointClass = Field(alias="class", description="GB/T 12325")
    earliest_at: datetime = Field(description="it began at some instant from here")
    start_at: datetime = Field(description="to here")
    end_at: datetime | None = Field(
        description="it ended at some instant from here; null while it lasts"
    )
    latest_at: datetime | None = Field(description="to here")
    duration_s: float = Field(
        description="from start_at to end_at, seconds; while it lasts, to where the data reach"
    )


class InterruptionShape(_Period):
    """A period without supply."""

    evidence: Grade = Field(description=EVIDENCE)
    grades: list[Grade] = Field(
        description="of all the evidence that it was united from, the best first"
    )
    cause: str = Field(description="of the declared outage that it belongs to")
    ticket: str | None = Field(description="of that one")
    outage_id: int | None = Field(
        description="the outage of the network that it is a part of, see /v1/outages/{outage_id}"
    )
    nested: bool = Field(description="it went on after the rest of that outage had ended")
    customers: int = Field(description="customers that the point supplies")


class EventShape(_Period):
    """A dip, swell, interruption or lost phase."""

    kind: EventKind
    extreme_percent: float = Field(
        description="lowest voltage, of a swell the highest; percent of nominal"
    )
    phases: list[int] = Field(description="phases that took part, 1 to 3")
    device: str | None = Field(description="whose readings showed it")
    interval_s: int | None = Field(description="of its readings, seconds")
    shortest_s: float | None = Field(description=SHORTEST)
    longest_s: float | None = Field(description="the longest duration that they leave open")
    ieee_1159: Ieee1159 | None = Field(description=f"category of IEEE 1159; {UNCERTAIN}")
    en_50160_cell: str | None = Field(
        description=f"cell of EN 50160's matrix, A1 to X5 (dips), S1 to T3 (swells), or what is beyond it; {UNCERTAIN}",
        examples=["B4"],
    )
    itic: Itic | None = Field(
        description=f"region of the ITIC curve; a comparison only, beyond the 120 V class at 60 Hz; {UNCERTAIN}"
    )
    semi_f47: SemiF47 | None = Field(description=f"by the curve of SEMI F47-0706; {UNCERTAIN}")
    class_uncertain: bool = Field(description="one of the four is null")


class _Span(Shape):
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class InterruptionPage(_Span):
    """Interruptions that reach into a span of time, the newest first."""

    interruptions: list[InterruptionShape]


class EventPage(_Span):
    """Events that reach into a span of time, the newest first."""

    events: list[EventShape]


def _place(
    point: Annotated[Text | None, Query(description="identifier of the point")] = None,
    feeder: Annotated[Text | None, Query(description="code of the feeder")] = None,
    region: Annotated[Text | None, Query(description="code of the region")] = None,
) -> PlaceFilter:
    return PlaceFilter(point=point, feeder=feeder, region=region)


Place = Annotated[PlaceFilter, Depends(_place)]


def _interruption_choice(
    place: Place,
    evidence: Annotated[Grade | None, Query(description="only with this as the best grade")] = None,
    cause: Annotated[Text | None, Query(description="only of this cause")] = None,
    open_: Annotated[
        bool | None,
        Query(alias="open", description="true: only those that last; false: only others"),
    ] = None,
) -> InterruptionFilter:
    return InterruptionFilter(where=place, evidence=evidence, cause=cause, is_open=open_)


class _EventChoice(NamedTuple):
    """Which events, and at what frequency of the supply."""

    kind: EventKind | None
    frequency_hz: int


def _event_choice(
    kind: Annotated[EventKind | None, Query(description="only events of this kind")] = None,
    frequency: FrequencyHz = "50",
) -> _EventChoice:
    return _EventChoice(kind, int(frequency))


@router.get("/v1/interruptions", summary="Interruptions of supply")
async def interruptions(
    context: Context,
    chosen: Annotated[InterruptionFilter, Depends(_interruption_choice)],
    paging: Paging,
    from_: From = None,
    to: To = None,
) -> InterruptionPage:
    """Return the interruptions that reach into a span of time, the newest first.

    Silence is no interruption: there is evidence for each, and its grade says of what kind. `settle` derives them
    some seconds after a reading, a meter event or a declaration is stored, and again when more becomes known.
    """
    after = _after(paging.after(str, int))
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        found = await list_interruptions(snapshot.connection, span, chosen, after, paging.limit + 1)
    shown, zone = found[: paging.limit], snapshot.zone
    return InterruptionPage(
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        next_cursor=_cursor(shown[-1]) if len(found) > paging.limit else None,
        interruptions=[
            InterruptionShape.model_validate(
                _fields(one, zone) | {"customers": one.n_customers, "nested": one.is_nested}
            )
            for one in shown
        ],
    )


@router.get("/v1/events", summary="Dips, swells, interruptions, lost phases")
async def events(
    context: Context,
    place: Place,
    paging: Paging,
    choice: Annotated[_EventChoice, Depends(_event_choice)],
    from_: From = None,
    to: To = None,
) -> EventPage:
    """Return the events that reach into a span of time, the newest first, as single readings showed them.

    Each has its class by IEEE 1159, EN 50160, ITIC and SEMI F47, where readings know its duration well enough. The
    voltage is the RMS of a reading, lowest (of a swell highest) over the phases: of readings longer than the event, it
    is milder than the event was.
    """
    after = _after(paging.after(str, int, str))
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        found = await list_events(
            snapshot.connection, span, place, choice.kind, after, paging.limit + 1
        )
    shown, zone = found[: paging.limit], snapshot.zone
    return EventPage(
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        next_cursor=_cursor(shown[-1]) if len(found) > paging.limit else None,
        events=[
            EventShape.model_validate(
                _fields(one, zone) | _class_fields(one, snapshot.data_through, choice.frequency_hz)
            )
            for one in shown
        ],
    )


def _class_fields(
    one: StoredEvent, data_through: datetime | None, frequency_hz: int
) -> dict[str, object]:
    """Return what an event is called, as far as its readings say."""
    reach = max(data_through or one.start_at, one.start_at)
    voltage_pu = Fraction(one.extreme_ppm, 1_000_000)
    found: dict[str, object] = {"extreme_percent": one.extreme_ppm / 10_000}
    if one.interval_s is None:
        unknown = dict.fromkeys(("shortest_s", "longest_s", *CLASS_NAMES))
        return found | unknown | {"class_uncertain": True}
    seen = SeenEvent(
        earliest_at=one.earliest_at,
        start_at=one.start_at,
        end_at=one.end_at or reach,
        latest_at=one.latest_at or reach,
    )
    bounds = duration_bounds_s(seen, one.interval_s, frequency_hz)
    classes = _classifier(frequency_hz).classify_between(voltage_pu, bounds)
    return {
        **found,
        "shortest_s": float(bounds[0]),
        "longest_s": float(bounds[1]),
        **asdict(classes),
        "class_uncertain": classes.is_uncertain,
    }


@cache
def _classifier(frequency_hz: int) -> EventClassifier:
    return EventClassifier(load_event_tables(), frequency_hz)


def _fields(one: StoredInterruption | StoredEvent, zone: ZoneInfo) -> dict[str, object]:
    names = ("earliest_at", "start_at", "end_at", "latest_at")
    times = {name: local(getattr(one, name), zone) for name in names}
    return {**asdict(one), **times, "class_": one.point_class}


def _cursor(last: StoredInterruption | StoredEvent) -> str:
    start = last.start_at.astimezone(UTC).isoformat()
    kind = [last.kind] if isinstance(last, StoredEvent) else []
    return encode_cursor(start, last.point_id, *kind)


def _after(values: list[str | int] | None) -> After | None:
    if values is None:
        return None
    start, point_id, *kind = values
    return After(cursor_time(str(start)), int(point_id), *map(str, kind))
