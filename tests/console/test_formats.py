"""Figures as people read them."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console.formats import ABSENT, Formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
EN, ZH = Formats("en", SHANGHAI), Formats("zh", SHANGHAI)


def said(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.9641, "96.41 %"),
        (0.99996, "99.99 %"),
        (1.0, "100.00 %"),
        (Fraction(2, 3), "66.66 %"),
        (0.29, "29.00 %"),
        (None, ABSENT),
    ],
)
def test_a_share_is_cut_and_not_rounded(share: float | Fraction | None, text: str) -> None:
    assert said(EN.percent(share)) == text


@given(st.integers(0, 10_000))
def test_a_share_of_whole_hundredths_shows_as_it_is(hundredths: int) -> None:
    assert said(EN.percent(hundredths / 10_000)) == f"{hundredths / 100:.2f} %"


@pytest.mark.parametrize(
    ("share", "text"), [(0.95, "95 %"), (0.9989, "99.89 %"), (1, "100 %"), (0.9, "90 %")]
)
def test_a_target_has_the_places_that_it_was_given(share: float, text: str) -> None:
    assert said(EN.target(share)) == text


@pytest.mark.parametrize(
    ("points", "text"), [(1.416, "+1.41 pp"), (-0.001, "-0.01 pp"), (0.0, "+0.00 pp")]
)
def test_a_margin_below_zero_never_shows_as_zero(points: float, text: str) -> None:
    assert said(EN.points(points)) == text


@pytest.mark.parametrize(
    ("millivolts", "text"),
    [
        (235_400, "235.4 V"),
        (999_999, "1,000.0 V"),
        (1_000_000, "1.00 kV"),
        (10_000_000, "10.00 kV"),
        (34_500_000, "34.50 kV"),
    ],
)
def test_voltages_are_in_volts_below_a_kilovolt(millivolts: int, text: str) -> None:
    assert said(EN.volts(millivolts)) == text


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"),
    [
        (0, "0 min", "0 分钟"),
        (12.34, "12.3 min", "12.3 分钟"),
        (119.9, "119.9 min", "119.9 分钟"),
        (120, "2 h", "2 小时"),
        (1534, "25.6 h", "25.6 小时"),
    ],
)
def test_times_are_in_minutes_then_in_hours(minutes: float, english: str, chinese: str) -> None:
    assert said(EN.minutes(minutes)) == english
    assert said(ZH.minutes(minutes)) == chinese
    assert said(EN.minutes_per_customer(minutes)) == f"{english} per customer"
    assert said(ZH.minutes_per_customer(minutes)) == f"{chinese}/户"


def test_an_instant_is_on_the_clocks_of_the_deployment_and_says_which_they_are() -> None:
    at = datetime(2024, 2, 29, 16, 5, tzinfo=UTC)

    assert EN.time(at) == "1 Mar 2024, 00:05 +08:00"
    assert ZH.time(at) == "2024年3月1日 00:05 +08:00"
    assert EN.clock(at) == "1 Mar, 00:05"
    assert EN.time(None) == ABSENT


def test_days_are_said_with_the_last_one_included() -> None:
    assert EN.days(date(2024, 3, 1), date(2024, 4, 1)) == "1 Mar 2024 to 31 Mar 2024"
    assert ZH.days(date(2024, 3, 1), date(2024, 3, 2)) == "2024年3月1日"


def test_deviations_have_a_sign() -> None:
    assert said(EN.deviation(700)) == "+7.00 %"
    assert said(EN.deviation(-1000)) == "-10.00 %"
    assert said(EN.duration(timedelta(minutes=37))) == "37 min"
