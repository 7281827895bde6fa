"""A minute's readings as one cell, exactly."""

from collections.abc import Sequence
from math import isqrt

PPM_NOMINAL = 1_000_000
PPM_PER_CELL = 100


def cell_of(voltages: Sequence[int]) -> int:
    """Return the cell of the root mean square of voltages in ppm, rounded away from nominal."""
    return cell_of_squares(sum(ppm * ppm for ppm in voltages), len(voltages))


def cell_of_squares(total: int, n: int) -> int:
    """Return the cell of sqrt(total / n) ppm: the deviation in units of 0.01 %, rounded up in size.

    A root at or above nominal is rounded up to whole ppm, one below it down. That loses nothing,
    for the edges between cells are whole ppm.
    """
    if total >= n * PPM_NOMINAL**2:
        above = _ceil_root(total, n) - PPM_NOMINAL
        return -(-above // PPM_PER_CELL)
    return (isqrt(total // n) - PPM_NOMINAL) // PPM_PER_CELL


def _ceil_root(total: int, n: int) -> int:
    """Return the least q with q * q * n >= total, for a positive total."""
    return isqrt((total - 1) // n) + 1
