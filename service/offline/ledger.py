"""The readings of a file as pages: each point's in the order of time, through the one fold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import DUPLICATE, INVALID_READING, NONE, PPM_MAX, QUALITY_INVALID
from service.domain.batch import EMPTY
from service.domain.grid import MINUTE_MS, first_minutes
from service.domain.lanes import lane_settings
from service.domain.pages import PageColumns
from service.domain.registry import Device, Point
from service.domain.scratch import ScratchReadings, fold_scratch
from service.offline.readings import ReadingTable

_CLOSING_MS = 2 * MINUTE_MS  # a reading this far ahead closes all open minutes of its lane


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLedger:
    """Pages of the points of a file; the id of a point is its index.

    Energies of the pages are in thousandths of their units: only their quotient is asked for.
    """

    pages: PageColumns
    from_minute: NDArray[np.int64]  # of each point: first minute whose midpoint is covered
    to_minute: NDArray[np.int64]  # exclusive
    n_repeated: int  # readings that said nothing new
    n_invalid: int  # readings without a valid voltage

    def pages_of(self, point_id: int) -> NDArray[np.int64]:
        """Return the indices of the pages of a point; pages are ordered by point."""
        first, end = np.searchsorted(self.pages.point, (point_id, point_id + 1)).tolist()
        return np.arange(first, end)

    def span_of(self, point_id: int) -> tuple[int, int]:
        """Return the first minute of a point, and the first one after it; never before the first."""
        first = int(self.from_minute[point_id])
        return first, max(first, int(self.to_minute[point_id]))


def fold_table(table: ReadingTable, points: list[Point], devices: list[Device]) -> FileLedger:
    """Return the pages of a file.

    A gap begins a new lane, so that no reading is taken for a stray one; at its end every lane is
    closed, for no later reading will do it.

    Args:
        table: The readings, in time order.
        points: Of the file, by index.
        devices: One a point.
    """
    settings = np.array(
        [
            lane_settings(device, point, (0, PPM_MAX), wants_power=table.p_mw.size > 0)
            for device, point in zip(devices, points, strict=True)
        ]
    )
    point = table.point
    interval_ms = settings["interval_ms"].astype(np.int64)
    start_ms = table.stamp_ms - settings["shift_ms"][point]
    settings["shift_ms"], settings["next_lane"] = 0, NONE
    minute = first_minutes(start_ms, interval_ms[point])
    is_new = np.ones(point.size, np.bool_)
    reach = np.maximum(1, interval_ms[point[1:]] // MINUTE_MS)
    is_new[1:] = (np.diff(point) != 0) | (np.diff(minute) > reach)
    lane = (np.cumsum(is_new) - 1).astype(np.int32)
    lane_point = point[is_new]
    readings = _with_closing(_readings(table, lane, start_ms), interval_ms[lane_point])
    pages, outcome = fold_scratch(settings[lane_point], readings)
    first, last = _ends(point)
    return FileLedger(
        pages=pages,
        from_minute=_midpoint_minutes(start_ms[first]),
        to_minute=_midpoint_minutes(start_ms[last] + interval_ms),
        n_repeated=int(np.count_nonzero(outcome[: point.size] == DUPLICATE)),
        n_invalid=int(np.count_nonzero(outcome[: point.size] == INVALID_READING)),
    )


def _readings(
    table: ReadingTable, lane: NDArray[np.int32], start_ms: NDArray[np.int64]
) -> ScratchReadings:
    v1, v2, v3 = (*table.volts, EMPTY, EMPTY)[:3]
    return ScratchReadings(
        lane=lane,
        start_ms=start_ms,
        v1=v1,
        v2=v2,
        v3=v3,
        p_w=table.p_mw,
        q_var=table.q_mvar,
        quality=table.quality,
    )


def _with_closing(readings: ScratchReadings, interval_ms: NDArray[np.int64]) -> ScratchReadings:
    """Return the readings and, for each lane of several readings a minute, one that closes it.

    It has no voltage and its own minute is never closed, so nothing else comes of it.
    """
    _, last = _ends(readings.lane)
    last = last[interval_ms < MINUTE_MS]
    absent = np.full(last.size, np.nan)

    def more(column: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([column, absent]) if column.size else column

    return ScratchReadings(
        lane=np.concatenate([readings.lane, readings.lane[last]]),
        start_ms=np.concatenate([readings.start_ms, readings.start_ms[last] + _CLOSING_MS]),
        v1=more(readings.v1),
        v2=more(readings.v2),
        v3=more(readings.v3),
        p_w=more(readings.p_w),
        q_var=more(readings.q_var),
        quality=np.concatenate([readings.quality, np.full(last.size, QUALITY_INVALID, np.uint8)]),
    )


def _ends(groups: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the first and the last entry of each run of equal ones."""
    edges = np.flatnonzero(np.diff(groups))
    return np.append(0, edges + 1), np.append(edges, groups.size - 1)


def _midpoint_minutes(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first minute whose midpoint is not before each instant."""
    minutes: NDArray[np.int64] = -((MINUTE_MS // 2 - at_ms) // MINUTE_MS)
    return minutes
