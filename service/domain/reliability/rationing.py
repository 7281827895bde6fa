"""Rationing without tripping: supply holds with less than what is required, and counts as some time without."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from service.domain.reliability.causes import CAUSES, Cause
from service.domain.reliability.outages import Outage, Span
from service.domain.reliability.spells import united


def rationed_time(
    outages: Iterable[Outage], period: Span, through: int
) -> Mapping[Cause, Fraction]:
    """Return the equivalent time without supply in ``period`` by cause, summed over users.

    Rationed time counts by the share that was not served, where rationings of a user overlap by the
    greatest one, and not where the user was dark anyway.

    Source: DL/T 836, equivalent outage time of rationing: time x (1 - served / required capacity).
    """
    every = list(outages)
    total: dict[Cause, Fraction] = defaultdict(Fraction)
    if not any(outage.is_rationing for outage in every):
        return total
    dark: dict[str, list[Span]] = defaultdict(list)
    rationed: dict[str, list[Outage]] = defaultdict(list)
    for outage in every:
        if outage.users is None and outage.is_rationing:
            length_us = outage.span(through).cut(period).length_us
            total[outage.cause] += outage.unserved * outage.n_users * length_us
        for user in outage.users or ():
            if outage.is_rationing:
                rationed[user].append(outage)
            else:
                dark[user].append(outage.span(through))
    for user, own in rationed.items():
        for cause, time in _of_user(united(dark.get(user, ())), own, period, through):
            total[cause] += time
    return total


def _of_user(
    dark: Sequence[Span], rationed: Sequence[Outage], period: Span, through: int
) -> Iterable[tuple[Cause, Fraction]]:
    spans = [(outage, outage.span(through).cut(period)) for outage in rationed]
    edges = {edge for _, span in spans if span.length_us for edge in span}
    edges |= {edge for spell in dark for edge in spell}
    for start, end in pairwise(sorted(edges)):
        piece = Span(start, end)
        if any(spell.cut(piece).length_us for spell in dark):
            continue
        there = [outage for outage, span in spans if span.cut(piece).length_us]
        if there:
            most = min(there, key=_strictest)
            yield most.cause, most.unserved * piece.length_us


def _strictest(outage: Outage) -> tuple[Fraction, int, int]:
    return -outage.unserved, outage.start, CAUSES.index(outage.cause)
