"""The figures of a group of users over a period, with the bounds that stand beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from service.domain.reliability.causes import CHILDREN, CauseNode, is_under, tree_order, way_up
from service.domain.reliability.dark_time import DarkTimes, dark_times
from service.domain.reliability.interruption_indices import (
    Asked,
    InterruptionIndices,
    interruption_indices,
)
from service.domain.reliability.outages import Definition, Service, Span, quotient
from service.domain.reliability.spells import time_within
from service.domain.reliability.supply_reliability import FourReliabilities, FourWays, four_ways
from service.domain.reliability.user_interruptions import UserInterruption, parts_of
from service.domain.reliability.users import User

NATURES: Final[tuple[CauseNode, ...]] = CHILDREN["all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """RS-1 and what it may be; ``lower <= rs_1 <= upper``; None without user time."""

    rs_1: Fraction | None
    lower: Fraction | None
    upper: Fraction | None
    n_users: Fraction | None  # on average over the period


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityFigures:
    """What both standards say of some users, of the outages of one node of the tree of causes."""

    bounds: Bounds
    four: FourReliabilities
    indices: InterruptionIndices


@dataclass(frozen=True, slots=True, kw_only=True)
class NatureFigures:
    """What faults, or pre-arranged outages, have of SAIDI, SAIFI and MAIFI; they add up to the whole."""

    nature: CauseNode
    saidi_hours: Fraction | None  # of all interruptions, short ones too: AIHC-1
    saifi: Fraction | None  # the same: AITC-1
    maifi: Fraction | None  # of those that are not sustained


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedUsers:
    """Users of a group, counted once, and asked for any node. Make it with ``counted_users``."""

    service: Service
    definition: Definition
    ways: FourWays
    dark: DarkTimes

    @property
    def interruptions(self) -> Sequence[UserInterruption]:
        """All of them, also the short ones and those beside the period."""
        return self.ways.ways[0].interruptions

    def nodes(self) -> list[CauseNode]:
        """Return the nodes under which there is an outage, each before what hangs under it."""
        found = {node for cause in self.dark.seen_us for node in way_up(cause)}
        return [node for node in tree_order() if node in found]

    def figures(self, asked: Asked, node: CauseNode = "all") -> ReliabilityFigures:
        """Return all figures as if the outages of a node were all there are.

        Args:
            asked: For which numbers CEMI and CELID are wanted.
            node: Of the tree of causes.
        """
        return ReliabilityFigures(
            bounds=_bounds(self.dark, self.service, node),
            four=self.ways.of_node(self.service, node),
            indices=interruption_indices(
                self.interruptions, self.service, self.definition, asked, node
            ),
        )

    def by_nature(self, node: CauseNode = "all") -> list[NatureFigures]:
        """Return the figures of faults, of pre-arranged outages, and of those without a cause, as far as under a node.

        Source: DL/T 836.1-2016, splits of SAIDI, SAIFI and MAIFI (confirm).
        """
        return [self._nature(nature) for nature in NATURES if is_under(nature, node)]

    def _nature(self, node: CauseNode) -> NatureFigures:
        first = self.ways.first_of_node(self.service, node)
        n_momentary = sum(
            one.n_users * one.starts_in(self.service.span)
            for one in parts_of(self.interruptions, node)
            if not one.is_sustained
        )
        return NatureFigures(
            nature=node,
            saidi_hours=first.aihc_hours,
            saifi=first.aitc,
            maifi=quotient(n_momentary, self.service.n_users),
        )


def service_of(users: Sequence[User], period: Span) -> Service:
    """Return the users' time in service in a period; their capacity, if all of it is known."""
    times = [time_within(user.service, period) for user in users]
    kvas = [user.kva for user in users if user.kva is not None]
    is_known = bool(users) and len(kvas) == len(users)
    return Service(
        span=period,
        user_us=sum(times),
        kva_us=(
            sum((kva * time for kva, time in zip(kvas, times, strict=True)), Fraction(0))
            if is_known
            else None
        ),
    )


def bounds_of(users: Sequence[User], period: Span) -> Bounds:
    """Return RS-1 and its bounds.

    The figure counts evidence alone, and an outage without end as dark up to where the data reach.
    The upper bound counts of that one nothing: supply may have come back unseen. The lower one takes
    each outage as long as its edges allow, and as dark what nobody saw.
    """
    return _bounds(dark_times(users, period), service_of(users, period), "all")


def counted_users(
    users: Sequence[User], period: Span, definition: Definition, through: int
) -> CountedUsers:
    """Return users of one class, counted.

    Args:
        users: Their outages are disjoint.
        period: Up to where the data reach, at the latest.
        definition: What counts as an interruption.
        through: Up to when outages are known.
    """
    return CountedUsers(
        service=service_of(users, period),
        definition=definition,
        ways=four_ways((one for user in users for one in user.outages), definition, through),
        dark=dark_times(users, period),
    )


def figures_of(
    users: Sequence[User], period: Span, definition: Definition, through: int, asked: Asked
) -> ReliabilityFigures:
    """Return all figures of some users over a period, of whatever cause."""
    return counted_users(users, period, definition, through).figures(asked)


def _bounds(dark: DarkTimes, service: Service, node: CauseNode) -> Bounds:
    time = dark.of_node(node)
    lower, rs_1, upper = (
        None if (share := quotient(us, service.user_us)) is None else 1 - share
        for us in (time.most_us, time.seen_us, time.least_us)
    )
    return Bounds(rs_1=rs_1, lower=lower, upper=upper, n_users=service.n_users)
