"""Readings into cells: place each reading on its lane's time grid, aggregate the minute, join it into the page."""

import math

import numpy as np

from kernels._jit import inline, inline_always, kernel, signed
from kernels.layout import (
    AHEAD_MS,
    CELL_NONE,
    COUNTS,
    COUNTS_OTHERS,
    DUPLICATE,
    FOLDED,
    HEAD_MINUTE,
    INVALID_READING,
    LATE,
    MINUTES_PER_HOUR,
    N_PHASES_MAX,
    NO_TIME,
    NONE,
    OUTSIDE_SERVICE,
    PAGE,
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
    SEEN,
    SHARE_FULL,
    SHARE_SHIFT,
    STAMP_AHEAD,
    STAMP_TOO_OLD,
    SUM_ESTIMATED,
    SUM_GOOD,
    SUM_GOOD_OTHERS,
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
ONE_GOOD = 1
ONE_ESTIMATED = 1 << 8
ONE_INVALID = 1 << 16
POWER_MAX = 1e12  # watts or var; more is nonsense, and an hour of it would not fit
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
    # A self-powered device cannot see its own interruption, and a reading without any voltage says nothing.
    if (set_.self_powered == 1 and highest < INTERRUPTION_PPM) or highest == PPM_ABSENT:
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
        if _add(lanes, lane, minute, phase, signed(folded.ppm[i, phase]), estimated):
            _show(lanes, pages, lane, minute, phase)
    if state[lane, seen] == (signed(1) << expected) - 1:
        _emit(lanes, pages, lane, minute)
    if not _is_valid(folded, i):
        return INVALID_READING
    if lanes.settings[lane].wants_power == 1 and _has_power(readings, i):
        _add_power(pages, _open_page(lanes, pages, lane, minute), readings, i, step // 1000)
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
    _move_head(lanes, pages, lane, minute)
    return True


@inline_always
def _add(lanes: Lanes, lane: int, minute: int, phase: int, ppm: int, estimated: bool) -> bool:
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
def _show(lanes: Lanes, pages: Pages, lane: int, minute: int, phase: int) -> None:
    """Join the good readings so far of an open minute into its page, an eighth below their share."""
    counts, total = _columns(phase, minute & 1)
    n_good = lanes.state[lane, counts] & 0xFF
    share = _share(n_good, signed(lanes.settings[lane].expected)) - 1
    cell = _cell(lanes.state[lane, total], n_good)
    page = _open_page(lanes, pages, lane, minute)
    _put(pages, page, phase, minute, _mark(RANK_GOOD, share), cell)


@inline_always
def _columns(phase: int, odd: int) -> tuple[int, int]:
    """Return the words of a phase's counts and of its sum of squares."""
    if phase == 0:
        return COUNTS + odd, SUM_GOOD + odd
    return COUNTS_OTHERS + 2 * (phase - 1) + odd, SUM_GOOD_OTHERS + 2 * (phase - 1) + odd


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
    has_power = valid and lanes.settings[lane].wants_power == 1 and _has_power(readings, i)
    estimated = readings.quality[i] == QUALITY_ESTIMATED
    changed = False
    for minute in range(begin, begin + length):
        if has_power and not _measured(lanes, pages, lane, minute):
            _add_power(pages, _open_page(lanes, pages, lane, minute), readings, i, 60)
        page = _open_page(lanes, pages, lane, minute)
        for phase in range(lanes.settings[lane].n_phases):
            mark, cell = _candidate(signed(folded.ppm[i, phase]), estimated)
            if mark != 0 and _put(pages, page, phase, minute, mark, cell):
                changed = True
    if not valid:
        return INVALID_READING
    return FOLDED if changed else DUPLICATE


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
    lanes.state[lane, HEAD_MINUTE] = last
    lanes.state[lane, AHEAD_MS] = NO_TIME
    return True


@inline
def _candidate(ppm: int, estimated: bool) -> tuple[int, int]:
    """Return mark and cell of one phase of a reading that fills its minutes; mark 0 if it was not read."""
    if ppm == PPM_ABSENT:
        return 0, CELL_NONE
    if ppm < 0:
        return _mark(RANK_INVALID, SHARE_FULL), CELL_NONE
    return _mark(RANK_ESTIMATED if estimated else RANK_GOOD, SHARE_FULL), _cell(ppm * ppm, 1)


@inline
def _confirmed(lanes: Lanes, folded: Folded, i: int, lane: int, near: int) -> bool:
    """Return whether a reading far ahead is the second one, ``near`` minutes or less from the first; remember it.

    A repetition of the first confirms nothing: it may be the same wrong stamp.
    """
    start_ms: int = folded.start_ms[i]
    first_ms: int = lanes.state[lane, AHEAD_MS]
    lanes.state[lane, AHEAD_MS] = start_ms
    return first_ms != NO_TIME and 0 < abs(start_ms - first_ms) <= near * MINUTE_MS


@inline
def _move_head(lanes: Lanes, pages: Pages, lane: int, minute: int) -> None:
    """Open ``minute``; close the open minutes that leave the window of two."""
    state = lanes.state
    head: int = state[lane, HEAD_MINUTE]
    if head != NO_TIME:
        for old in range(head - 1, min(head + 1, minute - 1)):
            if state[lane, SEEN + (old & 1)] != 0:
                _emit(lanes, pages, lane, old)
                _clear(lanes, lane, old & 1)
    state[lane, HEAD_MINUTE] = minute
    state[lane, AHEAD_MS] = NO_TIME


@inline
def _clear(lanes: Lanes, lane: int, odd: int) -> None:
    state = lanes.state
    state[lane, SEEN + odd] = 0
    for phase in range(lanes.settings[lane].n_phases):
        counts, total = _columns(phase, odd)
        state[lane, counts] = 0
        state[lane, total] = 0
        state[lane, SUM_ESTIMATED + 2 * phase + odd] = 0


@inline
def _emit(lanes: Lanes, pages: Pages, lane: int, minute: int) -> None:
    """Join the final candidates of an open minute into its page."""
    for phase in range(lanes.settings[lane].n_phases):
        mark, cell = _final(lanes, lane, minute, phase)
        if mark != 0:
            _put(pages, _open_page(lanes, pages, lane, minute), phase, minute, mark, cell)


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
        return _mark(RANK_GOOD, _share(n_good, expected)), _cell(state[lane, total], n_good)
    if n_estimated > 0 and 2 * (n_good + n_estimated) >= expected:
        n = n_good + n_estimated
        squares = state[lane, total] + state[lane, SUM_ESTIMATED + 2 * phase + (minute & 1)]
        return _mark(RANK_ESTIMATED, _share(n, expected)), _cell(squares, n)
    if n_invalid > 0 and 2 * (n_good + n_invalid) >= expected:
        return _mark(RANK_INVALID, _share(n_good + n_invalid, expected)), CELL_NONE
    return 0, CELL_NONE


@inline
def _share(n: int, expected: int) -> int:
    return min(SHARE_FULL, 8 * n // expected)


@inline
def _mark(rank: int, share: int) -> int:
    return (rank << RANK_SHIFT) | (share << SHARE_SHIFT)


@inline
def _cell(total: int, n: int) -> int:
    """Return the cell of ``sqrt(total / n)`` ppm, rounded away from nominal, by integers only."""
    nominal = n * PPM_NOMINAL * PPM_NOMINAL
    guess = signed(math.sqrt(total / n))
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
def _open_page(lanes: Lanes, pages: Pages, lane: int, minute: int) -> int:
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
def _put(pages: Pages, page: int, phase: int, minute: int, mark: int, cell: int) -> bool:
    """Join one candidate into its cell; return whether the cell changed."""
    plane = pages.head[page].plane + phase
    m = minute % MINUTES_PER_HOUR
    if not _wins(mark, cell, signed(pages.mark[plane, m]), signed(pages.cell[plane, m])):
        return False
    pages.mark[plane, m] = mark
    pages.cell[plane, m] = cell
    pages.head[page].dirty = 1
    return True


@inline
def _wins(mark: int, cell: int, old_mark: int, old_cell: int) -> bool:
    """Return whether a candidate is greater than what stands there: the order of the one join (kernels.join)."""
    rank, old_rank = (mark >> RANK_SHIFT) & RANK_MASK, (old_mark >> RANK_SHIFT) & RANK_MASK
    if rank != old_rank:
        return rank > old_rank
    share, old_share = mark >> SHARE_SHIFT, old_mark >> SHARE_SHIFT
    if share != old_share:
        return share > old_share
    size, old_size = abs(cell), abs(old_cell)
    if size != old_size:
        return size > old_size
    return cell > old_cell


@inline
def _measured(lanes: Lanes, pages: Pages, lane: int, minute: int) -> bool:
    """Return whether the lane already has a good cell for ``minute``, on any phase."""
    page = _find_page(lanes, pages, lane, minute)
    if page == NONE:
        return False
    first = pages.head[page].plane
    for plane in range(first, first + signed(pages.head[page].n_phases)):
        mark = signed(pages.mark[plane, minute % MINUTES_PER_HOUR])
        if (mark >> RANK_SHIFT) & RANK_MASK == RANK_GOOD:
            return True
    return False


@inline
def _has_power(readings: Readings, i: int) -> bool:
    """Return whether a reading is good and carries its power."""
    if readings.quality[i] != QUALITY_GOOD or readings.p_w.size == 0 or readings.q_var.size == 0:
        return False
    p_w: float = readings.p_w[i]
    q_var: float = readings.q_var[i]
    return abs(p_w) <= POWER_MAX and abs(q_var) <= POWER_MAX  # NaN is not


@inline
def _add_power(pages: Pages, page: int, readings: Readings, i: int, seconds: int) -> None:
    """Add the energy of ``seconds`` seconds at the reading's power to the hour."""
    head = pages.head[page]
    head.active_ws += signed(np.rint(readings.p_w[i])) * seconds
    head.reactive_vars += signed(np.rint(readings.q_var[i])) * seconds
    head.power_s += seconds
    head.dirty = 1
