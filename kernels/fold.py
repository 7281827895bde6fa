"""Readings into cells: place each reading on its lane's time grid, aggregate the minute, join it into the page."""

import math

import numpy as np

from kernels._jit import inline, inline_always, kernel
from kernels.layout import (
    SUM_GOOD_OTHERS,
    SUM_GOOD,
    SUM_ESTIMATED,
    SEEN,
    PAGE,
    HEAD_MINUTE,
    COUNTS_OTHERS,
    COUNTS,
    AHEAD_MS,
    CELL_NONE,
    DUPLICATE,
    FOLDED,
    INVALID_READING,
    LATE,
    MINUTES_PER_HOUR,
    NO_TIME,
    NONE,
    OUTSIDE_SERVICE,
    PPM_ABSENT,
    PPM_INVALID,
    PPM_MAX,
    PPM_NOMINAL,
    PPM_PER_CELL,
    QUALITY_ESTIMATED,
    QUALITY_GOOD,
    QUALITY_INVALID,
    RANK_ESTIMATED,
    RANK_GOOD,
    RANK_INVALID,
    RANK_MASK,
    RANK_SHIFT,
    SHARE_FULL,
    SHARE_SHIFT,
    STAMP_AHEAD,
    STAMP_TOO_OLD,
    UNKNOWN_DEVICE,
    WRONG_PHASES,
    Folded,
    Lanes,
    Pages,
    Readings,
    StampLimits,
)

MINUTE_MS = 60_000
JUMP_MINUTES = 2  # a stamp further ahead of its lane than this needs a second one that confirms it
ONE_GOOD = 1
ONE_ESTIMATED = 1 << 8
ONE_INVALID = 1 << 16
POWER_MAX = 1e12  # watts or var; more is nonsense, and an hour of it would not fit
INTERRUPTION_PPM = PPM_NOMINAL // 10  # below a tenth of nominal a self-powered device cannot be alive


@kernel
def fold(lanes: Lanes, pages: Pages, readings: Readings, limits: StampLimits, first: int, folded: Folded) -> int:
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
        lane = readings.lane[i]
        if lane == NONE:
            folded.outcome[i] = UNKNOWN_DEVICE
            folded.lane[i] = NONE
            continue
        # The device's assignment that is in force at the start of the reading.
        start_ms = readings.stamp_ms[i] - lanes.settings[lane].shift_ms
        while lane != NONE and not (lanes.settings[lane].from_ms <= start_ms < lanes.settings[lane].to_ms):
            lane = lanes.settings[lane].next_lane
            if lane != NONE:
                start_ms = readings.stamp_ms[i] - lanes.settings[lane].shift_ms
        folded.lane[i] = lane
        folded.start_ms[i] = start_ms
        if lane == NONE:
            folded.outcome[i] = OUTSIDE_SERVICE
            continue
        set_ = lanes.settings[lane]
        if start_ms + set_.interval_ms > readings.record_ms[i] + limits.ahead_ms:
            folded.outcome[i] = STAMP_AHEAD
            continue
        if limits.oldest_ms > 0 and start_ms < readings.record_ms[i] - limits.oldest_ms:
            folded.outcome[i] = STAMP_TOO_OLD
            continue
        if set_.n_phases == 1 and (_has(readings.v2, i) or _has(readings.v3, i)):
            folded.outcome[i] = WRONG_PHASES
            continue
        # Room for the pages that one reading can open: two closing minutes and its own.
        if pages.used[0] + 3 > pages.head.size or pages.used[1] + 3 * set_.n_phases > pages.cell.shape[0]:
            return i
        _measure(set_, readings, i, folded)
        if set_.minutes == 0:
            folded.outcome[i] = _fold_fast(lanes, pages, readings, i, lane, folded)
        else:
            folded.outcome[i] = _fold_slow(lanes, pages, readings, i, lane, folded)
    return n_readings


@inline_always
def _has(column, i):  # type: ignore[no-untyped-def]
    return column.size > 0 and not math.isnan(column[i])


@inline_always
def _measure(set_, readings, i, folded):  # type: ignore[no-untyped-def]
    """Write the three phases of a reading in ppm, PPM_INVALID or PPM_ABSENT."""
    trusted = readings.quality[i] != QUALITY_INVALID
    ppm1, ppm2, ppm3 = _ppm(readings.v1, i, set_.ppm_per_volt, trusted), PPM_ABSENT, PPM_ABSENT
    if set_.n_phases == 3:
        ppm2 = _ppm(readings.v2, i, set_.ppm_per_volt, trusted)
        ppm3 = _ppm(readings.v3, i, set_.ppm_per_volt, trusted)
    highest = max(ppm1, ppm2, ppm3)
    # A self-powered device cannot see its own interruption, and a reading without any voltage says nothing.
    if (set_.self_powered == 1 and highest < INTERRUPTION_PPM) or highest == PPM_ABSENT:
        ppm1 = PPM_INVALID
        if set_.n_phases == 3:
            ppm2, ppm3 = PPM_INVALID, PPM_INVALID
    folded.ppm[i, 0] = ppm1
    folded.ppm[i, 1] = ppm2
    folded.ppm[i, 2] = ppm3


@inline_always
def _ppm(column, i, ppm_per_volt, trusted):  # type: ignore[no-untyped-def]
    """Return one voltage in millionths of nominal; outside 0 .. 4 times nominal it is invalid."""
    if column.size == 0 or math.isnan(column[i]):
        return PPM_ABSENT
    ppm = np.rint(float(column[i]) * float(ppm_per_volt))
    if trusted and 0.0 <= ppm <= PPM_MAX:
        return np.int64(ppm)
    return PPM_INVALID


@inline_always
def _fold_fast(lanes, pages, readings, i, lane, folded):  # type: ignore[no-untyped-def]
    """Fold a reading shorter than a minute into its open minute; return the outcome."""
    state = lanes.state
    expected = np.int64(lanes.settings[lane].expected)
    step = np.int64(lanes.settings[lane].interval_ms)
    grid_ms = folded.start_ms[i] + step - 1 - step // 2  # in the grid place whose midpoint the reading covers
    minute = grid_ms // MINUTE_MS
    head = state[lane, HEAD_MINUTE]
    if minute > head:
        if head != NO_TIME and minute > head + JUMP_MINUTES and not _confirmed(lanes, folded, i, lane, JUMP_MINUTES):
            return LATE
        _move_head(lanes, pages, lane, minute)
    elif minute < head - 1:
        return LATE
    odd = minute & 1
    place = np.int64(1) << np.int64((grid_ms - minute * MINUTE_MS + 0.5) * lanes.settings[lane].places_per_ms)
    if state[lane, SEEN + odd] & place:
        return DUPLICATE
    state[lane, SEEN + odd] |= place
    valid = False
    for phase in range(lanes.settings[lane].n_phases):
        ppm = np.int64(folded.ppm[i, phase])
        if ppm >= 0:
            valid = True
        _add(lanes, pages, lane, minute, phase, ppm, readings.quality[i] == QUALITY_ESTIMATED)
    if state[lane, SEEN + odd] == (np.int64(1) << expected) - 1:
        _emit(lanes, pages, lane, minute)
    if valid and lanes.settings[lane].wants_power == 1:
        _add_power(lanes, pages, readings, i, lane, minute, step // 1000)
    return FOLDED if valid else INVALID_READING


@inline_always
def _add(lanes, pages, lane, minute, phase, ppm, estimated):  # type: ignore[no-untyped-def]
    """Add one phase of a reading to its open minute; show the minute each time another eighth of it is there."""
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
        n_good = state[lane, counts] & 0xFF
        if (lanes.settings[lane].show_at >> n_good) & 1 == 1:
            share = _share(n_good, np.int64(lanes.settings[lane].expected)) - 1
            _put(lanes, pages, lane, minute, phase, RANK_GOOD, share, _cell(state[lane, total], n_good))


@inline_always
def _columns(phase, odd):  # type: ignore[no-untyped-def]
    """Return the words of a phase's counts and of its sum of squares."""
    if phase == 0:
        return COUNTS + odd, SUM_GOOD + odd
    return COUNTS_OTHERS + 2 * (phase - 1) + odd, SUM_GOOD_OTHERS + 2 * (phase - 1) + odd


@inline
def _fold_slow(lanes, pages, readings, i, lane, folded):  # type: ignore[no-untyped-def]
    """Join a reading of a minute or more into the minutes whose midpoint it covers; return the outcome."""
    state = lanes.state
    length = np.int64(lanes.settings[lane].minutes)
    begin = -((MINUTE_MS // 2 - folded.start_ms[i]) // MINUTE_MS)
    last = begin + length - 1
    head = state[lane, HEAD_MINUTE]
    if last > head:
        jump = length + JUMP_MINUTES
        if head != NO_TIME and last > head + jump and not _confirmed(lanes, folded, i, lane, jump):
            return LATE
        state[lane, HEAD_MINUTE] = last
        state[lane, AHEAD_MS] = NO_TIME
    elif begin <= head - 2 * length:
        return LATE
    valid = max(folded.ppm[i, 0], folded.ppm[i, 1], folded.ppm[i, 2]) >= 0
    wants_power = valid and lanes.settings[lane].wants_power == 1
    changed = False
    for minute in range(begin, begin + length):
        if wants_power and not _measured(lanes, pages, lane, minute):
            _add_power(lanes, pages, readings, i, lane, minute, 60)
        for phase in range(lanes.settings[lane].n_phases):
            ppm = np.int64(folded.ppm[i, phase])
            if ppm == PPM_ABSENT:
                continue
            rank, cell = RANK_INVALID, CELL_NONE
            if ppm >= 0:
                rank = RANK_ESTIMATED if readings.quality[i] == QUALITY_ESTIMATED else RANK_GOOD
                cell = _cell(ppm * ppm, 1)
            if _put(lanes, pages, lane, minute, phase, rank, SHARE_FULL, cell):
                changed = True
    if not valid:
        return INVALID_READING
    return FOLDED if changed else DUPLICATE


@inline
def _confirmed(lanes, folded, i, lane, near):  # type: ignore[no-untyped-def]
    """Return whether a reading far ahead is the second one, ``near`` minutes or less from the first; remember it.

    A repetition of the first confirms nothing: it may be the same wrong stamp.
    """
    start_ms = folded.start_ms[i]
    first_ms = lanes.state[lane, AHEAD_MS]
    lanes.state[lane, AHEAD_MS] = start_ms
    return first_ms != NO_TIME and start_ms != first_ms and abs(start_ms - first_ms) <= near * MINUTE_MS


@inline
def _move_head(lanes, pages, lane, minute):  # type: ignore[no-untyped-def]
    """Open ``minute``; close the open minutes that leave the window of two."""
    state = lanes.state
    head = state[lane, HEAD_MINUTE]
    if head != NO_TIME:
        for old in range(head - 1, min(head + 1, minute - 1)):
            if state[lane, SEEN + (old & 1)] != 0:
                _emit(lanes, pages, lane, old)
                _clear(lanes, lane, old & 1)
    state[lane, HEAD_MINUTE] = minute
    state[lane, AHEAD_MS] = NO_TIME


@inline
def _clear(lanes, lane, odd):  # type: ignore[no-untyped-def]
    state = lanes.state
    state[lane, SEEN + odd] = 0
    for phase in range(lanes.settings[lane].n_phases):
        counts, total = _columns(phase, odd)
        state[lane, counts] = 0
        state[lane, total] = 0
        state[lane, SUM_ESTIMATED + 2 * phase + odd] = 0


@inline
def _emit(lanes, pages, lane, minute):  # type: ignore[no-untyped-def]
    """Join the final candidates of an open minute into its page."""
    state = lanes.state
    expected = np.int64(lanes.settings[lane].expected)
    for phase in range(lanes.settings[lane].n_phases):
        counts, total = _columns(phase, minute & 1)
        n_good = state[lane, counts] & 0xFF
        n_estimated = (state[lane, counts] >> 8) & 0xFF
        n_invalid = state[lane, counts] >> 16
        if 2 * n_good >= expected:
            cell = _cell(state[lane, total], n_good)
            _put(lanes, pages, lane, minute, phase, RANK_GOOD, _share(n_good, expected), cell)
        elif n_estimated > 0 and 2 * (n_good + n_estimated) >= expected:
            squares = state[lane, total] + state[lane, SUM_ESTIMATED + 2 * phase + (minute & 1)]
            cell = _cell(squares, n_good + n_estimated)
            _put(lanes, pages, lane, minute, phase, RANK_ESTIMATED, _share(n_good + n_estimated, expected), cell)
        elif n_invalid > 0 and 2 * (n_good + n_invalid) >= expected:
            _put(lanes, pages, lane, minute, phase, RANK_INVALID, _share(n_good + n_invalid, expected), CELL_NONE)


@inline
def _share(n, expected):  # type: ignore[no-untyped-def]
    return min(SHARE_FULL, 8 * n // expected)


@inline
def _cell(total, n):  # type: ignore[no-untyped-def]
    """Return the cell of ``sqrt(total / n)`` ppm, rounded away from nominal, by integers only."""
    nominal = n * PPM_NOMINAL * PPM_NOMINAL
    guess = np.int64(math.sqrt(total / n))
    if total > nominal:
        cell = (guess - PPM_NOMINAL) // PPM_PER_CELL
        while n * (PPM_NOMINAL + PPM_PER_CELL * cell) ** 2 < total:
            cell += 1
        while cell > 0 and n * (PPM_NOMINAL + PPM_PER_CELL * (cell - 1)) ** 2 >= total:
            cell -= 1
        return cell
    cell = (PPM_NOMINAL - guess) // PPM_PER_CELL
    while n * (PPM_NOMINAL - PPM_PER_CELL * cell) ** 2 > total:
        cell += 1
    while cell > 0 and n * (PPM_NOMINAL - PPM_PER_CELL * (cell - 1)) ** 2 <= total:
        cell -= 1
    return -cell


@inline
def _find_page(lanes, pages, lane, hour):  # type: ignore[no-untyped-def]
    """Return the lane's page of ``hour``, NONE if it is not in memory."""
    page = lanes.state[lane, PAGE]
    while page != NONE and pages.head[page].hour > hour:
        page = pages.head[page].older
    if page != NONE and pages.head[page].hour == hour:
        return page
    return NONE


@inline
def _open_page(lanes, pages, lane, hour):  # type: ignore[no-untyped-def]
    """Return the lane's page of ``hour``, made empty and linked in by hour if it is not in memory."""
    newer = NONE
    page = lanes.state[lane, PAGE]
    while page != NONE and pages.head[page].hour > hour:
        newer = page
        page = pages.head[page].older
    if page != NONE and pages.head[page].hour == hour:
        return page
    made = pages.used[0]
    n_phases = np.int64(lanes.settings[lane].n_phases)
    pages.head[made].lane = lane
    pages.head[made].hour = hour
    pages.head[made].older = page
    pages.head[made].plane = pages.used[1]
    pages.head[made].revision = 0
    pages.head[made].n_phases = n_phases
    pages.head[made].dirty = 0
    pages.head[made].power_s = 0
    pages.head[made].active_ws = 0
    pages.head[made].reactive_vars = 0
    for plane in range(pages.used[1], pages.used[1] + n_phases):
        for m in range(MINUTES_PER_HOUR):
            pages.cell[plane, m] = CELL_NONE
            pages.mark[plane, m] = 0
    pages.used[0] += 1
    pages.used[1] += n_phases
    if newer == NONE:
        lanes.state[lane, PAGE] = made
    else:
        pages.head[newer].older = made
    return made


@inline
def _put(lanes, pages, lane, minute, phase, rank, share, cell):  # type: ignore[no-untyped-def]
    """Join one candidate into its cell; return whether the cell changed."""
    hour = minute // MINUTES_PER_HOUR
    page = _open_page(lanes, pages, lane, hour)
    plane = pages.head[page].plane + phase
    m = minute - hour * MINUTES_PER_HOUR
    mark = (rank << RANK_SHIFT) | (share << SHARE_SHIFT)
    old_mark = np.int64(pages.mark[plane, m])
    old_cell = np.int64(pages.cell[plane, m])
    if not _wins(rank, share, cell, old_mark, old_cell):
        return False
    pages.mark[plane, m] = mark
    pages.cell[plane, m] = cell
    pages.head[page].dirty = 1
    return True


@inline
def _wins(rank, share, cell, old_mark, old_cell):  # type: ignore[no-untyped-def]
    """Return whether a candidate is greater than what stands there: the order of the one join (kernels.join)."""
    old_rank = (old_mark >> RANK_SHIFT) & RANK_MASK
    if rank != old_rank:
        return rank > old_rank
    old_share = old_mark >> SHARE_SHIFT
    if share != old_share:
        return share > old_share
    size = abs(cell)
    old_size = abs(old_cell)
    if size != old_size:
        return size > old_size
    return cell > old_cell


@inline
def _measured(lanes, pages, lane, minute):  # type: ignore[no-untyped-def]
    """Return whether the lane already has a good cell for ``minute``, on any phase."""
    hour = minute // MINUTES_PER_HOUR
    page = _find_page(lanes, pages, lane, hour)
    if page == NONE:
        return False
    first = pages.head[page].plane
    for plane in range(first, first + np.int64(pages.head[page].n_phases)):
        if (np.int64(pages.mark[plane, minute - hour * MINUTES_PER_HOUR]) >> RANK_SHIFT) & RANK_MASK == RANK_GOOD:
            return True
    return False


@inline
def _add_power(lanes, pages, readings, i, lane, minute, seconds):  # type: ignore[no-untyped-def]
    """Add the energy of ``seconds`` seconds to the hour, if the reading is good and carries its power."""
    if readings.quality[i] != QUALITY_GOOD or readings.p_w.size == 0 or readings.q_var.size == 0:
        return
    p_w, q_var = readings.p_w[i], readings.q_var[i]
    if not (abs(p_w) <= POWER_MAX and abs(q_var) <= POWER_MAX):  # NaN is not
        return
    page = _open_page(lanes, pages, lane, minute // MINUTES_PER_HOUR)
    pages.head[page].active_ws += np.int64(np.rint(p_w)) * seconds
    pages.head[page].reactive_vars += np.int64(np.rint(q_var)) * seconds
    pages.head[page].power_s += seconds
    pages.head[page].dirty = 1
