"""Evidence in what was measured: runs of dark minutes, and interruptions that the live watch saw.

Edges are uncertain: a mean is one of its interval, so supply may have gone anywhere in the last live
reading before the dark, and come back anywhere in the first one after it.
"""

from dataclasses import dataclass

import numpy as np

from service.domain.instants import MINUTE_US
from service.domain.supply.pieces import OPEN, Hole, Piece, cut
from service.domain.supply.readings import Readings, run_edges

_DARK_STEPS = 2  # silence of so many readings between two dark ones does not part them


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredEvent:
    """A voltage event of kind interruption, as the watch saw it; microseconds since the Unix epoch."""

    earliest: int  # end of the last reading before the dark
    start: int  # start of the first dark reading
    end: int | None = None  # end of the last dark reading; None while open
    latest: int | None = None  # start of the first live reading after it


def dark_runs(readings: Readings) -> list[Piece]:
    """Return the runs of dark minutes; one that no measured minute follows is open."""
    known = readings.known
    if not known.is_dark.any():
        return []
    firsts, lasts = run_edges(known, known.is_dark, _DARK_STEPS * readings.meter.step)
    pairs = zip(firsts.tolist(), lasts.tolist(), strict=True)
    return [_run(readings, first, last) for first, last in pairs]


def event_pieces(event: MeasuredEvent, readings: Readings) -> list[Piece]:
    """Return what an event says, one reading wider on both sides than the watch saw it.

    One that is open is closed by the first live minute after its start, for that may come from
    another device of the point. Silence too long to be bridged is left out: the watch does not see
    what happens meanwhile.
    """
    known, meter = readings.known, readings.meter
    interval = meter.interval_s * 1_000_000
    is_instant = meter.is_instant
    if event.end is not None and event.latest is not None:
        end, latest = event.end, event.latest + interval
    else:
        live = known.start[~known.is_dark & (known.start > event.start)]
        back = int(live[0]) if live.size else OPEN
        latest = back + meter.step if live.size else OPEN
        dark = known.start[known.is_dark & (known.start < back)]
        end = max(event.start + interval, int(dark[-1]) + MINUTE_US if dark.size else 0)
        end = min(end, back)
    if is_instant:
        end = max(end - interval, event.start)
        latest = latest if latest == OPEN else max(latest - interval, end)
    piece = Piece(
        grade="measured",
        earliest=event.earliest - interval,
        start=event.start,
        end=end,
        latest=latest,
    )
    holes = [hole for hole in _silences(readings) if event.start < hole.start and hole.end < end]
    return cut(piece, holes)


def _run(readings: Readings, first: int, last: int) -> Piece:
    """Return the run of dark minutes from index ``first`` to ``last``, both in it."""
    known, step = readings.known, readings.meter.step
    is_instant = readings.meter.is_instant
    start, end = int(known.start[first]), int(known.start[last]) + MINUTE_US
    earliest, latest = start - step, OPEN
    if first > 0:
        before = int(known.start[first - 1]) + MINUTE_US
        earliest = before if known.is_dark[first - 1] and not is_instant else before - step
    if last + 1 < known.start.size:
        after = int(known.start[last + 1])
        latest = after if known.is_dark[last + 1] or is_instant else after + step
    if is_instant:
        end = max(end - step, start)
    return Piece(grade="measured", earliest=earliest, start=start, end=end, latest=latest)


def _silences(readings: Readings) -> list[Hole]:
    known = readings.known
    begin, end = known.start[:-1] + MINUTE_US, known.start[1:]
    chosen = np.flatnonzero(end - begin > _DARK_STEPS * readings.meter.step)
    pairs = zip(begin[chosen].tolist(), end[chosen].tolist(), strict=True)
    return [Hole(a, b, b - a) for a, b in pairs]
