"""Months of reports: named after the calendar month in which they end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.report_month import report_month

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("label", "start_day", "first", "last"),
    [
        ("2026-11", 1, date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-11", 26, date(2026, 10, 26), date(2026, 11, 25)),
        ("2026-01", 26, date(2025, 12, 26), date(2026, 1, 25)),
        ("2024-03", 28, date(2024, 2, 28), date(2024, 3, 27)),
        ("2026-12", 2, date(2026, 11, 2), date(2026, 12, 1)),
        ("2024-02", 1, date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_a_month_has_the_name_of_the_calendar_month_in_which_it_ends(
    label: str, start_day: int, first: date, last: date
) -> None:
    month = report_month(label, start_day)

    assert (month.from_day, month.to_day - DAY) == (first, last)


@given(st.integers(1971, 2198), st.integers(1, 12), st.integers(1, 28))
def test_months_follow_each_other_without_gap_or_overlap(
    year: int, month: int, start_day: int
) -> None:
    after = (year + month // 12, month % 12 + 1)

    one = report_month(f"{year:04d}-{month:02d}", start_day)
    other = report_month(f"{after[0]:04d}-{after[1]:02d}", start_day)

    assert one.to_day == other.from_day
    assert 28 <= (one.to_day - one.from_day).days <= 31
    assert (one.to_day - DAY).strftime("%Y-%m") == one.label


@pytest.mark.parametrize(
    "label",
    [
        "2026-13",
        "2026-00",
        "2026-1",
        "26-01",
        "",
        "2026-01-01",
        "1969-12",
        "\uff12\uff10\uff12\uff16-01",
    ],
)
def test_what_is_no_month_is_refused_with_an_example(label: str) -> None:
    with pytest.raises(ValueError, match="like 2026-11"):
        report_month(label, 1)
