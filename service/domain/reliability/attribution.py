"""Which cause time without supply belongs to, where outages of several causes overlap: to one."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from service.domain.reliability.causes import CAUSES, EXTERNAL, SHORTAGE, Cause
from service.domain.reliability.outages import Span
from service.domain.reliability.spells import united, without

_PLACE_OF: Final = {cause: place for place, cause in enumerate(CAUSES)}
# What no index leaves out comes first: then an index without a cause lacks just that cause's time.
_RANK_OF: Final = dict.fromkeys(CAUSES, 0) | {SHORTAGE: 1, EXTERNAL: 2}


class CausedSpan(NamedTuple):
    """A time, and the one cause that it belongs to."""

    span: Span
    cause: Cause


def attributed(outages: Iterable[CausedSpan], spells: Sequence[Span]) -> list[CausedSpan]:
    """Return the time of some outages, each instant once, in order and disjoint.

    Time of several causes belongs to one that no index leaves out, before a shortage, before an
    influence from outside; of these to the outage that began first.

    Args:
        outages: In any order, overlapping as they may.
        spells: Their union.
    """
    every = sorted(outages, key=_precedence)
    causes = {one.cause for one in every}
    if len(causes) == 1:
        return [CausedSpan(spell, every[0].cause) for spell in spells]
    found: list[CausedSpan] = []
    taken: list[Span] = []
    for span, cause in every:
        found += [CausedSpan(rest, cause) for rest in without([span], taken)]
        taken = united([*taken, span])
    return sorted(found)


def first_cause(outages: Iterable[CausedSpan]) -> Cause:
    """Return the cause of the first instant of some outages: an interruption counts under it."""
    every = list(outages)
    start = min(one.span.start for one in every)
    return min((one for one in every if one.span.start == start), key=_precedence).cause


def _precedence(one: CausedSpan) -> tuple[int, int, int]:
    return _RANK_OF[one.cause], one.span.start, _PLACE_OF[one.cause]
