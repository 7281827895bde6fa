"""Pages of a few points unfolded into minutes: one row a minute that is due, also where no page says anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, MINUTES_PER_HOUR, MISSING, RANK_MASK, RANK_SHIFT

PHASES: Final = 3
NO_JUDGEMENT: Final = -1  # of minutes without a page
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPoint:
    """A point, as far as its minutes need it."""

    point_id: int
    point: str
    nominal_mv: int
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourPages:
    """Pages of points that all have so many phases."""

    point_id: NDArray[np.int32]  # (n_pages,)
    hour: NDArray[np.int64]  # (n_pages,), hours since the Unix epoch
    judgement: NDArray[np.int64]  # (n_pages,)
    cell: NDArray[
        np.int16
    ]  # (n_pages, n_phases, 60), 0.01 % from nominal; CELL_NONE where none is known
    mark: NDArray[np.uint8]  # (n_pages, n_phases, 60)
    verdict: NDArray[np.uint8]  # (n_pages, 60), of the point


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteColumns:
    """Minutes of points: point after point, each in the order of time."""

    place: NDArray[np.int32]  # (n,), which of the points
    minute: NDArray[np.int64]  # (n,), minutes since the Unix epoch
    verdict: NDArray[np.uint8]  # (n,)
    cell: NDArray[np.int16]  # (n, 3); CELL_NONE where none is known, or the point has no such phase
    rank: NDArray[np.uint8]  # (n, 3)
    judgement: NDArray[np.int64]  # (n,); NO_JUDGEMENT without a page


def minute_columns(
    points: Sequence[ExportPoint], pages: Sequence[HourPages], from_at: datetime, to_at: datetime
) -> MinuteColumns:
    """Return the minutes of ``[from_at, to_at)`` in which the points are in service; those without a page are missing.

    Args:
        points: By rising number.
        pages: Of these points, in hours that the span touches.
        from_at: A whole minute.
        to_at: A whole minute; not beyond where the data reach.
    """
    first, last = (int(at.timestamp()) // _MINUTE_S for at in (from_at, to_at))
    hour_0 = first // MINUTES_PER_HOUR
    n_hours = max(0, -(-last // MINUTES_PER_HOUR) - hour_0)
    shape = (len(points), n_hours, MINUTES_PER_HOUR)
    verdict = np.full(shape, MISSING, np.uint8)
    cell = np.full((*shape, PHASES), CELL_NONE, np.int16)
    rank = np.zeros((*shape, PHASES), np.uint8)
    judgement = np.full(shape, NO_JUDGEMENT, np.int64)
    numbers = np.array([one.point_id for one in points], np.int32)
    for some in pages:
        n_phases = some.cell.shape[1]
        place, hour = np.searchsorted(numbers, some.point_id), some.hour - hour_0
        verdict[place, hour] = some.verdict
        judgement[place, hour] = some.judgement[:, None]
        cell[place, hour, :, :n_phases] = some.cell.swapaxes(1, 2)
        rank[place, hour, :, :n_phases] = (some.mark.swapaxes(1, 2) >> RANK_SHIFT) & RANK_MASK
    minute = hour_0 * MINUTES_PER_HOUR + np.arange(n_hours * MINUTES_PER_HOUR)
    chosen = np.flatnonzero(_is_due(points, minute, (first, last)))
    return MinuteColumns(
        place=(chosen // max(1, minute.size)).astype(np.int32),
        minute=minute[chosen % max(1, minute.size)],
        verdict=verdict.reshape(-1)[chosen],
        cell=cell.reshape(-1, PHASES)[chosen],
        rank=rank.reshape(-1, PHASES)[chosen],
        judgement=judgement.reshape(-1)[chosen],
    )


def _is_due(
    points: Sequence[ExportPoint], minute: NDArray[np.int64], span: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return which minutes are due, ``(n_points, n_minutes)``."""
    first, last = span
    begin = [int(one.valid_from.timestamp()) // _MINUTE_S for one in points]
    end = [
        last if one.valid_to is None else int(one.valid_to.timestamp()) // _MINUTE_S
        for one in points
    ]
    begins = np.maximum(np.array(begin, np.int64), first)[:, None]
    ends = np.minimum(np.array(end, np.int64), last)[:, None]
    is_due: NDArray[np.bool_] = (minute >= begins) & (minute < ends)
    return is_due
