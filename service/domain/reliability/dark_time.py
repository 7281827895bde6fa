"""How long users were without supply by cause, and how much more, or less, it may have been."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.domain.reliability.causes import (
    Cause,
    CauseNode,
    is_for_certain,
    leaves_under,
    perhaps_under,
)
from service.domain.reliability.outages import Span
from service.domain.reliability.users import User


@dataclass(frozen=True, slots=True)
class DarkTime:
    """Time without supply of some users in a period, microseconds; ``least <= seen <= most``."""

    least_us: int
    seen_us: int
    most_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkTimes:
    """The same of every node of the tree of causes. Make it with ``dark_times``."""

    seen_us: Mapping[Cause, int]
    unseen_us: int  # as edges allow, and while nobody saw them
    doubtful: Sequence[tuple[int, Mapping[Cause, int]]]  # users with open outages: that much of it

    def of_node(self, node: CauseNode = "all") -> DarkTime:
        """Return the time of a node.

        At most: with what has no cause, or only that of a group, if it may be of the node; and with all
        that nobody saw. At least: without what may have ended unseen, and without what is only not
        known to be of another cause. Of a leaf the bounds may be too wide, never too narrow.
        """
        leaves = leaves_under(node)
        firm = leaves if len(leaves) > 1 else {leaf for leaf in leaves if is_for_certain(leaf)}
        seen_us = _time_of(self.seen_us, leaves)
        least_us = _time_of(self.seen_us, firm) - sum(
            min(lost_us, _time_of(seen, firm)) for lost_us, seen in self.doubtful
        )
        most_us = seen_us + _time_of(self.seen_us, perhaps_under(node)) + self.unseen_us
        return DarkTime(least_us=least_us, seen_us=seen_us, most_us=most_us)


def dark_times(users: Sequence[User], period: Span) -> DarkTimes:
    """Return the time without supply of users, whose outages are disjoint, in a period."""
    total: Counter[Cause] = Counter()
    doubtful: list[tuple[int, Mapping[Cause, int]]] = []
    unseen_us = 0
    for user in users:
        own: Counter[Cause] = Counter()
        for outage in user.outages:
            own[outage.cause] += outage.span(period.end).cut(period).length_us
        dark_us = own.total()
        total.update(own)
        unseen_us += max(0, user.worst_us - dark_us)
        if user.least_us < dark_us:
            doubtful.append((dark_us - user.least_us, own))
    return DarkTimes(seen_us=total, unseen_us=unseen_us, doubtful=doubtful)


def _time_of(seen: Mapping[Cause, int], causes: Iterable[Cause]) -> int:
    return sum(seen.get(cause, 0) for cause in causes)
