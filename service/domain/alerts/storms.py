"""Storms: so many outages of an organisation within a short time that it is told of them together."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert

_SECOND_US: Final = 1_000_000


class Storm(NamedTuple):
    """One of an organisation, half-open; microseconds since the Unix epoch."""

    begins: int  # when the outage was ready that makes it one
    ends: int  # when no outage had been ready for long enough


def storms_of(alerts: Iterable[Alert], rule: AlertsRow) -> list[Storm]:
    """Return the storms that the alerts of one organisation come to, in order, disjoint.

    One begins with an outage that is the last of enough of them within the window, and ends when
    none has been ready for the time in which it is over.
    """
    ready = sorted(alert.ready for alert in alerts if alert.rule == "interruption")
    window, over = rule.storm_window_s * _SECOND_US, rule.storm_over_s * _SECOND_US
    found: list[Storm] = []
    first = 0  # of those within the window
    for place, at in enumerate(ready):
        while ready[first] <= at - window:
            first += 1
        if found and at < found[-1].ends:
            found[-1] = found[-1]._replace(ends=at + over)
        elif place - first + 1 >= rule.storm_alerts_min:
            found.append(Storm(at, at + over))
    return found
