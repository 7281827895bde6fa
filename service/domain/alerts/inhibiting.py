"""Inhibition: the outage of a feeder speaks for all that lies below it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, Held

_SECOND_US: Final = 1_000_000


def inhibited(alerts: Iterable[Alert], rule: AlertsRow) -> tuple[list[Alert], list[Held]]:
    """Return the alerts that may be told, by their order, and those that their feeder's outage tells.

    Outages of a part of the feeder and breaches of its band are silent while its outage goes on. One
    that goes on after it is ready then. Dangerous voltage is never silenced.

    Args:
        alerts: Of one organisation.
        rule: How long alerts wait for one another: an outage of a part that is ready so long before
            the feeder's is silenced, too.
    """
    alerts = list(alerts)
    of_feeder: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if _is_of_feeder(alert):
            of_feeder[alert.feeder].append(alert)
    free: list[Alert] = []
    held: list[Held] = []
    for alert in alerts:
        greater = of_feeder.get(alert.feeder, ()) if _gives_way(alert) else ()
        ready = _ready(alert, greater, rule)
        if ready is None:
            held.append(Held(alert=alert, reason="feeder_outage"))
        else:
            free.append(alert if ready == alert.ready else replace(alert, ready=ready))
    return sorted(free, key=lambda one: one.order), held


def _is_of_feeder(alert: Alert) -> bool:
    return alert.rule == "interruption" and alert.place == "feeder" and alert.feeder != ""


def _gives_way(alert: Alert) -> bool:
    if alert.rule == "interruption":
        return alert.place != "feeder"
    return alert.rule == "tolerance_breach"


def _ready(alert: Alert, greater: Iterable[Alert], rule: AlertsRow) -> int | None:
    """Return when an alert may be told; None: it is over before the feeder's outage is."""
    wait = rule.group_wait_s * _SECOND_US
    ready = alert.ready
    for one in sorted(greater, key=lambda one: one.order):
        if one.ready > ready + wait or (one.over is not None and one.over <= ready):
            continue
        if one.over is None or (alert.over is not None and alert.over <= one.over):
            return None
        ready = one.over
    return ready
