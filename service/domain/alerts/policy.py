"""The policy as a whole: from what was known when, to what organisations are told and what is held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.alerts.breaches import FeederMinutes, breach_alerts, high_voltage_alerts
from service.domain.alerts.darkness import DeclaredWindow
from service.domain.alerts.notifying import Told, notify
from service.domain.alerts.outage_alerts import OutageRecord, outage_alert
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import RULES, Alert, AlertPlace, AlertRule, Held, Notification

EVERY_RULE: Final = frozenset(RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """A communications incident; microseconds since the Unix epoch."""

    record_id: int
    organisation: str
    feeder: str
    place: AlertPlace
    code: str
    begins: int
    over: int | None
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that was known in a span of time, in any order."""

    outages: Sequence[OutageRecord] = ()
    windows: Sequence[DeclaredWindow] = ()
    feeders: Sequence[FeederMinutes] = ()
    incidents: Sequence[IncidentRecord] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of every alert of a span of time."""

    alerts: tuple[Alert, ...]  # all of them, by their order
    notifications: tuple[Notification, ...]
    held: tuple[Held, ...]
    pending: tuple[Alert, ...]


def alerts_of(known: Known, rule: AlertsRow) -> tuple[list[Alert], list[Held]]:
    """Return the alerts that may be told, and those that are held as soon as they are raised."""
    judged = [outage_alert(outage, known.windows, rule) for outage in known.outages]
    ready = [one for one in judged if isinstance(one, Alert)]
    held = [one for one in judged if isinstance(one, Held)]
    for feeder in known.feeders:
        ready += breach_alerts(feeder, rule)
        ready += high_voltage_alerts(feeder, rule)
    held += [held_incident(one) for one in known.incidents]
    return ready, held


def outcome_of(
    alerts: tuple[Iterable[Alert], Iterable[Held]],
    rule: AlertsRow,
    span: tuple[int, int],
    rules: frozenset[AlertRule] = EVERY_RULE,
) -> Outcome:
    """Return what comes of the alerts that are ready in a span of time.

    Args:
        alerts: As ``alerts_of`` gives them, any order.
        rule: What is told, and how often.
        span: Microseconds since the Unix epoch, half-open.
        rules: Only these, as if there were no others.
    """
    from_, to = span
    asked = [one for one in set(alerts[0]) if one.rule in rules and from_ <= one.ready < to]
    kept = [
        one for one in set(alerts[1]) if one.alert.rule in rules and from_ <= one.alert.ready < to
    ]
    told: Told = notify(asked, rule, to)
    every = (*asked, *(one.alert for one in kept))
    return Outcome(
        alerts=tuple(sorted(every, key=lambda one: (one.order, one.organisation))),
        notifications=told.notifications,
        held=tuple(sorted((*kept, *told.held), key=lambda one: (one.alert.order, one.reason))),
        pending=told.pending,
    )


def held_incident(one: IncidentRecord) -> Held:
    """Return a communications incident: it is listed, and nobody is told of an outage."""
    alert = Alert(
        rule="communication",
        organisation=one.organisation,
        feeder=one.feeder,
        place=one.place,
        code=one.code,
        starts=one.begins,
        ready=one.begins,
        over=one.over,
        n_points=one.n_points,
        n_customers=0,
        record_id=one.record_id,
    )
    return Held(alert=alert, reason="communication_incident")
