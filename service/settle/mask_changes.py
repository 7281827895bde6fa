"""What a change of interruptions means for the pages: which silent minutes get another verdict."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from service.domain.instants import FOREVER_MINUTE, FOREVER_US, MINUTE_US, at_us, edge_minutes
from service.domain.supply.interruptions import Interruption
from service.domain.supply.readings import Ledger
from service.store.judgement import Change

# Of these grades a silent minute of an interruption is INTERRUPTED, also while it lasts.
DARK_GRADES: Final = frozenset({"meter_event", "feeder"})


def mask_changes(
    point_id: int,
    before: Iterable[Interruption],
    after: Iterable[Interruption],
    ledger: Ledger,
) -> list[Change]:
    """Return the times of a point whose silent minutes are to be judged again; edges on whole minutes.

    A measured minute is what was measured, whatever interruption it lies in, so that times without
    a silent minute are left out: what is derived from pages does not change them.

    Args:
        point_id: Of the point.
        before: Its interruptions as they were, those that changed.
        after: As they are.
        ledger: All its minutes in these times, as far as the data reach.
    """
    changed = _differing(_minutes(before), _minutes(after))
    if not changed:
        return []
    measured = ledger.minute[ledger.measured]
    found = []
    for first, last in changed:
        inside = measured[np.searchsorted(measured, first) : np.searchsorted(measured, last)]
        if inside.size == last - first:
            continue
        lead = int(np.argmin(np.append(inside == first + np.arange(inside.size), [False])))
        begin, end = first + lead, last
        if last < FOREVER_MINUTE:
            tail = inside[::-1] == last - 1 - np.arange(inside.size)
            end = last - int(np.argmin(np.append(tail, [False])))
        to_at = None if end >= FOREVER_MINUTE else at_us(end * MINUTE_US)
        found.append(Change(point_id=point_id, from_at=at_us(begin * MINUTE_US), to_at=to_at))
    return found


def _minutes(interruptions: Iterable[Interruption]) -> list[tuple[int, int]]:
    dark = [one for one in interruptions if _darkens(one)]
    edges = np.array(
        [(one.start, FOREVER_US if one.end is None else one.end) for one in dark], np.int64
    ).reshape(-1, 2)
    return [(a, b) for a, b in edge_minutes(edges).tolist() if a < b]


def _darkens(one: Interruption) -> bool:
    """Return whether its silent minutes are INTERRUPTED, as the view ``v_dark_interruption`` has it."""
    if not DARK_GRADES.isdisjoint(one.grades):
        return True
    return "measured" in one.grades and one.end is not None


def _differing(
    before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the minutes that are in one of two lists of disjoint times and not in the other."""
    cuts = sorted({minute for span in (*before, *after) for minute in span})
    found: list[tuple[int, int]] = []
    for a, b in pairwise(cuts):
        if _holds(before, a) == _holds(after, a):
            continue
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def _holds(spans: Sequence[tuple[int, int]], minute: int) -> bool:
    return any(a <= minute < b for a, b in spans)
