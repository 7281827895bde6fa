"""From outages to interruptions of users: united, merged, and each sustained or momentary.

A user that is known is counted once, however many reports overlap. Users that are only counted
cannot be told apart, so each of their reports is an interruption of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from service.domain.reliability.outages import Definition, Outage, Span
from service.domain.reliability.spells import equivalent_time, time_of, time_within, united


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInterruption:
    """An interruption of one user, or a report of several that are not told apart."""

    spells: tuple[Span, ...]  # without supply, in order and disjoint; not cut to any period
    user: str | None  # None: not known
    n_users: int
    kva: Fraction | None  # of these users together
    events: frozenset[str]  # names of the events it belongs to
    is_sustained: bool
    is_against_length: bool = False  # it was reported as what its length does not make it

    @property
    def start(self) -> int:
        """When supply first went."""
        return self.spells[0].start

    @property
    def length_us(self) -> int:
        """Time without supply: time between merged spells is none."""
        return time_of(self.spells)

    def starts_in(self, period: Span) -> bool:
        """Return whether it is counted in ``period``: where it starts, and nowhere else."""
        return period.start <= self.start < period.end

    def time_in(self, period: Span) -> int:
        """Return its time without supply in ``period``, of one user."""
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


def rationed_time(outages: Iterable[Outage], period: Span, through: int) -> Fraction:
    """Return the equivalent time of rationing without tripping in ``period``, summed over users."""
    outages = list(outages)
    if not any(outage.is_rationing for outage in outages):
        return Fraction(0)
    total = Fraction(0)
    dark: dict[str, list[Span]] = defaultdict(list)
    rationed: dict[str, list[tuple[Span, Fraction]]] = defaultdict(list)
    for outage in outages:
        span = outage.span(through)
        if outage.users is None and outage.is_rationing:
            total += outage.unserved * outage.n_users * span.cut(period).length_us
        for user in outage.users or ():
            if outage.is_rationing:
                rationed[user].append((span, outage.unserved))
            else:
                dark[user].append(span)
    for user, own in rationed.items():
        total += equivalent_time(united(dark.get(user, ())), own, period)
    return total


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
    spells = united(outage.span(through) for outage in outages)
    goes_on = any(outage.end is None for outage in outages)
    by_length = goes_on or definition.is_sustained(time_of(spells))
    said = {outage.is_momentary for outage in outages}
    is_sustained = by_length if len(said) > 1 or None in said else said == {False}
    return UserInterruption(
        spells=tuple(spells),
        user=user,
        n_users=outages[0].n_users if user is None else 1,
        kva=_greatest(outage.kva if user is None else _share(outage) for outage in outages),
        events=frozenset(outage.event for outage in outages if outage.event),
        is_sustained=is_sustained,
        is_against_length=is_sustained != by_length,
    )


def _joined(first: UserInterruption, second: UserInterruption) -> UserInterruption:
    return replace(
        first,
        spells=tuple(united([*first.spells, *second.spells])),
        kva=_greatest((first.kva, second.kva)),
        events=first.events | second.events,
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
