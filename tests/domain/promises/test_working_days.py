"""The Chinese working calendar: holidays, and the weekend days that are worked for them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.promises.working_days import (
    is_published,
    is_working_day,
    nth_working_day,
    working_days_between,
)


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        ("2024-02-04", True),  # Sunday, worked for the Spring Festival
        ("2024-02-10", False),
        ("2024-05-11", True),  # Saturday, worked for May Day
        ("2024-10-12", True),
        ("2025-01-26", True),  # Sunday
        ("2025-01-28", False),  # Tuesday, eve of the Spring Festival
        ("2025-10-01", False),
        ("2025-10-08", False),  # Wednesday: eight days with the Mid-Autumn Festival
        ("2025-10-09", True),
        ("2025-10-11", True),  # Saturday
        ("2025-09-28", True),  # Sunday
        ("2025-09-27", False),
        ("2026-02-14", True),  # Saturday, worked for the Spring Festival
        ("2026-02-15", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-10-07", False),
        ("2026-10-10", True),
    ],
)
def test_known_days_of_the_state_council_s_notices(day: str, *, is_worked: bool) -> None:
    assert is_working_day(date.fromisoformat(day), "china") is is_worked


def test_monday_to_friday_knows_no_holidays() -> None:
    week = [date(2025, 9, 29) + timedelta(days=n) for n in range(7)]

    worked = [is_working_day(day, "monday_to_friday") for day in week]

    assert worked == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("after", "n_days", "day"),
    [
        ("2025-01-24", 3, "2025-02-05"),  # Fri: Sun 26, Mon 27, then back on 5 February
        ("2025-09-30", 1, "2025-10-09"),
        ("2025-09-30", 3, "2025-10-11"),
        ("2025-10-04", 1, "2025-10-09"),  # opened on a holiday
        ("2024-02-02", 1, "2024-02-04"),
        ("2026-02-13", 2, "2026-02-24"),
    ],
)
def test_working_days_go_over_the_holidays(after: str, n_days: int, day: str) -> None:
    found = nth_working_day(date.fromisoformat(after), n_days, "china")

    assert found.day == date.fromisoformat(day)
    assert found.years_unpublished == ()


def test_a_year_that_is_not_arranged_is_counted_from_monday_to_friday_and_named() -> None:
    year = next(year for year in range(2026, 2200) if not is_published(year))

    found = nth_working_day(date(year, 3, 1), 5, "china")
    over_new_year = nth_working_day(date(year - 1, 12, 30), 5, "china")

    assert found == nth_working_day(date(year, 3, 1), 5, "monday_to_friday")._replace(
        years_unpublished=(year,)
    )
    assert over_new_year.years_unpublished == (year,)
    assert nth_working_day(date(year - 1, 12, 25), 2, "china").years_unpublished == ()


DAYS = st.dates(date(2023, 1, 1), date(2027, 12, 31))


@given(DAYS, st.integers(1, 40))
def test_the_nth_working_day_is_a_working_day_and_n_of_them_away(day: date, n_days: int) -> None:
    found = nth_working_day(day, n_days, "china").day

    assert is_working_day(found, "china")
    assert working_days_between(day, found, "china") == n_days
    assert working_days_between(found, day, "china") == -n_days


@given(DAYS, DAYS, st.integers(0, 400))
def test_no_more_working_days_are_counted_than_one_asks_for(
    one: date, other: date, most: int
) -> None:
    every = working_days_between(one, other, "china")

    assert working_days_between(one, other, "china", most) == max(-most, min(most, every))
