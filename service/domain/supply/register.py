"""The outage register as evidence and as the place where causes come from.

Declared times are written by people and are often off by a minute or two. So an entry with actual
times makes an interruption of a point only where nothing physical speaks of one there; where
something does, the entry gives its cause, and an edge only where a long silence leaves it open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from service.domain.supply.pieces import OPEN, Hole, Piece, cut
from service.domain.supply.readings import Readings, bridged
from service.domain.supply.union import United
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000
_LIVE_STEPS = (
    1  # silence of so many readings beside a live one is a loss, whatever a declaration says
)
_SILENT_STEPS = 2  # an edge that is open for longer than so many readings is one in a silence


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """An outage in the register that was neither withdrawn nor cancelled; microseconds since the Unix epoch."""

    declaration_id: int
    point_ids: frozenset[int]  # in its scope
    cause: str = ""
    off: int | None = None  # actual times; None: it did not take place, or nobody said yet
    on: int | None = None  # None while it lasts
    window_from: int | None = None  # as announced
    window_to: int | None = None


def declared_pieces(entry: RegisterEntry, readings: Readings) -> list[Piece]:
    """Return what an entry says of a point: its actual times are exact, where nothing was measured.

    Where supply was measured it says nothing, nor of a reading lost beside a live one.
    """
    if entry.off is None or entry.off >= readings.through:
        return []
    end = OPEN if entry.on is None else entry.on
    whole = Piece(
        grade="declared",
        earliest=entry.off,
        start=entry.off,
        end=end,
        latest=end,
        declaration_id=entry.declaration_id,
    )
    step, runs = readings.meter.step, readings.runs
    live = [
        Hole(runs[first].start, runs[last].end, step)
        for first, last in bridged(runs, _LIVE_STEPS * step, is_dark=False)
    ]
    return [
        piece
        for piece in cut(whole, live)
        if piece.start == entry.off
        or min(piece.end, readings.through) - piece.start > _LIVE_STEPS * step
    ]


def beside_physical(
    declared: Iterable[Piece], physical: Sequence[United], step: int, rule: EvidenceRow
) -> list[Piece]:
    """Return declared pieces as they count beside physical evidence of the same point.

    One that meets no physical period stays as it is. One that does takes that period's edges, except
    where that edge lies in a silence: there the declared one is the only word.

    Args:
        declared: Pieces of grade declared, any order.
        physical: Periods, in order.
        step: Microseconds for which a reading speaks.
        rule: How far declared times may be off.
    """
    slack = rule.declared_tolerance_s * _SECOND_US
    found = []
    for piece in declared:
        met = [one.piece for one in physical if _meets(piece, one.piece, step, slack)]
        found += [_taking_edges(piece, period, step) for period in met] or [piece]
    return found


def cause_entry(
    period: Piece, entries: Iterable[RegisterEntry], rule: EvidenceRow
) -> RegisterEntry | None:
    """Return the entry that gives a period its cause, of those that name its point; None: there is none.

    An entry with actual times may miss the period by what declared times are off; one with a window
    only gives a cause to what starts in its window. Of several: actual times before a window, then
    the greatest overlap, the fewest points, the earlier one, the smaller number.
    """
    slack = rule.declared_tolerance_s * _SECOND_US
    ranked = [
        (entry.off is None, -overlap, len(entry.point_ids), begin, entry.declaration_id, entry)
        for entry in entries
        for begin, overlap in _overlaps(period, entry, slack)
    ]
    return min(ranked, key=lambda one: one[:-1])[-1] if ranked else None


def _overlaps(period: Piece, entry: RegisterEntry, slack: int) -> list[tuple[int, int]]:
    """Return begin of an entry and its overlap with a period, negative for a gap; nothing if they do not fit."""
    end = OPEN if period.is_open else period.end
    if entry.off is not None:
        until = OPEN if entry.on is None else entry.on
        overlap = min(end, until) - max(period.start, entry.off)
        return [(entry.off, overlap)] if overlap >= -slack else []
    if entry.window_from is None or entry.window_to is None:
        return []
    if not entry.window_from <= period.start < entry.window_to:
        return []
    return [(entry.window_from, min(end, entry.window_to) - period.start)]


def _meets(declared: Piece, period: Piece, step: int, slack: int) -> bool:
    low = max(period.earliest, period.start - _SILENT_STEPS * step) - slack
    high = min(period.latest, period.end + _SILENT_STEPS * step) + slack
    return declared.start <= high and low <= declared.end


def _taking_edges(declared: Piece, period: Piece, step: int) -> Piece:
    """Return a declared piece with the edges of the physical period that it meets."""
    earliest, start, end, latest = period.earliest, period.start, period.end, period.latest
    silence = _SILENT_STEPS * step
    if start - earliest > silence and earliest <= declared.start < start:
        earliest = start = declared.start
    if latest - end > silence and end < declared.end:
        end = min(declared.end, latest)
        latest = end if declared.latest != OPEN else latest
    return replace(declared, earliest=earliest, start=start, end=end, latest=latest)
