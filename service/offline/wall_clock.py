"""Wall clocks into instants: which times of a zone exist once, never, or twice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ONCE, NEVER, TWICE = 0, 1, 2
_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock)
_MS = timedelta(milliseconds=1)


def utc_of_wall_clock(
    wall_ms: NDArray[np.int64], zone: ZoneInfo
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return instants in UTC, and for each whether its time exists ONCE, NEVER or TWICE there.

    The instant of a time that does not exist once is the one before the clocks change.

    Args:
        wall_ms: What the clocks of ``zone`` show, as milliseconds since 1970 by the same clocks.
        zone: Whose clocks.
    """
    days, day_of = np.unique(wall_ms // _DAY_MS, return_inverse=True)
    offset_ms = np.zeros(days.size, np.int64)
    is_calm = np.zeros(days.size, np.bool_)
    for i, day in enumerate(days.tolist()):
        edges = {_offset_ms(at, zone, fold) for at in (day, day + 1) for fold in (0, 1)}
        offset_ms[i], is_calm[i] = min(edges), len(edges) == 1
    utc_ms = wall_ms - offset_ms[day_of]
    occurs = np.full(wall_ms.size, ONCE, np.uint8)
    for i in np.flatnonzero(~is_calm[day_of]).tolist():
        before, after = (_exact_offset_ms(int(wall_ms[i]), zone, fold) for fold in (0, 1))
        utc_ms[i] = wall_ms[i] - before
        occurs[i] = ONCE if before == after else NEVER if before < after else TWICE
    return utc_ms, occurs


def _offset_ms(day: int, zone: ZoneInfo, fold: int) -> int:
    return _exact_offset_ms(day * _DAY_MS, zone, fold)


def _exact_offset_ms(wall_ms: int, zone: ZoneInfo, fold: int) -> int:
    """Return how far ``zone`` is ahead of UTC at a time of its clocks, by ``datetime.fold``."""
    wall = (_EPOCH + wall_ms * _MS).replace(tzinfo=zone, fold=fold)
    offset = wall.utcoffset()
    return 0 if offset is None else offset // _MS
