"""Alerts that notified nobody: every one is accounted for."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, cursor_time, encode_cursor
from service.api.parameters import From, Text, To, span_of
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.alerts.words import OutageReason
from service.store.deployment_reads import reading
from service.store.held_alert_reads import (
    AfterHeld,
    HeldAlert,
    HeldFilter,
    HeldRule,
    list_held_alerts,
)

router = APIRouter(tags=["outages"], route_class=TableRoute)


class HeldAlertShape(Shape):
    """An alert that was held back."""

    held_alert: str = Field(description="its name", examples=["outage-17"])
    rule: HeldRule
    overrun: bool = Field(description="of a declared window that has ended")
    organisation: str
    region: str
    feeder: str
    point: str | None = Field(description="of the breach of a single point; else null")
    reason: OutageReason
    held_from: datetime
    held_to: datetime | None = Field(description="null while it is held")
    start_at: datetime = Field(description="of what it is about")
    outage_id: int | None = Field(description="of an interruption; its number at that time")
    declaration_id: int | None = Field(description="whose window holds it")
    incident_id: int | None = Field(description="of the communications incident that holds it")
    points: int
    customers: int


class HeldAlertPage(Shape):
    """Alerts held back in a span of time, the newest first."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    zone: str = Field(description="IANA zone in which times are shown")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    held_alerts: list[HeldAlertShape]


def _wanted(
    reason: Annotated[OutageReason | None, Query(description="only those held for this")] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="true: only those held now; false: the others")
    ] = None,
    feeder: Annotated[Text | None, Query(description="code of a feeder")] = None,
) -> HeldFilter:
    return HeldFilter(reason=reason, is_open=is_open, feeder=feeder)


@router.get("/v1/held-alerts", summary="Alerts that notified nobody, and why")
async def held_alerts(
    context: Context,
    wanted: Annotated[HeldFilter, Depends(_wanted)],
    paging: Paging,
    from_: From = None,
    to: To = None,
) -> HeldAlertPage:
    """Return the alerts that were held back in a span of time, the newest first.

    Inside a declared window, in a communications incident, in a storm (told once for all), because a feeder's outage
    tells it already, because supply was back before the wait for reclosing was over, because only people or the
    silence of others say so, because fewer points than the rule asks for were without supply, or because the news was
    too old when it came.
    """
    values = paging.after(str, str)
    after = None if values is None else AfterHeld(cursor_time(str(values[0])), str(values[1]))
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        found = await list_held_alerts(snapshot.connection, span, wanted, after, paging.limit + 1)
    shown, zone = found[: paging.limit], snapshot.zone
    return HeldAlertPage(
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        zone=zone.key,
        next_cursor=_cursor(shown[-1]) if len(found) > paging.limit else None,
        held_alerts=[_shape(one, zone) for one in shown],
    )


def _shape(one: HeldAlert, zone: ZoneInfo) -> HeldAlertShape:
    fields = asdict(one)
    renamed = {
        "overrun": fields.pop("is_overrun"),
        "points": fields.pop("n_points"),
        "customers": fields.pop("n_customers"),
    }
    times = {name: local(fields[name], zone) for name in ("held_from", "held_to", "start_at")}
    return HeldAlertShape.model_validate({**fields, **renamed, **times})


def _cursor(last: HeldAlert) -> str:
    return encode_cursor(last.held_from.astimezone(UTC).isoformat(), last.held_alert)
