"""Points, their meters and customers, as answers show them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from service.api.shapes import Shape, local
from service.domain.bands import Band, abnormal_band_of, band_of, level_kv
from service.domain.registry import (
    Customer,
    Device,
    Point,
    PointClass,
    ReadingKind,
    StampAt,
    TargetArea,
    UserClass,
    Wiring,
    ZeroMeans,
)
from service.domain.rule_rows import Certainty
from service.domain.rules import RuleSet

CUSTOMERS_MAX: Final = 1000  # shown with a point


class BandShape(Shape):
    """A band of permitted voltage; both edges are inside it."""

    lower_percent: float = Field(description="percent from nominal", examples=[-10.0])
    upper_percent: float = Field(description="percent from nominal", examples=[7.0])
    lower_v: float = Field(description="volts", examples=[198.0])
    upper_v: float = Field(description="volts", examples=[235.4])
    source: str = Field(description="standard and clause")
    certainty: Certainty = Field(
        description="confirm: to be compared with the paper standard first"
    )

    @classmethod
    def of(cls, band: Band | None, nominal_mv: int) -> Self | None:
        """Return a band as part of an answer."""
        if band is None:
            return None
        return cls(
            lower_percent=band.lower / 100,
            upper_percent=band.upper / 100,
            lower_v=nominal_mv * (10_000 + band.lower) / 10_000_000,
            upper_v=nominal_mv * (10_000 + band.upper) / 10_000_000,
            source=band.source,
            certainty=band.certainty,
        )


class PointShape(Shape):
    """A monitoring point: where voltage is measured."""

    point: str = Field(description="identifier in the registry", examples=["P-0001"])
    nominal_v: float = Field(description="nominal of the voltage measured, volts", examples=[220.0])
    level_kv: float = Field(
        description="voltage level between phases that the rules go by, kilovolts; of 1p the nominal"
    )
    wiring: Wiring = Field(
        description="1p: one voltage; 3p4w: phase voltages; 3p3w: line voltages, the middle one may be absent"
    )
    class_: PointClass = Field(alias="class", description="GB/T 12325")
    organisation: str
    organisation_name: str
    region: str
    region_name: str
    substation: str
    substation_name: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str
    is_terminal: bool = Field(description="measures the terminals of its transformer")
    is_feeder_head: bool = Field(description="measures behind the breaker of its feeder")
    has_own_band: bool = Field(description="by contract or set by the operator")
    band: BandShape | None = Field(description="in normal state; null: no rule covers this point")
    abnormal_band: BandShape | None = Field(description="in declared abnormal state of the grid")
    valid_from: datetime = Field(description="in service from here, inclusive")
    valid_to: datetime | None = Field(description="to here, exclusive; null: open")


class DeviceShape(Shape):
    """A meter in the service of the point, for one period."""

    device: str = Field(description="as it names itself in the telemetry")
    interval_s: int = Field(description="from one reading to the next, seconds")
    voltage_ratio: float = Field(description="primary volts per volt read")
    reading_kind: ReadingKind
    stamp_at: StampAt = Field(description="where in its interval the stamp of a reading stands")
    zone: str = Field(description="IANA zone of stamps without offset")
    delivery_delay_s: int = Field(description="how late its readings usually arrive, seconds")
    self_powered: bool = Field(description="takes its supply from the circuit it measures")
    zero_means: ZeroMeans = Field(
        description="what all phases below a tenth of nominal mean; asleep and no_input are no interruption"
    )
    concentrator: str = Field(description="through which it talks; empty: not known")
    valid_from: datetime
    valid_to: datetime | None


class CustomerShape(Shape):
    """A customer that the point supplies."""

    customer: str = Field(description="account number")
    user_class: UserClass
    target_area: TargetArea
    residential: bool
    important: bool
    required_power_factor: float | None
    capacity_kva: float | None = Field(description="what is connected; null: not known")
    valid_from: datetime
    valid_to: datetime | None


class PointDetail(PointShape):
    """A point with its meters and customers."""

    devices: list[DeviceShape] = Field(
        description="in the order of time; meters are swapped, points stay"
    )
    customers: list[CustomerShape] = Field(description=f"at most {CUSTOMERS_MAX}")


def point_shape(point: Point, rule_set: RuleSet, zone: ZoneInfo) -> PointShape:
    """Return a point as a list shows it."""
    return PointShape.model_validate(_point_fields(point, rule_set, zone))


def point_detail(
    point: Point,
    devices: Sequence[Device],
    customers: Sequence[Customer],
    rule_set: RuleSet,
    zone: ZoneInfo,
) -> PointDetail:
    """Return a point with everything that is known of it."""
    fields = _point_fields(point, rule_set, zone)
    fields["devices"] = [_fields(device, zone) for device in devices]
    fields["customers"] = [_fields(customer, zone) for customer in customers]
    return PointDetail.model_validate(fields)


def _point_fields(point: Point, rule_set: RuleSet, zone: ZoneInfo) -> dict[str, object]:
    nominal_mv = point.nominal_mv
    return {
        **_fields(point, zone),
        "nominal_v": nominal_mv / 1000,
        "level_kv": float(level_kv(rule_set, point)),
        "class_": point.point_class,
        "has_own_band": point.band_lower is not None,
        "band": BandShape.of(band_of(rule_set, point), nominal_mv),
        "abnormal_band": BandShape.of(abnormal_band_of(rule_set, point), nominal_mv),
    }


def _fields(row: Point | Device | Customer, zone: ZoneInfo) -> dict[str, object]:
    validity = {"valid_from": local(row.valid_from, zone), "valid_to": local(row.valid_to, zone)}
    return {**asdict(row), **validity}
