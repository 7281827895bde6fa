"""Pages in memory: finding and making a lane's page of an hour, and joining cells and energy into it."""

import numpy as np

from kernels._cells import rank_of, wins
from kernels._jit import inline, signed
from kernels.layout import (
    CELL_NONE,
    MINUTES_PER_HOUR,
    NONE,
    PAGE,
    QUALITY_GOOD,
    RANK_GOOD,
    Lanes,
    Pages,
    Readings,
)

POWER_MAX = 1e12  # watts or var; more is nonsense, and an hour of it would not fit


@inline
def open_page(lanes: Lanes, pages: Pages, lane: int, minute: int) -> int:
    """Return the lane's page of the hour of ``minute``, made and linked in by hour if it is not in memory."""
    hour = minute // MINUTES_PER_HOUR
    newer = NONE
    page: int = lanes.state[lane, PAGE]
    while page != NONE and pages.head[page].hour > hour:
        newer = page
        page = pages.head[page].older
    if page != NONE and pages.head[page].hour == hour:
        return page
    made = _make_page(pages, lane, hour, page, signed(lanes.settings[lane].n_phases))
    if newer == NONE:
        lanes.state[lane, PAGE] = made
    else:
        pages.head[newer].older = made
    return made


@inline
def _find_page(lanes: Lanes, pages: Pages, lane: int, minute: int) -> int:
    """Return the lane's page of the hour of ``minute``, NONE if it is not in memory."""
    hour = minute // MINUTES_PER_HOUR
    page: int = lanes.state[lane, PAGE]
    while page != NONE and pages.head[page].hour > hour:
        page = pages.head[page].older
    if page != NONE and pages.head[page].hour == hour:
        return page
    return NONE


@inline
def _make_page(pages: Pages, lane: int, hour: int, older: int, n_phases: int) -> int:
    """Return a new page, empty."""
    made: int = pages.used[0]
    head = pages.head[made]
    head.lane = lane
    head.hour = hour
    head.older = older
    head.plane = pages.used[1]
    head.revision = 0
    head.n_phases = n_phases
    head.dirty = 0
    head.power_s = 0
    head.active_ws = 0
    head.reactive_vars = 0
    for plane in range(pages.used[1], pages.used[1] + n_phases):
        for m in range(MINUTES_PER_HOUR):
            pages.cell[plane, m] = CELL_NONE
            pages.mark[plane, m] = 0
    pages.used[0] += 1
    pages.used[1] += n_phases
    return made


@inline
def put(pages: Pages, page: int, phase: int, minute: int, mark: int, cell: int) -> bool:
    """Join one candidate into its cell; return whether the cell changed."""
    plane = pages.head[page].plane + phase
    m = minute % MINUTES_PER_HOUR
    if not wins(mark, cell, signed(pages.mark[plane, m]), signed(pages.cell[plane, m])):
        return False
    pages.mark[plane, m] = mark
    pages.cell[plane, m] = cell
    pages.head[page].dirty = 1
    return True


@inline
def is_measured(lanes: Lanes, pages: Pages, lane: int, minute: int) -> bool:
    """Return whether the lane already has a good cell for ``minute``, on any phase."""
    page = _find_page(lanes, pages, lane, minute)
    if page == NONE:
        return False
    first = pages.head[page].plane
    for plane in range(first, first + signed(pages.head[page].n_phases)):
        mark = signed(pages.mark[plane, minute % MINUTES_PER_HOUR])
        if rank_of(mark) == RANK_GOOD:
            return True
    return False


@inline
def has_power(readings: Readings, i: int) -> bool:
    """Return whether a reading is good and carries its power."""
    if readings.quality[i] != QUALITY_GOOD or readings.p_w.size == 0 or readings.q_var.size == 0:
        return False
    p_w: float = readings.p_w[i]
    q_var: float = readings.q_var[i]
    return abs(p_w) <= POWER_MAX and abs(q_var) <= POWER_MAX  # NaN is not


@inline
def add_power(pages: Pages, page: int, readings: Readings, i: int, seconds: int) -> None:
    """Add the energy of ``seconds`` seconds at the reading's power to the hour."""
    head = pages.head[page]
    head.active_ws += signed(np.rint(readings.p_w[i])) * seconds
    head.reactive_vars += signed(np.rint(readings.q_var[i])) * seconds
    head.power_s += seconds
    head.dirty = 1
