"""Rounding away from nominal: exact for every limit, on the grid and beside it."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import mode
from tests.kernels.builders import KernelLog
from tests.oracle.assignments import Assignment
from tests.oracle.cells import cell_of
from tests.oracle.words import MINUTE_MS, Reading

NOMINAL_PPM = 1_000_000
PPM = st.integers(0, 4_000_000)
# Of 1 MV nominal, a volt is one ppm.
MEGAVOLT = 1_000_000_000


def cells_of_ppm(voltages: Sequence[int]) -> list[int]:
    """Return the kernel's cells of single voltages in ppm."""
    return cells(MEGAVOLT, [float(ppm) for ppm in voltages])


def cells(nominal_mv: int, volts: Sequence[float]) -> list[int]:
    """Return the kernel's cells of one-minute readings."""
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=nominal_mv, interval_s=60)
    kernel = KernelLog({"meter": [assignment]})
    kernel.fold(
        [
            Reading("meter", minute * MINUTE_MS, minute * MINUTE_MS, each)
            for minute, each in enumerate(volts)
        ]
    )
    pages = kernel.ledger().pages
    found = [cell for key in sorted(pages) for cell in pages[key].cells()[0]]
    return found[: len(volts)]


def cell_of_minute(voltages: Sequence[int]) -> int:
    """Return the kernel's cell of a minute with these voltages in ppm."""
    interval_s = 60 // len(voltages)
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=MEGAVOLT, interval_s=interval_s)
    kernel = KernelLog({"meter": [assignment]})
    stamps_ms = [1000 * interval_s * place for place in range(len(voltages))]
    kernel.fold(
        [
            Reading("meter", stamp_ms, stamp_ms, float(ppm))
            for stamp_ms, ppm in zip(stamps_ms, voltages, strict=True)
        ]
    )
    return int(kernel.pages.cell[0, 0])


def decimal_cell(root: Decimal) -> int:
    """Return the cell of a voltage in ppm: its deviation in 0.01 %, rounded up in size."""
    deviation = (root - NOMINAL_PPM) / 100
    size = int(abs(deviation).to_integral_value(ROUND_CEILING))
    return size if deviation > 0 else -size


def test_every_limit_on_the_grid_is_exact_to_a_millionth() -> None:
    limits = range(-10_000, 30_001, 97 if mode.IS_PLAIN else 1)
    voltages = [
        ppm
        for limit in limits
        for ppm in (NOMINAL_PPM + 100 * limit + step for step in (-1, 0, 1))
        if 0 <= ppm <= 4 * NOMINAL_PPM
    ]

    found = cells_of_ppm(voltages)

    above = np.array(voltages) - NOMINAL_PPM
    expected = np.where(above > 0, -(-above // 100), above // 100)
    assert found == expected.tolist()


@pytest.mark.parametrize(
    ("nominal_mv", "step"), [(220_000, 1), (230_000, 7), (380_000, 7), (10_000_000, 7)]
)
def test_every_limit_in_volts_is_exact(nominal_mv: int, step: int) -> None:
    # A limit in volts has three decimals more than its nominal; a step of a tenth of a grid
    # step beyond it is outside.
    nominal = Decimal(nominal_mv) / 1000
    limits = range(-2000, 2001, 61 if mode.IS_PLAIN else step)
    edges = [nominal * (10_000 + limit) / 10_000 for limit in limits]
    beyond = [
        edge + (nominal / 100_000 if limit >= 0 else -nominal / 100_000)
        for edge, limit in zip(edges, limits, strict=True)
    ]

    on_the_edge = cells(nominal_mv, [float(edge) for edge in edges])
    outside = cells(nominal_mv, [float(each) for each in beyond])

    assert on_the_edge == list(limits)
    assert outside == [limit + 1 if limit >= 0 else limit - 1 for limit in limits]


@settings(max_examples=mode.scaled(100))
@given(st.decimals(0, 900, places=3), st.sampled_from((220_000, 230_000, 380_000)))
def test_agrees_with_decimals_for_any_voltage(volts: Decimal, nominal_mv: int) -> None:
    exact_ppm = volts * 10**9 / nominal_mv
    ppm = exact_ppm.to_integral_value(ROUND_HALF_EVEN)
    if ppm > 4 * NOMINAL_PPM or abs(abs(exact_ppm - ppm) - Decimal("0.5")) < Decimal("1e-6"):
        return

    found = cells(nominal_mv, [float(volts)])

    assert found == [decimal_cell(ppm)]


@settings(max_examples=mode.scaled(150))
@given(
    n_readings=st.sampled_from((2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)),
    around=st.integers(-10_000, 30_000),
    spread=st.sampled_from((0, 1, 50, 10_000, 400_000)),
    seed=st.integers(0, 2**32),
)
def test_the_root_of_a_mean_of_squares_is_exact(
    n_readings: int, around: int, spread: int, seed: int
) -> None:
    rng = Random(seed)
    middle = NOMINAL_PPM + 100 * around
    voltages = [
        min(max(middle + rng.randint(-spread, spread), 0), 4 * NOMINAL_PPM)
        for _ in range(n_readings)
    ]

    found = cell_of_minute(voltages)

    with localcontext(prec=60):
        mean = Decimal(sum(ppm * ppm for ppm in voltages)) / n_readings
        assert found == decimal_cell(mean.sqrt())
    assert found == cell_of(voltages)


@settings(max_examples=mode.scaled(100))
@given(PPM, PPM)
def test_a_greater_deviation_never_has_a_smaller_cell(one: int, other: int) -> None:
    lower, higher = sorted((one, other))

    found = cells_of_ppm([lower, higher])

    assert found[0] <= found[1]


@given(PPM)
def test_the_twin_rounds_like_decimals(ppm: int) -> None:
    assert cell_of([ppm]) == decimal_cell(Decimal(ppm))
