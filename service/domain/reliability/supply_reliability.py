"""The indices of DL/T 836: supply reliability RS, outage hours AIHC and outage counts AITC."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from service.domain.reliability.causes import EXTERNAL, SHORTAGE, CauseNode, leaves_under
from service.domain.reliability.outages import (
    HOUR_US,
    Definition,
    Outage,
    Service,
    quotient,
)
from service.domain.reliability.rationing import rationed_time
from service.domain.reliability.user_interruptions import (
    UserInterruption,
    parts_of,
    user_interruptions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyReliability:
    """One of the four ways to count; None where there is no denominator."""

    rs: Fraction | None  # share of user time with supply, 0..1
    aihc_hours: Fraction | None  # hours without supply a user
    aitc: Fraction | None  # interruptions a user
    outage_us: Fraction  # time without supply, summed over users


@dataclass(frozen=True, slots=True, kw_only=True)
class FourReliabilities:
    """RS, AIHC and AITC with everything counted, and less what may be left out."""

    all: SupplyReliability  # -1
    without_external: SupplyReliability  # -2: external influence
    without_shortage: SupplyReliability  # -3: rationing for lack of power in the system
    without_short: SupplyReliability  # -4: interruptions that are not sustained

    def in_order(self) -> tuple[SupplyReliability, ...]:
        """Return them by their numbers, from 1."""
        return (self.all, self.without_external, self.without_shortage, self.without_short)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to count: what is left of outages, and the interruptions that it makes."""

    outages: Sequence[Outage]
    interruptions: Sequence[UserInterruption]


@dataclass(frozen=True, slots=True, kw_only=True)
class FourWays:
    """The four ways to count some outages, to be asked for any node of the tree of causes."""

    ways: tuple[Way, Way, Way, Way]  # by their numbers, from 1
    through: int  # up to when outages are known

    def of_node(self, service: Service, node: CauseNode = "all") -> FourReliabilities:
        """Return the four reliabilities as if the outages of a node were all there are.

        Hours and interruptions of leaves add up to those of the node that they hang under: time
        belongs to one cause (``attributed``), an interruption to that of its first instant.
        """
        first, second, third, fourth = (_one(way, service, self.through, node) for way in self.ways)
        return FourReliabilities(
            all=first, without_external=second, without_shortage=third, without_short=fourth
        )

    def first_of_node(self, service: Service, node: CauseNode) -> SupplyReliability:
        """Return the first of these alone: everything counted."""
        return _one(self.ways[0], service, self.through, node)


def four_ways(outages: Iterable[Outage], definition: Definition, through: int) -> FourWays:
    """Return the four ways to count; what is left out is left out before outages are united.

    So time that another outage covers stays.
    """
    every = list(outages)
    interruptions = user_interruptions(every, definition, through)
    whole = Way(outages=every, interruptions=interruptions)

    def without(node: CauseNode) -> Way:
        leaves = leaves_under(node)
        rest = [outage for outage in every if outage.cause not in leaves]
        if len(rest) == len(every):
            return whole
        # What is of one cause goes, or stays, as a whole: only users with a mixture are formed again.
        mixed = {one.user for one in interruptions if one.is_mixed}
        again = [outage for outage in rest if not mixed.isdisjoint(outage.users or ())]
        kept = [one for one in interruptions if one.user not in mixed and one.cause not in leaves]
        made = [one for one in user_interruptions(again, definition, through) if one.user in mixed]
        return Way(outages=rest, interruptions=[*kept, *made])

    long = Way(outages=every, interruptions=[one for one in interruptions if one.is_sustained])
    return FourWays(ways=(whole, without(EXTERNAL), without(SHORTAGE), long), through=through)


def supply_reliability(
    outages: Iterable[Outage], service: Service, definition: Definition, through: int
) -> FourReliabilities:
    """Return the four reliabilities of a period.

    Time counts in every period that it touches, an interruption in the one in which it starts.

    Args:
        outages: Of the users in ``service``, already cut to the time that they were in service.
        service: The period, and the users' time in it.
        definition: Which interruptions are short, and what is merged.
        through: Up to when outages are known; those that go on last until then.

    Source: DL/T 836-2012 and DL/T 836.1-2016, ``AIHC = sum(t n) / N``, ``RS = 1 - AIHC / T``.
    """
    return four_ways(outages, definition, through).of_node(service)


def _one(way: Way, service: Service, through: int, node: CauseNode) -> SupplyReliability:
    period = service.span
    parts = parts_of(way.interruptions, node)
    n_interruptions = sum(one.n_users * one.starts_in(period) for one in parts)
    dark_us = sum(one.n_users * one.time_in(period) for one in parts)
    leaves = leaves_under(node)
    rationed = rationed_time(way.outages, period, through)
    outage_us = dark_us + sum(
        (time for cause, time in rationed.items() if cause in leaves), Fraction(0)
    )
    share = quotient(outage_us, service.user_us)
    return SupplyReliability(
        rs=None if share is None else 1 - share,
        aihc_hours=quotient(outage_us / HOUR_US, service.n_users),
        aitc=quotient(n_interruptions, service.n_users),
        outage_us=outage_us,
    )
