"""The words of the notification policy: alert, held alert, notification."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

AlertRule = Literal["interruption", "tolerance_breach", "high_voltage", "communication"]
AlertPlace = Literal["feeder", "transformer", "point", "concentrator"]
OutageReason = Literal[
    "communication_incident",  # silence is no outage; the incident itself is listed, nobody is told
    "declared_window",  # all of it lies in what was declared before it would have been told
    "no_meter_evidence",  # only people, or the silence of others, say so
    "stale",  # what says so was too old when it came
    "reclosed",  # over before the wait for reclosing was
    "below_threshold",  # too few points
    "feeder_outage",  # an outage of its feeder tells it already
    "storm",  # told in the notification of the storm, and in its account
]
Reason = Literal[
    OutageReason,
    "breach_interval",  # a breach, over before breaches of its organisation could be told again
]
RULES: Final[tuple[AlertRule, ...]] = get_args(AlertRule)
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something people may have to be told of; microseconds since the Unix epoch.

    Two alerts are the same if rule, place, code and ``starts`` are.
    """

    rule: AlertRule
    organisation: str
    feeder: str  # empty: of none
    place: AlertPlace
    code: str
    starts: int  # data time: since when it is so
    ready: int  # when it may be told: known, waited for; of what is never ready, when it was known first
    over: int | None  # when it is known to be over; None while it goes on
    n_points: int  # extent, as known when ready
    n_customers: int
    is_overrun: bool = False  # of a declared window
    covered: int | None = (
        None  # when what was declared since covers it: from then on nobody is told
    )
    record_id: int | None = None  # of the outage or the incident it is

    @property
    def order(self) -> tuple[int, str, str, str, int]:
        """What alerts are sorted by, so that the order in which they came does not matter."""
        return self.ready, self.rule, self.place, self.code, self.starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An alert that notified nobody, and why."""

    alert: Alert
    reason: Reason


NotificationKind = Literal["alerts", "repeat", "storm", "storm_over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What an organisation is told at one instant; microseconds since the Unix epoch."""

    organisation: str
    at: int
    kind: NotificationKind
    alerts: tuple[Alert, ...]  # new in it; of a storm those so far; of its end all that it held

    @property
    def n_points(self) -> int:
        """Points of its alerts."""
        return sum(alert.n_points for alert in self.alerts)

    @property
    def n_customers(self) -> int:
        """Customers of its alerts."""
        return sum(alert.n_customers for alert in self.alerts)
