"""What was known, and when, of a point without supply: words about it, each with the time that it arrived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.alerts.rows import AlertsRow

_SECOND_US = 1_000_000


class Word(NamedTuple):
    """Something that was said of a point; microseconds since the Unix epoch."""

    at: int  # of what it speaks: of a reading the end of its interval
    arrives: int  # when it came


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkPoint:
    """A point of an outage; microseconds since the Unix epoch."""

    point_id: int
    n_customers: int
    start: int  # supply was gone from here on
    told: int | None  # when the first word came that was no old news; None: none did
    heard: (
        int | None
    )  # when the first word came, of whatever age; None: nobody heard of it by itself
    back: int | None  # when it was known that supply is back; None: it is not
    measured: tuple[Word, ...] = ()  # readings without voltage, sorted by their time

    def dark_after(self, at: int) -> int | None:
        """Return when a reading came of which all, or its end, lies after ``at``, and that was dark."""
        return min((word.arrives for word in self.measured if word.at > at), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredWindow:
    """When points are to be without supply, as somebody declared; microseconds since the Unix epoch."""

    declaration_id: int
    point_ids: frozenset[int]
    begins: int  # as announced; of what has no announced window: as entered
    ends: int | None  # exclusive; None: nobody said
    entered: int  # when it was declared: it holds nothing before
    withdrawn: int | None = (
        None  # when it was withdrawn, or cancelled: it holds nothing from then on
    )


def dark_point(  # noqa: PLR0913 (what is known of one point)
    *,
    point_id: int,
    n_customers: int,
    start: int,
    told: Iterable[Word],
    measured: Iterable[Word],
    back: Iterable[Word],
    rule: AlertsRow,
) -> DarkPoint:
    """Return a point of an outage, from words in any order.

    Args:
        point_id: Of the registry.
        n_customers: That it supplies.
        start: Since when it was surely dark.
        told: By its meter, that supply went, or was away.
        measured: Its readings without voltage.
        back: That supply came back: events, and the first reading with voltage.
        rule: How old news may be.
    """
    readings = tuple(sorted(set(measured)))
    words = {*told, *readings}
    oldest_us = rule.news_age_max_s * _SECOND_US
    return DarkPoint(
        point_id=point_id,
        n_customers=n_customers,
        start=start,
        told=_first(word for word in words if word.arrives - word.at <= oldest_us),
        heard=_first(words),
        back=_first(back),
        measured=readings,
    )


def windows_of(point_id: int, windows: Sequence[DeclaredWindow]) -> list[DeclaredWindow]:
    """Return those windows that name a point."""
    return [window for window in windows if point_id in window.point_ids]


def _first(words: Iterable[Word]) -> int | None:
    return min((word.arrives for word in words), default=None)
