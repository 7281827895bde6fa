"""Scoring pages: under the set in force, as a re-score does, and under five sets in one reading."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from kernels import judge, score, tally, warm_up
from kernels.layout import (
    CELL_NONE,
    MINUTES_PER_HOUR,
    N_VERDICTS,
    NO_BAND,
    RANK_GOOD,
    RANK_SHIFT,
    SHARE_FULL,
    SHARE_SHIFT,
    TALLY_ROOM,
    PagePlanes,
    PageRules,
    SetLimits,
    TallyPages,
)
from service.domain.pages import empty_scores
from tests.bench.figure import Figure

N_PAGES = 20_000
N_TURNS = 9
PAGES_A_SLOT = 24
MILLION = 1e6
_WHOLE_HOUR = np.uint64((1 << MINUTES_PER_HOUR) - 1)
# Five sets that differ in every limit: band below and above, interruption threshold; 0.01 % of nominal. Those with the
# same threshold stand together, as whoever judges several sets puts them.
_SETS = (
    (-1000, 700, -9000),
    (-700, 700, -9000),
    (-180, 1500, -9000),
    (-1000, 1000, -9500),
    (-500, 500, -9500),
)


def measure(console: Console) -> list[Figure]:
    """Return minutes a second on one core, for points of one phase and of three."""
    console.print(f"score: {warm_up()} kernels ready; {N_PAGES:,} pages, best of {N_TURNS} turns")
    figures: list[Figure] = []
    for n_phases in (1, 3):
        planes, abnormal = _pages(n_phases)
        is_single = n_phases == 1
        one_s, five_s, again_s = (
            _best_s(_tallying(planes, abnormal, 1)),
            _best_s(_tallying(planes, abnormal, 5)),
            _best_s(_rescoring(planes, abnormal)),
        )
        name = f"{n_phases} phase{'s' if n_phases > 1 else ''}"
        figures += [
            Figure(
                name=f"scoring under one set, {name}",
                value=N_PAGES * MINUTES_PER_HOUR / one_s / MILLION,
                unit="M minutes/s",
                at_least=500.0 if is_single else None,
            ),
            Figure(
                name=f"five sets in one reading, {name}: speed against one set's",
                value=one_s / five_s,
                unit="x",
                at_least=1 / 3,
            ),
            Figure(
                name=f"judging again, marks and counters written, {name}",
                value=N_PAGES * MINUTES_PER_HOUR / again_s / MILLION,
                unit="M minutes/s",
            ),
        ]
    return figures


def _pages(n_phases: int) -> tuple[PagePlanes, NDArray[np.uint64]]:
    """Return pages as they are: nearly all good, 3 % with silence and an outage, 1 % in abnormal state."""
    rng = np.random.default_rng(1)
    n_planes = N_PAGES * n_phases
    cell = np.clip(rng.normal(100, 300, (n_planes, MINUTES_PER_HOUR)), -1500, 1500).astype(np.int16)
    mark = np.full(cell.shape, RANK_GOOD << RANK_SHIFT | SHARE_FULL << SHARE_SHIFT, np.uint8)
    troubled = np.repeat(rng.random(N_PAGES) < 0.03, n_phases)
    cell[troubled, 10:20], mark[troubled, 10:20] = CELL_NONE, 0
    cell[troubled, 30:35] = -10_000
    planes = PagePlanes(
        first=np.arange(0, n_planes, n_phases, dtype=np.int32),
        n_phases=np.full(N_PAGES, n_phases, np.uint8),
        cell=cell,
        mark=mark,
    )
    return planes, np.where(rng.random(N_PAGES) < 0.01, np.uint64(0xFF00), np.uint64(0))


def _tallying(
    planes: PagePlanes, abnormal: NDArray[np.uint64], n_sets: int
) -> Callable[[], object]:
    nothing = np.zeros(N_PAGES, np.uint64)
    of_pages = TallyPages(
        kind=np.zeros(N_PAGES, np.int32),
        slot=(np.arange(N_PAGES) // PAGES_A_SLOT).astype(np.int32),
        optional_phases=np.zeros(N_PAGES, np.uint8),
        due=np.full(N_PAGES, _WHOLE_HOUR),
        abnormal=abnormal,
        interrupted=nothing,
        exempt=nothing,
    )
    lower, upper, below = np.array(_SETS[:n_sets], np.int16).T[:, :, None]
    none = np.full((n_sets, 1), NO_BAND, np.int16)
    limits = SetLimits(
        lower=np.ascontiguousarray(lower),
        upper=np.ascontiguousarray(upper),
        abnormal_lower=np.full((n_sets, 1), -1000, np.int16),
        abnormal_upper=np.full((n_sets, 1), 1000, np.int16),
        assessment_lower=none,
        assessment_upper=none,
        interruption_below=np.ascontiguousarray(below[:, 0]),
        exempts=np.ones(n_sets, np.uint8),
    )
    room = np.zeros(TALLY_ROOM, np.int16)
    sums = np.zeros((n_sets, N_PAGES // PAGES_A_SLOT + 1, N_VERDICTS), np.int32)
    return lambda: tally(planes, of_pages, limits, room, sums)


def _rescoring(planes: PagePlanes, abnormal: NDArray[np.uint64]) -> Callable[[], object]:
    def column(edge: int) -> NDArray[np.int16]:
        return np.full(N_PAGES, edge, np.int16)

    nothing = np.zeros(N_PAGES, np.uint64)
    lower, upper, below = _SETS[0]
    rules = PageRules(
        lower=column(lower),
        upper=column(upper),
        abnormal_lower=column(-1000),
        abnormal_upper=column(1000),
        assessment_lower=column(NO_BAND),
        assessment_upper=column(NO_BAND),
        interruption_below=column(below),
        optional_phases=np.zeros(N_PAGES, np.uint8),
        due=np.full(N_PAGES, _WHOLE_HOUR),
        abnormal=abnormal,
        interrupted=nothing,
        exempt=nothing,
    )
    scores = empty_scores(N_PAGES, planes.cell.shape[0])
    return lambda: (judge(planes, rules, scores), score(planes, rules, scores))


def _best_s(work: Callable[[], object]) -> float:
    taken_s = []
    for _ in range(N_TURNS):
        began = time.perf_counter()
        work()
        taken_s.append(time.perf_counter() - began)
    return min(taken_s)
