"""Outages of the network: interruptions of the points of a feeder that went together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from service.api.columns import ROWS
from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, cursor_time, encode_cursor
from service.api.parameters import From, To, span_of
from service.api.routes.interruptions import EVIDENCE, Place
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.supply.pieces import Grade
from service.errors import NotFoundError
from service.store.deployment_reads import reading
from service.store.outage_reads import (
    AfterOutage,
    OutageFilter,
    OutageMember,
    OutagePlace,
    StoredOutage,
    find_outage,
    list_outages,
    members_of,
)

router = APIRouter(tags=["interruptions and events"], route_class=TableRoute)

Number = Annotated[int, Path(ge=1, lt=2**63, description="number of the outage")]
_TIMES: Final = ("earliest_at", "start_at", "end_at", "latest_at", "last_end_at")


class OutageShape(Shape):
    """An outage."""

    outage_id: int
    place: Literal["feeder", "transformer", "point"] = Field(
        description="the smallest part of the grid that holds all its points"
    )
    code: str = Field(description="its code")
    feeder: str = Field(description="code of the feeder; empty where the point has none")
    earliest_at: datetime = Field(description="it began at some instant from here")
    start_at: datetime = Field(description="to here")
    end_at: datetime | None = Field(
        description="when all but the nested points had supply again; null while it lasts"
    )
    last_end_at: datetime | None = Field(
        description="when the last of its points had; null while one has not"
    )
    duration_s: float = Field(
        description="from start_at to end_at, seconds; while it lasts, to where the data reach"
    )
    evidence: Grade = Field(description=EVIDENCE)
    cause: str = Field(description="of the declared outage that it belongs to")
    ticket: str | None = Field(description="of that one")
    points: int = Field(description="points that were without supply")
    nested_points: int = Field(description="those of them that stayed dark after the others")
    customers: int = Field(description="customers that these points supply")


class OutagePage(Shape):
    """Outages that reach into a span of time, the newest first."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    outages: list[OutageShape]


class MemberShape(Shape):
    """The interruption of one point."""

    point: str
    earliest_at: datetime
    start_at: datetime
    end_at: datetime | None = Field(description="null while it lasts")
    latest_at: datetime | None
    duration_s: float = Field(description="seconds; while it lasts, to where the data reach")
    evidence: Grade
    grades: list[Grade]
    customers: int


class StepShape(Shape):
    """A minute in which some of the points had supply again."""

    at: datetime = Field(description="its start")
    points: int = Field(description="that had supply again in it")
    without: int = Field(description="points that were still without after it")


class OutageDetail(OutageShape):
    """An outage with everything that it is made of."""

    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    members: Annotated[list[MemberShape], ROWS] = Field(
        description="its points but the nested ones, by start"
    )
    nested: list[MemberShape] = Field(description="points that stayed dark after the others")
    steps: list[StepShape] = Field(description="how supply came back")


def _outage_choice(
    where: Place,
    place: Annotated[
        OutagePlace | None,
        Query(description="only those that a part of the grid of this kind holds"),
    ] = None,
    open_: Annotated[
        bool | None,
        Query(
            alias="open",
            description="true: only where points are without supply; false: only others",
        ),
    ] = None,
) -> OutageFilter:
    return OutageFilter(where=where, place=place, is_open=open_)


@router.get("/v1/outages", summary="Outages of the network")
async def outages(
    context: Context,
    chosen: Annotated[OutageFilter, Depends(_outage_choice)],
    paging: Paging,
    from_: From = None,
    to: To = None,
) -> OutagePage:
    """Return the outages that reach into a span of time, the newest first.

    Interruptions of the points of one feeder that begin close to one another are one outage, however they came back.
    The number of an outage may change while evidence comes in that parts it or joins it with another.
    """
    values = paging.after(str, int)
    after = None if values is None else AfterOutage(cursor_time(str(values[0])), int(values[1]))
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        found = await list_outages(snapshot.connection, span, chosen, after, paging.limit + 1)
    shown, zone = found[: paging.limit], snapshot.zone
    return OutagePage(
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        next_cursor=_cursor(shown[-1]) if len(found) > paging.limit else None,
        outages=[OutageShape.model_validate(_outage_fields(one, zone)) for one in shown],
    )


@router.get("/v1/outages/{outage_id}", summary="Show one outage")
async def one_outage(context: Context, outage_id: Number) -> OutageDetail:
    """Return an outage with its points, those that stayed dark after the others apart, and how supply came back."""
    async with reading(context.reader) as snapshot:
        found = await find_outage(snapshot.connection, outage_id)
        if found is None:
            raise NotFoundError(f"there is no outage {outage_id}; look at /v1/outages")
        members = await members_of(snapshot.connection, outage_id)
    zone = snapshot.zone
    shapes = [(one.is_nested, _member(one, zone)) for one in members]
    return OutageDetail.model_validate(
        {
            **_outage_fields(found, zone),
            "zone": zone.key,
            "data_through": local(snapshot.data_through, zone),
            "members": [shape for is_nested, shape in shapes if not is_nested],
            "nested": [shape for is_nested, shape in shapes if is_nested],
            "steps": _steps(members, zone),
        }
    )


def _steps(members: Sequence[OutageMember], zone: ZoneInfo) -> list[StepShape]:
    back = Counter(
        one.end_at.replace(second=0, microsecond=0) for one in members if one.end_at is not None
    )
    without = len(members)
    steps = []
    for at, n_points in sorted(back.items()):
        without -= n_points
        steps.append(StepShape(at=at.astimezone(zone), points=n_points, without=without))
    return steps


def _member(one: OutageMember, zone: ZoneInfo) -> MemberShape:
    return MemberShape.model_validate({**_local_fields(one, zone), "customers": one.n_customers})


def _outage_fields(one: StoredOutage, zone: ZoneInfo) -> dict[str, object]:
    return {
        **_local_fields(one, zone),
        "points": one.n_points,
        "nested_points": one.n_nested,
        "customers": one.n_customers,
    }


def _local_fields(one: StoredOutage | OutageMember, zone: ZoneInfo) -> dict[str, object]:
    fields = asdict(one)
    times = {name: local(fields[name], zone) for name in _TIMES if name in fields}
    return fields | times


def _cursor(last: StoredOutage) -> str:
    return encode_cursor(last.start_at.astimezone(UTC).isoformat(), last.outage_id)
