"""Judging pages under several sets of rules in one reading: the minutes of the points by verdict, and nothing else.

The minutes of a page are lanes of int16, which LLVM compares sixteen at a time. What does not depend on the rules
(which minutes are measured, their highest and lowest live cell) is found once for all sets.
"""

from typing import NamedTuple

import numpy as np

from kernels._jit import inline_always, kernel, signed
from kernels._lanes import (
    HIGHEST,
    IN_ABNORMAL,
    IN_CAUSED,
    IN_EXEMPT,
    IN_INVALID,
    IN_JUDGED,
    IN_LACKING,
    IN_LIVE,
    IN_STATE,
    IN_UNKNOWN,
    LANES,
    LOWEST,
    Seen,
    find_live,
    keep,
    leave_out,
    look,
    n_in,
    n_in_both,
)
from kernels.layout import (
    EXEMPT,
    INTERRUPTED,
    INVALID,
    MINUTES_PER_HOUR,
    MISSING,
    NO_BAND,
    OVER,
    PASS,
    TALLY_ROOM,
    UNDER,
    PagePlanes,
    SetLimits,
    Sums,
    TallyPages,
    TallyRoom,
)


@kernel
def tally(
    pages: PagePlanes, of_pages: TallyPages, limits: SetLimits, room: TallyRoom, sums: Sums
) -> int:
    """Add the minutes due of every page to ``sums[:, slot]``, by verdict of the point under each set of rules.

    The verdicts are those of ``judge``; neither they nor marks are written.

    Shapes: ``of_pages`` ``(n_pages,)``; ``limits`` ``(n_sets, n_kinds)``; ``room`` ``(TALLY_ROOM,)``, of any content;
        ``sums`` ``(n_sets, n_slots, 7)``. Entries of ``pages`` may share planes.
    Units: minutes; 0.01 % of nominal, both edges of a band are inside it.
    Order: pages do not influence each other.
    Requires: ``kind < n_kinds``, ``slot < n_slots``; planes as for ``judge``; no lower edge above its upper one.

    Returns:
        Number of minutes due, over all pages: under each set, what was added sums to it.

    Source: design, section 4, "Verdict of a point's minute".
    """
    for row in range(0, TALLY_ROOM, LANES):
        for lane in range(MINUTES_PER_HOUR, LANES):
            room[row + lane] = 0
    n_due = 0
    for page in range(pages.first.size):
        seen = look(pages, of_pages, room, page)
        n_due += seen.n_due
        n_live = 0
        for rules in range(limits.interruption_below.size):
            below = limits.interruption_below[rules]
            if rules == 0 or below != limits.interruption_below[rules - 1]:
                n_live = find_live(pages, room, page, below)
            kind, slot = np.uint64(of_pages.kind[page]), np.uint64(of_pages.slot[page])
            task = _Task(np.uint64(rules), kind, slot, n_live)
            if seen.n_measured < seen.n_due:
                _add_unmeasured(limits, room, sums, task, seen)
            _add_measured(limits, room, sums, task, seen)
    return n_due


class _Task(NamedTuple):
    """One page under one set of rules."""

    rules: np.uint64  # unsigned, so that numba does not look for an index from the end
    kind: np.uint64
    slot: np.uint64
    n_live: int  # minutes due with a live phase


@inline_always
def _add_unmeasured(
    limits: SetLimits, room: TallyRoom, sums: Sums, task: _Task, seen: Seen
) -> None:
    """Add the minutes without a measured phase: INTERRUPTED, then EXEMPT, INVALID, MISSING."""
    row, n_left = IN_UNKNOWN, seen.n_due - seen.n_measured
    if seen.has_caused:
        n_rest = leave_out(room, IN_STATE, row, IN_CAUSED)
        sums[task.rules, task.slot, INTERRUPTED] += n_left - n_rest
        row, n_left = IN_STATE, n_rest
    if seen.has_exempt and limits.exempts[task.rules] != 0:
        n_rest = leave_out(room, IN_STATE, row, IN_EXEMPT)
        sums[task.rules, task.slot, EXEMPT] += n_left - n_rest
        row, n_left = IN_STATE, n_rest
    n_invalid = n_in_both(room, row, IN_INVALID)
    sums[task.rules, task.slot, INVALID] += n_invalid
    sums[task.rules, task.slot, MISSING] += n_left - n_invalid


@inline_always
def _add_measured(limits: SetLimits, room: TallyRoom, sums: Sums, task: _Task, seen: Seen) -> None:
    """Add the minutes with a measured phase: INTERRUPTED, then EXEMPT, then what the band makes of them."""
    rules, kind = task.rules, task.kind
    sums[rules, task.slot, INTERRUPTED] += seen.n_measured - task.n_live
    lower, upper = limits.lower[rules, kind], limits.upper[rules, kind]
    if lower == NO_BAND:
        sums[rules, task.slot, EXEMPT] += task.n_live
        return
    row, n_judged = IN_LIVE, task.n_live
    if seen.has_exempt and limits.exempts[rules] != 0:
        n_judged = leave_out(room, IN_JUDGED, row, IN_EXEMPT)
        row = IN_JUDGED
    outer_lower, outer_upper = (
        limits.assessment_lower[rules, kind],
        limits.assessment_upper[rules, kind],
    )
    if outer_lower != NO_BAND:
        n_judged = _leave_outside(room, row, outer_lower, outer_upper)
        row = IN_JUDGED
    sums[rules, task.slot, EXEMPT] += task.n_live - n_judged
    if seen.has_abnormal:
        n_abnormal = keep(room, IN_STATE, row, IN_ABNORMAL)
        edges = limits.abnormal_lower[rules, kind], limits.abnormal_upper[rules, kind]
        _add_judged(room, sums, task, seen, _Part(IN_STATE, n_abnormal, *edges))
        n_judged = leave_out(room, IN_STATE, row, IN_ABNORMAL)
        row = IN_STATE
    _add_judged(room, sums, task, seen, _Part(row, n_judged, lower, upper))


class _Part(NamedTuple):
    """Minutes that one band judges."""

    row: int
    n_minutes: int
    lower: int
    upper: int


@inline_always
def _add_judged(room: TallyRoom, sums: Sums, task: _Task, seen: Seen, part: _Part) -> None:
    """Add minutes as OVER, UNDER, INVALID, MISSING, PASS."""
    n_over, n_under = _n_outside(room, part)
    if not seen.is_single and n_over > 0 and n_under > 0:
        n_both, n_both_over = _n_on_both_sides(room, part)
        n_over += n_both_over - n_both
        n_under -= n_both_over
    n_inside = part.n_minutes - n_over - n_under
    if not seen.is_whole:
        n_invalid, n_missing = _n_inside(room, part)
        sums[task.rules, task.slot, INVALID] += n_invalid
        sums[task.rules, task.slot, MISSING] += n_missing
        n_inside -= n_invalid + n_missing
    sums[task.rules, task.slot, OVER] += n_over
    sums[task.rules, task.slot, UNDER] += n_under
    sums[task.rules, task.slot, PASS] += n_inside


@inline_always
def _n_on_both_sides(room: TallyRoom, part: _Part) -> tuple[int, int]:
    """Return how many minutes have phases above and below, and in how many of them the higher is further out."""
    counts = np.int16(0)  # as in ``_n_outside``
    for m in range(LANES):
        high, low = signed(room[HIGHEST + m]), signed(room[LOWEST + m])
        is_both = (high > part.upper) & (low < part.lower)
        # Where both are true, both excesses are positive, and fit in sixteen bits without a sign.
        over, under = (high - part.upper) & 0xFFFF, (part.lower - low) & 0xFFFF
        is_over = is_both & (over > under)
        both = np.int16(is_both) | np.int16(is_over) << 8
        counts = np.int16(counts + room[part.row + m] * np.int16(both))
    return signed(counts) & 0xFF, signed(counts) >> 8


@inline_always
def _n_inside(room: TallyRoom, part: _Part) -> tuple[int, int]:
    """Return in how many minutes inside the band a phase is invalid, and in how many others one is lacking."""
    n_invalid, n_lacking = np.int16(0), np.int16(0)
    for m in range(LANES):
        is_inside = (room[HIGHEST + m] <= part.upper) & (room[LOWEST + m] >= part.lower)
        minute = np.int16(room[part.row + m] & np.int16(is_inside))
        n_invalid = np.int16(n_invalid + np.int16(minute & room[IN_INVALID + m]))
        n_lacking = np.int16(n_lacking + np.int16(minute & room[IN_LACKING + m]))
    return signed(n_invalid), signed(n_lacking) - signed(n_invalid)


@inline_always
def _n_outside(room: TallyRoom, part: _Part) -> tuple[int, int]:
    """Return in how many minutes a phase is above the band, and in how many below."""
    both = np.int16(0)  # counts are at most 60: two of them are summed as bytes of one word
    for m in range(LANES):
        above = np.int16(room[HIGHEST + m] > part.upper)
        below = np.int16(room[LOWEST + m] < part.lower)
        both = np.int16(both + room[part.row + m] * np.int16(above | below << 8))
    return signed(both) & 0xFF, signed(both) >> 8


@inline_always
def _leave_outside(room: TallyRoom, row: int, lower: int, upper: int) -> int:
    """Write the minutes of ``row`` whose live cells are all in the assessment band; return how many."""
    for m in range(LANES):
        is_inside = (room[HIGHEST + m] <= upper) & (room[LOWEST + m] >= lower)
        room[IN_JUDGED + m] = room[row + m] & np.int16(is_inside)
    return n_in(room, IN_JUDGED)
