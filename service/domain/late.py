"""Late readings into candidate pages, so that it does not matter when or in how many parts they are merged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import fold
from kernels.layout import (
    AHEAD_MINUTE,
    HEAD_MINUTE,
    INTERVAL_MS,
    LANE_WORDS,
    MINUTES_PER_HOUR,
    NO_TIME,
    NONE,
    PAGE,
    Folded,
    Lanes,
    Readings,
    StampLimits,
)
from service.domain.checkpoint import merged_pages
from service.domain.lanes import LaneDirectory
from service.domain.page_pool import page_pool
from service.domain.pages import PageColumns
from service.domain.reading_columns import LateReadings

MINUTE_MS = 60_000
_ANY_TIME = StampLimits(ahead_ms=2**60, oldest_ms=0)  # the stamps were accepted when they came


@dataclass(frozen=True, slots=True)
class LatePlaces:
    """Where each late reading belongs, ``(n_readings,)`` each."""

    row: NDArray[np.int64]  # of the lane directory; NONE where the registry no longer has the device
    point: NDArray[np.int32]  # point_id; NONE likewise
    minute: NDArray[np.int64]  # first minute that the reading fills, minutes since the Unix epoch
    n_minutes: NDArray[np.int64]  # minutes that it fills, 1 for readings shorter than a minute


def places_of(late: LateReadings, directory: LaneDirectory) -> LatePlaces:
    """Return where late readings belong, by the settings of their devices."""
    row = np.array([directory.row_of_id.get(device_id, NONE) for device_id in late.device_id.tolist()], np.int64)
    known = row != NONE
    if not directory.settings.size:
        nowhere = np.full(row.size, NONE, np.int32)
        return LatePlaces(row=row, point=nowhere, minute=row, n_minutes=np.ones(row.size, np.int64))
    settings = directory.settings[row]
    step = np.minimum(settings["interval_ms"].astype(np.int64), MINUTE_MS)
    return LatePlaces(
        row=row,
        point=np.where(known, settings["point"], NONE).astype(np.int32),
        minute=(late.start_ms + step - 1 - step // 2) // MINUTE_MS,
        n_minutes=np.maximum(1, settings["minutes"].astype(np.int64)),
    )


def late_pages(late: LateReadings, places: LatePlaces, directory: LaneDirectory) -> PageColumns:
    """Return the candidates of late readings as pages, one a point and hour, ordered by them; revisions are 0.

    Give it *all* late readings of every minute and device that it is to merge, in the order of the log, also those
    merged before: a minute of short readings shows each time a further eighth of it is there, and when it is
    complete, which depends on the readings before it only. So joining the result of every part of the log in turn
    gives what joining the whole at once gives.
    """
    chosen = np.flatnonzero(places.row != NONE)
    keys = np.stack([places.row[chosen], places.minute[chosen]])
    groups, lane = np.unique(keys, axis=1, return_inverse=True)
    lanes = _scratch_lanes(directory, groups[0])
    settings = lanes.settings
    readings = Readings(
        lane=np.ascontiguousarray(lane.reshape(-1), np.int32),
        stamp_ms=late.start_ms[chosen] + settings["shift_ms"][lane.reshape(-1)],
        record_ms=late.start_ms[chosen],
        v1=late.v1[chosen],
        v2=late.v2[chosen],
        v3=late.v3[chosen],
        p_w=late.p_w[chosen],
        q_var=late.q_var[chosen],
        quality=late.quality[chosen],
    )
    pool = page_pool(max(64, groups.shape[1]))
    folded = Folded(
        outcome=np.zeros(chosen.size, np.uint8),
        lane=np.full(chosen.size, NONE, np.int32),
        start_ms=np.zeros(chosen.size, np.int64),
        ppm=np.zeros((chosen.size, 3), np.int32),
    )
    done = fold(lanes, pool.pages, readings, _ANY_TIME, 0, folded)
    while done < chosen.size:
        pool.grow()
        done = fold(lanes, pool.pages, readings, _ANY_TIME, done, folded)
    slots, pages = pool.take_dirty()
    page_lanes = pool.pages.head["lane"][slots]
    pages.point[:] = settings["point"][page_lanes]
    pages.interval_s[:] = settings["interval_ms"][page_lanes] // 1000
    return merged_pages(pages)[0]


def changes_a_cell(places: LatePlaces, pages: PageColumns, changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return, for each late reading, whether one of the minutes that it fills changed.

    Args:
        places: Of the readings.
        pages: One a point and hour, ordered by them.
        changed: ``(n_pages, 60)``, whether any phase of the minute changed.
    """
    key = pages.point.astype(np.int64) << 32 | pages.hour
    found = np.zeros(places.row.size, np.bool_)
    for nth in range(int(places.n_minutes.max(initial=0))):
        minute = places.minute + nth
        wanted = places.point.astype(np.int64) << 32 | minute // MINUTES_PER_HOUR
        page = np.minimum(np.searchsorted(key, wanted), max(key.size - 1, 0))
        fits = (nth < places.n_minutes) & (places.row != NONE)
        if key.size:
            found |= fits & (key[page] == wanted) & changed[page, minute % MINUTES_PER_HOUR]
    return found


def _scratch_lanes(directory: LaneDirectory, rows: NDArray[np.int64]) -> Lanes:
    """Return one empty lane for each group of readings."""
    state = np.zeros((rows.size, LANE_WORDS), np.int64)
    state[:, [HEAD_MINUTE, AHEAD_MINUTE]] = NO_TIME
    state[:, PAGE] = NONE
    settings = directory.settings[rows]
    state[:, INTERVAL_MS] = settings["interval_ms"]
    settings["from_ms"], settings["to_ms"], settings["next_lane"] = NO_TIME, -NO_TIME, NONE
    return Lanes(state=state, settings=settings)
