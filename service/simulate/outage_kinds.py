"""The kinds of outages: what they concern, how long they last, when they start."""

from dataclasses import dataclass
from typing import Final

from service.simulate.outages import Cause, Kind, Level
from service.simulate.plan import SimulationPlan

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """A kind of outage. Durations are log-normal around the median, and held to both ends."""

    kind: Kind
    level: Level | None  # None: a feeder, or some of its transformers
    cause: Cause | None  # None: a fault, internal or external
    lowest_s: float
    median_s: float
    highest_s: float
    spread: float = 0.6  # of the logarithm
    is_timed: bool = False  # starts in the morning, on the minute, because somebody chose it

    def rate(self, plan: SimulationPlan) -> float:
        """Return the expected number per feeder in 30 days."""
        faults, operation = plan.faults, plan.operation
        rates: dict[Kind, float] = {
            "feeder_fault": faults.feeder_faults,
            "reclosed": faults.reclosed,
            "short_fault": faults.short_faults,
            "transformer_fault": faults.transformer_faults,
            "phase_loss": faults.phase_losses,
            "customer_fault": faults.customer_faults,
            "maintenance": operation.maintenance,
            "construction": operation.construction,
            "temporary": operation.temporary,
            "emergency": operation.emergency,
            "customer_request": operation.customer_request,
            "rationing": operation.rationing,
            "network_limit": operation.network_limit,
        }
        return rates[self.kind]


RULES: Final = (
    KindRule(
        kind="feeder_fault",
        level="feeder",
        cause=None,
        lowest_s=5 * _MINUTE_S,
        median_s=70 * _MINUTE_S,
        highest_s=8 * _HOUR_S,
    ),
    KindRule(kind="reclosed", level="feeder", cause=None, lowest_s=0.5, median_s=2, highest_s=55),
    KindRule(
        kind="short_fault", level="feeder", cause=None, lowest_s=70, median_s=120, highest_s=175
    ),
    KindRule(
        kind="transformer_fault",
        level="transformer",
        cause=None,
        lowest_s=5 * _MINUTE_S,
        median_s=90 * _MINUTE_S,
        highest_s=10 * _HOUR_S,
    ),
    KindRule(
        kind="phase_loss",
        level="phase",
        cause="fault_internal",
        lowest_s=5 * _MINUTE_S,
        median_s=80 * _MINUTE_S,
        highest_s=6 * _HOUR_S,
    ),
    KindRule(
        kind="customer_fault",
        level="customer",
        cause="fault_internal",
        lowest_s=5 * _MINUTE_S,
        median_s=100 * _MINUTE_S,
        highest_s=24 * _HOUR_S,
        spread=0.8,
    ),
    KindRule(
        kind="maintenance",
        level=None,
        cause="planned_maintenance",
        lowest_s=2 * _HOUR_S,
        median_s=5 * _HOUR_S,
        highest_s=9 * _HOUR_S,
        spread=0.35,
        is_timed=True,
    ),
    KindRule(
        kind="construction",
        level=None,
        cause="planned_construction",
        lowest_s=2 * _HOUR_S,
        median_s=6 * _HOUR_S,
        highest_s=10 * _HOUR_S,
        spread=0.3,
        is_timed=True,
    ),
    KindRule(
        kind="temporary",
        level=None,
        cause="temporary",
        lowest_s=_HOUR_S,
        median_s=2 * _HOUR_S,
        highest_s=5 * _HOUR_S,
        is_timed=True,
    ),
    KindRule(
        kind="emergency",
        level=None,
        cause="emergency",
        lowest_s=20 * _MINUTE_S,
        median_s=_HOUR_S,
        highest_s=4 * _HOUR_S,
    ),
    KindRule(
        kind="customer_request",
        level="transformer",
        cause="customer_request",
        lowest_s=_HOUR_S,
        median_s=3 * _HOUR_S,
        highest_s=8 * _HOUR_S,
        is_timed=True,
    ),
    KindRule(
        kind="rationing",
        level=None,
        cause="supply_shortage",
        lowest_s=_HOUR_S,
        median_s=2 * _HOUR_S,
        highest_s=4 * _HOUR_S,
    ),
    KindRule(
        kind="network_limit",
        level=None,
        cause="network_limit",
        lowest_s=_HOUR_S,
        median_s=1.5 * _HOUR_S,
        highest_s=3 * _HOUR_S,
    ),
)
