"""What ``consume`` shows for alerts beside feeders: points of areas, dangerous voltage, what is held back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics.exposition import counter, snapshot, start_at_zero
from service.metrics.words import Area, HeldReason

_HIGH = ("organisation", "region", "feeder", "feeder_name", "transformer", "point")


@dataclass(frozen=True, slots=True, kw_only=True)
class HighPoint:
    """A point above +20 % now: somebody has to go there, so it is named."""

    organisation: str
    region: str
    feeder: str
    feeder_name: str
    transformer: str
    point: str
    highest_v: float  # of its phases since it rose above, volts
    nominal_v: float


class AlertSeries:
    """Series of one process in the role ``consume`` that only alerts need."""

    def __init__(self, registry: CollectorRegistry, *, max_high: int = 20):
        self._max_high = max_high
        self._area_points = snapshot(registry, "area_points", "Points in the registry.", ("area",))
        self._high_v = snapshot(
            registry, "high_voltage_volts", "Highest voltage of a point above +20 % now.", _HIGH
        )
        self._high_ratio = snapshot(
            registry, "high_voltage_ratio", "The same over nominal, 1 is nominal.", _HIGH
        )
        self._held = snapshot(
            registry,
            "points_held",
            "Points outside their band when last read, held back from the alerts.",
            ("reason",),
        )
        self._alerts_held = counter(
            registry,
            "alerts_held",
            "Points whose alert was held back, each once in what it is held back for.",
            ("reason",),
        )
        start_at_zero(self._alerts_held, get_args(HeldReason))

    def show_area_points(self, n_points: Mapping[Area, int]) -> None:
        """Show how many points the registry has in each area; an area left out has none."""
        self._area_points.show({(area,): n_points.get(area, 0) for area in get_args(Area)})

    def show_high(self, points: Iterable[HighPoint]) -> None:
        """Show the points above +20 %; above the set number the highest stay."""
        shown = sorted(points, key=lambda one: (-one.highest_v / one.nominal_v, one.point))
        keyed = [
            ((p.organisation, p.region, p.feeder, p.feeder_name, p.transformer, p.point), p)
            for p in shown[: self._max_high]
        ]
        self._high_v.show({key: round(p.highest_v, 2) for key, p in keyed})
        self._high_ratio.show({key: round(p.highest_v / p.nominal_v, 6) for key, p in keyed})

    def show_held(self, n_points: Mapping[HeldReason, int]) -> None:
        """Show how many points are held back from the alerts now; a reason left out has none."""
        self._held.show({(reason,): n_points.get(reason, 0) for reason in get_args(HeldReason)})

    def count_held(self, reason: HeldReason, n_points: int) -> None:
        """Count points whose alert is held back from now on."""
        self._alerts_held.labels(reason).inc(n_points)
