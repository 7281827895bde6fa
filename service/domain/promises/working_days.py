"""Working days: of China as its government arranges each year, or Monday to Friday."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import chinese_calendar

from service.domain.promise_rows import WorkingCalendar

_DAY = timedelta(days=1)
_SATURDAY = 5


class CountedDay(NamedTuple):
    """A day that working days were counted to."""

    day: date
    years_unpublished: tuple[int, ...]  # on the way: Monday to Friday were taken for working days


def is_working_day(day: date, calendar: WorkingCalendar) -> bool:
    """Return whether people work on ``day``.

    The State Council arranges holidays, and the weekend days that are worked for them (调休), year
    by year. Of a year that is not arranged, or that the library does not have, Monday to Friday.
    """
    if calendar == "china" and is_published(day.year):
        return _works_in_china(day)
    return day.weekday() < _SATURDAY


@lru_cache(maxsize=256)
def is_published(year: int) -> bool:
    """Return whether the Chinese working days of a year are known."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def nth_working_day(after: date, n_days: int, calendar: WorkingCalendar) -> CountedDay:
    """Return the ``n_days``-th working day after ``after``, which itself does not count."""
    day, n_left = after, n_days
    while n_left > 0:
        day += _DAY
        n_left -= is_working_day(day, calendar)
    return CountedDay(day, _unpublished(after, day, calendar))


def working_days_between(
    one: date, other: date, calendar: WorkingCalendar, most: int | None = None
) -> int:
    """Return how many working days come after ``one`` up to ``other``, negative if that is earlier.

    ``most`` stands for itself and all above; no more are counted.
    """
    first, last = min(one, other), max(one, other)
    worked = (day for day in _days(first, last) if is_working_day(day, calendar))
    n_days = sum(1 for _ in islice(worked, most))
    return n_days if one <= other else -n_days


@lru_cache(maxsize=8192)
def _works_in_china(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def _days(first: date, last: date) -> Iterator[date]:
    """Yield the days after ``first`` up to ``last``."""
    for nth in range((last - first).days):
        yield first + (nth + 1) * _DAY


def _unpublished(first: date, last: date, calendar: WorkingCalendar) -> tuple[int, ...]:
    if calendar != "china":
        return ()
    first_counted = min(first + _DAY, last)
    years = range(first_counted.year, last.year + 1)
    return tuple(year for year in years if not is_published(year))
