"""How long a user may have been without supply at most, given what nobody saw."""

import math
from collections.abc import Sequence
from fractions import Fraction

from service.domain.reliability.agreement import Witness, stretches
from service.domain.reliability.outages import Span
from service.domain.reliability.spells import time_of, time_within, united, without

Account = tuple[Witness, int]  # a point with its possible dark time, and what nobody saw of it


def worst_of_all(service: Span, accounts: Sequence[Account]) -> int:
    """Return how long, at most, all points of a user may have been dark within ``service``.

    While the user is dark, so is each of its points in service, seen or not. So the least that one
    point allows is a bound, if it was there throughout; else all that any point allows, and the
    time without a point.
    """
    if not service.length_us:
        return 0
    allowed = [_allowed(account, [service]) for account in accounts]
    throughout = [
        time
        for time, (witness, _) in zip(allowed, accounts, strict=True)
        if witness.service.cut(service) == service
    ]
    if throughout:
        return min(service.length_us, *throughout)
    alone = without([service], [witness.service for witness, _ in accounts])
    return min(sum(allowed) + time_of(alone), service.length_us)


def worst_of_share(
    service: Sequence[Span],
    terminals: Sequence[Account],
    meters: Sequence[Account],
    share_min: Fraction,
) -> int:
    """Return how long, at most, a transformer may have been dark within ``service``, disjoint spans.

    By its terminal, as for any user. By its meters: each instant at which ``k`` of them are dark
    takes ``k`` of the time in which any of them is dark or unseen; so the sum of that time over
    ``k`` is a bound (Markov's inequality), ``k`` being the least that the share ever asks for.
    """
    whole = time_of(service)
    with_terminal = united(
        cut
        for witness, _ in terminals
        for span in service
        if (cut := witness.service.cut(span)).length_us
    )
    worst = Fraction(sum(worst_of_all(span, terminals) for span in with_terminal))
    rest = without(service, with_terminal)
    if rest:
        ever = [
            math.ceil(share_min * stretch.n_in_service)
            for stretch in stretches(witness for witness, _ in meters)
            if time_within([stretch.span], _hull(rest))
        ]
        k = max(1, min(ever, default=1))
        allowed = Fraction(sum(_allowed(one, rest) for one in meters), k)
        worst += min(allowed, Fraction(time_of(rest)))
    return min(math.ceil(worst), whole)


def _allowed(account: Account, service: Sequence[Span]) -> int:
    """Return how long a point may have been dark: as its edges allow, and as long as nobody saw it."""
    witness, unobserved_us = account
    cuts = [cut for span in service if (cut := witness.service.cut(span)).length_us]
    possible_us = sum(time_within(witness.dark, cut) for cut in cuts)
    return min(possible_us + unobserved_us, time_of(cuts))


def _hull(spans: Sequence[Span]) -> Span:
    return Span(spans[0].start, spans[-1].end)
