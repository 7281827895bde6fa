"""The two open minutes of a fast lane: their counts and sums of squares, and what they give to the page."""

from kernels._cells import cell_of, eighths, mark_of
from kernels._jit import inline, inline_always, signed
from kernels._pages import open_page, put
from kernels.layout import (
    AHEAD_MS,
    CELL_NONE,
    COUNTS,
    COUNTS_OTHERS,
    HEAD_MINUTE,
    NO_TIME,
    PPM_INVALID,
    RANK_ESTIMATED,
    RANK_GOOD,
    RANK_INVALID,
    SEEN,
    SUM_ESTIMATED,
    SUM_GOOD,
    SUM_GOOD_OTHERS,
    Lanes,
    Pages,
)

ONE_GOOD = 1
ONE_ESTIMATED = 1 << 8
ONE_INVALID = 1 << 16


@inline_always
def add(lanes: Lanes, lane: int, minute: int, phase: int, ppm: int, estimated: bool) -> bool:
    """Add one phase of a reading to its open minute; return whether another eighth of the minute is there."""
    state = lanes.state
    odd = minute & 1
    counts, total = _columns(phase, odd)
    if ppm == PPM_INVALID:
        state[lane, counts] += ONE_INVALID
    elif ppm >= 0 and estimated:
        state[lane, counts] += ONE_ESTIMATED
        state[lane, SUM_ESTIMATED + 2 * phase + odd] += ppm * ppm
    elif ppm >= 0:
        state[lane, counts] += ONE_GOOD
        state[lane, total] += ppm * ppm
        n_good: int = state[lane, counts] & 0xFF
        show_at: int = lanes.settings[lane].show_at
        return (show_at >> n_good) & 1 == 1
    return False


@inline
def show(lanes: Lanes, pages: Pages, lane: int, minute: int, phase: int) -> None:
    """Join the good readings so far of an open minute into its page, an eighth below their share."""
    counts, total = _columns(phase, minute & 1)
    n_good = lanes.state[lane, counts] & 0xFF
    share = eighths(n_good, signed(lanes.settings[lane].expected)) - 1
    cell = cell_of(lanes.state[lane, total], n_good)
    page = open_page(lanes, pages, lane, minute)
    put(pages, page, phase, minute, mark_of(RANK_GOOD, share), cell)


@inline
def move_head(lanes: Lanes, pages: Pages, lane: int, minute: int) -> None:
    """Open ``minute``; close the open minutes that leave the window of two."""
    state = lanes.state
    head: int = state[lane, HEAD_MINUTE]
    if head != NO_TIME:
        for old in range(head - 1, min(head + 1, minute - 1)):
            if state[lane, SEEN + (old & 1)] != 0:
                emit(lanes, pages, lane, old)
                _clear(lanes, lane, old & 1)
    state[lane, HEAD_MINUTE] = minute
    state[lane, AHEAD_MS] = NO_TIME


@inline
def emit(lanes: Lanes, pages: Pages, lane: int, minute: int) -> None:
    """Join the final candidates of an open minute into its page."""
    for phase in range(lanes.settings[lane].n_phases):
        mark, cell = _final(lanes, lane, minute, phase)
        if mark != 0:
            put(pages, open_page(lanes, pages, lane, minute), phase, minute, mark, cell)


@inline
def _final(lanes: Lanes, lane: int, minute: int, phase: int) -> tuple[int, int]:
    """Return mark and cell of one phase of an open minute; mark 0 if less than half of it was read."""
    state = lanes.state
    expected = signed(lanes.settings[lane].expected)
    counts, total = _columns(phase, minute & 1)
    n_good = state[lane, counts] & 0xFF
    n_estimated = (state[lane, counts] >> 8) & 0xFF
    n_invalid = state[lane, counts] >> 16
    if 2 * n_good >= expected:
        return mark_of(RANK_GOOD, eighths(n_good, expected)), cell_of(state[lane, total], n_good)
    if n_estimated > 0 and 2 * (n_good + n_estimated) >= expected:
        n = n_good + n_estimated
        squares = state[lane, total] + state[lane, SUM_ESTIMATED + 2 * phase + (minute & 1)]
        return mark_of(RANK_ESTIMATED, eighths(n, expected)), cell_of(squares, n)
    if n_invalid > 0 and 2 * (n_good + n_invalid) >= expected:
        return mark_of(RANK_INVALID, eighths(n_good + n_invalid, expected)), CELL_NONE
    return 0, CELL_NONE


@inline
def _clear(lanes: Lanes, lane: int, odd: int) -> None:
    state = lanes.state
    state[lane, SEEN + odd] = 0
    for phase in range(lanes.settings[lane].n_phases):
        counts, total = _columns(phase, odd)
        state[lane, counts] = 0
        state[lane, total] = 0
        state[lane, SUM_ESTIMATED + 2 * phase + odd] = 0


@inline_always
def _columns(phase: int, odd: int) -> tuple[int, int]:
    """Return the words of a phase's counts and of its sum of squares."""
    if phase == 0:
        return COUNTS + odd, SUM_GOOD + odd
    return COUNTS_OTHERS + 2 * (phase - 1) + odd, SUM_GOOD_OTHERS + 2 * (phase - 1) + odd
