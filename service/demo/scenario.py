"""The registry of the demonstration: the recorded house and feeder, and the simulated street, as registry files."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from service.demo.replay import FEEDER_DEVICE, HOUSE_DEVICE, HOUSE_DEVICE_220
from service.demo.street import RURAL_FEEDERS, StreetMeter, meters
from service.domain.registry import Customer, Device, Point, TargetArea
from service.domain.registry_checks import DeviceRow
from service.domain.registry_files import Kind, write_customers, write_devices, write_points
from service.recordings import SECHA_FEEDER, UCI_HOUSEHOLD, Recording

HOUSE_POINT = "uci-house"
HOUSE_POINT_220 = "uci-house-220V"  # the same voltage, held against the limits of 220 V
FEEDER_POINT = "secha-34.5kV"
FEEDER_BAND = (-300, 700)  # 0.01 %; no rule covers 34.5 kV, so the feeder has a band of its own
Span: TypeAlias = tuple[datetime, datetime | None]  # in service; None: from then on

MV = 1000  # millivolts a volt
STREET_NOMINAL_MV = 220 * MV


def registry_files(street_start: datetime, zone: ZoneInfo) -> dict[Kind, str]:
    """Return the CSV files to import, in that order."""
    house, feeder = _span(UCI_HOUSEHOLD), _span(SECHA_FEEDER)
    street = (street_start, None)  # stays in service: a year's budget is about what is to come, too
    house_point = _recorded_point(HOUSE_POINT, UCI_HOUSEHOLD, house, feeder_name="Sceaux")
    points = [
        house_point,
        replace(house_point, point=HOUSE_POINT_220, nominal_mv=STREET_NOMINAL_MV),
        _recorded_point(FEEDER_POINT, SECHA_FEEDER, feeder, feeder_name="SECHA", band=FEEDER_BAND),
        *(_street_point(meter, street) for meter in meters()),
    ]
    devices = [
        _recorded_device(HOUSE_DEVICE, HOUSE_POINT, UCI_HOUSEHOLD, house),
        _recorded_device(HOUSE_DEVICE_220, HOUSE_POINT_220, UCI_HOUSEHOLD, house),
        _recorded_device(FEEDER_DEVICE, FEEDER_POINT, SECHA_FEEDER, feeder),
        *(_street_device(meter, street) for meter in meters()),
    ]
    customers = [
        _customer(HOUSE_POINT, house, 230, "rural"),
        *(_customer(meter.point, street, 220, _area(meter)) for meter in meters()),
    ]
    return {
        "points": write_points(points, zone),
        "devices": write_devices(devices, zone),
        "customers": write_customers(customers, zone),
    }


def _span(recording: Recording) -> tuple[datetime, datetime]:
    """Return the minutes that a recording reaches over, in UTC: from its first reading to the end of its last."""
    stamps = [datetime.fromisoformat(row["ts"]) for row in recording.rows()]
    length = timedelta(seconds=recording.interval_s)
    shift = length if recording.stamp_at == "end" else timedelta()
    zone = ZoneInfo(recording.zone)
    first = (stamps[0] - shift).replace(tzinfo=zone).astimezone(UTC)
    last = (stamps[-1] - shift + length).replace(tzinfo=zone).astimezone(UTC)
    return _nearest_minute(first), _nearest_minute(last)


def _nearest_minute(at: datetime) -> datetime:
    """Return the edge of the minutes that readings fill from ``at`` on: minutes whose midpoint they cover."""
    floor = at.replace(second=0, microsecond=0)
    return floor if at - floor <= timedelta(seconds=30) else floor + timedelta(minutes=1)


def _recorded_point(
    point: str,
    recording: Recording,
    span: tuple[datetime, datetime],
    *,
    feeder_name: str,
    band: tuple[int, int] | None = None,
) -> Point:
    return Point(
        point_id=0,
        point=point,
        nominal_mv=recording.nominal_v * MV,
        wiring=recording.wiring,
        point_class="D" if band is None else "A",
        region="Recorded",
        region_name="实测记录",
        feeder=point,
        feeder_name=feeder_name,
        band_lower=band[0] if band else None,
        band_upper=band[1] if band else None,
        valid_from=span[0],
        valid_to=span[1],
    )


def _recorded_device(
    device: str, point: str, recording: Recording, span: tuple[datetime, datetime]
) -> DeviceRow:
    day = timedelta(days=1)  # a reading may begin before the first minute that it fills
    made = Device(
        device_id=0,
        device=device,
        point_id=0,
        interval_s=recording.interval_s,
        stamp_at=recording.stamp_at,
        zone=recording.zone,
        valid_from=span[0] - day,
        valid_to=span[1] + day,
    )
    return DeviceRow(point=point, device=made)


def _area(meter: StreetMeter) -> TargetArea:
    return "rural" if meter.feeder in RURAL_FEEDERS else "urban"


def _street_point(meter: StreetMeter, span: Span) -> Point:
    return Point(
        point_id=0,
        point=meter.point,
        nominal_mv=STREET_NOMINAL_MV,
        wiring="1p",
        point_class="D",
        feeder=meter.feeder,
        feeder_name=f"{meter.feeder[1:]} 号线",
        transformer=meter.transformer,
        transformer_name=f"{meter.transformer[1:]} 号台区",
        valid_from=span[0],
        valid_to=span[1],
        organisation="Voltpass",
        organisation_name="示范供电公司",
        region="Demo",
        region_name="示范区",
    )


def _street_device(meter: StreetMeter, span: Span) -> DeviceRow:
    made = Device(
        device_id=0,
        device=meter.device,
        point_id=0,
        interval_s=60,
        self_powered=meter.self_powered,
        concentrator=meter.transformer,
        valid_from=span[0],
        valid_to=span[1],
    )
    return DeviceRow(point=meter.point, device=made)


def _customer(point: str, span: Span, level_v: int, area: TargetArea) -> Customer:
    return Customer(
        customer_id=0,
        customer=f"C-{point}",
        points=(point,),
        voltage_level_mv=level_v * MV,
        residential=True,
        important=False,
        user_class="LV",
        required_power_factor=None,
        target_area=area,
        response_area=area,
        valid_from=span[0],
        valid_to=span[1],
    )
