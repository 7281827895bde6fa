"""Uniting evidence: what speaks of the same outage of a point becomes one piece, never a sum.

Two pieces speak of the same outage if the times for which they are sure overlap or touch, or if both
their edges may be the same. What results does not depend on the order of the pieces: they are put
into groups first, and each edge of a group is chosen among all its pieces.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from service.domain.supply.pieces import RANK_OF, Grade, Piece


class United(NamedTuple):
    """One period without supply, and what it was united from."""

    piece: Piece  # grade: the best
    members: tuple[Piece, ...]  # sorted

    @property
    def grades(self) -> tuple[Grade, ...]:
        """Return the grades of the members, best first, each once."""
        return tuple(sorted({piece.grade for piece in self.members}, key=RANK_OF.__getitem__))


def unite(pieces: Iterable[Piece], tolerance: int) -> list[United]:
    """Return the periods that the pieces come to, in order and disjoint.

    Of each edge the sharpest word wins among those that may mean the same; of words that contradict
    each other, the one that makes the period longer, for both pieces are sure of their time.
    Uncertain edges do not reach over a neighbour: supply came back before it went again.

    Args:
        pieces: Of one point, any order.
        tolerance: Microseconds by which two words for the same edge may miss each other.
    """
    groups = [_united(group, tolerance) for group in _groups(sorted(set(pieces), key=_order))]
    groups = _without_overlap(sorted(groups, key=lambda one: _order(one.piece)), tolerance)
    for i in range(len(groups) - 1):
        before, after = groups[i].piece, groups[i + 1].piece
        if before.latest > after.start:
            groups[i] = groups[i]._replace(piece=replace(before, latest=after.start))
        if after.earliest < before.end:
            groups[i + 1] = groups[i + 1]._replace(piece=replace(after, earliest=before.end))
    return groups


def is_same_outage(a: Piece, b: Piece) -> bool:
    """Return whether two pieces of a point speak of the same outage."""
    if a.start <= b.end and b.start <= a.end:
        return True
    starts_meet = a.earliest <= b.start and b.earliest <= a.start
    return starts_meet and a.end <= b.latest and b.end <= a.latest


def _order(piece: Piece) -> tuple[object, ...]:
    return (
        piece.start,
        piece.end,
        piece.earliest,
        piece.latest,
        RANK_OF[piece.grade],
        piece.declaration_id or 0,
        piece.place,
        piece.code,
    )


def _groups(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces that speak of the same outage, directly or through others."""
    done: list[list[Piece]] = []
    active: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda one: one.earliest):
        mine, others = [piece], []
        for group in active:
            if any(is_same_outage(piece, one) for one in group):
                mine += group
            elif max(one.latest for one in group) < piece.earliest:
                done.append(group)
            else:
                others.append(group)
        active = [*others, mine]
    return done + active


def _without_overlap(groups: list[United], tolerance: int) -> list[United]:
    """Return the groups, in order; those whose sure times overlap or touch are one."""
    while True:
        for i in range(len(groups) - 1):
            if groups[i + 1].piece.start <= groups[i].piece.end:
                members = groups[i].members + groups[i + 1].members
                groups[i : i + 2] = [_united(members, tolerance)]
                groups.sort(key=lambda one: _order(one.piece))
                break
        else:
            return groups


def _united(group: Sequence[Piece], tolerance: int) -> United:
    """Return one piece with the best edges of a group."""
    members = tuple(sorted(group, key=_order))
    earliest, start = _start(members, tolerance)
    end, latest = _end(members, tolerance)
    if start > end:  # words that are sharper than they are right
        start, end = min(one.start for one in members), max(one.end for one in members)
    best = min(members, key=lambda piece: RANK_OF[piece.grade])
    piece = Piece(
        grade=best.grade,
        earliest=min(earliest, start),
        start=start,
        end=end,
        latest=max(latest, end),
    )
    return United(piece, members)


def _start(members: Sequence[Piece], tolerance: int) -> tuple[int, int]:
    """Return earliest and start: of the first to be sure, or of a sharper word for the same edge."""
    first = min(piece.start for piece in members)
    able = [piece for piece in members if piece.earliest <= first + tolerance]
    best = min(able, key=lambda p: (p.start - p.earliest, RANK_OF[p.grade], p.start, p.earliest))
    return best.earliest, max(first, best.earliest)


def _end(members: Sequence[Piece], tolerance: int) -> tuple[int, int]:
    """Return end and latest: of the last to be sure, or of a sharper word for the same edge."""
    last = max(piece.end for piece in members)
    able = [piece for piece in members if piece.latest >= last - tolerance]
    best = min(able, key=lambda p: (p.latest - p.end, RANK_OF[p.grade], -p.end, -p.latest))
    return min(last, best.latest), best.latest
