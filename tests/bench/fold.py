"""The fold kernel, one-second data: against a loop that touches what it touches, and at many points against few."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from kernels import fold, warm_up
from kernels.layout import (
    AHEAD_MS,
    HEAD_MINUTE,
    LANE_SETTINGS,
    LANE_WORDS,
    NO_TIME,
    NONE,
    PAGE,
    Folded,
    Lanes,
    Pages,
    Readings,
    StampLimits,
)
from service.domain.cache_lines import zeros_on_lines
from service.domain.page_pool import page_pool
from tests.bench.figure import Figure

N_POINTS: Final = 100_000
FEW_POINTS: Final = 1000
MANY_POINTS: Final = 1_000_000
MINUTE_S: Final = 60  # measured whole: its second half shows what is there, its end closes it
N_TURNS: Final = (
    5  # minutes, after one that opens the pages, which is done once an hour; the median counts
)
MILLION: Final = 1e6
_FIRST_MS: Final = 1_700_000_040_000
_LIMITS: Final = StampLimits(300_000, 0)
# Bit n: the fold writes to the page at the n-th reading of a minute.
_SHOWN: Final = 1 << 60 | sum(1 << n for n in range(30, 60) if 8 * n // 60 > 8 * (n - 1) // 60)


@numba.njit(nogil=True)
def _floor(lanes: Lanes, pages: Pages, readings: Readings, shown: int, folded: Folded) -> None:
    """Read every input and write one word in each cache line that the fold touches."""
    for i in range(readings.lane.size):
        row = readings.lane[i]
        word = readings.stamp_ms[i] + readings.record_ms[i] + np.int64(readings.v1[i])
        lanes.state[row, AHEAD_MS] = word
        lanes.settings[row].from_ms = readings.quality[i]
        folded.outcome[i] = 0
        folded.lane[i] = row
        folded.start_ms[i] = word
        folded.ppm[i, 0] = row
        second = readings.stamp_ms[i] // 1000 % MINUTE_S
        if (shown >> (second + 1)) & 1:
            page = lanes.state[row, PAGE]
            pages.head[page].dirty = 1
            pages.cell[page, 30] = 1
            pages.mark[page, 30] = 1


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds for one second of data, the mean over a minute: the median of the turns."""

    fold_s: float
    floor_s: float


def measure(console: Console) -> list[Figure]:
    """Return the figures of rows 1 and 2, on one core."""
    console.print(f"fold: {warm_up()} kernels ready; one-second data, {N_TURNS} turns of a minute")
    figures: list[Figure] = []
    for name, shuffles, floors, growth in (
        ("concentrator order", False, 4.0, 3.0),
        ("random order", True, 5.0, 8.0),
    ):
        some = _measure(N_POINTS, shuffles)
        figures += [
            Figure(
                row=1,
                name=f"{name}, of the floor's time",
                value=some.fold_s / some.floor_s,
                unit="x",
                at_most=floors,
                against=f"floor: {N_POINTS / some.floor_s / MILLION:,.0f} M readings/s",
            ),
            Figure(
                row=1,
                name=name,
                value=N_POINTS / some.fold_s / MILLION,
                unit="M readings/s",
                at_least=None if shuffles else 30.0,
            ),
        ]
        few, many = _measure(FEW_POINTS, shuffles), _measure(MANY_POINTS, shuffles)
        few_ns, many_ns = few.fold_s / FEW_POINTS * 1e9, many.fold_s / MANY_POINTS * 1e9
        floor_ns = many.floor_s / MANY_POINTS * 1e9
        figures.append(
            Figure(
                row=2,
                name=f"{name}, cost of a reading",
                value=many_ns / few_ns,
                unit="x",
                at_most=growth,
                against=f"{few_ns:.1f} ns at 10^3, {many_ns:.1f} ns at 10^6, where the floor is {floor_ns:.1f} ns",
            )
        )
        console.print(f"fold: {name} done")
    return figures


def _measure(n_points: int, shuffles: bool) -> Times:
    order = np.arange(n_points, dtype=np.int32)
    if shuffles:
        order = np.random.default_rng(1).permutation(order)
    work = _Work(order)
    work.fold(0)
    work.copy()
    work.touch(0)  # compiles it
    turns = [(work.fold(turn), work.touch(turn)) for turn in range(1, N_TURNS + 1)]
    fold_s, floor_s = np.median(np.array(turns), axis=0).tolist()
    return Times(fold_s, floor_s)


class _Work:
    """Minutes of one-second readings of points in some order, folded, and touched by the floor in copies."""

    def __init__(self, order: NDArray[np.int32]) -> None:
        # The calls of the consumer hold tens of thousands of readings, however few points they come from.
        self._seconds_a_call = 1 if order.size >= N_POINTS else MINUTE_S
        self._order = np.tile(order, self._seconds_a_call)
        n_readings = self._order.size
        self._volts = 220 + np.random.default_rng(2).normal(0, 2, n_readings)
        self._quality = np.zeros(n_readings, np.uint8)
        self._lanes = lanes_of(order.size)
        self._pages = page_pool(order.size + 16).pages
        self._folded = folded_of(n_readings)
        self._n_points = order.size

    def copy(self) -> None:
        """Give the floor what the fold has made so far."""
        self._touched_lanes = Lanes(*(_copy(one) for one in self._lanes))
        self._touched_pages = Pages(*(_copy(one) for one in self._pages))
        self._touched = folded_of(self._order.size)

    def fold(self, minute: int) -> float:
        """Return processor seconds that a second of readings takes: what else runs here does not count."""
        return self._run(minute, self._fold)

    def touch(self, minute: int) -> float:
        """Return the same of the floor."""
        return self._run(minute, self._touch)

    def _run(self, minute: int, work: Callable[[Readings], None]) -> float:
        took_s = 0.0
        for second in range(0, MINUTE_S, self._seconds_a_call):
            seconds = np.arange(second, second + self._seconds_a_call).repeat(self._n_points)
            stamp = _FIRST_MS + minute * MINUTE_S * 1000 + seconds * 1000
            absent = np.zeros(0)
            readings = Readings(
                self._order,
                stamp,
                stamp,
                self._volts,
                absent,
                absent,
                absent,
                absent,
                self._quality,
            )
            began = time.thread_time()
            work(readings)
            took_s += time.thread_time() - began
        return took_s / MINUTE_S

    def _fold(self, readings: Readings) -> None:
        n_done = fold(self._lanes, self._pages, readings, _LIMITS, 0, self._folded)
        assert n_done == readings.lane.size
        assert not self._folded.outcome.any()

    def _touch(self, readings: Readings) -> None:
        _floor(self._touched_lanes, self._touched_pages, readings, _SHOWN, self._touched)


def _copy(array: NDArray[Any]) -> NDArray[Any]:
    copied = zeros_on_lines(array.shape, array.dtype)
    copied[:] = array
    return copied


def folded_of(n_readings: int) -> Folded:
    """Return room for what the fold says of ``n_readings`` readings."""
    return Folded(
        np.zeros(n_readings, np.uint8),
        np.zeros(n_readings, np.int32),
        np.zeros(n_readings, np.int64),
        np.zeros((n_readings, 3), np.int32),
    )


def lanes_of(n_points: int) -> Lanes:
    """Return lanes of single-phase meters that read once a second."""
    state = zeros_on_lines((n_points, LANE_WORDS), np.dtype(np.int64))
    state[:, [HEAD_MINUTE, AHEAD_MS]] = NO_TIME
    state[:, PAGE] = NONE
    settings = zeros_on_lines((n_points,), LANE_SETTINGS)
    settings["ppm_per_volt"] = 1e6 / 220
    settings["places_per_ms"] = 1e-3
    settings["show_at"] = _SHOWN & ~(1 << MINUTE_S)
    settings["from_ms"], settings["to_ms"] = NO_TIME, -NO_TIME
    settings["interval_ms"] = 1000
    settings["point"] = np.arange(n_points)
    settings["next_lane"] = NONE
    settings["expected"] = 60
    settings["n_phases"] = 1
    return Lanes(state=state, settings=settings)
