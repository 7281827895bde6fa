"""Clocks of devices: the least delay of a day, and what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import LANE_SETTINGS, NONE, Folded, Readings
from service.domain.clock_findings import ClockFinding, judge_clock
from service.domain.clock_watch import DAY_MS, ClockWatch, LeastDelays

DEVICE_ID = np.array([11, 12, 13], np.int32)
INTERVAL_MS = np.array([1000, 60_000, 900_000], np.int64)
SETTINGS = np.zeros(INTERVAL_MS.size, LANE_SETTINGS)
SETTINGS["interval_ms"] = INTERVAL_MS
EMPTY = np.zeros(0, np.float64)
Seen = tuple[int, int, int]  # lane, arrival, delay


def observe(watch: ClockWatch, seen: list[Seen]) -> None:
    lane = np.array([one[0] for one in seen], np.int32)
    arrived_ms = np.array([one[1] for one in seen], np.int64)
    delay_ms = np.array([one[2] for one in seen], np.int64)
    start_ms = arrived_ms - delay_ms - INTERVAL_MS[lane]
    readings = Readings(
        lane=lane, stamp_ms=start_ms, record_ms=arrived_ms, v1=EMPTY, v2=EMPTY, v3=EMPTY,
        p_w=EMPTY, q_var=EMPTY, quality=np.zeros(0, np.uint8),
    )  # fmt: skip
    folded = Folded(
        outcome=np.zeros(lane.size, np.uint8), lane=lane, start_ms=start_ms,
        ppm=np.zeros((lane.size, 3), np.int32),
    )  # fmt: skip
    watch.observe(readings, folded, SETTINGS, DEVICE_ID)


def kept(parts: list[LeastDelays]) -> dict[tuple[int, int], int]:
    """Return what a table holds that keeps the least of each device and day."""
    rows: dict[tuple[int, int], int] = {}
    for part in parts:
        for device, day, delay in zip(
            part.device_id.tolist(), part.day.tolist(), part.delay_ms.tolist(), strict=True
        ):
            rows[device, day] = min(delay, rows.get((device, day), delay))
    return rows


arrivals = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3 * DAY_MS - 1),
        st.integers(-9 * 3_600_000, 9 * 3_600_000),
    ),
    max_size=40,
)


@given(arrivals, st.integers(1, 8))
def test_the_least_delay_of_each_day_is_kept_whatever_is_taken_when(
    seen: list[Seen], at_once: int
) -> None:
    expected: dict[tuple[int, int], int] = {}
    for lane, arrived_ms, delay_ms in seen:
        key = (int(DEVICE_ID[lane]), arrived_ms // DAY_MS)
        expected[key] = min(delay_ms, expected.get(key, delay_ms))

    watch, parts = ClockWatch(), []
    for first in range(0, len(seen), at_once):
        observe(watch, seen[first : first + at_once])
        if first % 3 == 0:
            parts.append(watch.take(DEVICE_ID))
    parts.append(watch.take(DEVICE_ID))

    assert kept(parts) == expected


def test_what_was_taken_is_not_handed_on_again() -> None:
    watch = ClockWatch()
    observe(watch, [(0, 5000, 300), (1, 5000, 400)])

    first = watch.take(DEVICE_ID)
    observe(watch, [(0, 6000, 500), (1, 6000, 200)])
    second = watch.take(DEVICE_ID)

    assert sorted(first.device_id.tolist()) == [11, 12]
    assert second.device_id.tolist() == [12]
    assert watch.take(DEVICE_ID).n_devices == 0


def test_records_of_no_calendar_are_passed_over() -> None:
    watch = ClockWatch()

    observe(watch, [(0, 2**62, 300), (1, -(2**62), 300), (2, 5000, 400)])

    assert watch.take(DEVICE_ID).device_id.tolist() == [13]


def test_devices_that_nobody_knows_are_passed_over() -> None:
    watch = ClockWatch()
    observe(watch, [(0, 5000, 300)])
    lane = np.array([NONE], np.int32)
    zero = np.zeros(1, np.int64)
    watch.observe(
        Readings(lane, zero, zero, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, np.zeros(0, np.uint8)),
        Folded(np.zeros(1, np.uint8), lane, zero, np.zeros((1, 3), np.int32)),
        SETTINGS,
        DEVICE_ID,
    )

    assert watch.take(DEVICE_ID).device_id.tolist() == [11]


@pytest.mark.parametrize(
    ("delay_s", "usual_s", "expected_s", "finding", "error_s"),
    [
        (3, None, 0, "right", 3),
        (120, None, 0, "right", 120),  # exactly at the limit
        (-121, None, 0, "drift", -121),
        (121, None, 0, "late", 121),  # nobody beside it says whether its way is slow
        (121, 0, 0, "drift", 121),
        (3600, 3590, 0, "right", 10),  # a concentrator that talks once an hour
        (7200 + 180, None, 7200, "late", 180),
        (5000, None, 7200, "right", 0),  # within what the registry expects
        (-8 * 3600 + 4, None, 0, "zone", -8 * 3600 + 4),
        (8 * 3600 + 4, 3, 0, "zone", 8 * 3600 + 1),
        (8 * 3600 + 4, None, 0, "zone", 8 * 3600 + 4),
        (5.5 * 3600, 0, 0, "zone", 5.5 * 3600),
        (
            -8 * 3600 + 900,
            None,
            0,
            "drift",
            -8 * 3600 + 900,
        ),  # no zone is a quarter off the hour here
        (15 * 3600, 0, 0, "drift", 15 * 3600),  # further than any two zones
        (1800, 0, 0, "drift", 1800),
    ],
)
def test_what_a_delay_says_of_a_clock(
    delay_s: float, usual_s: int | None, expected_s: int, finding: ClockFinding, error_s: float
) -> None:
    usual_ms = None if usual_s is None else usual_s * 1000

    found = judge_clock(round(delay_s * 1000), usual_ms, expected_s)

    assert (found.finding, found.error_s) == (finding, error_s)
