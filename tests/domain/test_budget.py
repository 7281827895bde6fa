"""A budget: the bad minutes that a target allows in a year, how many are used, and how fast."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.budget import (
    WINDOWS,
    Exposure,
    Window,
    YearService,
    budget_of,
    window_start,
    year_of,
)
from tests.oracle.scorecard import burn_rate

SHANGHAI, BERLIN, APIA = (
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("Pacific/Apia"),
)
TARGET = Fraction(95, 100)
MINUTES = st.lists(st.sampled_from([True, False, None]), max_size=60)  # good, bad, not known
SHARES = st.integers(0, 20).map(lambda n: Fraction(n, 20))


def minutes(n: int) -> Fraction:
    return Fraction(n)


def exposure(states: list[bool | None]) -> Exposure:
    known = [one for one in states if one is not None]
    return Exposure(bad_minutes=minutes(known.count(False)), known_minutes=minutes(len(known)))


def test_a_year_of_two_members_at_95_percent() -> None:
    year = year_of(datetime(2024, 7, 1, tzinfo=UTC), SHANGHAI)
    elapsed = 2 * 182 * 1440
    service = YearService(
        n_members=2,
        elapsed_minutes=minutes(elapsed),
        remaining_minutes=minutes(2 * year.n_minutes - elapsed),
    )
    so_far = Exposure(bad_minutes=minutes(13_104), known_minutes=minutes(elapsed // 2))
    last_hour = Exposure(bad_minutes=minutes(12), known_minutes=minutes(120))

    budget = budget_of(TARGET, service, so_far, {"1h": last_hour, "6h": Exposure()})

    assert year.n_minutes == 366 * 1440
    assert budget.allowed_minutes == Fraction(2 * 366 * 1440, 20) == 52_704
    assert budget.used_ratio == Fraction(13_104, 52_704)
    assert budget.projected_minutes == 13_104 + Fraction(13_104, elapsed // 2) * 2 * 184 * 1440
    assert budget.burn_rates == {"1h": 2, "6h": None}


def test_a_year_of_reliability_at_99_89_percent_allows_9_hours_and_38_minutes() -> None:
    """8 760 h x 0.11 % = 9.636 h a user."""
    hours = YearService(n_members=1, elapsed_minutes=minutes(0), remaining_minutes=minutes(525_600))

    budget = budget_of(Fraction("0.9989"), hours, Exposure(), {})

    assert budget.allowed_minutes / 60 == Fraction("9.636")
    assert budget.used_minutes == 0
    assert (budget.used_ratio, budget.projected_ratio) == (None, None)


def test_a_target_that_allows_nothing_has_no_ratios() -> None:
    service = YearService(n_members=1, elapsed_minutes=minutes(10), remaining_minutes=minutes(10))
    known = Exposure(bad_minutes=minutes(1), known_minutes=minutes(10))

    budget = budget_of(Fraction(1), service, known, {"1h": known})

    assert [budget.allowed_minutes, budget.used_minutes, budget.projected_minutes] == [0, 1, 2]
    assert (budget.used_ratio, budget.projected_ratio, budget.burn_rates["1h"]) == (None,) * 3


@pytest.mark.parametrize(
    ("zone", "through", "label", "n_minutes"),
    [
        (SHANGHAI, datetime(2024, 12, 31, 16, tzinfo=UTC), "2024", 366 * 1440),  # its last instant
        (SHANGHAI, datetime(2024, 12, 31, 16, 1, tzinfo=UTC), "2025", 365 * 1440),
        (BERLIN, datetime(2025, 7, 1, tzinfo=UTC), "2025", 365 * 1440),  # 23 and 25 hours
        (APIA, datetime(2011, 12, 31, 9, tzinfo=UTC), "2011", 364 * 1440),  # a day was skipped
        (ZoneInfo("Asia/Shanghai"), datetime(1986, 7, 1, tzinfo=UTC), "1986", 365 * 1440),
    ],
)
def test_a_year_is_that_of_the_zone(
    zone: ZoneInfo, through: datetime, label: str, n_minutes: int
) -> None:
    year = year_of(through, zone)

    assert (year.label, year.n_minutes) == (label, n_minutes)
    assert year.from_at < through <= year.to_at


@pytest.mark.parametrize(
    ("window", "through", "start"),
    [
        ("1h", datetime(2024, 3, 5, 10, tzinfo=UTC), datetime(2024, 3, 5, 9, tzinfo=UTC)),
        ("1h", datetime(2024, 3, 5, 10, 1, tzinfo=UTC), datetime(2024, 3, 5, 9, tzinfo=UTC)),
        ("6h", datetime(2024, 3, 5, 10, 59, tzinfo=UTC), datetime(2024, 3, 5, 4, tzinfo=UTC)),
        ("3d", datetime(2024, 3, 5, 16, tzinfo=UTC), datetime(2024, 3, 2, 16, tzinfo=UTC)),
        ("3d", datetime(2024, 3, 6, 15, 59, tzinfo=UTC), datetime(2024, 3, 2, 16, tzinfo=UTC)),
        ("30d", datetime(2024, 3, 5, 16, tzinfo=UTC), datetime(2024, 2, 4, 16, tzinfo=UTC)),
    ],
)
def test_windows_begin_with_whole_hours_and_days(
    window: Window, through: datetime, start: datetime
) -> None:
    assert window_start(window, through, SHANGHAI) == start


@given(
    st.sampled_from(list(WINDOWS)),
    st.integers(946_684_800 // 60, 1_893_456_000 // 60),  # 2000 .. 2030
    st.sampled_from([SHANGHAI, BERLIN, APIA, ZoneInfo("Asia/Kathmandu")]),
)
def test_a_window_is_as_long_as_its_name_and_hardly_longer(
    window: Window, minute: int, zone: ZoneInfo
) -> None:
    through = datetime.fromtimestamp(60 * minute, UTC)

    length = through - window_start(window, through, zone)

    slack = timedelta(hours=1) if window.endswith("h") else timedelta(hours=25)
    assert WINDOWS[window] <= length < WINDOWS[window] + slack


@given(MINUTES, st.integers(0, 600), SHARES)
def test_agrees_with_the_plain_twin(
    states: list[bool | None], n_remaining: int, at_least: Fraction
) -> None:
    service = YearService(
        n_members=1, elapsed_minutes=minutes(len(states)), remaining_minutes=minutes(n_remaining)
    )

    budget = budget_of(at_least, service, exposure(states), {"1h": exposure(states)})

    n_year = len(states) + n_remaining
    assert budget.burn_rates["1h"] == burn_rate(states, at_least)
    assert budget.allowed_minutes == sum([1 - at_least] * n_year, Fraction(0))
    assert budget.used_minutes == states.count(False)


@given(st.lists(st.sampled_from([True, False]), min_size=1, max_size=60), st.integers(0, 600))
def test_a_year_that_goes_on_at_its_burn_rate_ends_there(
    states: list[bool | None], n_remaining: int
) -> None:
    """All minutes known: the projection is the burn rate of the year so far."""
    service = YearService(
        n_members=1, elapsed_minutes=minutes(len(states)), remaining_minutes=minutes(n_remaining)
    )

    budget = budget_of(TARGET, service, exposure(states), {"30d": exposure(states)})

    assert budget.projected_ratio == budget.burn_rates["30d"]
    assert n_remaining > 0 or budget.projected_ratio == budget.used_ratio


@given(MINUTES, st.integers(0, 60), st.permutations([0, 1, 2]))
def test_windows_add_up_in_any_order(states: list[bool | None], cut: int, order: list[int]) -> None:
    parts = [exposure(states[:cut]), exposure(states[cut:]), Exposure()]
    service = [YearService(n_members=n, elapsed_minutes=minutes(3 * n)) for n in (1, 2, 4)]

    first, second, third = (parts[n] for n in order)
    one, other, last = (service[n] for n in order)

    assert first + (second + third) == (first + second) + third == exposure(states)
    assert one + other + last == YearService(n_members=7, elapsed_minutes=minutes(21))
