"""What a change of a declaration concerns: times to judge again, times whose interruptions to make again."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from service.domain.register import NewDeclaration

_MARGIN: Final = timedelta(hours=1)  # people write down times that are off by some minutes


class Reach(NamedTuple):
    """A half-open period of the places of a declaration, as they were before its change or are after it."""

    from_at: datetime
    to_at: datetime | None  # None is open
    is_before: bool


def judged_again(before: NewDeclaration | None, after: NewDeclaration | None) -> list[Reach]:
    """Return the times whose minutes may get another verdict; None is: not there, or withdrawn.

    Where kind and places stay, only the time between old and new edges is concerned.
    """
    old, new = _actual(before), _actual(after)
    if before is not None and after is not None and old and new and _is_same(before, after):
        return [
            Reach(from_at, to_at, is_before=False)
            for from_at, to_at in (_between(old[0], new[0]), _between(old[1], new[1]))
            if from_at != to_at and from_at is not None
        ]
    return [
        Reach(*span, is_before=is_before)
        for span, is_before in ((old, True), (new, False))
        if span is not None
    ]


def made_again(before: NewDeclaration | None, after: NewDeclaration | None) -> list[Reach]:
    """Return the times whose interruptions may get other evidence or another cause, with a margin."""
    if before is not None and after is not None and _explains(before) == _explains(after):
        return []
    found = [
        Reach(edges[0], edges[1], is_before=is_before)
        for told, is_before in ((before, True), (after, False))
        if told is not None and told.kind == "outage" and (edges := _edges(told)) is not None
    ]
    if len(found) == 2 and before and after and set(before.places) == set(after.places):  # noqa: PLR2004
        old, new = found
        to_at = None if old.to_at is None or new.to_at is None else max(old.to_at, new.to_at)
        return [Reach(min(old.from_at, new.from_at), to_at, is_before=False)]
    return found


Edge = datetime | None


def _actual(told: NewDeclaration | None) -> tuple[datetime, Edge] | None:
    return None if told is None or told.from_at is None else (told.from_at, told.to_at)


def _is_same(before: NewDeclaration, after: NewDeclaration) -> bool:
    return before.kind == after.kind and set(before.places) == set(after.places)


def _between(one: Edge, other: Edge) -> tuple[Edge, Edge]:
    """Return both, the earlier first; None is open and so the later."""
    never = datetime.max.replace(tzinfo=UTC)
    return (one, other) if (one or never) <= (other or never) else (other, one)


def _explains(told: NewDeclaration) -> tuple[object, ...]:
    """Return all by which a declaration makes interruptions, or is found for them."""
    return (
        *(told.kind, told.outage_kind, told.cause, frozenset(told.places), told.from_at),
        *(told.to_at, told.window_from, told.window_to, told.cancelled_at),
    )


def _edges(told: NewDeclaration) -> tuple[datetime, Edge] | None:
    starts = [at for at in (told.from_at, told.window_from) if at is not None]
    if not starts:
        return None
    if told.from_at is not None and told.to_at is None:
        return min(starts) - _MARGIN, None
    ends = [at for at in (told.to_at, told.window_to) if at is not None]
    return min(starts) - _MARGIN, max(ends) + _MARGIN
