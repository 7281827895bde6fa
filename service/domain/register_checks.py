"""What is wrong with an entry of the register, all of it, before it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from service.domain.access import person_of
from service.domain.register import (
    CAUSES,
    KINDS,
    NOTICE_FIELDS,
    OUTAGE_KINDS,
    PLACE_KINDS,
    RESPONSE_AREAS,
    NewDeadline,
    NewDeclaration,
    NewFaultCall,
)

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)  # of clocks, and of what is told while it begins
_OF_OUTAGES: Final = (
    *("window_from", "window_to", "notice_at", "notice_fields", "important_told", "cancelled_at"),
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot stand."""

    field: str
    value: object
    allowed: str

    def __str__(self) -> str:
        """Return a clause for people."""
        if not self.shown:
            return f"{self.field} is empty; allowed: {self.allowed}"
        shown = self.shown if isinstance(self.value, datetime) else repr(self.value)
        return f"{self.field} {shown} must be {self.allowed}"

    @property
    def shown(self) -> str:
        """Return the value as text; nothing for an empty one."""
        if isinstance(self.value, datetime):
            return self.value.isoformat()
        return "" if self.value in (None, "", ()) else str(self.value)


def wrong_with_declaration(told: NewDeclaration) -> list[Wrong]:
    """Return what is wrong with a declaration; whether places and customers exist is not looked at."""
    wrong = [*_people(told), *_words(told), *_outage(told), *_notice(told)]
    unreal = [*_times(told, _TIMES)]
    if any(one.told_at.tzinfo is None for one in told.important_told):
        unreal.append(Wrong("important_told", "", "times with an offset from UTC"))
    return wrong + (unreal or [*_window(told), *_actual(told)])


def wrong_with_hand(told: NewDeclaration, made_by: str) -> list[Wrong]:
    """Return what is wrong with who makes or changes a declaration: nobody approves what they wrote themselves."""
    if not is_same_person(told.approver, person_of(made_by)):
        return []
    allowed = "somebody else than its approver, who does not write what they approve"
    return [Wrong("author", made_by, allowed)]


def too_early(
    told: NewDeclaration, before: NewDeclaration | None, now: datetime | None
) -> list[Wrong]:
    """Return the actual times of an outage that lie more than a day after ``now``; nothing where nobody knows it.

    Times that it had ``before`` stay. An abnormal state may be told ahead, for it has no window.
    """
    if now is None or told.kind != "outage":
        return []
    allowed = (
        f"at most a day after now, {now.isoformat()}; what is to come has window_from and window_to"
    )
    times = [(name, getattr(told, name)) for name in ("from_at", "to_at")]
    return [
        Wrong(name, at, allowed)
        for name, at in times
        if at is not None and at > now + _AHEAD and (before is None or at != getattr(before, name))
    ]


def is_same_person(one: str, other: str) -> bool:
    """Return whether two names are of one person, however they are written."""
    return one.strip().casefold() == other.strip().casefold()


def wrong_with_call(told: NewFaultCall) -> list[Wrong]:
    """Return what is wrong with a fault call; whether point and customer exist is not looked at."""
    wrong = [] if told.call.strip() else [Wrong("call", "", "its number")]
    if told.response_area not in RESPONSE_AREAS:
        wrong.append(Wrong("response_area", told.response_area, _one_of(RESPONSE_AREAS)))
    unreal = [*_times(told, ("called_at", "arrived_at", "restored_at"))]
    return wrong + (
        unreal
        or [
            *_not_before(told, "called_at", "arrived_at"),
            *_not_before(told, "called_at", "restored_at"),
        ]
    )


def wrong_with_deadline(told: NewDeadline) -> list[Wrong]:
    """Return what is wrong with a dated promise; whether a rule set knows it is not looked at."""
    wrong = [
        Wrong(name, "", "not empty")
        for name in ("reference", "promise")
        if not getattr(told, name).strip()
    ]
    unreal = [*_times(told, ("opened_at", "answered_at"))]
    return wrong + (unreal or [*_not_before(told, "opened_at", "answered_at")])


_TIMES: Final = (
    *("from_at", "to_at", "window_from", "window_to", "notice_at", "cancelled_at", "made_at"),
)


def _people(told: NewDeclaration) -> Iterator[Wrong]:
    for name in ("ticket", "author", "approver"):
        if not getattr(told, name).strip():
            yield Wrong(name, "", "not empty")
    if told.approver.strip() and is_same_person(told.author, told.approver):
        yield Wrong("approver", told.approver, "somebody else than the author")


def _words(told: NewDeclaration) -> Iterator[Wrong]:
    if told.kind not in KINDS:
        yield Wrong("kind", told.kind, _one_of(KINDS))
    if not told.places:
        yield Wrong("places", "", "one place or more")
    for one in told.places:
        if one.place not in PLACE_KINDS:
            yield Wrong("place", one.place, _one_of(PLACE_KINDS))


def _outage(told: NewDeclaration) -> Iterator[Wrong]:
    if told.outage_kind is None:
        for name in _OF_OUTAGES:
            if getattr(told, name):
                allowed = "left out: only an outage with a kind has it"
                yield Wrong(name, getattr(told, name), allowed)
    elif told.kind != "outage":
        yield Wrong("outage_kind", told.outage_kind, "left out: only an outage has one")
    elif told.outage_kind not in OUTAGE_KINDS:
        yield Wrong("outage_kind", told.outage_kind, _one_of(OUTAGE_KINDS))
    elif told.cause not in CAUSES[told.outage_kind]:
        allowed = _one_of(CAUSES[told.outage_kind])
        yield Wrong("cause", told.cause, f"{allowed}, for its outage kind is {told.outage_kind}")


def _notice(told: NewDeclaration) -> Iterator[Wrong]:
    for field in told.notice_fields:
        if field not in NOTICE_FIELDS:
            yield Wrong("notice_fields", field, _one_of(NOTICE_FIELDS))
    if told.notice_fields and told.notice_at is None:
        yield Wrong("notice_at", None, "the time of the notice that named the notice_fields")
    customers = [one.customer for one in told.important_told]
    if not all(customers):
        yield Wrong("important_told", "", "accounts")
    for customer in sorted({one for one in customers if ";" in one}):  # files list them with ;
        yield Wrong("important_told", customer, "accounts without a semicolon")
    for customer in sorted({one for one in customers if customers.count(one) > 1}):
        yield Wrong("important_told", customer, "told once")


def _window(told: NewDeclaration) -> Iterator[Wrong]:
    if (told.window_from is None) != (told.window_to is None):
        missing = "window_to" if told.window_to is None else "window_from"
        yield Wrong(missing, None, "given with the other edge of the window")
    elif told.window_from and told.window_to and told.window_to <= told.window_from:
        yield Wrong("window_to", told.window_to, f"after {told.window_from.isoformat()}")


def _actual(told: NewDeclaration) -> Iterator[Wrong]:
    if told.from_at is None:
        if told.window_from is None:
            allowed = "the actual start; only what has a window may be without"
            yield Wrong("from_at", None, allowed)
        if told.to_at is not None:
            yield Wrong("to_at", told.to_at, "left out as long as from_at is")
        return
    if told.to_at is not None and told.to_at <= told.from_at:
        yield Wrong("to_at", told.to_at, f"after {told.from_at.isoformat()}")
    if told.cancelled_at is not None:
        allowed = "left out: it has an actual start, so it took place; withdraw it where it did not"
        yield Wrong("cancelled_at", told.cancelled_at, allowed)


def _times(told: object, names: tuple[str, ...]) -> Iterator[Wrong]:
    for name in names:
        at = getattr(told, name)
        if at is None:
            continue
        if at.tzinfo is None:
            yield Wrong(name, at, "given with its offset from UTC")
        elif not _FIRST <= at < _LAST:
            yield Wrong(name, at, "in the years 1970 to 2199")


def _not_before(told: object, first: str, second: str) -> Iterator[Wrong]:
    start, end = getattr(told, first), getattr(told, second)
    if end is not None and end < start:
        yield Wrong(second, end, f"at or after {first}, {start.isoformat()}")


def _one_of(words: Sequence[str]) -> str:
    return f"one of {', '.join(words)}"
