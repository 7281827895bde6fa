"""Clocks that are off: a meter that goes dark with its place, but minutes earlier or later by its own clock.

All below a place lose supply in the same moment. So where a meter is sure of its moment to some
seconds, its place is, too, and they differ by more than events of one clock do, the meter's clock is
off by the difference, and all that it says of that outage is moved by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from service.domain.supply.pieces import OPEN, Piece
from service.domain.supply.places import PlaceOutage
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000


def by_clocks_of_places(
    point_id: int,
    pieces: Sequence[Piece],
    own: Sequence[Piece],
    outages: Iterable[PlaceOutage],
    rule: EvidenceRow,
) -> tuple[Piece, ...]:
    """Return the pieces of a point, those of a clock that is off moved to that of its place.

    Args:
        point_id: Whose they are.
        pieces: Its own evidence.
        own: The periods that they come to.
        outages: Of places; the nearest of several in time is the one that it went with.
        rule: By how much clocks may differ.
    """
    moved = list(pieces)
    seen = [outage.piece for outage in outages if point_id in outage.point_ids]
    for period in own:
        off = _off_by(period, seen, rule)
        if off:
            moved = [_moved(one, off) if _is_of(one, period) else one for one in moved]
    return tuple(moved)


def _off_by(own: Piece, seen: Iterable[Piece], rule: EvidenceRow) -> int:
    """Return what a meter's clock shows minus its place's; 0: nothing says that it is off."""
    sharp = rule.event_tolerance_s * _SECOND_US
    if own.start - own.earliest > sharp:
        return 0
    offs = [own.start - one.start for one in seen if one.start - one.earliest <= sharp]
    off = min(offs, key=lambda one: (abs(one), one), default=0)
    return off if sharp < abs(off) <= rule.clock_tolerance_s * _SECOND_US else 0


def _is_of(piece: Piece, period: Piece) -> bool:
    return period.start <= piece.start and piece.end <= period.end


def _moved(piece: Piece, off: int) -> Piece:
    return replace(
        piece,
        earliest=piece.earliest - off,
        start=piece.start - off,
        end=piece.end - off,
        latest=piece.latest if piece.latest == OPEN else piece.latest - off,
    )
