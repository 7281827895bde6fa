"""The budget of notifications, and shifts in which nothing happened."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Notification

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """More notifications than an organisation may get within the budget's time."""

    organisation: str
    first: int  # microseconds since the Unix epoch: of the first and the last of them
    last: int
    n_notifications: int


def over_budget(notifications: Iterable[Notification], rule: AlertsRow) -> list[OverBudget]:
    """Return where the budget is broken: in any time of its length, wherever it begins, half-open."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for one in notifications:
        times[one.organisation].append(one.at)
    length = rule.budget_s * _SECOND_US
    found: list[OverBudget] = []
    for organisation, mine in sorted(times.items()):
        mine.sort()
        first = 0
        for place, at in enumerate(mine):
            while mine[first] <= at - length:
                first += 1
            if place - first + 1 > rule.budget_notifications:
                broken = OverBudget(
                    organisation=organisation,
                    first=mine[first],
                    last=at,
                    n_notifications=place - first + 1,
                )
                found.append(broken)
    return found


def by_ten_minutes(
    notifications: Iterable[Notification], rule: AlertsRow
) -> Counter[tuple[str, int]]:
    """Return how often organisations were told, by organisation and start of the budget's time (UTC)."""
    length = rule.budget_s * _SECOND_US
    return Counter((one.organisation, one.at // length * length) for one in notifications)


def shift_of(at: int, offset_us: int, rule: AlertsRow) -> int:
    """Return the start of the shift that an instant lies in.

    Args:
        at: Microseconds since the Unix epoch.
        offset_us: Of the zone's clocks from UTC: shifts begin at midnight, and each shift's length
            after it.
        rule: How long they are.
    """
    length = rule.shift_s * _SECOND_US
    return (at + offset_us) // length * length - offset_us
