"""Breaches: how long, how many, and when they are over."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, INTERRUPTED, MISSING, OVER, PASS, UNDER
from service.domain.alerts.breaches import (
    FeederMinutes,
    MinuteCount,
    breach_alerts,
    high_voltage_alerts,
    in_breach,
)
from tests.alerts.builders import MINUTE, ROW, us

DELAY = 16 * MINUTE
INNER = (-950, 650)  # half a percent inside -10/+7 %


def feeder(
    minutes: dict[int, int], n_points: int = 40, high: frozenset[int] = frozenset()
) -> FeederMinutes:
    return FeederMinutes(
        organisation="ORG",
        feeder="F1",
        n_points=n_points,
        n_customers=2 * n_points,
        delay=DELAY,
        counts=tuple(
            MinuteCount(minute, minutes.get(minute, 0), int(minute in high))
            for minute in sorted(minutes.keys() | high)
        ),
        through=10_000,
    )


@pytest.mark.parametrize(
    ("n_minutes", "n_outside", "n_points", "is_raised"),
    [
        (15, 5, 40, True),
        (14, 5, 40, False),
        (15, 4, 20, False),  # a fifth, but four points only
        (15, 5, 51, False),  # five points, but less than a tenth
        (15, 6, 60, True),  # exactly a tenth
    ],
)
def test_a_breach_needs_share_points_and_time(
    n_minutes: int, n_outside: int, n_points: int, is_raised: bool
) -> None:
    minutes = dict.fromkeys(range(100, 100 + n_minutes), n_outside)

    found = breach_alerts(feeder(minutes, n_points), ROW)

    assert bool(found) is is_raised
    if found:
        (one,) = found
        assert (one.starts, one.ready) == (us(100), us(115) + DELAY)
        assert (one.n_points, one.n_customers) == (n_outside, 2 * n_outside)


def test_a_gap_before_it_is_raised_begins_it_again() -> None:
    minutes = dict.fromkeys([*range(100, 114), *range(115, 130)], 8)

    (found,) = breach_alerts(feeder(minutes), ROW)

    assert found.starts == us(115)


@pytest.mark.parametrize(("gap", "n_alerts"), [(29, 1), (30, 2)])
def test_it_is_over_after_half_an_hour_without_one(gap: int, n_alerts: int) -> None:
    minutes = dict.fromkeys([*range(100, 120), *range(120 + gap, 150 + gap)], 8)

    found = breach_alerts(feeder(minutes), ROW)

    assert len(found) == n_alerts
    assert found[-1].over == us(150 + gap + 30) + DELAY


def test_one_that_has_not_cleared_when_the_data_end_goes_on() -> None:
    known = replace(feeder(dict.fromkeys(range(100, 120), 8)), through=149)

    (found,) = breach_alerts(known, ROW)

    assert found.over is None


def test_one_point_far_too_high_is_enough() -> None:
    (found,) = high_voltage_alerts(feeder({}, high=frozenset({100})), ROW)

    assert (found.rule, found.starts, found.n_points) == ("high_voltage", us(100), 1)


@given(
    st.lists(
        st.sampled_from([CELL_NONE, -1000, -950, -400, 0, 650, 651, 700, 701, 900]), max_size=40
    )
)
def test_a_point_is_in_breach_until_it_is_well_inside(values: list[int]) -> None:
    cells = np.array(values, np.int16)
    verdicts = np.select([cells == CELL_NONE, cells > 700], [MISSING, OVER], PASS).astype(np.uint8)
    expected, state = [], False
    for value in values:
        if value == CELL_NONE or INNER[0] <= value <= INNER[1]:
            state = False
        if value > 700:
            state = True
        expected.append(state)

    assert in_breach(cells, verdicts, INNER).tolist() == expected


DARK = (-10_000, INTERRUPTED)
UNHEARD = (CELL_NONE, INTERRUPTED)  # only the meter's events tell
GOOD, LOW, MIXED = (0, PASS), (-1200, UNDER), (-5800, UNDER)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([GOOD, MIXED, MIXED, DARK, DARK, MIXED, MIXED, GOOD], "........"),
        ([GOOD, MIXED, MIXED, UNHEARD, MIXED, MIXED, GOOD], "......."),
        (
            [LOW, LOW, DARK, (-980, PASS), GOOD],
            ".....",
        ),  # within the hysteresis after it: no breach
        ([LOW, LOW, (-1100, UNDER), DARK, MIXED, LOW, LOW, GOOD], "xx...xx."),
        ([MIXED, MIXED, GOOD, DARK, GOOD, MIXED], "xx...x"),  # apart from it
        ([LOW, (-5800, INTERRUPTED), MIXED, LOW], "...x"),  # events say when in its reading it went
    ],
)
def test_what_an_interruption_makes_of_voltage_is_no_breach(
    minutes: list[tuple[int, int]], expected: str
) -> None:
    cells = np.array([cell for cell, _ in minutes], np.int16)
    verdicts = np.array([verdict for _, verdict in minutes], np.uint8)

    found = in_breach(cells, verdicts, INNER)

    assert "".join(".x"[one] for one in found.tolist()) == expected
