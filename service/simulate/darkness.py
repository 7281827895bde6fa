"""What outages do to readings: who reads 0 V, who less than usual, and who nothing.

A meter with a supply of its own measures on. The mean (RMS) over an interval with supply for a share ``s``
of it is the square root of ``s`` times the usual voltage; an instant is the voltage, or 0. A meter that
lives on the circuit it measures has no reading of an interval at whose end it was dark, nor of one that
was dark for more than half; of the others it gives what it saw while it lived.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.instants import DAY_MS
from service.simulate.network import Feeder, Network
from service.simulate.outages import Outage, point_outages

_HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkSpans:
    """When the meters of a feeder see no voltage, on their own clocks, ``(n_spans,)`` each."""

    place: NDArray[np.int64]  # of the point, counted from the feeder's first
    from_ms: NDArray[np.int64]
    to_ms: NDArray[np.int64]
    phase: NDArray[np.int64]  # 0: all; 1 to 3: a three-phase meter has lost this one


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterColumns:
    """How the meters of a feeder read, ``(n_points,)`` each."""

    self_powered: NDArray[np.bool_]
    is_instant: NDArray[np.bool_]


def dark_spans(network: Network, feeder: Feeder, outages: tuple[Outage, ...]) -> DarkSpans:
    """Return the spans of one feeder; ``outages`` may be those of all feeders."""
    mine = tuple(outage for outage in outages if outage.extent.feeder == feeder.number)
    rows = point_outages(mine)
    dimmed = [outage for outage in mine if outage.extent.dimmed.size]
    sizes = [outage.extent.dimmed.size for outage in dimmed]
    point = np.concatenate([rows.point, *(outage.extent.dimmed for outage in dimmed)])
    starts = np.repeat(np.array([outage.start_ms for outage in dimmed], np.int64), sizes)
    ends = np.repeat(np.array([outage.end_ms for outage in dimmed], np.int64), sizes)
    phases = np.repeat(np.array([outage.extent.phase for outage in dimmed], np.int64), sizes)
    offset_ms = network.points.clock_offset_ms[point]
    return DarkSpans(
        place=point - feeder.first_point,
        from_ms=np.concatenate([rows.start_ms, starts]) + offset_ms,
        to_ms=np.concatenate([rows.end_ms, ends]) + offset_ms,
        phase=np.concatenate([np.zeros(rows.point.size, np.int64), phases]),
    )


def darken(
    volts: NDArray[np.float32], day_ms: int, spans: DarkSpans, meters: MeterColumns
) -> NDArray[np.bool_]:
    """Lower ``volts``, ``(n_points, n_intervals, 3)``, in place; return which readings there are."""
    n_points, n_intervals, _ = volts.shape
    has_reading = np.ones((n_points, n_intervals), np.bool_)
    length_ms = DAY_MS // n_intervals
    touches = (spans.to_ms > day_ms) & (spans.from_ms < day_ms + DAY_MS)
    for one in np.flatnonzero(touches).tolist():
        place, phase = int(spans.place[one]), int(spans.phase[one])
        from_ms, to_ms = int(spans.from_ms[one]) - day_ms, int(spans.to_ms[one]) - day_ms
        first, stop = max(0, from_ms // length_ms), min(n_intervals, -(-to_ms // length_ms))
        begins_ms = np.arange(first, stop) * length_ms
        ends_ms = begins_ms + length_ms
        overlap_ms = np.minimum(ends_ms, to_ms) - np.maximum(begins_ms, from_ms)
        dark = overlap_ms / length_ms
        at_begin = (from_ms <= begins_ms) & (begins_ms < to_ms)
        if meters.is_instant[place]:
            dark = at_begin.astype(np.float64)
        if meters.self_powered[place] and not phase:
            is_cut = (from_ms < ends_ms) & (ends_ms <= to_ms)
            has_reading[place, first:stop] &= ~(
                at_begin if meters.is_instant[place] else is_cut | (dark > _HALF)
            )
            continue
        columns = slice(None) if not phase else slice(phase - 1, phase)
        lowered = volts[place, first:stop, columns] * np.sqrt(1 - dark, dtype=np.float32)[:, None]
        volts[place, first:stop, columns] = lowered.round(1)
    return has_reading
