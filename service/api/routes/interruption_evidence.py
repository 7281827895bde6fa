"""What one interruption rests on: pieces of evidence, what the meters told, what readings showed."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field

from service.api.columns import ROWS
from service.api.context import Context
from service.api.routes.interruptions import EVIDENCE
from service.api.routes.points import PointName, known_point
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.supply.meter_events import MeterEventKind
from service.domain.supply.pieces import Grade
from service.errors import NotFoundError, RequestError
from service.store.deployment_reads import reading
from service.store.evidence_reads import (
    FoundInterruption,
    SeenInReadings,
    StoredPiece,
    ToldByMeter,
    find_interruption,
    grounds_of,
)

router = APIRouter(tags=["interruptions and events"], route_class=TableRoute)

Start = Annotated[
    AwareDatetime,
    Path(
        description="start_at of the interruption, as /v1/interruptions gives it: an instant with offset",
        examples=["2024-03-01T08:00:00+08:00"],
    ),
]


class _Edges(Shape):
    earliest_at: datetime = Field(description="supply went at some instant from here")
    start_at: datetime = Field(description="to here")
    end_at: datetime | None = Field(
        description="and came back at some instant from here; null while nothing says so"
    )
    latest_at: datetime | None = Field(description="to here")


class PieceShape(_Edges):
    """A piece of evidence that the point was without supply."""

    grade: Grade = Field(description=EVIDENCE)
    place: Literal["", "feeder", "transformer"] = Field(
        description="of grades feeder and inferred: whose outage it is"
    )
    code: str = Field(description="the code of that place")
    declaration_id: int | None = Field(description="of grade declared")
    ticket: str | None = Field(description="of that declaration")


class MeterEventShape(Shape):
    """What a meter of the point told, at that time or close to it."""

    event: MeterEventKind
    at: datetime = Field(description="by the meter's own clock")
    until_at: datetime | None = Field(description="end of an entry of the power failure log")
    arrived_at: datetime = Field(description="when it came first")
    copies: int = Field(description="how often it came")
    device: str | None = Field(description="null where the device is not known any more")


class ReadingsShape(_Edges):
    """An interruption as single readings showed it."""

    device: str | None = Field(description="null where the device is not known any more")


class InterruptionEvidence(_Edges):
    """What an interruption rests on."""

    point: str
    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    grades: list[Grade] = Field(description="of all the evidence, the best first")
    outage_id: int | None = Field(description="the outage of the network that it is a part of")
    cause: str = Field(description="of the declared outage that it belongs to")
    declaration_id: int | None = Field(description="of that one")
    pieces: Annotated[list[PieceShape], ROWS] = Field(
        description="united they are the interruption; minutes without voltage are a piece of grade measured"
    )
    meter_events: list[MeterEventShape]
    readings: list[ReadingsShape]


@router.get(
    "/v1/points/{point:path}/interruptions/{start}/evidence",
    summary="What an interruption rests on",
)
async def interruption_evidence(
    context: Context, point: PointName, start: Start
) -> InterruptionEvidence:
    """Return the evidence of one interruption, piece by piece, with the events of the meters.

    The minutes themselves are at /v1/points/{point}/minutes.
    """
    async with reading(context.reader) as snapshot:
        found = await known_point(snapshot, point)
        one = await find_interruption(snapshot.connection, found.point_id, _instant(start))
        if one is None:
            raise NotFoundError(
                f"point {point!r} has no interruption that starts at {start.isoformat()}; "
                "when more becomes known, its start may move: look at /v1/interruptions"
            )
        through = snapshot.data_through or one.start_at
        grounds = await grounds_of(snapshot.connection, found.point_id, one, through)
    zone = snapshot.zone
    events = [_shown(event, zone) for event in grounds.meter_events]
    return InterruptionEvidence.model_validate(
        {
            **_shown(one, zone),
            "point": found.point,
            "zone": zone.key,
            "data_through": local(snapshot.data_through, zone),
            "pieces": [_shown(piece, zone) for piece in grounds.pieces],
            "meter_events": [{**event, "copies": event["n_copies"]} for event in events],
            "readings": [_shown(seen, zone) for seen in grounds.readings],
        }
    )


def _instant(start: datetime) -> datetime:
    """Return it in UTC.

    Raises:
        RequestError: It is before or after all calendars.
    """
    try:
        return start.astimezone(UTC)
    except OverflowError as error:
        raise RequestError(f"start {start.isoformat()} is far away", "path", "start") from error


def _shown(
    one: FoundInterruption | StoredPiece | ToldByMeter | SeenInReadings, zone: ZoneInfo
) -> dict[str, object]:
    return {
        name: local(value, zone) if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }
