"""The indices of DL/T 836: supply reliability RS, outage hours AIHC and outage counts AITC."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from service.domain.reliability.causes import EXTERNAL, SHORTAGE, CauseNode, is_under
from service.domain.reliability.outages import (
    HOUR_US,
    Definition,
    Outage,
    Service,
    quotient,
)
from service.domain.reliability.user_interruptions import (
    UserInterruption,
    rationed_time,
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


def supply_reliability(
    outages: Iterable[Outage], service: Service, definition: Definition, through: int
) -> FourReliabilities:
    """Return the four reliabilities of a period.

    What is left out is left out before outages are united: time that another outage covers stays.
    Time counts in every period that it touches, an interruption in the one in which it starts.

    Args:
        outages: Of the users in ``service``, already cut to the time that they were in service.
        service: The period, and the users' time in it.
        definition: Which interruptions are short, and what is merged.
        through: Up to when outages are known; those that go on last until then.

    Source: DL/T 836-2012 and DL/T 836.1-2016, ``AIHC = sum(t n) / N``, ``RS = 1 - AIHC / T``.
    """
    every = list(outages)
    interruptions = user_interruptions(every, definition, through)
    whole = _one(every, interruptions, service, through)

    def without(node: CauseNode) -> SupplyReliability:
        rest = [outage for outage in every if not is_under(outage.cause, node)]
        if len(rest) == len(every):
            return whole
        return _one(rest, user_interruptions(rest, definition, through), service, through)

    return FourReliabilities(
        all=whole,
        without_external=without(EXTERNAL),
        without_shortage=without(SHORTAGE),
        without_short=_one(
            every, [one for one in interruptions if one.is_sustained], service, through
        ),
    )


def _one(
    outages: Sequence[Outage],
    interruptions: Sequence[UserInterruption],
    service: Service,
    through: int,
) -> SupplyReliability:
    period = service.span
    n_interruptions = sum(one.n_users * one.starts_in(period) for one in interruptions)
    dark_us = sum(one.n_users * one.time_in(period) for one in interruptions)
    outage_us = dark_us + rationed_time(outages, period, through)
    share = quotient(outage_us, service.user_us)
    return SupplyReliability(
        rs=None if share is None else 1 - share,
        aihc_hours=quotient(outage_us / HOUR_US, service.n_users),
        aitc=quotient(n_interruptions, service.n_users),
        outage_us=outage_us,
    )
