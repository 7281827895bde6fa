"""Folding readings apart from the log: on lanes of the moment, into pages that nobody holds.

What comes late, and what comes in a file, goes through the same kernel as what comes live; only
the lanes differ. They are empty at first, see few readings, and are thrown away.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import fold, join_into
from kernels.layout import (
    INTERVAL_MS,
    LANE_WORDS,
    NO_TIME,
    NONE,
    PAGE,
    SEEN,
    Folded,
    Lanes,
    Pages,
    Readings,
    StampLimits,
)
from service.domain.page_pool import page_pool
from service.domain.pages import PageColumns, empty_pages

_CHUNK = 1 << 20  # readings folded at once, which bounds what the kernel writes of each
_ANY_STAMP = StampLimits(ahead_ms=-NO_TIME, oldest_ms=0)


class ScratchReadings(NamedTuple):
    """Readings as columns, ``(n_readings,)`` each, writable; ``v2 .. q_var`` may be empty."""

    lane: NDArray[np.int32]
    start_ms: NDArray[np.int64]  # start of the interval, UTC
    v1: NDArray[np.float64]  # volts as the device read them; NaN where absent
    v2: NDArray[np.float64]
    v3: NDArray[np.float64]
    p_w: NDArray[np.float64]
    q_var: NDArray[np.float64]
    quality: NDArray[np.uint8]


def fold_scratch(
    settings: NDArray[np.void], readings: ScratchReadings
) -> tuple[PageColumns, NDArray[np.uint8]]:
    """Return the pages that ``readings`` make, one a point and hour, and what became of each.

    Pages are ordered by point and hour. Those that several lanes wrote are joined and their
    energies added up, so lanes of one point must not have power for the same time.

    Args:
        settings: One ``LANE_SETTINGS`` record a lane; ``shift_ms`` 0, ``next_lane`` NONE.
        readings: In the order in which they are folded.
    """
    pool = page_pool(max(64, min(settings.size, _CHUNK)))
    state = _empty_state(settings)
    outcome = np.empty(readings.lane.size, np.uint8)
    for first in range(0, readings.lane.size, _CHUNK):
        columns = _kernel_columns(readings, first)
        folded = _room_for(columns.lane.size)
        done, n_readings = 0, columns.lane.size
        while done < n_readings:
            lanes = Lanes(state=state, settings=settings)
            done = fold(lanes, pool.pages, columns, _ANY_STAMP, done, folded)
            if done < n_readings:
                pool.grow()
        outcome[first : first + n_readings] = folded.outcome
    return _one_an_hour(pool.pages, settings), outcome


def _empty_state(settings: NDArray[np.void]) -> NDArray[np.int64]:
    state = np.zeros((settings.size, LANE_WORDS), np.int64)
    state[:, :SEEN] = NO_TIME  # no reading yet, none far ahead
    state[:, PAGE] = NONE
    state[:, INTERVAL_MS] = settings["interval_ms"]
    return state


def _kernel_columns(readings: ScratchReadings, first: int) -> Readings:
    chunk = slice(first, first + _CHUNK)
    start_ms = readings.start_ms[chunk]
    return Readings(
        lane=readings.lane[chunk],
        stamp_ms=start_ms,
        record_ms=start_ms,
        v1=readings.v1[chunk],
        v2=readings.v2[chunk],
        v3=readings.v3[chunk],
        p_w=readings.p_w[chunk],
        q_var=readings.q_var[chunk],
        quality=readings.quality[chunk],
    )


def _room_for(n_readings: int) -> Folded:
    return Folded(
        outcome=np.zeros(n_readings, np.uint8),
        lane=np.full(n_readings, NONE, np.int32),
        start_ms=np.zeros(n_readings, np.int64),
        ppm=np.empty((n_readings, 3), np.int32),
    )


def _one_an_hour(pages: Pages, settings: NDArray[np.void]) -> PageColumns:
    """Return the pages that were written to, those of one point and hour joined."""
    heads = pages.head[: int(pages.used[0])]
    heads = heads[heads["dirty"] != 0]
    point, interval_s = settings["point"][heads["lane"]], settings["interval_ms"] // 1000
    heads = heads[np.lexsort((heads["hour"], point))]
    point = settings["point"][heads["lane"]]
    is_first = np.ones(heads.size, np.bool_)
    is_first[1:] = (np.diff(point) != 0) | (np.diff(heads["hour"]) != 0)
    page = np.cumsum(is_first) - 1
    joined = empty_pages(heads["n_phases"][is_first])
    joined.point[:], joined.hour[:] = point[is_first], heads["hour"][is_first]
    joined.interval_s[:] = np.iinfo(np.int16).max
    np.minimum.at(joined.interval_s, page, interval_s[heads["lane"]].astype(np.int16))
    n_phases = heads["n_phases"].astype(np.int64)
    within = np.arange(n_phases.sum()) - np.repeat(np.cumsum(n_phases) - n_phases, n_phases)
    source = np.repeat(heads["plane"].astype(np.int64), n_phases) + within
    into = np.repeat(joined.planes.first[page], n_phases) + within.astype(np.int32)
    planes = joined.planes
    join_into(planes.cell, planes.mark, into, pages.cell[source], pages.mark[source])
    np.add.at(joined.power_s, page, heads["power_s"])
    np.add.at(joined.active_ws, page, heads["active_ws"])
    np.add.at(joined.reactive_vars, page, heads["reactive_vars"])
    return joined
