"""The energy of an hour: once for each good reading, and never from nonsense."""

import math

import pytest

from kernels.layout import PAGE_HEAD
from tests.kernels.builders import KernelLog
from tests.oracle.assignments import Assignment
from tests.oracle.ledger import NO_ENERGY, Energy, PageKey
from tests.oracle.words import Quality, Reading

GOOD = Reading("meter", 60_000, 0, 220.0, 221.0, 222.0, p_w=1000.0, q_var=-200.0)


def energy_of(*log: Reading, interval_s: int = 60, wants_power: bool = True) -> Energy:
    assignment = Assignment(
        device_id=1,
        point_id=1,
        nominal_mv=220_000,
        interval_s=interval_s,
        n_phases=3,
        wants_power=wants_power,
    )
    kernel = KernelLog({"meter": [assignment]})
    kernel.fold(log)
    page = kernel.ledger().pages.get(PageKey(1, 0))
    return page.energy if page else NO_ENERGY


@pytest.mark.parametrize(("interval_s", "seconds"), [(1, 1), (30, 30), (60, 60), (900, 900)])
def test_a_reading_stands_for_its_interval(interval_s: int, seconds: int) -> None:
    energy = energy_of(GOOD, interval_s=interval_s)

    assert energy == Energy(seconds, 1000 * seconds, -200 * seconds)


def test_nothing_is_kept_where_nobody_asks_for_it() -> None:
    assert energy_of(GOOD, wants_power=False) == NO_ENERGY


@pytest.mark.parametrize("interval_s", [1, 60])
def test_a_repeated_reading_adds_no_energy(interval_s: int) -> None:
    without_first_phase = GOOD._replace(v1=None)

    once = energy_of(without_first_phase, interval_s=interval_s)
    again = energy_of(*[without_first_phase] * 3, interval_s=interval_s)

    assert again == once != NO_ENERGY


@pytest.mark.parametrize("interval_s", [1, 60])
@pytest.mark.parametrize(
    "reading",
    [
        GOOD._replace(v1=1e9, v2=math.nan, v3=-1.0),
        GOOD._replace(quality=Quality.INVALID),
        GOOD._replace(quality=Quality.ESTIMATED),
        GOOD._replace(p_w=None),
        GOOD._replace(q_var=math.nan),
        GOOD._replace(p_w=1e300),
        GOOD._replace(q_var=-math.inf),
    ],
)
def test_only_a_good_reading_with_possible_powers_has_energy(
    reading: Reading, interval_s: int
) -> None:
    assert energy_of(reading, reading, interval_s=interval_s) == NO_ENERGY


def test_the_measurement_after_an_estimate_brings_the_energy() -> None:
    estimate = GOOD._replace(quality=Quality.ESTIMATED)

    assert energy_of(estimate, GOOD, estimate, GOOD) == Energy(60, 60_000, -12_000)


def test_an_hour_of_the_greatest_power_fits() -> None:
    log = [GOOD._replace(stamp_ms=1000 * second, p_w=1e12, q_var=-1e12) for second in range(3500)]

    energy = energy_of(*log, interval_s=1)

    assert energy == Energy(3500, 3500 * 10**12, -3500 * 10**12)
    assert PAGE_HEAD["active_ws"].itemsize == 8
