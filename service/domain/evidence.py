"""What says that a point was without supply: dark minutes, events, declared outages; and when.

Edges are uncertain: a reading is a mean of its interval, so supply may have gone anywhere in the
last live reading before the dark, and come back anywhere in the first one after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED, MINUTES_PER_HOUR, RANK_GOOD, RANK_MASK, RANK_SHIFT
from service.domain.instants import MINUTE_US, epoch_us
from service.domain.registry import Declaration

OPEN = 2**62  # microseconds; the latest end of what may still go on
_DARK_STEPS = 2  # silence of so many readings between two dark ones does not part them
_LIVE_STEPS = 1  # silence of so many beside a live one is a loss, whatever a declaration says


class Ledger(NamedTuple):
    """Minutes of one point, ``(n_minutes,)`` each; one that is not in it was not measured."""

    minute: NDArray[np.int64]  # minutes since the Unix epoch, sorted, each once
    verdict: NDArray[np.uint8]  # of the point
    measured: NDArray[np.bool_]  # at least one phase has a good cell


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredEvent:
    """An event of kind interruption, as the watch saw it; times with zone."""

    earliest_at: datetime  # end of the last reading before the dark
    start_at: datetime  # start of the first dark reading
    end_at: datetime | None = None  # end of the last dark reading; None while open
    latest_at: datetime | None = None  # start of the first live reading after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence; microseconds since the Unix epoch."""

    earliest: int  # supply went in earliest .. start
    start: int
    end: int  # of the last instant known to be dark
    latest: int  # supply came back in end .. latest; OPEN while nothing says that it did
    measured: bool  # else declared


class Hole(NamedTuple):
    """A time for which evidence does not speak; an edge that it makes is uncertain by ``fuzz``."""

    start: int
    end: int
    fuzz: int


class Known(NamedTuple):
    """The measured minutes of a point that count."""

    start: NDArray[np.int64]  # microseconds since the Unix epoch
    is_dark: NDArray[np.bool_]
    step: int  # microseconds for which a reading or a minute speaks, the longer of the two
    through: int  # microseconds since the Unix epoch; nothing from here on counts


def ledger_of(
    hours: NDArray[np.int32], verdicts: NDArray[np.uint8], marks: NDArray[np.uint8]
) -> Ledger:
    """Return the ledger in the judged pages of one point.

    Args:
        hours: Of the pages, sorted, ``(n_pages,)``.
        verdicts: Of the point, ``(n_pages, 60)``.
        marks: Of each phase, ``(n_pages, n_phases, 60)``.
    """
    minute = hours.astype(np.int64)[:, None] * MINUTES_PER_HOUR + np.arange(MINUTES_PER_HOUR)
    measured = (((marks >> RANK_SHIFT) & RANK_MASK) == RANK_GOOD).any(axis=1)
    return Ledger(minute.reshape(-1), verdicts.reshape(-1), measured.reshape(-1))


def known_minutes(ledger: Ledger, interval_s: int, through: int) -> Known:
    """Return the measured minutes of ``ledger`` that end before ``through``."""
    start = ledger.minute * MINUTE_US
    chosen = ledger.measured & (start + MINUTE_US <= through)
    is_dark = ledger.verdict[chosen] == INTERRUPTED
    return Known(start[chosen], is_dark, max(interval_s * 1_000_000, MINUTE_US), through)


def dark_runs(known: Known) -> list[Piece]:
    """Return the runs of dark minutes; one that no measured minute follows is open."""
    return [_run(known, first, last) for first, last in _runs(known, known.is_dark, _DARK_STEPS)]


def event_pieces(event: MeasuredEvent, interval_s: int, known: Known) -> list[Piece]:
    """Return what an event says, one reading wider on both sides than the watch saw it.

    One that is open is closed by the first live minute after its start, for that may come from
    another device of the point. Silence too long to be bridged is left out: the watch does not see
    what happens meanwhile.
    """
    interval = interval_s * 1_000_000
    earliest, start = epoch_us(event.earliest_at) - interval, epoch_us(event.start_at)
    if event.end_at is not None and event.latest_at is not None:
        end, latest = epoch_us(event.end_at), epoch_us(event.latest_at) + interval
    else:
        live = known.start[~known.is_dark & (known.start > start)]
        back = int(live[0]) if live.size else OPEN
        latest = back + known.step if live.size else OPEN
        dark = known.start[known.is_dark & (known.start < back)]
        end = max(start + interval, int(dark[-1]) + MINUTE_US if dark.size else 0)
        end = min(end, back)
    piece = Piece(earliest=earliest, start=start, end=end, latest=latest, measured=True)
    holes = [hole for hole in _silences(known) if start < hole.start and hole.end < end]
    return _cut(piece, holes)


def declared_pieces(outage: Declaration, known: Known) -> list[Piece]:
    """Return what a declared outage says: its actual times are exact, where nothing was measured.

    Where supply was measured it says nothing, nor of a reading lost beside a live one.
    """
    start = epoch_us(outage.from_at)
    end = OPEN if outage.to_at is None else epoch_us(outage.to_at)
    whole = Piece(earliest=start, start=start, end=end, latest=end, measured=False)
    live = [
        Hole(int(known.start[first]), int(known.start[last]) + MINUTE_US, known.step)
        for first, last in _runs(known, ~known.is_dark, _LIVE_STEPS)
    ]
    shortest = _LIVE_STEPS * known.step
    return [
        piece
        for piece in _cut(whole, live)
        if piece.start == start or min(piece.end, known.through) - piece.start > shortest
    ]


def _runs(known: Known, chosen: NDArray[np.bool_], n_steps: int) -> list[tuple[int, int]]:
    """Return first and last index of the runs of chosen minutes, short silences bridged."""
    silence = known.start[1:] - known.start[:-1] - MINUTE_US
    joined = chosen[1:] & chosen[:-1] & (silence <= n_steps * known.step)
    is_first, is_last = chosen.copy(), chosen.copy()
    is_first[1:] &= ~joined
    is_last[:-1] &= ~joined
    firsts, lasts = np.flatnonzero(is_first).tolist(), np.flatnonzero(is_last).tolist()
    return list(zip(firsts, lasts, strict=True))


def _run(known: Known, first: int, last: int) -> Piece:
    """Return the run of dark minutes from index ``first`` to ``last``, both in it."""
    start, end = int(known.start[first]), int(known.start[last]) + MINUTE_US
    earliest, latest = start - known.step, OPEN
    if first > 0:
        before = int(known.start[first - 1]) + MINUTE_US
        earliest = before if known.is_dark[first - 1] else before - known.step
    if last + 1 < known.start.size:
        after = int(known.start[last + 1])
        latest = after if known.is_dark[last + 1] else after + known.step
    return Piece(earliest=earliest, start=start, end=end, latest=latest, measured=True)


def _silences(known: Known) -> list[Hole]:
    begin, end = known.start[:-1] + MINUTE_US, known.start[1:]
    chosen = end - begin > _DARK_STEPS * known.step
    pairs = zip(begin[chosen].tolist(), end[chosen].tolist(), strict=True)
    return [Hole(a, b, b - a) for a, b in pairs]


def _cut(piece: Piece, holes: Sequence[Hole]) -> list[Piece]:
    """Return what is left of ``piece`` outside the holes, which are sorted."""
    rest: list[Piece] = []
    for hole in holes:
        if hole.end <= piece.start or hole.start >= piece.end:
            continue
        if hole.start > piece.start:
            latest = min(piece.latest, hole.start + hole.fuzz)
            rest.append(replace(piece, end=hole.start, latest=latest))
        if hole.end >= piece.end:
            return rest
        earliest = max(piece.earliest, hole.end - hole.fuzz)
        piece = replace(piece, start=hole.end, earliest=earliest)
    return [*rest, piece]
