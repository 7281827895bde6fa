"""The registry: points, the devices that measure them, and the customers they supply."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Wiring = Literal["1p", "3p4w", "3p3w"]
PointClass = Literal["A", "B", "C", "D"]
ReadingKind = Literal["mean", "instant"]
StampAt = Literal["start", "end"]
UserClass = Literal["LV", "MV", "HV"]
TargetArea = Literal["urban", "rural", "special_remote"]
ResponseArea = Literal["urban", "rural", "remote", "special_remote"]
DeclarationKind = Literal["abnormal_state", "outage"]
ZeroMeans = Literal["no_supply", "asleep", "no_input"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A monitoring point: where voltage is measured."""

    point_id: int  # of the database; 0 before it is stored
    point: str  # the operator's own identifier
    nominal_mv: int  # nominal of the voltage that is measured, millivolts
    wiring: Wiring
    point_class: PointClass  # GB/T 12325
    organisation: str = ""
    organisation_name: str = ""
    region: str = ""
    region_name: str = ""
    substation: str = ""
    substation_name: str = ""
    feeder: str = ""
    feeder_name: str = ""
    transformer: str = ""
    transformer_name: str = ""
    is_terminal: bool = (
        False  # measures the terminals of its transformer: that one's outages show here
    )
    is_feeder_head: bool = (
        False  # measures behind its feeder's breaker: that one's outages show here
    )
    band_lower: int | None = None  # own band, 0.01 % of nominal, both edges inside; both or neither
    band_upper: int | None = None
    valid_from: datetime  # inclusive, whole minutes, with zone
    valid_to: datetime | None = None  # exclusive; None is open

    @property
    def n_phases(self) -> int:
        """Number of voltages of a reading: 1 or 3."""
        return 1 if self.wiring == "1p" else 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A meter in the service of one point, for one period; a swapped meter is a second row."""

    device_id: int  # of the database; 0 before it is stored
    device: str  # as it names itself in the telemetry
    point_id: int
    interval_s: int  # a divisor of 60, or whole minutes up to 60
    voltage_ratio: float = 1.0  # primary volts per volt read
    reading_kind: ReadingKind = "mean"
    stamp_at: StampAt = "start"  # where in its interval the stamp stands
    zone: str = "UTC"  # IANA name, for stamps without offset
    delivery_delay_s: int = 0  # how late its readings usually arrive
    self_powered: bool = False  # takes its supply from the circuit it measures
    # What all phases below a tenth of nominal mean: the supply is off, it sleeps, or nothing feeds its inputs.
    zero_means: ZeroMeans = "no_supply"
    concentrator: str = ""  # through which it talks; empty if not known
    valid_from: datetime  # inclusive
    valid_to: datetime | None = None  # exclusive; None is open

    @property
    def zero_is_invalid(self) -> bool:
        """Whether all phases below a tenth of nominal say nothing about supply: such a reading is INVALID."""
        return self.self_powered or self.zero_means != "no_supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who is supplied, and through which points."""

    customer_id: int
    customer: str  # account number
    points: tuple[str, ...]  # supply points
    voltage_level_mv: int
    residential: bool
    important: bool
    user_class: UserClass
    required_power_factor: Decimal | None
    target_area: TargetArea
    response_area: ResponseArea
    valid_from: datetime
    valid_to: datetime | None = None
    capacity_kva: Decimal | None = None  # what is connected; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What people told the system: an abnormal grid state or an outage, with its actual times."""

    declaration_id: int
    kind: DeclarationKind
    point_ids: frozenset[int]  # in scope, resolved from feeders, regions, ...
    from_at: datetime  # inclusive
    to_at: datetime | None  # exclusive; None while it lasts
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A point whose customer was below its required power factor in one month (of the deployment's zone)."""

    point_id: int
    from_at: datetime  # start of the month, inclusive
    to_at: datetime  # exclusive


class DarkSpans(NamedTuple):
    """When points were without supply on evidence of their own or of their feeder, ``(n_spans,)`` each."""

    point_id: NDArray[np.int32]
    from_us: NDArray[np.int64]  # microseconds since the Unix epoch, inclusive
    to_us: NDArray[np.int64]  # exclusive; ``instants.FOREVER_US`` while it lasts


def no_dark_spans() -> DarkSpans:
    """Return no spans."""
    return DarkSpans(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Everything that judging depends on, as it stood under one judgement number."""

    judgement: int
    points: Sequence[Point] = ()
    devices: Sequence[Device] = ()  # any order
    declarations: Sequence[Declaration] = ()
    exemptions: Sequence[Exemption] = ()
    residential_point_ids: frozenset[int] = field(default_factory=frozenset)
    power_factor_point_ids: frozenset[int] = field(
        default_factory=frozenset
    )  # their energy is kept
    dark_spans: DarkSpans = field(default_factory=no_dark_spans, compare=False)

    def has_network_of(self, other: "Registry") -> bool:
        """Return whether points, devices and customers are those of ``other``, as they were loaded."""
        return self.points is other.points and self.devices is other.devices
