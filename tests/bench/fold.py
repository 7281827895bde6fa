"""The fold kernel at 10^5 points and one-second data, against a loop that only touches what it touches."""

import time

import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from kernels import fold, warm_up
from kernels.layout import (
    HEAD_MINUTE,
    LANE_SETTINGS,
    LANE_WORDS,
    NO_TIME,
    NONE,
    PAGE,
    Folded,
    Lanes,
    Readings,
    StampLimits,
)
from service.domain.page_pool import page_pool
from tests.bench.figure import Figure

N_POINTS = 100_000
N_SECONDS = 150
N_WARM_S = 70  # the first minute opens pages, which is done once an hour
MILLION = 1e6


@numba.njit(nogil=True)
def _floor(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    state: NDArray[np.int64],
    settings: NDArray[np.int64],
    lane: NDArray[np.int32],
    stamp: NDArray[np.int64],
    record: NDArray[np.int64],
    volts: NDArray[np.float64],
    quality: NDArray[np.uint8],
    out: NDArray[np.int64],
) -> None:
    """Read every input and write one word in each cache line that the fold touches."""
    for i in range(lane.size):
        row = lane[i]
        state[row, 1] = stamp[i] + record[i] + settings[row, 0]
        out[i] = np.int64(volts[i]) + quality[i]


def measure(console: Console) -> list[Figure]:
    """Return readings a second on one core, in the order of the concentrators and at random, and against the floor."""
    console.print(
        f"fold: {warm_up()} kernels ready; {N_POINTS:,} points, {N_SECONDS} s of one-second data, twice"
    )
    ordered = np.arange(N_POINTS, dtype=np.int32)
    shuffled = np.random.default_rng(1).permutation(ordered).astype(np.int32)
    figures = []
    for name, order, target in (
        ("concentrator order", ordered, 30.0),
        ("random order", shuffled, None),
    ):
        fold_s, floor_s = _run(order)
        rate = N_POINTS / fold_s / MILLION
        figures.append(
            Figure(name=f"fold, {name}", value=rate, unit="M readings/s", at_least=target)
        )
        figures.append(
            Figure(name=f"fold, {name}, of the floor's time", value=fold_s / floor_s, unit="x")
        )
    return figures


def _run(order: NDArray[np.int32]) -> tuple[float, float]:
    """Return seconds for one second of data: of the fold (mean) and of the floor (median)."""
    lanes, pool = _lanes(), page_pool(2 * N_POINTS)
    volts = 220 + np.random.default_rng(2).normal(0, 2, N_POINTS)
    absent, quality = np.zeros(0), np.zeros(N_POINTS, np.uint8)
    folded = Folded(
        np.zeros(N_POINTS, np.uint8),
        np.zeros(N_POINTS, np.int32),
        np.zeros(N_POINTS, np.int64),
        np.zeros((N_POINTS, 3), np.int32),
    )
    limits = StampLimits(300_000, 0)
    fold_s, floor_s = [], []
    words, spare = np.zeros((N_POINTS, 8), np.int64), np.zeros((N_POINTS, LANE_WORDS), np.int64)
    out = np.zeros(N_POINTS, np.int64)
    for second in range(N_SECONDS):
        stamp = np.full(N_POINTS, 1_700_000_040_000 + second * 1000)
        readings = Readings(order, stamp, stamp, volts, absent, absent, absent, absent, quality)
        began = time.perf_counter()
        n_done = fold(lanes, pool.pages, readings, limits, 0, folded)
        fold_s.append(time.perf_counter() - began)
        assert n_done == N_POINTS
        assert not folded.outcome.any()
        began = time.perf_counter()
        _floor(spare, words, order, stamp, stamp, volts, quality, out)
        floor_s.append(time.perf_counter() - began)
    return float(np.mean(fold_s[N_WARM_S:])), float(np.median(floor_s[N_WARM_S:]))


def _lanes() -> Lanes:
    state = np.zeros((N_POINTS, LANE_WORDS), np.int64)
    state[:, [HEAD_MINUTE, HEAD_MINUTE + 1]] = NO_TIME
    state[:, PAGE] = NONE
    settings = np.zeros(N_POINTS, LANE_SETTINGS)
    settings["ppm_per_volt"] = 1e6 / 220
    settings["places_per_ms"] = 1e-3
    settings["show_at"] = sum(1 << n for n in range(30, 60) if 8 * n // 60 > 8 * (n - 1) // 60)
    settings["from_ms"], settings["to_ms"] = NO_TIME, -NO_TIME
    settings["interval_ms"] = 1000
    settings["point"] = np.arange(N_POINTS)
    settings["next_lane"] = NONE
    settings["expected"] = 60
    settings["n_phases"] = 1
    return Lanes(state=state, settings=settings)
