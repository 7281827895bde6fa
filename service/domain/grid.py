"""The grid of minutes: which minutes a reading fills, by the rule that the fold goes by.

A reading belongs to the place of the grid whose midpoint it covers; a place is as long as the
interval below a minute, and a minute above. Starts are milliseconds since the Unix epoch, minutes
count from there, in UTC.
"""

import numpy as np
from numpy.typing import NDArray

MINUTE_MS = 60_000


def first_minutes(start_ms: NDArray[np.int64], interval_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the minute that each reading belongs to, or the first one that it fills."""
    step_ms = np.minimum(interval_ms, MINUTE_MS)
    minutes: NDArray[np.int64] = (start_ms + step_ms - 1 - step_ms // 2) // MINUTE_MS
    return minutes


def starts_of_minute(minute: int, interval_ms: int) -> tuple[int, int]:
    """Return from when to when, exclusive, a reading starts whose first minute is ``minute``."""
    step_ms = min(interval_ms, MINUTE_MS)
    from_ms = minute * MINUTE_MS - (step_ms - 1 - step_ms // 2)
    return from_ms, from_ms + MINUTE_MS
