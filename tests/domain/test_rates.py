"""Rates: exact, bounded, and a group is the mean of the points that are monitored."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import VERDICT_NAMES
from service.domain.rates import (
    GroupRate,
    Rate,
    VerdictCounts,
    group_rate,
    is_monitored,
    method_of,
    rate_by,
    rate_of,
)
from service.domain.rule_rows import Counting, DenominatorRow

FLOOR = Fraction(9, 10)
COUNTINGS: tuple[Counting, ...] = ("excluded", "good", "bad")
COUNTS = st.lists(st.integers(0, 44_640), min_size=7, max_size=7).map(VerdictCounts.of)


def test_counts_come_in_the_order_of_the_verdicts() -> None:
    counts = VerdictCounts.of(np.arange(7, dtype=np.int16))

    for code, name in enumerate(VERDICT_NAMES):
        assert getattr(counts, f"n_{name}") == code
    assert counts.n_due == 21
    assert isinstance(counts.n_pass, int)


def test_missing_is_what_is_left_of_the_minutes_due() -> None:
    stored = np.array([50, 1000, 1, 2, 3, 4, 5], np.int32)

    counts = VerdictCounts.of_due(1440, stored)

    assert counts.n_missing == 1440 - 1015
    assert counts.n_due == 1440
    assert VerdictCounts.of_due(1015, stored).n_missing == 0
    with pytest.raises(ValueError, match="1015 minutes have a verdict, 1014 are due"):
        VerdictCounts.of_due(1014, stored)


def test_interrupted_and_exempt_minutes_are_in_no_denominator() -> None:
    counts = VerdictCounts(n_pass=90, n_over=6, n_under=4, n_missing=5, n_invalid=3)

    assert rate_of(counts) == Rate(
        rate=Fraction(90, 100),
        lower=Fraction(90, 108),
        upper=Fraction(95, 108),
        coverage=Fraction(100, 108),
    )
    assert rate_of(counts + VerdictCounts(n_interrupted=999, n_exempt=999)) == rate_of(counts)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (VerdictCounts(), (None, None, None, None)),
        (VerdictCounts(n_interrupted=60, n_exempt=60), (None, None, None, None)),
        (VerdictCounts(n_missing=60), (None, 0, 1, 0)),
        (VerdictCounts(n_invalid=60), (None, 0, 0, 0)),
        (VerdictCounts(n_over=60), (0, 0, 0, 1)),
    ],
)
def test_without_a_denominator_there_is_no_figure(
    counts: VerdictCounts, expected: tuple[int | None, ...]
) -> None:
    rate = rate_of(counts)

    assert (rate.rate, rate.lower, rate.upper, rate.coverage) == expected


@given(counts=COUNTS)
def test_bounds_hold_whatever_the_missing_minutes_were(counts: VerdictCounts) -> None:
    rate = rate_of(counts)

    if counts.n_to_judge == 0:
        assert rate == Rate(rate=None, lower=None, upper=None, coverage=None)
        return
    assert rate.lower is not None
    assert rate.upper is not None
    assert rate.coverage is not None
    assert 0 <= rate.lower <= rate.upper <= 1
    assert 0 <= rate.coverage <= 1
    if rate.rate is None:
        assert rate.coverage == 0
        return
    assert rate.lower <= rate.rate <= 1
    assert rate.lower == rate.rate * rate.coverage
    if counts.n_invalid == 0:
        assert rate.rate <= rate.upper
        assert rate.upper == rate.lower + 1 - rate.coverage
    if counts.n_invalid == counts.n_missing == 0:
        assert rate.lower == rate.rate == rate.upper


@given(counts=st.lists(COUNTS, max_size=8))
def test_the_rate_of_a_sum_is_the_pooled_rate(counts: list[VerdictCounts]) -> None:
    total = sum(counts, VerdictCounts())

    assert total.n_due == sum(one.n_due for one in counts)
    assert group_rate(counts, FLOOR).pooled == rate_of(total)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (VerdictCounts(n_over=90, n_missing=10), True),
        (VerdictCounts(n_pass=899, n_missing=100, n_invalid=1), False),
        (VerdictCounts(n_pass=899, n_missing=100, n_interrupted=1), False),
        (VerdictCounts(n_pass=900, n_missing=100, n_exempt=5), True),
        (VerdictCounts(n_exempt=1440), False),
        (VerdictCounts(), False),
    ],
)
def test_a_point_is_monitored_from_the_coverage_floor_on(
    counts: VerdictCounts, expected: bool
) -> None:
    assert is_monitored(counts, FLOOR) == expected


def test_the_mean_of_points_and_the_pooled_rate_differ_and_both_are_given() -> None:
    month = VerdictCounts(n_pass=43_200 - 432, n_over=432)
    day = VerdictCounts(n_pass=1440 - 144, n_over=144)
    unmonitored = VerdictCounts(n_under=100, n_missing=900)

    group = group_rate([month, day, unmonitored], FLOOR)

    assert group.mean == Fraction(945, 1000)
    assert group.pooled.rate == Fraction(42_768 + 1296, 44_740)
    assert (group.n_monitored, group.n_not_monitored, group.n_points) == (2, 1, 3)
    pooled = group_rate([month, day], FLOOR).pooled
    assert round(float(pooled.rate or 0), 6) == 0.987097


def test_a_group_without_monitored_points_has_no_mean() -> None:
    assert group_rate([VerdictCounts(n_pass=1, n_missing=9)], FLOOR) == GroupRate(
        mean=None,
        lower=None,
        upper=None,
        pooled=rate_of(VerdictCounts(n_pass=1, n_missing=9)),
        n_monitored=0,
        n_not_monitored=1,
    )


@given(counts=st.lists(COUNTS, max_size=9), floor=st.fractions(0, 1))
def test_the_mean_is_exact_and_takes_every_monitored_point_alike(
    counts: list[VerdictCounts], floor: Fraction
) -> None:
    group = group_rate(counts, floor)

    rates = [rate_of(one) for one in counts if is_monitored(one, floor)]
    assert group.n_monitored == len(rates)
    assert group.n_points == len(counts)
    if rates:
        assert group.mean == sum(rate.rate or 0 for rate in rates) / Fraction(len(rates))
        assert group.lower == sum(rate.lower or 0 for rate in rates) / Fraction(len(rates))
        assert group.upper == sum(rate.upper or 0 for rate in rates) / Fraction(len(rates))


def test_a_mean_on_its_target_reaches_it() -> None:
    # In floating point the mean of these three is below 0.95.
    counts = [VerdictCounts(n_pass=n, n_over=3000 - n) for n in (2700, 2851, 2999)]

    assert group_rate(counts, FLOOR).mean == Fraction(95, 100)


def test_at_least_a_value_a_minute_is_continuous() -> None:
    assert [method_of(s) for s in (1, 60, 120, 900)] == ["continuous"] * 2 + ["sampled"] * 2


def counted(interrupted: Counting, missing: Counting) -> DenominatorRow:
    return DenominatorRow(
        interrupted=interrupted,
        missing=missing,
        source="a test",
        certainty="confirm",
        effective_from=date(2003, 11, 1),
    )


@pytest.mark.parametrize(
    ("interrupted", "missing", "exact", "shown"),
    [
        ("excluded", "excluded", Fraction(1350, 1410), 0.957447),
        ("bad", "excluded", Fraction(1350, 1430), 0.944056),  # an outage as under-limit
        ("good", "good", Fraction(1380, 1440), 0.958333),  # wall clock, as DL/T 698.45 meters count
        ("bad", "bad", Fraction(1350, 1440), 0.937500),
        ("excluded", "good", Fraction(1360, 1420), 0.957746),
    ],
)
def test_the_reference_day_by_what_its_other_minutes_count_as(
    interrupted: Counting, missing: Counting, exact: Fraction, shown: float
) -> None:
    day = VerdictCounts(n_pass=1350, n_over=36, n_under=24, n_interrupted=20, n_missing=10)

    rate = rate_by(day, counted(interrupted, missing))

    assert day.n_due == 1440
    assert rate == exact
    assert round(float(rate), 6) == shown


@given(counts=COUNTS)
def test_what_missing_minutes_count_as_gives_the_rate_and_its_bounds(counts: VerdictCounts) -> None:
    rate, lower, upper = (
        rate_by(counts, counted("excluded", missing)) for missing in ("excluded", "bad", "good")
    )

    known = rate_of(counts)
    assert (rate, lower, upper) == (known.rate, known.lower, known.upper)


@given(counts=COUNTS, interrupted=st.sampled_from(COUNTINGS), missing=st.sampled_from(COUNTINGS))
def test_exempt_minutes_change_no_rate_and_good_ones_never_lower_it(
    counts: VerdictCounts, interrupted: Counting, missing: Counting
) -> None:
    rate = rate_by(counts, counted(interrupted, missing))

    assert rate == rate_by(counts + VerdictCounts(n_exempt=1440), counted(interrupted, missing))
    as_good = rate_by(counts, counted("good", missing))
    as_bad = rate_by(counts, counted("bad", missing))
    if rate is not None and as_good is not None and as_bad is not None:
        assert as_bad <= rate <= as_good
