"""Spells: disjoint spans in order, and how overlapping ones become them."""

from collections.abc import Iterable

from service.domain.reliability.outages import Span


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the union of some spans, in order and disjoint; spans that touch become one.

    An empty span stays if no other one covers it: an interruption too short to be measured.
    """
    spells: list[Span] = []
    for span in sorted(spans):
        if spells and span.start <= spells[-1].end:
            spells[-1] = Span(spells[-1].start, max(spells[-1].end, span.end))
        else:
            spells.append(span)
    return spells


def without(spells: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return what is left of disjoint spells outside the holes, in order."""
    rest: list[Span] = []
    closed = united(hole for hole in holes if hole.length_us)
    for start, end in spells:
        begin = start
        for hole in closed:
            if hole.end <= begin or hole.start >= end:
                continue
            if hole.start > begin:
                rest.append(Span(begin, hole.start))
            begin = hole.end
        if begin < end:
            rest.append(Span(begin, end))
    return rest


def time_of(spells: Iterable[Span]) -> int:
    """Return the length of disjoint spells together."""
    return sum(spell.length_us for spell in spells)


def time_within(spells: Iterable[Span], period: Span) -> int:
    """Return how much of disjoint spells lies in ``period``."""
    return sum(spell.cut(period).length_us for spell in spells)
