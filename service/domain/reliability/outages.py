"""Outages as they are reported: who was without supply, from when to when, and why.

Times are whole microseconds since the Unix epoch, spans are half-open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from service.domain.reliability.causes import Cause
from service.domain.rule_rows import ReliabilityRow
from service.domain.supply.pieces import RANK_OF, Grade

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3600 * SECOND_US
_ALL: Final = Fraction(1)


class Span(NamedTuple):
    """A time; ``start`` inclusive, ``end`` exclusive."""

    start: int
    end: int

    @property
    def length_us(self) -> int:
        """Length, 0 of an empty span."""
        return max(0, self.end - self.start)

    def cut(self, other: "Span") -> "Span":
        """Return what both have in common, perhaps nothing."""
        return Span(max(self.start, other.start), min(self.end, other.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time without supply of a user, or of several at once."""

    start: int
    end: int | None  # None: it still goes on
    n_users: int = 1
    users: tuple[str, ...] | None = None  # who they are, each once; None: not known
    kva: Fraction | None = None  # connected capacity of all of them together; None: not known
    cause: Cause = "unknown"
    evidence: Grade | None = None  # the best that it rests on; None: nobody says
    event: str = ""  # outages of one event have one name; "": an event of its own
    is_momentary: bool | None = None  # as whoever reports it says; None: its length decides
    unserved: Fraction = _ALL  # share of the capacity required; less than 1: rationing, supply held

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.end is not None and self.end < self.start:
            raise ValueError(f"an outage ends at {self.end}, before its start {self.start}")
        if self.end is None and self.is_momentary:
            raise ValueError("an outage that still goes on is not momentary")
        if self.users is not None and len(self.users) != self.n_users:
            raise ValueError(f"{len(self.users)} users are named, {self.n_users} are counted")
        if self.unserved is not _ALL and not 0 < self.unserved <= 1:
            raise ValueError(f"unserved is {self.unserved}; allowed: above 0, up to 1")

    @property
    def is_rationing(self) -> bool:
        """Whether supply held, with less than what was required: time counts, no interruption."""
        return self.unserved is not _ALL and self.unserved < 1

    def span(self, through: int) -> Span:
        """Return from when to when; one that goes on lasts up to ``through``."""
        return Span(self.start, max(self.start, through) if self.end is None else self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What counts as an interruption; lengths in microseconds."""

    sustained_us: int  # longer than this is sustained
    sustained_inclusive: bool  # exactly as long is, too
    merge_within_us: int  # interruptions of a user that are no further apart count as one
    momentary_event_us: int  # momentary ones that start within this time of the first are one event
    many_inclusive: bool  # CEMI and CELID mean "n or more", not "more than n"

    def is_sustained(self, length_us: int) -> bool:
        """Return whether an interruption of this length is sustained."""
        if self.sustained_inclusive:
            return length_us >= self.sustained_us
        return length_us > self.sustained_us

    def is_many(self, found: int | Fraction, asked: int | Fraction) -> bool:
        """Return whether a count, or a time, is as many as asked for."""
        return found >= asked if self.many_inclusive else found > asked


def definition_of(row: ReliabilityRow) -> Definition:
    """Return the definition that a rule set gives."""
    return Definition(
        sustained_us=row.sustained_s * SECOND_US,
        sustained_inclusive=row.sustained_inclusive,
        merge_within_us=row.merge_within_s * SECOND_US,
        momentary_event_us=row.momentary_event_s * SECOND_US,
        many_inclusive=row.many_inclusive,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Whom the figures are about: users in service in a period, weighted by the time they were."""

    span: Span  # the period, its real length: never 8760 hours by habit
    user_us: int  # time in service, summed over users
    kva_us: Fraction | None = None  # connected capacity times time in service; None: not known

    @property
    def n_users(self) -> Fraction | None:
        """Number of users on average over the period; None of an empty period."""
        return Fraction(self.user_us, self.span.length_us) if self.span.length_us else None

    @property
    def kva(self) -> Fraction | None:
        """Connected capacity on average over the period."""
        if self.kva_us is None or not self.span.length_us:
            return None
        return self.kva_us / self.span.length_us


def constant_service(span: Span, n_users: int, kva: Fraction | None = None) -> Service:
    """Return a service whose users did not change in the period."""
    kva_us = None if kva is None else kva * span.length_us
    return Service(span=span, user_us=n_users * span.length_us, kva_us=kva_us)


def in_service(span: Span, validities: Iterable[Span]) -> int:
    """Return the time of ``span`` in service, summed over users, one validity a user."""
    return sum(span.cut(validity).length_us for validity in validities)


def best_grade(grades: Iterable[Grade | None]) -> Grade | None:
    """Return the best of some grades of evidence; None if nobody says one."""
    known = [grade for grade in grades if grade is not None]
    return min(known, key=lambda grade: RANK_OF[grade], default=None)


def quotient(part: Fraction | int, whole: Fraction | int | None) -> Fraction | None:
    """Return ``part / whole``, None where there is no denominator."""
    return Fraction(part) / whole if whole else None
