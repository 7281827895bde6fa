"""Interruptions of one point, from everything that is known of it: evidence is united, never added.

Three kinds of evidence meet here. Dark minutes: runs of measured minutes without voltage. Events:
the same seen in single readings, finer at the edges. Declared outages, which hold where nothing was
measured; where supply was measured, the measurement holds. Silence is no evidence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from service.domain.evidence import (
    OPEN,
    Ledger,
    MeasuredEvent,
    Piece,
    dark_runs,
    declared_pieces,
    event_pieces,
    known_minutes,
)
from service.domain.instants import at_us, epoch_us
from service.domain.registry import Declaration

Evidence = Literal["measured", "declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A period without supply of one point; UTC."""

    earliest_at: datetime  # supply went in earliest_at .. start_at
    start_at: datetime
    end_at: datetime | None  # and came back in end_at .. latest_at; None while open
    latest_at: datetime | None
    evidence: Evidence  # measured, if any part of it was
    declaration_id: int | None = None  # the first declared outage that overlaps it
    cause: str = ""  # of that one

    @property
    def is_open(self) -> bool:
        """Whether nothing says that supply came back."""
        return self.end_at is None


def interruptions_of(
    ledger: Ledger,
    interval_s: int,
    events: Iterable[MeasuredEvent],
    outages: Iterable[Declaration],
    data_through: datetime,
) -> list[Interruption]:
    """Return the interruptions of one point, in order and disjoint.

    A pure function of its arguments. A window of the ledger that begins and ends with a live
    measured reading gives what the whole gives for what starts in it; only a ``latest_at`` less
    than a reading from its end may come out narrower.

    Args:
        ledger: Judged minutes of the point, as ``ledger_of`` gives them.
        interval_s: Of its readings, seconds.
        events: Of kind interruption, any order.
        outages: Declarations of kind outage that name the point, any order.
        data_through: Minutes from here on, and outages declared to begin later, do not count yet.

    Source: design, section 7; DL/T 836.1-2016 (the user without supply is what counts).
    """
    known = known_minutes(ledger, interval_s, epoch_us(data_through))
    declared = sorted(
        (outage for outage in outages if epoch_us(outage.from_at) < known.through),
        key=lambda outage: (outage.from_at, outage.declaration_id),
    )
    pieces = dark_runs(known)
    for event in events:
        pieces += event_pieces(event, interval_s, known)
    for outage in declared:
        pieces += declared_pieces(outage, known)
    return [_interruption(piece, declared) for piece in _unite(pieces)]


def _unite(pieces: list[Piece]) -> list[Piece]:
    """Return disjoint pieces in order; those that overlap or touch become one."""
    united: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if united and piece.start <= united[-1].end:
            united[-1] = _both(united[-1], piece)
        else:
            united.append(piece)
    # Supply came back before it went again: uncertain edges do not reach over.
    for i in range(len(united) - 1):
        before, after = united[i], united[i + 1]
        united[i] = replace(before, latest=min(before.latest, after.start))
        united[i + 1] = replace(after, earliest=max(after.earliest, before.end))
    return united


def _both(a: Piece, b: Piece) -> Piece:
    """Return one piece with the better edges of two.

    The earlier start and the later end win. Of two at once: what has ended before what may still go
    on, the measured before the declared, the finer before the coarser.
    """
    first = min(a, b, key=lambda p: (p.start, not p.measured, -p.earliest))
    last = max(a, b, key=lambda p: (p.end, p.latest != OPEN, p.measured, -p.latest))
    return Piece(
        earliest=first.earliest,
        start=first.start,
        end=last.end,
        latest=last.latest,
        measured=a.measured or b.measured,
    )


def _interruption(piece: Piece, declared: Sequence[Declaration]) -> Interruption:
    is_open = piece.latest == OPEN
    end = OPEN if is_open else piece.end
    overlapping = (outage for outage in declared if _overlaps(outage, piece.start, end))
    declaration = next(overlapping, None)
    return Interruption(
        earliest_at=at_us(piece.earliest),
        start_at=at_us(piece.start),
        end_at=None if is_open else at_us(piece.end),
        latest_at=None if is_open else at_us(piece.latest),
        evidence="measured" if piece.measured else "declared",
        declaration_id=None if declaration is None else declaration.declaration_id,
        cause="" if declaration is None else declaration.cause,
    )


def _overlaps(outage: Declaration, start: int, end: int) -> bool:
    ends_before = outage.to_at is not None and epoch_us(outage.to_at) <= start
    return epoch_us(outage.from_at) < end and not ends_before
