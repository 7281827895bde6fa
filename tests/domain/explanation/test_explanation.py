"""What explains a point's figure: dense minutes, hours of the clock, runs, gatherings, findings."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import VERDICT_NAMES
from service.domain.explanation.finding import Outcome, finding_of, target_of
from service.domain.explanation.hours import days_of_point, state_of
from service.domain.explanation.minutes import Part, pages_together
from service.domain.explanation.outside import outside_of
from service.domain.explanation.runs import runs_of
from service.domain.rates import VerdictCounts
from service.domain.rules import load_rule_set
from tests.domain.explanation.builders import HOUR, a_point, line, over_span, pages_of

START = datetime(2024, 3, 1, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
PARIS = ZoneInfo("Europe/Paris")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SGCC = load_rule_set("sgcc-2003")


@given(
    words=st.text("poui.", max_size=200),
    lead=st.integers(0, 59),
    first=st.integers(0, 150),
    length=st.integers(1, 300),
)
def test_dense_minutes_equal_a_plain_walk(words: str, lead: int, first: int, length: int) -> None:
    begin = START + timedelta(minutes=lead)
    span = (START + timedelta(minutes=first), START + timedelta(minutes=first + length))
    known = line(begin, words)

    minutes = over_span(known, span)

    walked = [known.get(span[0] + timedelta(minutes=nth), ".") for nth in range(length)]
    names = {"p": "pass", "o": "over", "u": "under", "i": "interrupted", ".": "missing"}
    assert [VERDICT_NAMES[code] for code in minutes.verdict.tolist()] == [
        names[word] for word in walked
    ]
    counts, plain = minutes.counts(minutes.due), Counter(names[word] for word in walked)
    assert {name: getattr(counts, f"n_{name}") for name in VERDICT_NAMES} == {
        name: plain[name] for name in VERDICT_NAMES
    }
    assert counts.n_due == length


def test_minutes_before_service_and_beyond_the_data_are_not_due() -> None:
    span = (START, START + 3 * HOUR)
    point = a_point(valid_from=START + timedelta(minutes=30))

    minutes = over_span(
        line(START, "i" * 180),
        span,
        through=START + timedelta(minutes=100, seconds=40),
        point=point,
    )

    assert minutes.due == Part(30, 100)
    assert minutes.counts(minutes.due) == VerdictCounts(n_interrupted=70)


def test_a_span_outside_service_has_nothing_due() -> None:
    minutes = over_span({}, (START, START + HOUR), point=a_point(valid_to=START - HOUR))

    assert minutes.due.n_minutes == 0
    assert minutes.counts(minutes.due).n_due == 0
    assert days_of_point(minutes, START + HOUR, UTC_ZONE)[0].hours[0].state == "not_due"


@pytest.mark.parametrize(
    ("day", "n_minutes", "skipped", "repeated"),
    [
        (date(2024, 3, 31), 1380, 2, None),
        (date(2024, 10, 27), 1500, None, 2),
        (date(2024, 6, 1), 1440, None, None),
    ],
)
def test_a_day_of_changing_clocks_has_its_own_length(
    day: date, n_minutes: int, skipped: int | None, repeated: int | None
) -> None:
    first = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
    span = (first, first + timedelta(minutes=n_minutes))
    minutes = over_span(line(first, "p" * n_minutes), span)

    (one,) = days_of_point(minutes, span[1], PARIS)

    assert (one.day, one.n_minutes, one.counts.n_pass) == (day, n_minutes, n_minutes)
    n_hours = [len(hours) for hours in one.clock]
    expected = [1] * 24
    if skipped is not None:
        expected[skipped] = 0
    if repeated is not None:
        expected[repeated] = 2
    assert n_hours == expected
    assert sum(hour.counts.n_due for hour in one.hours) == n_minutes


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        (VerdictCounts(n_pass=59, n_over=1), "over"),
        (VerdictCounts(n_over=2, n_under=3, n_pass=55), "under"),
        (VerdictCounts(n_over=2, n_under=2), "under"),
        (VerdictCounts(n_over=23, n_interrupted=37), "interrupted"),
        (VerdictCounts(n_pass=59, n_interrupted=1), "interrupted"),
        (VerdictCounts(n_pass=58, n_missing=1, n_invalid=1), "invalid"),
        (VerdictCounts(n_pass=59, n_missing=1), "missing"),
        (VerdictCounts(n_exempt=60), "exempt"),
        (VerdictCounts(n_pass=60), "pass"),
        (VerdictCounts(), "not_due"),
    ],
)
def test_an_hour_is_the_worst_that_its_minutes_were(counts: VerdictCounts, state: str) -> None:
    assert state_of(counts) == state


def test_the_voltage_of_an_hour_leaves_darkness_out() -> None:
    minutes = over_span(line(START, "ppooii"), (START, START + HOUR))

    (voltage,) = days_of_point(minutes, START + HOUR, UTC_ZONE)[0].hours[0].voltage

    assert voltage is not None
    assert (voltage.lowest_v, voltage.highest_v, voltage.n_minutes) == (222.2, 239.8, 4)
    squares = 2 * 222.2**2 + 2 * 239.8**2
    assert voltage.mean_v == pytest.approx((squares / 4) ** 0.5, rel=1e-12)


@given(words=st.text("pou.i", min_size=1, max_size=120))
def test_runs_are_the_minutes_again(words: str) -> None:
    minutes = over_span(line(START, words), (START, START + timedelta(minutes=len(words))))

    runs = runs_of(minutes, minutes.due, UTC_ZONE)

    spelled = [name for run in runs for name in [run.verdict] * run.n_minutes]
    assert spelled == [VERDICT_NAMES[code] for code in minutes.verdict.tolist()]
    for before, after in itertools.pairwise(runs):
        assert before.to_at == after.from_at
        assert before.verdict != after.verdict


def test_minutes_over_in_evenings_are_told_by_evenings() -> None:
    evenings = [datetime(2024, 3, day, 19, 5, tzinfo=SHANGHAI) for day in (2, 3, 9)]
    morning = datetime(2024, 3, 5, 8, tzinfo=SHANGHAI)
    known = {at + timedelta(minutes=nth): "o" for at in evenings for nth in range(20)}
    known |= {morning + timedelta(minutes=nth): "o" for nth in range(5)}
    utc = {at.astimezone(UTC): word for at, word in known.items()}
    span = (datetime(2024, 2, 29, 16, tzinfo=UTC), datetime(2024, 3, 31, 16, tzinfo=UTC))

    found = outside_of(over_span(utc, span), "over", SHANGHAI)

    assert found is not None
    assert (found.n_minutes, found.part, found.n_days, found.n_minutes_in_part) == (
        65,
        "evening",
        3,
        60,
    )
    assert (found.furthest_v, found.furthest_cell) == (239.8, 900)


def test_minutes_all_over_the_day_are_told_by_days() -> None:
    known = {START + timedelta(hours=nth): "u" for nth in range(0, 48, 6)}

    found = outside_of(over_span(known, (START, START + 48 * HOUR)), "under", UTC_ZONE)

    assert found is not None
    assert (found.n_minutes, found.part, found.n_days) == (8, None, 2)
    assert found.furthest_v == 187.0


def test_nothing_outside_is_none() -> None:
    minutes = over_span(line(START, "pppi"), (START, START + HOUR))

    assert outside_of(minutes, "over", UTC_ZONE) is None
    assert outside_of(minutes, "under", UTC_ZONE) is None


@pytest.mark.parametrize(
    ("counts", "interval_s", "residential", "outcome"),
    [
        (VerdictCounts(n_pass=95, n_over=5), 60, True, "kept"),
        (VerdictCounts(n_pass=9499, n_over=501), 60, True, "failed"),
        (VerdictCounts(n_pass=95, n_over=5), 60, False, "no_target"),
        (VerdictCounts(n_pass=90, n_missing=10), 60, True, "kept"),
        (VerdictCounts(n_pass=89, n_missing=11), 60, True, "not_monitored"),
        (VerdictCounts(n_missing=10), 60, True, "not_monitored"),
        (VerdictCounts(n_interrupted=5, n_exempt=5), 60, True, "nothing_judged"),
        (VerdictCounts(n_missing=10), None, True, "no_readings"),
        (VerdictCounts(), 60, True, "not_due"),
    ],
)
def test_what_minutes_come_to(
    counts: VerdictCounts, interval_s: int | None, residential: bool, outcome: Outcome
) -> None:
    point = a_point()
    target = target_of(SGCC, point, "urban", is_residential=residential)

    found = finding_of(counts, interval_s, point, SGCC, target)

    assert found.outcome == outcome
    assert outcome in get_args(Outcome)


def test_a_point_without_a_band_has_no_rule() -> None:
    point = replace(a_point(), nominal_mv=30_000_000, wiring="3p3w")

    found = finding_of(VerdictCounts(n_exempt=60), 60, point, SGCC, None)

    assert (found.outcome, found.band) == ("no_rule", None)


def test_the_target_of_a_point_is_that_of_its_area() -> None:
    point = a_point()

    shares = [
        getattr(target_of(SGCC, point, area, is_residential=True), "at_least", None)
        for area in ("urban", "rural", "special_remote")
    ]

    assert [None if one is None else Fraction(one) for one in shares] == [
        Fraction(95, 100),
        Fraction(90, 100),
        None,
    ]


def test_slow_readings_are_sampled() -> None:
    found = finding_of(VerdictCounts(n_pass=60), 900, a_point(), SGCC, None)

    assert (found.method, found.is_sampled) == ("sampled", True)


def test_no_pages_together_are_none() -> None:
    pages = pages_together([], [], [], [], 3)

    assert pages.cell.shape == (0, 3, 60)
    assert pages_of({}).cell.shape == (0, 1, 60)
    assert np.array_equal(pages.hour, np.zeros(0, np.int64))
