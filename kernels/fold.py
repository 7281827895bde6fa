"""Readings into cells: place each reading on its lane's time grid, aggregate the minute, join it into the page."""

import math

import numpy as np

from kernels._cells import cell_of, mark_of
from kernels._jit import inline, inline_always, kernel, prefetch, signed
from kernels._minutes import add, emit, move_head, show
from kernels._pages import add_power, has_power, is_measured, open_page, put
from kernels.layout import (
    AHEAD_MS,
    CELL_NONE,
    DUPLICATE,
    FOLDED,
    HEAD_MINUTE,
    INVALID_READING,
    LATE,
    N_PHASES_MAX,
    NO_TIME,
    NONE,
    OUTSIDE_SERVICE,
    PPM_ABSENT,
    PPM_INVALID,
    PPM_MAX,
    PPM_NOMINAL,
    QUALITY_ESTIMATED,
    QUALITY_INVALID,
    RANK_ESTIMATED,
    RANK_GOOD,
    RANK_INVALID,
    SEEN,
    SHARE_FULL,
    STAMP_AHEAD,
    STAMP_TOO_OLD,
    UNKNOWN_DEVICE,
    WRONG_PHASES,
    Floats,
    Folded,
    Lanes,
    Pages,
    Readings,
    StampLimits,
)

MINUTE_MS = 60_000
JUMP_MINUTES = 2  # a stamp further ahead of its lane than this needs a second one that confirms it
PLACES = 62  # minutes whose readings a word remembers: a lane's window has 61 beginnings at most
AHEAD = 16  # readings whose lanes are asked for before their turn
INTERRUPTION_PPM = PPM_NOMINAL // 10  # below it a self-powered device cannot be alive


@kernel
def fold(
    lanes: Lanes, pages: Pages, readings: Readings, limits: StampLimits, first: int, folded: Folded
) -> int:
    """Fold readings ``first``, ``first + 1``, ... into ``lanes`` and ``pages``, in place.

    Shapes: readings ``(n_readings,)``; ``folded`` the same length or longer, written for every reading done.
    Units: volts in, ppm and cells inside (``kernels.layout``).
    NaN: a wired phase without a voltage counts as not read; a reading without any voltage is invalid.
    Order: any, for readings of a minute or more; within the two open minutes for faster ones.
    Requires: every lane in ``-1 .. n_lanes - 1``; the columns ``v2``, ``v3``, ``p_w``, ``q_var`` full or empty.

    Returns:
        Index of the first reading that was not done: ``n_readings``, or less when ``pages`` has no room left
        (grow it and call again from there).

    Source: design, section 4; IEC 61000-4-30, 4.5 (aggregation by root mean square).
    """
    n_readings = readings.lane.size
    for i in range(first, n_readings):
        ahead = signed(readings.lane[min(i + AHEAD, n_readings - 1)])
        prefetch(lanes.state, ahead)
        prefetch(lanes.settings, ahead)
        if readings.lane[i] == NONE:
            folded.outcome[i] = UNKNOWN_DEVICE
            folded.lane[i] = NONE
            continue
        lane = _assign(lanes, readings, i, folded)
        if lane == NONE:
            folded.outcome[i] = OUTSIDE_SERVICE
            continue
        refusal = _refusal(lanes, readings, limits, i, lane, folded)
        if refusal != FOLDED:
            folded.outcome[i] = refusal
            continue
        if not _has_room(pages, signed(lanes.settings[lane].n_phases)):
            return i
        _measure(lanes, readings, i, lane, folded)
        if lanes.settings[lane].minutes == 0:
            folded.outcome[i] = _fold_fast(lanes, pages, readings, i, lane, folded)
        else:
            folded.outcome[i] = _fold_slow(lanes, pages, readings, i, lane, folded)
    return n_readings


@inline_always
def _assign(lanes: Lanes, readings: Readings, i: int, folded: Folded) -> int:
    """Find the device's assignment in force at the start of the reading; return its lane, NONE without one."""
    lane: int = readings.lane[i]
    start_ms = readings.stamp_ms[i] - lanes.settings[lane].shift_ms
    while not (lanes.settings[lane].from_ms <= start_ms < lanes.settings[lane].to_ms):
        lane = lanes.settings[lane].next_lane
        if lane == NONE:
            break
        start_ms = readings.stamp_ms[i] - lanes.settings[lane].shift_ms
    folded.lane[i] = lane
    folded.start_ms[i] = start_ms
    return lane


@inline_always
def _refusal(
    lanes: Lanes, readings: Readings, limits: StampLimits, i: int, lane: int, folded: Folded
) -> int:
    """Return the outcome of a reading that cannot be one of its lane's, FOLDED if it can."""
    set_ = lanes.settings[lane]
    start_ms = folded.start_ms[i]
    if start_ms + set_.interval_ms > readings.record_ms[i] + limits.ahead_ms:
        return STAMP_AHEAD
    if limits.oldest_ms > 0 and start_ms < readings.record_ms[i] - limits.oldest_ms:
        return STAMP_TOO_OLD
    if set_.n_phases == 1 and (_has(readings.v2, i) or _has(readings.v3, i)):
        return WRONG_PHASES
    return FOLDED


@inline_always
def _has_room(pages: Pages, n_phases: int) -> bool:
    """Return whether the pages fit that one reading can open: two closing minutes' and its own."""
    if pages.used[0] + 3 > pages.head.size:
        return False
    n_free: int = pages.cell.shape[0] - pages.used[1]
    return 3 * n_phases <= n_free


@inline_always
def _has(column: Floats, i: int) -> bool:
    return column.size > 0 and not math.isnan(column[i])


@inline_always
def _measure(lanes: Lanes, readings: Readings, i: int, lane: int, folded: Folded) -> None:
    """Write the three phases of a reading in ppm, PPM_INVALID or PPM_ABSENT."""
    set_ = lanes.settings[lane]
    three = set_.n_phases == N_PHASES_MAX
    trusted = readings.quality[i] != QUALITY_INVALID
    ppm1, ppm2, ppm3 = _ppm(readings.v1, i, set_.ppm_per_volt, trusted), PPM_ABSENT, PPM_ABSENT
    if three:
        ppm2 = _ppm(readings.v2, i, set_.ppm_per_volt, trusted)
        ppm3 = _ppm(readings.v3, i, set_.ppm_per_volt, trusted)
    highest = max(ppm1, ppm2, ppm3)
    # A device that lives on what it measures, sleeps, or has no transformer input cannot see an interruption; and a
    # reading without any voltage says nothing.
    if (set_.zero_is_invalid == 1 and highest < INTERRUPTION_PPM) or highest == PPM_ABSENT:
        ppm1 = PPM_INVALID
        if three:
            ppm2, ppm3 = PPM_INVALID, PPM_INVALID
    folded.ppm[i, 0] = ppm1
    folded.ppm[i, 1] = ppm2
    folded.ppm[i, 2] = ppm3


@inline_always
def _ppm(column: Floats, i: int, ppm_per_volt: float, trusted: bool) -> int:
    """Return one voltage in millionths of nominal; outside 0 .. 4 times nominal it is invalid."""
    if column.size == 0 or math.isnan(column[i]):
        return PPM_ABSENT
    ppm = np.rint(float(column[i]) * float(ppm_per_volt))
    if trusted and 0.0 <= ppm <= PPM_MAX:
        return signed(ppm)
    return PPM_INVALID


@inline_always
def _is_valid(folded: Folded, i: int) -> bool:
    highest: int = max(folded.ppm[i, 0], folded.ppm[i, 1], folded.ppm[i, 2])
    return highest >= 0


@inline_always
def _fold_fast(
    lanes: Lanes, pages: Pages, readings: Readings, i: int, lane: int, folded: Folded
) -> int:
    """Fold a reading shorter than a minute into its open minute; return the outcome."""
    state = lanes.state
    expected = signed(lanes.settings[lane].expected)
    step = signed(lanes.settings[lane].interval_ms)
    # Its grid place is the one whose midpoint the reading covers.
    grid_ms = folded.start_ms[i] + step - 1 - step // 2
    minute = grid_ms // MINUTE_MS
    if not _enter(lanes, pages, folded, i, lane, minute):
        return LATE
    seen = SEEN + (minute & 1)
    in_minute_ms = grid_ms - minute * MINUTE_MS
    place = signed(1) << signed((in_minute_ms + 0.5) * lanes.settings[lane].places_per_ms)
    if state[lane, seen] & place:
        return DUPLICATE
    state[lane, seen] |= place
    estimated = readings.quality[i] == QUALITY_ESTIMATED
    for phase in range(lanes.settings[lane].n_phases):
        if add(lanes, lane, minute, phase, signed(folded.ppm[i, phase]), estimated):
            show(lanes, pages, lane, minute, phase)
    if state[lane, seen] == (signed(1) << expected) - 1:
        emit(lanes, pages, lane, minute)
    if not _is_valid(folded, i):
        return INVALID_READING
    if lanes.settings[lane].wants_power == 1 and has_power(readings, i):
        add_power(pages, open_page(lanes, pages, lane, minute), readings, i, step // 1000)
    return FOLDED


@inline_always
def _enter(lanes: Lanes, pages: Pages, folded: Folded, i: int, lane: int, minute: int) -> bool:
    """Open ``minute`` if it is new and believable; return whether it is open."""
    head: int = lanes.state[lane, HEAD_MINUTE]
    if minute <= head:
        return minute >= head - 1
    if (
        head != NO_TIME
        and minute > head + JUMP_MINUTES
        and not _confirmed(lanes, folded, i, lane, JUMP_MINUTES)
    ):
        return False
    move_head(lanes, pages, lane, minute)
    return True


@inline
def _fold_slow(
    lanes: Lanes, pages: Pages, readings: Readings, i: int, lane: int, folded: Folded
) -> int:
    """Join a reading of a minute or more into the minutes whose midpoint it covers; return the outcome."""
    length = signed(lanes.settings[lane].minutes)
    begin = -((MINUTE_MS // 2 - folded.start_ms[i]) // MINUTE_MS)
    if not _advance(lanes, folded, i, lane, begin, length):
        return LATE
    valid = _is_valid(folded, i)
    powered = valid and lanes.settings[lane].wants_power == 1 and has_power(readings, i)
    estimated = readings.quality[i] == QUALITY_ESTIMATED
    changed = False
    for minute in range(begin, begin + length):
        if powered and not is_measured(lanes, pages, lane, minute):
            add_power(pages, open_page(lanes, pages, lane, minute), readings, i, 60)
        page = open_page(lanes, pages, lane, minute)
        for phase in range(lanes.settings[lane].n_phases):
            mark, cell = _candidate(signed(folded.ppm[i, phase]), estimated)
            if mark != 0 and put(pages, page, phase, minute, mark, cell):
                changed = True
    if not valid:
        return INVALID_READING
    # Others may have written its cells before the lane read it: that is no repetition.
    place = signed(1) << (lanes.state[lane, HEAD_MINUTE] - length + 1 - begin)
    repeated = lanes.state[lane, SEEN] & place != 0
    lanes.state[lane, SEEN] |= place
    return DUPLICATE if repeated and not changed else FOLDED


@inline
def _advance(lanes: Lanes, folded: Folded, i: int, lane: int, begin: int, length: int) -> bool:
    """Move the head to the end of a believable reading; return False if it is late or not to be believed."""
    last = begin + length - 1
    head: int = lanes.state[lane, HEAD_MINUTE]
    if last <= head:
        return begin > head - 2 * length
    jump = length + JUMP_MINUTES
    if head != NO_TIME and last > head + jump and not _confirmed(lanes, folded, i, lane, jump):
        return False
    passed = last - head
    lanes.state[lane, SEEN] = lanes.state[lane, SEEN] << passed if passed < PLACES else 0
    lanes.state[lane, HEAD_MINUTE] = last
    lanes.state[lane, AHEAD_MS] = NO_TIME
    return True


@inline
def _candidate(ppm: int, estimated: bool) -> tuple[int, int]:
    """Return mark and cell of one phase of a reading that fills its minutes; mark 0 if it was not read."""
    if ppm == PPM_ABSENT:
        return 0, CELL_NONE
    if ppm < 0:
        return mark_of(RANK_INVALID, SHARE_FULL), CELL_NONE
    return mark_of(RANK_ESTIMATED if estimated else RANK_GOOD, SHARE_FULL), cell_of(ppm * ppm, 1)


@inline
def _confirmed(lanes: Lanes, folded: Folded, i: int, lane: int, near: int) -> bool:
    """Return whether a reading far ahead is the second one, ``near`` minutes or less from the first; remember it.

    A repetition of the first confirms nothing: it may be the same wrong stamp.
    """
    start_ms: int = folded.start_ms[i]
    first_ms: int = lanes.state[lane, AHEAD_MS]
    lanes.state[lane, AHEAD_MS] = start_ms
    return first_ms != NO_TIME and 0 < abs(start_ms - first_ms) <= near * MINUTE_MS
