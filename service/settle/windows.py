"""How much of a point's ledger has to be looked at so that the interruptions of a time come out whole.

An interruption may begin long before the time that is asked about and end long after it. In the
middle of supply that was measured none can be under way, so what is derived anew is what lies
between two such places; and the ledger is read some readings beyond them, for events at their edges
to find their partners.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED
from service.domain.instants import MINUTE_US
from service.domain.supply.readings import Ledger

CONTEXT_STEPS = 4  # readings beyond the window that are read


class Stretch(NamedTuple):
    """A time of a point that is derived anew; microseconds since the Unix epoch, half-open."""

    from_us: int
    to_us: int


class Anchors(NamedTuple):
    """Where a stretch may begin and end; None: supply was not measured there."""

    before_us: int | None
    after_us: int | None


def anchors_of(ledger: Ledger, step_us: int, asked: Stretch) -> Anchors:
    """Return the nearest places before and after ``asked`` in the middle of measured supply.

    In the middle is where live minutes without a gap reach at least one reading further to the
    outside, and two to the inside: an outage that a mean of its interval hides lies in one reading.

    Args:
        ledger: Of the point, around ``asked``.
        step_us: For which one of its readings or minutes speaks.
        asked: Of which the interruptions are wanted.
    """
    first, last = _live_runs(ledger)
    begin = np.minimum(last, asked.from_us) - 2 * step_us
    fits = np.flatnonzero((first < asked.from_us) & (begin - step_us >= first))
    before = int(begin[fits[-1]]) if fits.size else None
    end = np.maximum(first, asked.to_us) + 2 * step_us
    fits = np.flatnonzero((last > asked.to_us) & (end + step_us <= last))
    after = int(end[fits[0]]) if fits.size else None
    return Anchors(before, after)


def outermost_live(ledger: Ledger, asked: Stretch) -> Anchors:
    """Return the first live minute before ``asked`` and the last one after it, however short the supply was."""
    first, last = _live_runs(ledger)
    before, after = first[first < asked.from_us], last[last > asked.to_us]
    return Anchors(int(before[0]) if before.size else None, int(after[-1]) if after.size else None)


def first_live(ledger: Ledger, from_us: int) -> int | None:
    """Return the first instant from ``from_us`` on at which supply was measured, microseconds; None: it was not."""
    first, last = _live_runs(ledger)
    after = np.flatnonzero(last > from_us)
    return max(int(first[after[0]]), from_us) if after.size else None


def _live_runs(ledger: Ledger) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and ends of the runs of live minutes, microseconds."""
    minute = ledger.minute[ledger.measured & (ledger.verdict != INTERRUPTED)]
    if not minute.size:
        return minute, minute
    breaks = np.flatnonzero(np.diff(minute) > 1)
    first = minute[np.concatenate([[0], breaks + 1])]
    last = minute[np.concatenate([breaks, [minute.size - 1]])] + 1
    return first * MINUTE_US, last * MINUTE_US
