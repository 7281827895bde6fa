"""Communications incidents: places whose points stopped reporting together."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, cursor_time, encode_cursor
from service.api.parameters import From, Text, To, span_of
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.reporting import Against, PlaceKind
from service.errors import UnknownEntryError
from service.store.communication_reads import (
    After,
    IncidentFilter,
    SilentPoint,
    StoredIncident,
    has_incident,
    list_incidents,
    list_silent,
)
from service.store.deployment_reads import reading

router = APIRouter(tags=["communications incidents"], route_class=TableRoute)

INTERRUPTED: Final = "known by now to have been without supply then: evidence that came later"
Number = Annotated[int, Path(ge=1, lt=2**31, description="number of the incident")]


class IncidentShape(Shape):
    """A place whose points stopped reporting together."""

    incident_id: int
    place: PlaceKind
    code: str = Field(description="of the place")
    from_at: datetime = Field(description="start of the first slot in which too few reported")
    to_at: datetime | None = Field(
        description="start of the first slot in which enough did; null while it lasts"
    )
    duration_s: float = Field(
        description="from from_at to to_at, seconds; while it lasts, to where the data reach"
    )
    against: Against = Field(
        description="usual: the same time of the last days; expected: all points, until these are known"
    )
    due: int = Field(description="points that were to report when it began")
    usual: int = Field(description="of these, would have reported")
    silent: int = Field(description="fewer than that, in its worst slot")
    points: int = Field(description="points that were silent in any of its slots")
    held: int = Field(description="of these, points whose alert was held back")
    interrupted: int = Field(description=f"of these, points {INTERRUPTED}")


class IncidentPage(Shape):
    """Incidents that reach into a span of time, the newest first."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    incidents: list[IncidentShape]


class SilentPointShape(Shape):
    """A point that was silent in an incident."""

    point: str
    region: str
    feeder: str
    transformer: str
    silent_from: datetime = Field(description="start of the first slot without a reading of it")
    silent_to: datetime = Field(description="end of the last one")
    held: Literal["under", "over", "high"] | None = Field(
        description="breach that it was last seen in, whose alert was held back; null: none"
    )
    interrupted: bool = Field(description=INTERRUPTED)


class SilentPointPage(Shape):
    """Points that were silent in an incident, by name."""

    zone: str = Field(description="IANA zone in which times are shown")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    points: list[SilentPointShape]


def _wanted(
    is_open: Annotated[
        bool | None, Query(alias="open", description="true: only those that last; false: the others")
    ] = None,
    place: Annotated[PlaceKind | None, Query(description="only of this kind of place")] = None,
    code: Annotated[Text | None, Query(description="code of the place")] = None,
    feeder: Annotated[
        Text | None, Query(description="code of a feeder: its own, and those with points of it")
    ] = None,
) -> IncidentFilter:  # fmt: skip
    return IncidentFilter(is_open=is_open, place=place, code=code, feeder=feeder)


@router.get("/v1/communication-incidents", summary="Losses of communication")
async def communication_incidents(
    context: Context,
    wanted: Annotated[IncidentFilter, Depends(_wanted)],
    paging: Paging,
    from_: From = None,
    to: To = None,
) -> IncidentPage:
    """Return the communications incidents that reach into a span of time, the newest first.

    Their points are silent, which is no evidence of an interruption: their minutes are missing, and alerts for them
    are held back. Points that are known to be without supply take no part. A whole feeder that falls silent is one
    incident.
    """
    values = paging.after(str, int)
    after = None if values is None else After(cursor_time(str(values[0])), int(values[1]))
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        found = await list_incidents(snapshot.connection, span, wanted, after, paging.limit + 1)
    shown, zone = found[: paging.limit], snapshot.zone
    return IncidentPage(
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        next_cursor=_cursor(shown[-1]) if len(found) > paging.limit else None,
        incidents=[_incident(one, zone) for one in shown],
    )


@router.get("/v1/communication-incidents/{incident_id}/points", summary="Points of one of them")
async def silent_points(context: Context, incident_id: Number, paging: Paging) -> SilentPointPage:
    """Return the points that were silent in an incident, by name."""
    values = paging.after(str)
    after = None if values is None else str(values[0])
    async with reading(context.reader) as snapshot:
        if not await has_incident(snapshot.connection, incident_id):
            raise UnknownEntryError(f"there is no communications incident {incident_id}")
        found = await list_silent(snapshot.connection, incident_id, after, paging.limit + 1)
    shown = found[: paging.limit]
    return SilentPointPage(
        zone=snapshot.zone.key,
        next_cursor=encode_cursor(shown[-1].point) if len(found) > paging.limit else None,
        points=[_point(one, snapshot.zone) for one in shown],
    )


def _incident(one: StoredIncident, zone: ZoneInfo) -> IncidentShape:
    fields = {name.removeprefix("n_"): value for name, value in asdict(one).items()}
    times = {name: local(fields[name], zone) for name in ("from_at", "to_at")}
    return IncidentShape.model_validate({**fields, **times})


def _point(one: SilentPoint, zone: ZoneInfo) -> SilentPointShape:
    fields = {name.removeprefix("is_"): value for name, value in asdict(one).items()}
    times = {name: local(fields[name], zone) for name in ("silent_from", "silent_to")}
    return SilentPointShape.model_validate({**fields, **times})


def _cursor(last: StoredIncident) -> str:
    return encode_cursor(last.from_at.astimezone(UTC).isoformat(), last.incident_id)
