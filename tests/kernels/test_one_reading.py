"""What becomes of single readings: voltages, stamps, wiring, quality."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, PPM_ABSENT, PPM_INVALID, StampLimits
from tests.kernels import mode
from tests.kernels.builders import KernelLog
from tests.oracle.assignments import Assignment, ZeroMeans
from tests.oracle.ledger import PageKey
from tests.oracle.words import MINUTE_MS, Candidate, Outcome, Quality, Rank, Reading, candidate

HOUR = 472_222
HOUR_MS = HOUR * 3_600_000
NOMINAL_220 = Assignment(device_id=1, point_id=1, nominal_mv=220_000, interval_s=60)
THREE_PHASE = Assignment(device_id=1, point_id=1, nominal_mv=220_000, interval_s=60, n_phases=3)
NAN = math.nan


def minute_reading(
    v1: float | None,
    v2: float | None = None,
    v3: float | None = None,
    *,
    minute: int = 0,
    quality: int = Quality.GOOD,
) -> Reading:
    stamp_ms = HOUR_MS + minute * MINUTE_MS
    return Reading("meter", stamp_ms, stamp_ms + MINUTE_MS, v1, v2, v3, quality)


def folded(
    assignment: Assignment, *log: Reading, limits: StampLimits | None = None
) -> tuple[list[Outcome], KernelLog]:
    kernel = KernelLog({"meter": [assignment]}, limits or StampLimits(300_000, 864_000_000))
    return kernel.fold(log).outcomes, kernel


def minute_of(kernel: KernelLog, minute: int = 0) -> list[Candidate]:
    return [phase[minute] for phase in kernel.ledger().pages[PageKey(1, HOUR)].minutes]


@pytest.mark.parametrize(
    ("volts", "nominal_mv", "cell"),
    [
        (235.4, 220_000, 700),
        (235.404, 220_000, 701),
        (198.0, 220_000, -1000),
        (197.996, 220_000, -1001),
        (246.1, 230_000, 700),
        (246.12, 230_000, 701),
        (207.0, 230_000, -1000),
        (406.6, 380_000, 700),
        (353.4, 380_000, -700),
        (220.0, 220_000, 0),
        (0.0, 220_000, -10_000),
        (-0.0, 220_000, -10_000),
        (880.0, 220_000, 30_000),
        (117_150.0, 110_000_000, 650),
    ],
)
def test_a_limit_is_judged_exactly(volts: float, nominal_mv: int, cell: int) -> None:
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=nominal_mv, interval_s=60)

    outcomes, kernel = folded(assignment, minute_reading(volts))

    assert outcomes == [Outcome.FOLDED]
    assert minute_of(kernel) == [candidate(Rank.GOOD, 7, cell)]


@pytest.mark.parametrize("volts", [-1.0, -0.0002, 880.001, 1e9, 1e308, math.inf, -math.inf])
def test_a_voltage_outside_four_times_nominal_is_invalid(volts: float) -> None:
    outcomes, kernel = folded(NOMINAL_220, minute_reading(volts))

    assert outcomes == [Outcome.INVALID]
    assert minute_of(kernel) == [candidate(Rank.INVALID, 7, CELL_NONE)]


@settings(max_examples=mode.scaled(200))
@given(
    st.floats(0, 2000, allow_nan=False),
    st.sampled_from((220_000, 230_000, 1_000_000)),
    st.sampled_from((1.0, 100.0)),
)
def test_a_voltage_becomes_the_nearest_millionth_of_nominal(
    volts: float, nominal_mv: int, ratio: float
) -> None:
    assignment = Assignment(
        device_id=1, point_id=1, nominal_mv=nominal_mv, interval_s=60, voltage_ratio=ratio
    )
    kernel = KernelLog({"meter": [assignment]})
    exact = Fraction(volts) * Fraction(ratio) * 10**9 / nominal_mv

    ppm = kernel.fold([minute_reading(volts)]).phases[0][0]

    if exact > 4_000_001:
        assert ppm == PPM_INVALID
    elif exact <= 4_000_000:
        assert abs(exact - ppm) <= Fraction(1, 2) + Fraction(1, 10**6)


@pytest.mark.parametrize(("volts", "ppm"), [(0.0625, 62), (0.1875, 188), (1.0005, 1000)])
def test_half_a_millionth_is_rounded_to_even(volts: float, ppm: int) -> None:
    # At 1000 V nominal a volt is exactly 1000 ppm, so that these are halves (or next to one).
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=1_000_000, interval_s=60)
    kernel = KernelLog({"meter": [assignment]})

    phases = kernel.fold([minute_reading(volts)]).phases

    assert phases == [[ppm, PPM_ABSENT, PPM_ABSENT]]


@pytest.mark.parametrize("quality", [Quality.GOOD, Quality.ESTIMATED])
def test_a_reading_without_any_voltage_is_invalid(quality: Quality) -> None:
    outcomes, kernel = folded(THREE_PHASE, minute_reading(NAN, None, NAN, quality=quality))

    assert outcomes == [Outcome.INVALID]
    assert minute_of(kernel) == [candidate(Rank.INVALID, 7, CELL_NONE)] * 3


def test_a_phase_without_a_voltage_was_not_read() -> None:
    outcomes, kernel = folded(THREE_PHASE, minute_reading(220.0, None, 231.0))

    assert outcomes == [Outcome.FOLDED]
    assert [phase.rank for phase in minute_of(kernel)] == [Rank.GOOD, Rank.MISSING, Rank.GOOD]


def test_one_bad_phase_does_not_spoil_the_others() -> None:
    outcomes, kernel = folded(THREE_PHASE, minute_reading(220.0, 1e9, 0.0))

    assert outcomes == [Outcome.FOLDED]
    assert [phase.rank for phase in minute_of(kernel)] == [Rank.GOOD, Rank.INVALID, Rank.GOOD]


def test_a_second_voltage_from_a_single_phase_device_is_refused() -> None:
    outcomes, kernel = folded(NOMINAL_220, minute_reading(220.0, 221.0))

    assert outcomes == [Outcome.WRONG_PHASES]
    assert not kernel.ledger().pages


@pytest.mark.parametrize(
    ("self_powered", "zero_means"),
    [(True, "no_supply"), (False, "asleep"), (False, "no_input"), (True, "asleep")],
)
@pytest.mark.parametrize(
    ("volts", "is_valid"),
    [
        ((0.0, 0.0, 0.0), False),
        ((0.0, None, 0.0), False),
        ((21.9, 0.0, 21.9), False),
        ((22.0, 0.0, 0.0), True),
        ((0.0, 0.0, 220.0), True),
    ],
)
def test_a_device_that_lives_on_its_circuit_or_sleeps_or_has_no_input_sees_no_interruption(
    volts: tuple[float, float | None, float],
    is_valid: bool,
    self_powered: bool,
    zero_means: ZeroMeans,
) -> None:
    blind = replace(THREE_PHASE, self_powered=self_powered, zero_means=zero_means)

    seen, kernel = folded(blind, minute_reading(*volts))
    seen_by_another, _ = folded(THREE_PHASE, minute_reading(*volts))

    assert seen == [Outcome.FOLDED if is_valid else Outcome.INVALID]
    assert is_valid or {phase.rank for phase in minute_of(kernel)} == {Rank.INVALID}
    assert seen_by_another == [Outcome.FOLDED]


def test_a_reading_of_a_device_that_nobody_registered_is_refused() -> None:
    kernel = KernelLog({"meter": [NOMINAL_220]})

    rows = kernel.fold([minute_reading(220.0)._replace(device="stranger")])

    assert rows.outcomes == [Outcome.UNKNOWN_DEVICE]


@pytest.mark.parametrize("stamps_end", [False, True])
def test_an_assignment_begins_and_ends_with_the_start_of_a_reading(stamps_end: bool) -> None:
    end_ms = HOUR_MS + 2 * MINUTE_MS
    assignment = Assignment(
        device_id=1,
        point_id=1,
        nominal_mv=220_000,
        interval_s=60,
        stamps_end=stamps_end,
        from_ms=HOUR_MS,
        to_ms=end_ms,
    )
    shift_ms = MINUTE_MS if stamps_end else 0
    starts_ms = (HOUR_MS - 1, HOUR_MS, end_ms - 1, end_ms)

    outcomes, _ = folded(
        assignment, *(Reading("meter", at + shift_ms, at + MINUTE_MS, 220.0) for at in starts_ms)
    )

    outside = Outcome.OUTSIDE_SERVICE
    assert outcomes == [outside, Outcome.FOLDED, Outcome.FOLDED, outside]


@pytest.mark.parametrize(
    ("start_after_record_ms", "outcome"),
    [
        (240_000, Outcome.FOLDED),
        (240_001, Outcome.STAMP_AHEAD),
        (-864_000_000, Outcome.FOLDED),
        (-864_000_001, Outcome.STAMP_TOO_OLD),
    ],
)
def test_a_stamp_far_from_its_record_is_refused(
    start_after_record_ms: int, outcome: Outcome
) -> None:
    reading = Reading("meter", HOUR_MS, HOUR_MS - start_after_record_ms, 220.0)

    outcomes, _ = folded(NOMINAL_220, reading)

    assert outcomes == [outcome]


@pytest.mark.parametrize(
    ("stamp_ms", "outcome"),
    [
        (0, Outcome.STAMP_TOO_OLD),  # 1970
        (4_102_444_800_000, Outcome.STAMP_AHEAD),  # 2100
    ],
)
def test_stamps_of_broken_clocks_are_refused(stamp_ms: int, outcome: Outcome) -> None:
    outcomes, kernel = folded(NOMINAL_220, Reading("meter", stamp_ms, HOUR_MS, 220.0))

    assert outcomes == [outcome]
    assert not kernel.ledger().pages


def test_no_limit_lets_old_stamps_in() -> None:
    outcomes, _ = folded(
        NOMINAL_220, Reading("meter", 0, HOUR_MS, 220.0), limits=StampLimits(300_000, 0)
    )

    assert outcomes == [Outcome.FOLDED]


@pytest.mark.parametrize(
    ("offset_ms", "first_minute"), [(-30_000, -1), (-29_999, 0), (0, 0), (30_000, 0), (30_001, 1)]
)
def test_a_reading_fills_the_minutes_whose_midpoint_it_covers(
    offset_ms: int, first_minute: int
) -> None:
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=220_000, interval_s=900)
    stamp_ms = HOUR_MS + 20 * MINUTE_MS + offset_ms

    _, kernel = folded(assignment, Reading("meter", stamp_ms, stamp_ms + 900_000, 220.0))

    phase = kernel.ledger().pages[PageKey(1, HOUR)].minutes[0]
    filled = [minute for minute, found in enumerate(phase) if found.rank == Rank.GOOD]
    assert filled == list(range(20 + first_minute, 35 + first_minute))
