"""Interruptions of a point: all that is known of it, united, with its cause from the register."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.domain.supply.own_evidence import OwnEvidence
from service.domain.supply.pieces import Grade, Piece
from service.domain.supply.register import (
    RegisterEntry,
    beside_physical,
    cause_entry,
    declared_pieces,
)
from service.domain.supply.union import United, unite
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A period without supply of one point; microseconds since the Unix epoch."""

    point_id: int
    earliest: int  # supply went in earliest .. start
    start: int
    end: int | None  # and came back in end .. latest; None while open
    latest: int | None
    grades: tuple[Grade, ...]  # of its evidence, best first
    declaration_id: int | None = None  # the entry of the register that gives its cause
    cause: str = ""

    @property
    def evidence(self) -> Grade:
        """The best grade."""
        return self.grades[0]

    @property
    def is_open(self) -> bool:
        """Whether nothing says that supply came back."""
        return self.end is None

    def until(self, through: int) -> int:
        """Return its end; of an open one, the instant up to which is asked."""
        return max(self.start, through) if self.end is None else self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSupply:
    """What is known of a point."""

    pieces: tuple[Piece, ...]  # all evidence, as it was before it was united
    interruptions: tuple[Interruption, ...]  # in order, disjoint


def point_supply(
    point: OwnEvidence,
    from_places: Sequence[Piece],
    entries: Iterable[RegisterEntry],
    rule: EvidenceRow,
) -> PointSupply:
    """Return the interruptions of one point, a pure function of the set of its evidence.

    Args:
        point: What it says of itself.
        from_places: What outages of places say of it.
        entries: Of the register, that name it; any order.
        rule: Tolerances.
    """
    tolerance = rule.reading_tolerance_s * _SECOND_US
    entries = sorted(entries, key=lambda entry: entry.declaration_id)
    declared = [piece for entry in entries for piece in declared_pieces(entry, point.readings)]
    physical = (*point.pieces, *from_places)
    periods = unite(physical, tolerance)
    if declared:
        step = point.readings.meter.step
        periods = unite((*physical, *beside_physical(declared, periods, step, rule)), tolerance)
    return PointSupply(
        pieces=(*physical, *declared),
        interruptions=tuple(_interruption(point.point_id, one, entries, rule) for one in periods),
    )


def _interruption(
    point_id: int, period: United, entries: Sequence[RegisterEntry], rule: EvidenceRow
) -> Interruption:
    piece = period.piece
    entry = cause_entry(piece, entries, rule)
    return Interruption(
        point_id=point_id,
        earliest=piece.earliest,
        start=piece.start,
        end=None if piece.is_open else piece.end,
        latest=None if piece.is_open else piece.latest,
        grades=period.grades,
        declaration_id=None if entry is None else entry.declaration_id,
        cause="" if entry is None else entry.cause,
    )
