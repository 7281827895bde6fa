"""Clocks of devices, as the delays of their readings show them."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.context import Context
from service.api.paging import NEXT_CURSOR, Paging, encode_cursor
from service.api.parameters import Text
from service.api.shapes import Shape
from service.api.table_routes import TableRoute
from service.domain.clock_findings import ClockFinding
from service.store.deployment_reads import reading
from service.store.device_clocks import DeviceClock, device_clocks

router = APIRouter(tags=["points"], route_class=TableRoute)

Asked = Literal["zone", "drift", "late", "wrong", "all"]


class DeviceClockShape(Shape):
    """The clock of one device on the newest day on which it was heard."""

    device: str
    point: str
    region: str
    feeder: str
    concentrator: str
    day: date = Field(description="of arrival, UTC")
    delay_s: float = Field(
        description="least of the day: arrival less the end of the reading, seconds; "
        "below 0: a reading ended after it arrived",
        examples=[2.4],
    )
    usual_delay_s: float | None = Field(
        description="median of the least delays behind the same concentrator; null where fewer than five were heard"
    )
    error_s: float = Field(
        description="how far its stamps are behind, seconds; below 0: ahead", examples=[-28800.3]
    )
    finding: ClockFinding = Field(
        description="right: within two minutes; zone: off by whole half hours; drift: off otherwise; late: its "
        "readings come later than the registry expects, and nobody beside it shows whether the clock is the reason"
    )


class DeviceClockPage(Shape):
    """Devices that were heard on the newest two days, by name."""

    next_cursor: str | None = Field(description=NEXT_CURSOR)
    devices: list[DeviceClockShape]


@router.get("/v1/device-clocks", summary="Devices whose clocks are wrong")
async def list_device_clocks(
    context: Context,
    paging: Paging,
    finding: Annotated[
        Asked, Query(description="wrong: those off by a zone or by drift")
    ] = "wrong",
    region: Annotated[
        Text | None, Query(description="only devices of points of this region")
    ] = None,
) -> DeviceClockPage:
    """Return devices by what the delays of their readings say of their clocks."""
    after = paging.after(str)
    async with reading(context.reader) as snapshot:
        every = await device_clocks(snapshot.connection, region)
    chosen = [
        one
        for one in every
        if _is_asked(one, finding) and (after is None or one.device > str(after[0]))
    ]
    shown = chosen[: paging.limit]
    is_more = len(chosen) > len(shown)
    return DeviceClockPage(
        next_cursor=encode_cursor(shown[-1].device) if is_more else None,
        devices=[_shape(one) for one in shown],
    )


def _is_asked(one: DeviceClock, finding: Asked) -> bool:
    if finding == "all":
        return True
    if finding == "wrong":
        return one.clock.finding in {"zone", "drift"}
    return one.clock.finding == finding


def _shape(one: DeviceClock) -> DeviceClockShape:
    usual = one.usual_delay_ms
    return DeviceClockShape(
        device=one.device,
        point=one.point,
        region=one.region,
        feeder=one.feeder,
        concentrator=one.concentrator,
        day=one.day,
        delay_s=one.delay_ms / 1000,
        usual_delay_s=None if usual is None else usual / 1000,
        error_s=one.clock.error_s,
        finding=one.clock.finding,
    )
