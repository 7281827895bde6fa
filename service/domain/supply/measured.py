"""Evidence in what was measured: runs of dark minutes, and interruptions that the live watch saw.

Edges are uncertain: a mean is one of its interval, so supply may have gone anywhere in the last live
reading before the dark, and come back anywhere in the first one after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from service.domain.instants import MINUTE_US
from service.domain.supply.pieces import OPEN, Hole, Piece, cut
from service.domain.supply.readings import Readings, Run, bridged

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
    pairs = bridged(readings.runs, _DARK_STEPS * readings.meter.step, is_dark=True)
    return [_run(readings, first, last) for first, last in pairs]


def event_pieces(event: MeasuredEvent, readings: Readings) -> list[Piece]:
    """Return what an event says, one reading wider on both sides than the watch saw it.

    One that is open is closed by the first live minute after its start, for that may come from
    another device of the point. Silence too long to be bridged is left out: the watch does not see
    what happens meanwhile.
    """
    meter = readings.meter
    interval = meter.interval_s * 1_000_000
    is_instant = meter.is_instant
    if event.end is not None and event.latest is not None:
        end, latest = event.end, event.latest + interval
    else:
        back = next((at for at in map(_live_after(event.start), readings.runs) if at), OPEN)
        latest = OPEN if back == OPEN else back + meter.step
        dark = [min(run.end, back) for run in readings.runs if run.is_dark and run.start < back]
        end = min(max(event.start + interval, dark[-1] if dark else 0), back)
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


def _live_after(start: int) -> Callable[[Run], int]:
    """Return a function for the first live minute of a run after ``start``; 0 if it has none."""

    def first(run: Run) -> int:
        at = run.start if run.start > start else start // MINUTE_US * MINUTE_US + MINUTE_US
        return at if not run.is_dark and at < run.end else 0

    return first


def _run(readings: Readings, first: int, last: int) -> Piece:
    """Return the dark from run ``first`` to run ``last``, both in it."""
    runs, step = readings.runs, readings.meter.step
    is_instant = readings.meter.is_instant
    start, end = runs[first].start, runs[last].end
    earliest, latest = start - step, OPEN
    if first > 0:
        before = runs[first - 1]
        earliest = before.end if before.is_dark and not is_instant else before.end - step
    if last + 1 < len(runs):
        after = runs[last + 1]
        latest = after.start if after.is_dark or is_instant else after.start + step
    if is_instant:
        end = max(end - step, start)
    return Piece(grade="measured", earliest=earliest, start=start, end=end, latest=latest)


def _silences(readings: Readings) -> list[Hole]:
    shortest = _DARK_STEPS * readings.meter.step
    return [
        Hole(before.end, after.start, after.start - before.end)
        for before, after in pairwise(readings.runs)
        if after.start - before.end > shortest
    ]
