"""Readings that the fold sets aside: late ones for the settle role, refused ones for the dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kernels.layout import Folded, Readings
from service.domain.batch import Batch

REASONS = {
    4: "unknown_device",
    5: "outside_service",
    6: "wrong_phases",
    7: "stamp_ahead",
    8: "stamp_too_old",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReadings:
    """Readings older than their lane's window, ``(n_readings,)`` each; NaN where a value is absent."""

    device_id: NDArray[np.int32]
    start_ms: NDArray[np.int64]  # start of the interval, UTC
    offset: NDArray[np.int64]
    index: NDArray[np.int32]
    quality: NDArray[np.uint8]
    v1: NDArray[np.float64]  # volts as the device read them
    v2: NDArray[np.float64]
    v3: NDArray[np.float64]
    p_w: NDArray[np.float64]
    q_var: NDArray[np.float64]


def chosen_late(late: LateReadings, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> LateReadings:
    """Return the chosen late readings, in that order."""
    return LateReadings(**{field.name: getattr(late, field.name)[chosen] for field in fields(late)})


def joined_late(parts: Sequence[LateReadings]) -> LateReadings:
    """Return all parts as one, in the order of the log, each reading once."""
    whole = LateReadings(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(LateReadings)
        }
    )
    _, first = np.unique(
        np.stack([whole.offset, whole.index.astype(np.int64)]), axis=1, return_index=True
    )
    return chosen_late(whole, first)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadReading:
    """One reading that no lane could take, with everything needed to take it up later."""

    offset: int
    index: int
    record_ms: int
    reason: str  # one of REASONS
    device: str
    stamp_ms: int  # as decoded; without zone if has_zone is false
    has_zone: bool
    values: dict[str, float]  # v1, v2, v3 in volts, p_w, q_var; absent ones are left out
    quality: int  # kernels.layout.QUALITY_*


DeadReadings = list[DeadReading]


def late_readings(
    batch: Batch,
    readings: Readings,
    folded: Folded,
    chosen: NDArray[np.int64],
    device_id: NDArray[np.int32],
) -> LateReadings:
    """Return the chosen readings of a batch as columns for ``late_reading``."""
    return LateReadings(
        device_id=device_id[folded.lane[chosen]],
        start_ms=folded.start_ms[chosen],
        offset=batch.offset[chosen],
        index=batch.index[chosen],
        quality=readings.quality[chosen],
        v1=readings.v1[chosen],
        v2=_chosen(readings.v2, chosen),
        v3=_chosen(readings.v3, chosen),
        p_w=_chosen(readings.p_w, chosen),
        q_var=_chosen(readings.q_var, chosen),
    )


def dead_readings(
    batch: Batch, readings: Readings, folded: Folded, chosen: NDArray[np.int64]
) -> DeadReadings:
    """Return the chosen readings of a batch one by one, with the reason of each."""
    columns = {
        "v1": readings.v1,
        "v2": readings.v2,
        "v3": readings.v3,
        "p_w": readings.p_w,
        "q_var": readings.q_var,
    }
    return [
        DeadReading(
            offset=int(batch.offset[i]),
            index=int(batch.index[i]),
            record_ms=int(batch.record_ms[i]),
            reason=REASONS[int(folded.outcome[i])],
            device=batch.names[batch.device[i]],
            stamp_ms=int(batch.stamp_ms[i]),
            has_zone=not batch.has_zone.size or bool(batch.has_zone[i]),
            values={
                name: float(column[i])
                for name, column in columns.items()
                if column.size and not np.isnan(column[i])
            },
            quality=int(readings.quality[i]),
        )
        for i in chosen.tolist()
    ]


def _chosen(column: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    return column[chosen] if column.size else np.full(chosen.size, np.nan)
