"""Late readings as candidates for the pages: what a lane's window no longer took, folded apart.

A late reading is as good as a timely one, but it must not matter when it is merged. So all late
readings of a device and minute, those merged before included, are folded anew in the order of the
log; and of a minute that is not complete only the candidates count that the fold shows on the way,
for these stand however many readings follow.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernels.layout import (
    DUPLICATE,
    MINUTES_PER_HOUR,
    NO_TIME,
    NONE,
    OUTSIDE_SERVICE,
)
from service.domain.grid import first_minutes
from service.domain.lanes import LaneDirectory
from service.domain.pages import PageColumns
from service.domain.reading_columns import LateReadings
from service.domain.scratch import ScratchReadings, fold_scratch


@dataclass(frozen=True, slots=True, kw_only=True)
class LateMerge:
    """What late readings come to: candidates to be joined into the pages that are stored."""

    pages: PageColumns  # one a point and hour, ordered by them; revision 0
    outcome: NDArray[np.uint8]  # of each reading, kernels.layout; OUTSIDE_SERVICE has no device
    point: NDArray[np.int32]  # of each reading; NONE without a device
    first_minute: NDArray[np.int64]  # that each reading fills
    n_minutes: NDArray[np.int64]  # that it fills; part of one counts as one

    def only(self, chosen: NDArray[np.bool_]) -> "LateMerge":
        """Return the same merge, of which only the chosen readings are to be counted."""
        return replace(
            self,
            outcome=self.outcome[chosen],
            point=self.point[chosen],
            first_minute=self.first_minute[chosen],
            n_minutes=self.n_minutes[chosen],
        )

    def count_changed(self, is_changed: NDArray[np.bool_], pages: PageColumns) -> int:
        """Return how many readings changed a cell: those that lie in a minute that changed.

        A repeated reading is none of them.

        Args:
            is_changed: Whether joining changed a cell, by page and minute, ``(n_pages, 60)``.
            pages: The pages as they were joined, of any points and hours.
        """
        if not pages.n_pages:
            return 0
        key = _key(pages.point, pages.hour.astype(np.int64))
        order = np.argsort(key)
        key = key[order]
        changed = np.zeros(self.point.size, np.bool_)
        for ahead in range(int(self.n_minutes.max(initial=0))):
            minute = self.first_minute + ahead
            wanted = _key(self.point, minute // MINUTES_PER_HOUR)
            found = np.minimum(np.searchsorted(key, wanted), key.size - 1)
            is_there = (key[found] == wanted) & (ahead < self.n_minutes)
            changed |= is_there & is_changed[order[found], minute % MINUTES_PER_HOUR]
        return int(np.count_nonzero(changed & (self.outcome != DUPLICATE)))


def merge_late(late: LateReadings, directory: LaneDirectory) -> LateMerge:
    """Return the candidates of the late readings of one partition.

    Each group, that is device and minute, has to be whole: with the readings that were merged
    before. Readings of a device that the registry no longer has come to nothing. Late readings
    carry no energy.

    Args:
        late: In the order of the log.
        directory: Of the registry in force.
    """
    row = directory.rows_of(late.device_id)
    known = np.flatnonzero(row != NONE)
    interval_ms = directory.intervals_ms(row)
    first_minute = first_minutes(late.start_ms, interval_ms)
    point = np.full(row.size, NONE, np.int32)
    point[known] = directory.devices.point_id[row[known]]
    lane, settings = _lanes_of_groups(row[known], first_minute[known], directory)
    readings = ScratchReadings(
        lane=lane,
        start_ms=late.start_ms[known],
        v1=late.v1[known],
        v2=late.v2[known],
        v3=late.v3[known],
        p_w=late.p_w[known],
        q_var=late.q_var[known],
        quality=late.quality[known],
    )
    outcome = np.full(row.size, OUTSIDE_SERVICE, np.uint8)
    pages, outcome[known] = fold_scratch(settings, readings)
    return LateMerge(
        pages=pages,
        outcome=outcome,
        point=point,
        first_minute=first_minute,
        n_minutes=np.maximum(1, interval_ms // 60_000),
    )


def _lanes_of_groups(
    row: NDArray[np.int32], minute: NDArray[np.int64], directory: LaneDirectory
) -> tuple[NDArray[np.int32], NDArray[np.void]]:
    """Return the lane of each reading, one for each device and minute, and the lanes' settings."""
    order = np.lexsort((minute, row))
    is_first = np.ones(order.size, np.bool_)
    is_first[1:] = (np.diff(row[order]) != 0) | (np.diff(minute[order]) != 0)
    lane = np.empty(order.size, np.int32)
    lane[order] = np.cumsum(is_first) - 1
    settings = directory.settings_of(row[order[is_first]])
    # The stamp was judged when the reading came; what is kept is the start of its interval.
    settings["shift_ms"], settings["next_lane"] = 0, NONE
    settings["from_ms"], settings["to_ms"] = NO_TIME, -NO_TIME
    settings["wants_power"] = 0
    return lane, settings


def _key(point: NDArray[np.int32], hour: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for a point and hour, for hours within some thousand years."""
    return (point.astype(np.int64) << 32) + (hour + (1 << 31))
