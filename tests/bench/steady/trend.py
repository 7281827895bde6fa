"""A slope with its noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BLOCK_S = 60.0  # the load repeats every minute, so blocks of one are nearly independent
# Student's t by degrees of freedom, from one on: a slope that is none is beyond it once in a hundred runs.
_ONE_IN_A_HUNDRED: Final = (
    *(31.82, 6.96, 4.54, 3.75, 3.36, 3.14, 3.00, 2.90, 2.82, 2.76),
    *(2.72, 2.68, 2.65, 2.62, 2.60, 2.58, 2.57, 2.55, 2.54, 2.53),
)

Level = Callable[[NDArray[np.float64]], Any]  # what stands for a minute: its mean, its least


@dataclass(frozen=True, slots=True)
class Trend:
    """The slope of a line through the levels of minutes, and how uncertain it is."""

    per_s: float
    error_per_s: float  # standard error; infinite with fewer than three minutes
    n_minutes: int = 0

    @property
    def noise_per_s(self) -> float:
        """What a slope that is none stays below, but once in a hundred runs."""
        if self.n_minutes < 3:
            return float("inf")
        return (
            self.error_per_s
            * _ONE_IN_A_HUNDRED[min(self.n_minutes - 2, len(_ONE_IN_A_HUNDRED)) - 1]
        )

    @property
    def is_rising(self) -> bool:
        """Whether the slope is above its noise."""
        return self.per_s > self.noise_per_s


def trend(at_s: Sequence[float], values: Sequence[float], level: Level = np.mean) -> Trend:
    """Return the least-squares slope of the levels of whole minutes.

    The standard error is that of the levels around the line, by n - 2 degrees of freedom: single
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
    y = np.array([level(value[block == number]) for number in numbers])
    x = x - x.mean()
    slope = float((x * y).sum() / (x * x).sum())
    left = y - y.mean() - slope * x
    error = float(np.sqrt((left * left).sum() / (numbers.size - 2) / (x * x).sum()))
    return Trend(slope, error, int(numbers.size))
