"""What the outage of a place says of a point below it.

A point that is silent was without supply while its place was. One that has evidence of its own keeps
it; where an edge of that is vague, the place makes it sharper: below a dark place nobody has supply.
A live reading inside the dark time contradicts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from service.domain.supply.own_evidence import OwnEvidence
from service.domain.supply.pieces import OPEN, Piece
from service.domain.supply.places import PlaceOutage
from service.domain.supply.readings import Readings
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000


def place_pieces(
    point: OwnEvidence,
    own: Sequence[Piece],
    outages: Iterable[PlaceOutage],
    rule: EvidenceRow,
) -> list[Piece]:
    """Return pieces of grades feeder and inferred.

    Args:
        point: The point.
        own: The periods that its own evidence comes to.
        outages: Of places; those that do not hold the point say nothing.
        rule: How far clocks may be apart.
    """
    slack = rule.clock_tolerance_s * _SECOND_US
    found: list[Piece] = []
    for outage in outages:
        seen = outage.piece
        if point.point_id not in outage.point_ids:
            continue
        if point.readings.has_live_within(seen.start + slack, seen.end - slack):
            continue
        mine = [one for one in own if _is_near(one, seen, slack)]
        found += [better for one in mine if (better := _sharper(one, seen)) is not None]
        if not mine:
            found.append(_of_silent(seen, point.readings))
    return found


def _is_near(own: Piece, seen: Piece, slack: int) -> bool:
    return own.start - slack <= seen.end and seen.start <= own.end + slack


def _sharper(own: Piece, seen: Piece) -> Piece | None:
    """Return own edges as the place makes them sharper; None: it does not."""
    piece = replace(own, grade=seen.grade, place=seen.place, code=seen.code, declaration_id=None)
    if own.earliest <= seen.start < own.start:
        piece = replace(piece, earliest=max(own.earliest, seen.earliest), start=seen.start)
    if own.end < seen.end <= own.latest:
        piece = replace(piece, end=seen.end)
    return None if (piece.start, piece.end) == (own.start, own.end) else piece


def _of_silent(seen: Piece, readings: Readings) -> Piece:
    """Return what happened to a point that says nothing itself; it may stay dark longer than its place."""
    back = readings.back_after(seen.end)
    if seen.is_open:
        return replace(seen, latest=OPEN if back is None else max(seen.end, back.high))
    if back is None or readings.is_live_at(seen.latest):
        return seen
    return replace(seen, latest=max(seen.latest, back.high))
