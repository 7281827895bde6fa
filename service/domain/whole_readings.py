"""The readings of several batches as one set of columns, as the kernels take them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NONE, Readings
from service.domain.batch import Batch
from service.domain.lanes import wall_clock_offset_ms

Scalar = TypeVar("Scalar", np.float64, np.int64, np.int32, np.uint8)

QUARTER_MS = 900_000  # zones change their offset on quarters of an hour


def whole_readings(
    batches: Sequence[Batch], lanes: Sequence[NDArray[np.int32]], zone_of: Callable[[int], str]
) -> Readings:
    """Return the readings of all batches, one batch after another.

    Args:
        batches: At least one.
        lanes: Of each reading of each batch; NONE for an unknown device.
        zone_of: Gives, of a lane, the zone of stamps without offset.
    """
    stamps = [
        _stamps(one, its_lanes, zone_of) for one, its_lanes in zip(batches, lanes, strict=True)
    ]
    return Readings(
        lane=_joined(lanes),
        stamp_ms=_joined(stamps),
        record_ms=_joined([one.record_ms for one in batches]),
        v1=_joined([one.v1 for one in batches]),
        v2=_optional([one.v2 for one in batches], lanes),
        v3=_optional([one.v3 for one in batches], lanes),
        p_w=_optional([one.p_w for one in batches], lanes),
        q_var=_optional([one.q_var for one in batches], lanes),
        quality=_joined([one.quality for one in batches]),
    )


def part_of(readings: Readings, mine: "slice[int, int, None]") -> Readings:
    """Return some of the readings; a column that is not there stays so."""
    return Readings(
        lane=readings.lane[mine],
        stamp_ms=readings.stamp_ms[mine],
        record_ms=readings.record_ms[mine],
        v1=readings.v1[mine],
        v2=readings.v2[mine],
        v3=readings.v3[mine],
        p_w=readings.p_w[mine],
        q_var=readings.q_var[mine],
        quality=readings.quality[mine],
    )


def _joined(parts: Sequence[NDArray[Scalar]]) -> NDArray[Scalar]:
    """Return all parts as one, which may be the only part itself where the kernels take it as it is."""
    if len(parts) == 1 and parts[0].flags.writeable and parts[0].flags.c_contiguous:
        return parts[0]
    return np.concatenate(parts)


def _optional(
    parts: Sequence[NDArray[np.float64]], lanes: Sequence[NDArray[np.int32]]
) -> NDArray[np.float64]:
    """Return a column that some batches may lack: NaN where one does, of length 0 where all do."""
    if not any(part.size for part in parts):
        return np.zeros(0)
    return _joined(
        [
            part if part.size else np.full(lane.size, np.nan)
            for part, lane in zip(parts, lanes, strict=True)
        ]
    )


def _stamps(
    batch: Batch, lane: NDArray[np.int32], zone_of: Callable[[int], str]
) -> NDArray[np.int64]:
    """Return the stamps in UTC, reading wall clocks in the zone of each device."""
    if not batch.has_zone.size or batch.has_zone.all():
        return batch.stamp_ms
    stamp_ms = batch.stamp_ms.copy()
    offsets: dict[tuple[str, int], int] = {}
    for i in np.flatnonzero((batch.has_zone == 0) & (lane != NONE)).tolist():
        zone, wall_ms = zone_of(int(lane[i])), int(stamp_ms[i])
        key = (zone, wall_ms // QUARTER_MS)
        if key not in offsets:
            offsets[key] = wall_clock_offset_ms(zone, wall_ms)
        stamp_ms[i] = wall_ms - offsets[key]
    return stamp_ms
