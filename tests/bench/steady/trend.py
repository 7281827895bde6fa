"""A slope with its noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_BLOCK_S = 60.0  # the load repeats every minute, so blocks of one are nearly independent


@dataclass(frozen=True, slots=True)
class Trend:
    """The slope of a line through the means of minutes, and how uncertain it is."""

    per_s: float
    error_per_s: float  # standard error; infinite with fewer than three minutes

    @property
    def is_rising(self) -> bool:
        """Whether the slope is above zero by more than two standard errors."""
        return self.per_s > 2 * self.error_per_s


def trend(at_s: Sequence[float], values: Sequence[float]) -> Trend:
    """Return the least-squares slope of the means of whole minutes.

    The standard error is that of the means around the line, by n - 2 degrees of freedom: single
    seconds follow each other's checkpoint and would make it look far smaller than it is.
    """
    at, value = np.asarray(at_s), np.asarray(values, np.float64)
    block = ((at - at[0]) // _BLOCK_S).astype(int) if at.size else np.zeros(0, int)
    numbers = np.unique(block)[
        : -1 if at.size and at[-1] - at[0] < (block[-1] + 0.95) * _BLOCK_S else None
    ]
    if numbers.size < 3:
        return Trend(0.0, float("inf"))
    x = np.array([at[block == number].mean() for number in numbers])
    y = np.array([value[block == number].mean() for number in numbers])
    x = x - x.mean()
    slope = float((x * y).sum() / (x * x).sum())
    left = y - y.mean() - slope * x
    error = float(np.sqrt((left * left).sum() / (numbers.size - 2) / (x * x).sum()))
    return Trend(slope, error)
