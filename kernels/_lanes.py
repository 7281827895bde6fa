"""A page as rows of lanes, one a minute, that LLVM handles sixteen at a time: what it shows under any rules.

A row is named by its first lane.
"""

from typing import NamedTuple

import numpy as np

from kernels._jit import inline_always, signed
from kernels.layout import (
    CELL_MAX,
    CELL_MIN,
    MINUTES_PER_HOUR,
    RANK_GOOD,
    RANK_INVALID,
    RANK_MASK,
    RANK_MISSING,
    RANK_SHIFT,
    PagePlanes,
    TallyPages,
    TallyRoom,
)

LANES = 64  # of a row: the minutes, and four that stay 0, so that every vector is full
_WHOLE_HOUR = np.uint64((1 << MINUTES_PER_HOUR) - 1)

# Rows of the room that the kernel works in. All but the first two hold 1 or 0.
HIGHEST = 0 * LANES  # cell of the highest live phase
LOWEST = 1 * LANES  # of the lowest
IN_MEASURED = 2 * LANES  # due, and a phase is measured
IN_INVALID = 3 * LANES  # a phase is invalid
IN_LACKING = 4 * LANES  # a phase is invalid, estimated, or missing that may not be absent
IN_LIVE = 5 * LANES  # due, and a phase is measured and not dark
IN_JUDGED = 6 * LANES  # live, not exempt, not outside the assessment band
IN_STATE = 7 * LANES  # of these, those in normal or in abnormal grid state
IN_UNKNOWN = 8 * LANES  # due, and no phase is measured; written where there are such
IN_CAUSED = (
    9 * LANES
)  # inside an interruption known without a measurement; written where there are such
IN_EXEMPT = 10 * LANES  # the same
IN_ABNORMAL = 11 * LANES  # the same

_RANK = RANK_MASK << RANK_SHIFT  # bits of a mark
_GOOD = RANK_GOOD << RANK_SHIFT
_NOT_VALID = RANK_INVALID << RANK_SHIFT
_ABSENT = RANK_MISSING << RANK_SHIFT


class Seen(NamedTuple):
    """What a page shows under any rules; minutes due only."""

    n_due: int
    n_measured: int  # with a measured phase
    is_whole: bool  # each of these has no phase that is invalid or lacking
    has_caused: bool  # some lie inside an interruption known without a measurement
    has_exempt: bool
    has_abnormal: bool
    is_single: bool  # it has one phase


@inline_always
def look(pages: PagePlanes, of_pages: TallyPages, room: TallyRoom, page: int) -> Seen:
    """Write the rows that no rule changes."""
    is_single = signed(pages.n_phases[page]) == 1
    if is_single:
        _rank_single(pages, room, page)
    else:
        _rank_three(pages, of_pages, room, page)
    due = of_pages.due[page] & _WHOLE_HOUR
    n_due, n_measured = MINUTES_PER_HOUR, n_in(room, IN_MEASURED)
    if due != _WHOLE_HOUR or n_measured < n_due:
        spread(room, IN_UNKNOWN, due)
        n_due = n_in(room, IN_UNKNOWN)
        n_measured = keep(room, IN_MEASURED, IN_MEASURED, IN_UNKNOWN)
        leave_out(room, IN_UNKNOWN, IN_UNKNOWN, IN_MEASURED)
    caused, exempt = of_pages.interrupted[page] & due, of_pages.exempt[page] & due
    abnormal = of_pages.abnormal[page] & due
    if caused != 0:
        spread(room, IN_CAUSED, caused)
    if exempt != 0:
        spread(room, IN_EXEMPT, exempt)
    if abnormal != 0:
        spread(room, IN_ABNORMAL, abnormal)
    return Seen(
        n_due=n_due,
        n_measured=n_measured,
        is_whole=is_single or n_in_both(room, IN_MEASURED, IN_LACKING) == 0,
        has_caused=caused != 0,
        has_exempt=exempt != 0,
        has_abnormal=abnormal != 0,
        is_single=is_single,
    )


@inline_always
def _rank_single(pages: PagePlanes, room: TallyRoom, page: int) -> None:
    plane = pages.first[page]
    for m in range(MINUTES_PER_HOUR):
        rank = pages.mark[plane, m] & _RANK
        room[IN_MEASURED + m] = rank == _GOOD
        room[IN_INVALID + m] = rank == _NOT_VALID


@inline_always
def _rank_three(pages: PagePlanes, of_pages: TallyPages, room: TallyRoom, page: int) -> None:
    for m in range(MINUTES_PER_HOUR):
        room[IN_MEASURED + m] = 0
        room[IN_INVALID + m] = 0
        room[IN_LACKING + m] = 0
    for phase in range(3):
        plane = pages.first[page] + phase
        must_be_there = (signed(of_pages.optional_phases[page]) >> phase) & 1 == 0
        for m in range(MINUTES_PER_HOUR):
            rank = pages.mark[plane, m] & _RANK
            is_lacking = (rank != _GOOD) & (must_be_there | (rank != _ABSENT))
            room[IN_MEASURED + m] |= np.int16(rank == _GOOD)
            room[IN_INVALID + m] |= np.int16(rank == _NOT_VALID)
            room[IN_LACKING + m] |= np.int16(is_lacking)


@inline_always
def find_live(pages: PagePlanes, room: TallyRoom, page: int, below: int) -> int:
    """Write the highest and the lowest live cell of each minute; return how many minutes due have one."""
    first = pages.first[page]
    if signed(pages.n_phases[page]) == 1:
        for m in range(MINUTES_PER_HOUR):
            cell = pages.cell[first, m]
            room[HIGHEST + m] = cell
            room[LOWEST + m] = cell
            room[IN_LIVE + m] = room[IN_MEASURED + m] & np.int16(cell >= below)
        return n_in(room, IN_LIVE)
    for m in range(MINUTES_PER_HOUR):
        room[HIGHEST + m] = CELL_MIN
        room[LOWEST + m] = CELL_MAX
        room[IN_LIVE + m] = 0
    for plane in range(first, first + 3):
        for m in range(MINUTES_PER_HOUR):
            cell = pages.cell[plane, m]
            is_live = ((pages.mark[plane, m] & _RANK) == _GOOD) & (cell >= below)
            room[HIGHEST + m] = max(room[HIGHEST + m], cell if is_live else np.int16(CELL_MIN))
            room[LOWEST + m] = min(room[LOWEST + m], cell if is_live else np.int16(CELL_MAX))
            room[IN_LIVE + m] |= np.int16(is_live)
    keep(room, IN_LIVE, IN_LIVE, IN_MEASURED)  # which leaves those that are due
    return n_in(room, IN_LIVE)


@inline_always
def n_in(room: TallyRoom, row: int) -> int:
    n = np.int16(0)
    for m in range(LANES):
        n = np.int16(n + room[row + m])
    return signed(n)


@inline_always
def n_in_both(room: TallyRoom, row: int, other: int) -> int:
    n = np.int16(0)
    for m in range(LANES):
        n = np.int16(n + np.int16(room[row + m] & room[other + m]))
    return signed(n)


@inline_always
def keep(room: TallyRoom, into: int, row: int, other: int) -> int:
    """Write the minutes of ``row`` that are in ``other`` too; return how many."""
    for m in range(LANES):
        room[into + m] = room[row + m] & room[other + m]
    return n_in(room, into)


@inline_always
def leave_out(room: TallyRoom, into: int, row: int, other: int) -> int:
    """Write the minutes of ``row`` that are not in ``other``; return how many."""
    for m in range(LANES):
        room[into + m] = room[row + m] & (1 - room[other + m])
    return n_in(room, into)


@inline_always
def spread(room: TallyRoom, row: int, mask: int) -> None:
    """Write a mask of minutes, whose upper bits are 0, as a row."""
    for m in range(LANES):
        room[row + m] = (mask >> np.uint64(m)) & np.uint64(1)
