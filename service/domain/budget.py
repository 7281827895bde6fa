"""Budgets: how much of what a target allows in a year is used, how fast, and where that leads.

A target of 95 % allows 5 % of the year's minutes of each member (point or user) to be bad. The burn
rate of a window is the share of bad minutes in it over the share that is allowed: 1 means exactly on
budget. All arithmetic is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

from service.domain.periods import Period, day_start

Window = Literal["1h", "6h", "3d", "30d"]

_HOUR: Final = timedelta(hours=1)
_INSTANT: Final = timedelta(microseconds=1)
WINDOWS: Final[Mapping[Window, timedelta]] = MappingProxyType(
    {
        "1h": _HOUR,
        "6h": 6 * _HOUR,
        "3d": timedelta(days=3),
        "30d": timedelta(days=30),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What is known of members over a time; exposures of disjoint times or members add up."""

    bad_minutes: Fraction = Fraction(0)  # outside the band; or without supply
    known_minutes: Fraction = Fraction(0)  # judged ones; or all in service

    def __add__(self, other: "Exposure") -> "Exposure":
        return Exposure(
            bad_minutes=self.bad_minutes + other.bad_minutes,
            known_minutes=self.known_minutes + other.known_minutes,
        )

    @property
    def bad_share(self) -> Fraction | None:
        """Share of the known minutes that were bad, 0..1; None where nothing is known."""
        return self.bad_minutes / self.known_minutes if self.known_minutes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class YearService:
    """The time that members are in service in a year, summed over members; those add up, too."""

    n_members: int = 0  # in service at some time of the year
    elapsed_minutes: Fraction = Fraction(0)  # that the data have reached
    remaining_minutes: Fraction = Fraction(0)  # from there to the year's end, as registered now

    def __add__(self, other: "YearService") -> "YearService":
        return YearService(
            n_members=self.n_members + other.n_members,
            elapsed_minutes=self.elapsed_minutes + other.elapsed_minutes,
            remaining_minutes=self.remaining_minutes + other.remaining_minutes,
        )

    @property
    def minutes(self) -> Fraction:
        """Of the whole year: for members that do not change, the year's minutes times their number."""
        return self.elapsed_minutes + self.remaining_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The year's budget; ratios are of what is allowed, None where nothing is known or allowed."""

    allowed_minutes: Fraction
    used_minutes: Fraction
    used_ratio: Fraction | None
    projected_minutes: Fraction | None  # at the year's end, if it goes on at this year's rate
    projected_ratio: Fraction | None
    burn_rates: Mapping[Window, Fraction | None]


def budget_of(
    at_least: Fraction,
    service: YearService,
    year_to_date: Exposure,
    windows: Mapping[Window, Exposure],
) -> Budget:
    """Return the budget of members that share a target.

    Minutes of which nothing is known use nothing up; the minutes that remain are taken to be as bad
    as the known ones of the year so far.

    Args:
        at_least: The target, 0..1.
        service: Of these members in the year.
        year_to_date: What is known of them in the year.
        windows: The same over the windows, which may begin before the year.
    """
    allowed_share = 1 - at_least
    allowed = allowed_share * service.minutes
    used, bad_share = year_to_date.bad_minutes, year_to_date.bad_share
    projected = None if bad_share is None else used + bad_share * service.remaining_minutes
    return Budget(
        allowed_minutes=allowed,
        used_minutes=used,
        used_ratio=_over(None if bad_share is None else used, allowed),
        projected_minutes=projected,
        projected_ratio=_over(projected, allowed),
        burn_rates={name: _over(one.bad_share, allowed_share) for name, one in windows.items()},
    )


def year_of(through: datetime, zone: ZoneInfo) -> Period:
    """Return the year of ``zone`` that the minute before ``through`` lies in; its label is its number."""
    year = (through - _INSTANT).astimezone(zone).year
    first, after = (datetime(each, 1, 1, tzinfo=UTC).date() for each in (year, year + 1))
    return Period(from_at=day_start(first, zone), to_at=day_start(after, zone), label=str(year))


def window_start(window: Window, through: datetime, zone: ZoneInfo) -> datetime:
    """Return where a window that ends at ``through`` begins, in UTC.

    At the start of the hour (UTC, as pages have it) that it reaches back into, and of the day in
    ``zone``: so whole pages and whole days count by their counters. A window is thus up to an hour,
    or a day, longer than its name.
    """
    length = WINDOWS[window]
    start = (through - length).astimezone(UTC)
    if length % timedelta(days=1):
        return start.replace(minute=0, second=0, microsecond=0)
    return day_start(start.astimezone(zone).date(), zone)


def _over(part: Fraction | None, whole: Fraction) -> Fraction | None:
    return None if part is None or not whole else part / whole
