"""The day's spread: a sum across nominal, the larger deviation on one side of it."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE
from service.domain.rules import load_rule_set
from service.domain.spread import DaySpread, day_spread

SGCC = load_rule_set("sgcc-2003")
CELLS = st.lists(
    st.tuples(st.integers(-1200, 1200), st.integers(0, 500)).map(lambda t: (t[0], sum(t))),
    min_size=1,
)


def spread_of(*pages: tuple[int, int]) -> DaySpread | None:
    lows, highs = zip(*pages, strict=True)
    return day_spread(np.array(lows, np.int16), np.array(highs, np.int16), SGCC)


@pytest.mark.parametrize(
    ("low", "high", "spread", "within"),
    [
        (-350, 650, 1000, True),
        (-351, 650, 1001, False),
        (200, 950, 950, True),
        (-950, -200, 950, True),
        (1, 1000, 1000, True),
        (1, 1001, 1001, False),
        (-1001, -1, 1001, False),
        (0, 1000, 1000, True),
        (-1000, 0, 1000, True),
        (0, 0, 0, True),
    ],
)
def test_both_deviations_count_across_nominal_and_the_larger_one_beside_it(
    low: int, high: int, spread: int, within: bool
) -> None:
    assert spread_of((low, high)) == DaySpread(spread=spread, within=within)


def test_pages_without_ordinary_minutes_say_nothing() -> None:
    none = (CELL_NONE, CELL_NONE)

    assert spread_of(none, (-100, 50), none, (20, 400)) == DaySpread(spread=500, within=True)
    assert spread_of(none, none) is None
    assert day_spread(np.zeros(0, np.int16), np.zeros(0, np.int16), SGCC) is None


def test_the_spread_is_given_in_percent_exactly() -> None:
    found = spread_of((-364, 650))

    assert found is not None
    assert found.spread_percent == Decimal("10.14")


@given(pages=CELLS)
def test_the_spread_mirrors_with_the_voltage(pages: list[tuple[int, int]]) -> None:
    found = spread_of(*pages)
    mirrored = spread_of(*[(-high, -low) for low, high in pages])

    assert found == mirrored
    assert found is not None
    extremes = [cell for page in pages for cell in page]
    assert found.spread >= max(map(abs, extremes))
    assert found.spread <= max(0, *extremes) - min(0, *extremes)
