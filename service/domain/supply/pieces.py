"""Pieces of evidence that a point was without supply, with uncertain edges; times in microseconds.

Supply went in ``earliest .. start`` and came back in ``end .. latest``; between start and end it was
away. Times are microseconds since the Unix epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

Grade = Literal["measured", "meter_event", "feeder", "declared", "inferred"]
GRADES: Final[tuple[Grade, ...]] = ("measured", "meter_event", "feeder", "declared", "inferred")
RANK_OF: Final[dict[Grade, int]] = {grade: rank for rank, grade in enumerate(GRADES)}  # 0 is best
OPEN: Final = 2**62  # the latest end of what may still go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence; ``earliest <= start <= end <= latest``."""

    grade: Grade
    earliest: int  # supply went in earliest .. start
    start: int
    end: int  # of the last instant known to be dark
    latest: int  # supply came back in end .. latest; OPEN while nothing says that it did
    declaration_id: int | None = None  # grade declared: which
    place: str = ""  # grades feeder and inferred: whose outage it is, "feeder" or "transformer"
    code: str = ""  # of that place

    @property
    def is_open(self) -> bool:
        """Whether nothing says that supply came back."""
        return self.latest == OPEN


class Hole(NamedTuple):
    """A time for which evidence does not speak; an edge that it makes is uncertain by ``fuzz``."""

    start: int
    end: int
    fuzz: int


def cut(piece: Piece, holes: Sequence[Hole]) -> list[Piece]:
    """Return what is left of ``piece`` outside the holes, which are sorted and disjoint."""
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
