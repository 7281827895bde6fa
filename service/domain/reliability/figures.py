"""The figures of a group of users over a period, with the bounds that stand beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from service.domain.reliability.interruption_indices import (
    Asked,
    InterruptionIndices,
    interruption_indices,
)
from service.domain.reliability.outages import Definition, Service, Span, quotient
from service.domain.reliability.spells import time_within
from service.domain.reliability.supply_reliability import FourReliabilities, supply_reliability
from service.domain.reliability.user_interruptions import user_interruptions
from service.domain.reliability.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """RS-1 and what it may be; ``lower <= rs_1 <= upper``; None without user time."""

    rs_1: Fraction | None
    lower: Fraction | None
    upper: Fraction | None
    n_users: Fraction | None  # on average over the period


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityFigures:
    """What both standards say of some users."""

    bounds: Bounds
    four: FourReliabilities
    indices: InterruptionIndices


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
    service = service_of(users, period)
    least_us = dark_us = worst_us = 0
    for user in users:
        dark = sum(time_within([one.span(period.end)], period) for one in user.outages)
        least_us += min(dark, user.least_us)
        dark_us += dark
        worst_us += max(dark, user.worst_us)
    lower, rs_1, upper = (
        None if (share := quotient(us, service.user_us)) is None else 1 - share
        for us in (worst_us, dark_us, least_us)
    )
    return Bounds(
        rs_1=rs_1,
        lower=lower,
        upper=upper,
        n_users=service.n_users,
    )


def figures_of(
    users: Sequence[User], period: Span, definition: Definition, through: int, asked: Asked
) -> ReliabilityFigures:
    """Return all figures of some users over a period.

    Args:
        users: Those of one class.
        period: Up to where the data reach, at the latest.
        definition: What counts as an interruption.
        through: Up to when outages are known.
        asked: For which numbers CEMI and CELID are wanted.
    """
    service = service_of(users, period)
    outages = [outage for user in users for outage in user.outages]
    return ReliabilityFigures(
        bounds=bounds_of(users, period),
        four=supply_reliability(outages, service, definition, through),
        indices=interruption_indices(
            user_interruptions(outages, definition, through), service, definition, asked
        ),
    )
