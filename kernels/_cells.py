"""Cells, marks and masks: how a candidate for a cell is made, which of two wins, and what a mask says."""

import math

import numpy as np

from kernels._jit import inline, signed
from kernels.layout import (
    PPM_NOMINAL,
    PPM_PER_CELL,
    RANK_MASK,
    RANK_SHIFT,
    SHARE_FULL,
    SHARE_SHIFT,
    UInt64s,
)


@inline
def in_mask(masks: UInt64s, page: int, m: int) -> bool:
    """Return bit ``m`` of a page's mask of minutes."""
    return bool((masks[page] >> np.uint64(m)) & np.uint64(1))


@inline
def rank_of(mark: int) -> int:
    """Return the rank in a mark."""
    return (mark >> RANK_SHIFT) & RANK_MASK


@inline
def mark_of(rank: int, share: int) -> int:
    """Return a mark without a verdict."""
    return (rank << RANK_SHIFT) | (share << SHARE_SHIFT)


@inline
def eighths(n: int, expected: int) -> int:
    """Return the share of a minute with ``n`` of its ``expected`` readings."""
    return min(SHARE_FULL, 8 * n // expected)


@inline
def cell_of(total: int, n: int) -> int:
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
def wins(mark: int, cell: int, old_mark: int, old_cell: int) -> bool:
    """Return whether a candidate is greater than what stands there: the order of the one join.

    It compares rank, share, size of the deviation, deviation; the verdict in a mark takes no part.
    """
    rank, old_rank = rank_of(mark), rank_of(old_mark)
    if rank != old_rank:
        return rank > old_rank
    share, old_share = mark >> SHARE_SHIFT, old_mark >> SHARE_SHIFT
    if share != old_share:
        return share > old_share
    size, old_size = abs(cell), abs(old_cell)
    if size != old_size:
        return size > old_size
    return cell > old_cell
