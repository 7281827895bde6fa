"""What ``settle`` tells of who is without supply: outages that are alerts, storms, and what is held back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics.exposition import counter, gauge, snapshot, start_at_zero
from service.metrics.words import OutageAlertKind, OutageHeldReason

_OUTAGE = ("organisation", "region", "feeder", "feeder_name", "outage", "kind")
_STORM = ("organisation",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOutage:
    """An outage that people are to be told of, as it is now."""

    organisation: str
    region: str
    feeder: str
    feeder_name: str
    outage: int  # its number
    kind: OutageAlertKind  # overrun: of a declared window
    n_points: int  # without supply now, outside of declared windows
    n_transformers: int  # that these points are below
    n_customers: int  # that they supply
    start_s: float  # seconds since the Unix epoch

    @property
    def labels(self) -> tuple[str, ...]:
        """Values of the labels, in their order."""
        return (
            self.organisation, self.region, self.feeder, self.feeder_name, str(self.outage), self.kind,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """An organisation in which so much is out that it is told once; told and held outages together."""

    organisation: str
    n_feeders: int
    n_points: int
    n_customers: int


class OutageAlertMetrics:
    """Who is without supply, as alerts see it; by the one active process of the role ``settle``."""

    def __init__(self, registry: CollectorRegistry, *, max_outages: int = 500):
        self.registry = registry
        self._max_outages = max_outages
        self._points = snapshot(
            registry,
            "outage_points",
            "Points without supply now, of an outage to be told.",
            _OUTAGE,
        )
        self._customers = snapshot(
            registry, "outage_customers", "Customers of these points.", _OUTAGE
        )
        self._transformers = snapshot(
            registry, "outage_transformers", "Transformers above these points.", _OUTAGE
        )
        self._start = snapshot(
            registry,
            "outage_start_timestamp_seconds",
            "When the outage began, by its evidence; seconds since the Unix epoch.",
            _OUTAGE,
        )
        self._dropped = gauge(
            registry, "outage_series_dropped", "Outages to be told left out above the set number."
        )
        self._storm_feeders = snapshot(
            registry, "storm_feeders", "Feeders with an outage while a storm lasts.", _STORM
        )
        self._storm_points = snapshot(
            registry, "storm_points", "Points without supply while a storm lasts.", _STORM
        )
        self._storm_customers = snapshot(
            registry, "storm_customers", "Customers without supply while a storm lasts.", _STORM
        )
        self._held = snapshot(
            registry, "outages_held", "Outages that last and are told to nobody.", ("reason",)
        )
        self._alerts_held = counter(
            registry,
            "outage_alerts_held",
            "Alerts of outages that were held back, each once for a reason.",
            ("reason",),
        )
        start_at_zero(self._alerts_held, get_args(OutageHeldReason))
        # Not there before the first look: the rules of alerts see by it that settle looks.
        self._zone_offset_s = snapshot(
            registry, "zone_offset_seconds", "Local time of the deployment less UTC, now.", ()
        )
        self.show_held({})

    def show_told(self, outages: Iterable[ToldOutage]) -> None:
        """Show the outages that people are to be told of; above the set number the widest stay."""
        told = sorted(outages, key=lambda one: (-one.n_points, one.outage, one.kind))
        shown = told[: self._max_outages]
        self._points.show({one.labels: one.n_points for one in shown})
        self._customers.show({one.labels: one.n_customers for one in shown})
        self._transformers.show({one.labels: one.n_transformers for one in shown})
        self._start.show({one.labels: one.start_s for one in shown})
        self._dropped.set(len(told) - len(shown))

    def show_storms(self, storms: Iterable[Storm]) -> None:
        """Show the organisations in which a storm goes on."""
        found = list(storms)
        self._storm_feeders.show({(one.organisation,): one.n_feeders for one in found})
        self._storm_points.show({(one.organisation,): one.n_points for one in found})
        self._storm_customers.show({(one.organisation,): one.n_customers for one in found})

    def show_held(self, n_outages: Mapping[OutageHeldReason, int]) -> None:
        """Show how many outages are held back now; a reason left out has none."""
        self._held.show(
            {(reason,): n_outages.get(reason, 0) for reason in get_args(OutageHeldReason)}
        )

    def count_held(self, reason: OutageHeldReason) -> None:
        """Count an alert that is held back from now on."""
        self._alerts_held.labels(reason).inc()

    def show_zone_offset(self, offset_s: float) -> None:
        """Show by how much local time is ahead of UTC."""
        self._zone_offset_s.show({(): offset_s})
