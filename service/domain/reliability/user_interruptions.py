"""From outages to interruptions of users: united, merged, and each sustained or momentary.

A user that is known is counted once, however many reports overlap. Users that are only counted
cannot be told apart, so each of their reports is an interruption of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from service.domain.reliability.attribution import CausedSpan, attributed, first_cause
from service.domain.reliability.causes import Cause, CauseNode, leaves_under
from service.domain.reliability.outages import Definition, Outage, Span, best_grade
from service.domain.reliability.spells import time_of, time_within, united
from service.domain.supply.pieces import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInterruption:
    """An interruption of one user, or a report of several that are not told apart."""

    start: int  # when supply first went
    spells: tuple[Span, ...]  # without supply, in order and disjoint; not cut to any period
    pieces: tuple[CausedSpan, ...]  # the same time, by cause
    cause: Cause  # of its first instant: it counts as one interruption of that cause
    user: str | None  # None: not known
    n_users: int
    kva: Fraction | None  # of these users together
    events: frozenset[str]  # names of the events it belongs to
    is_sustained: bool
    is_against_length: bool = False  # it was reported as what its length does not make it
    evidence: Grade | None = None  # the best of what it rests on; None: nobody says
    is_mixed: bool = False  # outages of several causes made it
    is_counted: bool = True  # False of the part of one that counts under another cause

    @property
    def length_us(self) -> int:
        """Time without supply: time between merged spells is none."""
        return time_of(self.spells)

    def starts_in(self, period: Span) -> bool:
        """Return whether it is counted in ``period``: where it starts, and nowhere else."""
        return self.is_counted and period.start <= self.start < period.end

    def time_in(self, period: Span) -> int:
        """Return its time without supply in ``period``, of one user."""
        if len(self.spells) == 1:  # nearly always, and quick
            start, end = self.spells[0]
            return max(0, min(end, period.end) - max(start, period.start))
        return time_within(self.spells, period)


def user_interruptions(
    outages: Iterable[Outage], definition: Definition, through: int
) -> list[UserInterruption]:
    """Return the interruptions of users, whatever the order of ``outages``; rationing is none.

    The outages of one user are united where they overlap or touch, and merged where they are
    ``merge_within`` or less apart: they count as one, and the time between is not without supply.
    The time without supply decides whether one is sustained, unless all its reports say so; one that
    goes on is sustained, however short it is so far.
    Sustained ones of one user in one event, as stepwise restoration makes them, count as one.

    Args:
        outages: Any number, in any order.
        definition: What is sustained, and what is merged.
        through: Up to when the outages are known: those that go on last until then.
    """
    known, counted = _by_user(outages)
    found = [_one([outage], None, definition, through) for outage in counted]
    for user, own in known.items():
        found += _of_user(user, own, definition, through)
    return found


def parts_of(
    interruptions: Iterable[UserInterruption], node: CauseNode
) -> Sequence[UserInterruption]:
    """Return what of some interruptions belongs to a node of the tree of causes.

    A part has the time of its causes, and counts as an interruption where the first instant is
    theirs; so parts of all leaves add up.
    """
    if node == "all":
        return list(interruptions)
    leaves = leaves_under(node)
    return [
        _part(one, leaves)
        for one in interruptions
        if one.cause in leaves
        or (len(one.pieces) > 1 and any(piece.cause in leaves for piece in one.pieces))
    ]


def _part(one: UserInterruption, leaves: frozenset[Cause]) -> UserInterruption:
    if len(one.pieces) == 1:  # nearly always, and quick
        return one
    own = tuple(piece for piece in one.pieces if piece.cause in leaves)
    is_counted = one.cause in leaves
    if is_counted and len(own) == len(one.pieces):
        return one
    spells = tuple(united(piece.span for piece in own))
    return replace(one, spells=spells, pieces=own, is_counted=is_counted)


def _by_user(outages: Iterable[Outage]) -> tuple[dict[str, list[Outage]], list[Outage]]:
    """Return the interrupting outages of each known user, and those of users only counted."""
    known: dict[str, list[Outage]] = defaultdict(list)
    counted: list[Outage] = []
    for outage in outages:
        if outage.is_rationing:
            continue
        if outage.users is None:
            counted.append(outage)
            continue
        for user in outage.users:
            known[user].append(outage)
    return known, counted


def _of_user(
    user: str, outages: Sequence[Outage], definition: Definition, through: int
) -> list[UserInterruption]:
    found: list[UserInterruption] = []
    place_of: dict[str, int] = {}  # of the sustained interruption of an event
    for group in _merged(outages, definition, through):
        one = _one(group, user, definition, through)
        places = [place_of[event] for event in sorted(one.events) if event in place_of]
        if one.is_sustained and places:
            place = places[0]
            found[place] = one = _joined(found[place], one)
        else:
            place = len(found)
            found.append(one)
        if one.is_sustained:
            place_of |= dict.fromkeys(one.events, place)
    return found


def _merged(
    outages: Sequence[Outage], definition: Definition, through: int
) -> Iterator[list[Outage]]:
    """Yield the outages of one user that make one interruption each, in order."""
    group: list[Outage] = []
    dark_to = 0
    for outage in sorted(outages, key=lambda each: each.span(through)):
        span = outage.span(through)
        if group and span.start > dark_to + definition.merge_within_us:
            yield group
            group = []
        dark_to = max(dark_to, span.end) if group else span.end
        group.append(outage)
    if group:
        yield group


def _one(
    outages: Sequence[Outage], user: str | None, definition: Definition, through: int
) -> UserInterruption:
    if len(outages) == 1:  # nearly always, and quick
        return _alone(outages[0], user, definition, through)
    caused = [CausedSpan(outage.span(through), outage.cause) for outage in outages]
    spells = united(one.span for one in caused)
    goes_on = any(outage.end is None for outage in outages)
    by_length = goes_on or definition.is_sustained(time_of(spells))
    said = {outage.is_momentary for outage in outages}
    is_sustained = by_length if len(said) > 1 or None in said else said == {False}
    return UserInterruption(
        start=spells[0].start,
        spells=tuple(spells),
        pieces=tuple(attributed(caused, spells)),
        cause=first_cause(caused),
        user=user,
        n_users=outages[0].n_users if user is None else 1,
        kva=_greatest(outage.kva if user is None else _share(outage) for outage in outages),
        events=frozenset(outage.event for outage in outages if outage.event),
        is_sustained=is_sustained,
        is_against_length=is_sustained != by_length,
        evidence=best_grade(outage.evidence for outage in outages),
        is_mixed=len({outage.cause for outage in outages}) > 1,
    )


def _alone(
    outage: Outage, user: str | None, definition: Definition, through: int
) -> UserInterruption:
    """Return the interruption that one outage makes by itself."""
    span = outage.span(through)
    by_length = outage.end is None or definition.is_sustained(span.length_us)
    is_sustained = by_length if outage.is_momentary is None else not outage.is_momentary
    return UserInterruption(
        start=span.start,
        spells=(span,),
        pieces=(CausedSpan(span, outage.cause),),
        cause=outage.cause,
        user=user,
        n_users=outage.n_users if user is None else 1,
        kva=outage.kva if user is None else _share(outage),
        events=frozenset((outage.event,) if outage.event else ()),
        is_sustained=is_sustained,
        is_against_length=is_sustained != by_length,
        evidence=outage.evidence,
    )


def _joined(first: UserInterruption, second: UserInterruption) -> UserInterruption:
    return replace(
        first,
        spells=tuple(united([*first.spells, *second.spells])),
        pieces=tuple(sorted([*first.pieces, *second.pieces])),
        kva=_greatest((first.kva, second.kva)),
        events=first.events | second.events,
        evidence=best_grade((first.evidence, second.evidence)),
        is_mixed=first.is_mixed or second.is_mixed or first.cause != second.cause,
    )


def _share(outage: Outage) -> Fraction | None:
    """Return the capacity of one of the users of an outage: they share it alike."""
    return None if outage.kva is None else outage.kva / outage.n_users


def _greatest(capacities: Iterable[Fraction | None]) -> Fraction | None:
    """Return the greatest capacity, None if one of them is not known."""
    found = list(capacities)
    known = [kva for kva in found if kva is not None]
    return max(known) if len(known) == len(found) else None


def by_known_user(
    interruptions: Iterable[UserInterruption],
) -> dict[str, list[UserInterruption]] | None:
    """Return the interruptions of each user; None if some are only counted."""
    found: dict[str, list[UserInterruption]] = defaultdict(list)
    for one in interruptions:
        if one.user is None:
            return None
        found[one.user].append(one)
    return found
