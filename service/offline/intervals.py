"""How long the readings of each point are, from the steps between them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.errors import ScoreInputError
from service.offline.options import INTERVALS_S

_TOLERANCE = 0.02  # by which a median step may differ from an interval that it is taken for
_HINT = "give --interval SECONDS (a divisor of 60, or whole minutes up to 60)"


def infer_intervals(
    points: Sequence[str], point: NDArray[np.int32], stamp_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the interval of each point's readings, milliseconds: the median of their steps.

    A point with one reading has the interval of the whole file.

    Args:
        points: Their names.
        point: Of each reading, in order.
        stamp_ms: Of each reading, not falling within a point.

    Raises:
        ScoreInputError: A median step is no interval of readings, or there is no step at all.
    """
    step_ms = np.diff(stamp_ms)
    is_step = (np.diff(point) == 0) & (step_ms > 0)
    step_ms, of_point = step_ms[is_step], point[1:][is_step]
    if not step_ms.size:
        raise ScoreInputError(f"there are no two readings to infer the interval from: {_HINT}")
    interval_ms = np.zeros(len(points), np.int64)
    starts = np.searchsorted(of_point, np.arange(len(points) + 1))
    for i, (first, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        if first < end:
            interval_ms[i] = _interval_ms(points[i], float(np.median(step_ms[first:end])))
    if not interval_ms.all():
        interval_ms[interval_ms == 0] = _interval_ms("the file", float(np.median(step_ms)))
    return interval_ms


def _interval_ms(point: str, median_ms: float) -> int:
    nearest = min(INTERVALS_S, key=lambda interval_s: abs(interval_s * 1000 - median_ms))
    if abs(nearest * 1000 - median_ms) > _TOLERANCE * nearest * 1000:
        raise ScoreInputError(
            f"readings of {point} are {median_ms / 1000:g} s apart (the median), which is no "
            f"interval of readings: {_HINT}"
        )
    return nearest * 1000
