"""The supply of one feeder: what its points say, what that says of places, and what follows for all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from service.domain.supply.clocks import by_clocks_of_places
from service.domain.supply.interruptions import PointSupply, point_supply
from service.domain.supply.outages import Outage, outages_of
from service.domain.supply.own_evidence import OwnEvidence
from service.domain.supply.pieces import Piece
from service.domain.supply.place_evidence import place_pieces
from service.domain.supply.places import PlaceOutage, place_outages
from service.domain.supply.register import RegisterEntry
from service.domain.supply.union import unite
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederSupply:
    """What is known of the supply of a feeder's points in a window of time."""

    points: Mapping[int, PointSupply]  # by id, all of them
    outages: tuple[Outage, ...]  # in the order of their starts
    n_false_alarms: int  # last gasps of meters that went on reading


def feeder_supply(
    feeder: str,
    points: Sequence[OwnEvidence],
    entries: Iterable[RegisterEntry],
    rule: EvidenceRow,
    through: int,
) -> FeederSupply:
    """Return interruptions and outages of a feeder, a pure function of the set of what is known.

    Args:
        feeder: Its code.
        points: All its points with what they say of themselves: places are judged by all of them.
            Points without a feeder are given one by one.
        entries: Of the register, that name any of the points; neither withdrawn nor cancelled.
        rule: The ``[evidence]`` of a rule set.
        through: Microseconds since the Unix epoch; an open interruption is dark up to here. What
            is declared, and places, count as far as the readings of the points reach.
    """
    tolerance = rule.reading_tolerance_s * _SECOND_US
    own = {
        point.point_id: [one.piece for one in unite(point.pieces, tolerance)] for point in points
    }
    places = place_outages(feeder, points, own, rule)
    entries_of: defaultdict[int, list[RegisterEntry]] = defaultdict(list)
    for entry in entries:
        for point_id in entry.point_ids:
            entries_of[point_id].append(entry)
    found = {
        point.point_id: _supply(point, own[point.point_id], places, entries_of, rule)
        for point in points
    }
    interruptions = [one for supply in found.values() for one in supply.interruptions]
    by_id = {point.point_id: point for point in points}
    return FeederSupply(
        points=found,
        outages=outages_of(feeder, by_id, interruptions, rule, through),
        n_false_alarms=sum(point.n_false_alarms for point in points),
    )


def _supply(
    point: OwnEvidence,
    own: Sequence[Piece],
    places: Sequence[PlaceOutage],
    entries_of: Mapping[int, Sequence[RegisterEntry]],
    rule: EvidenceRow,
) -> PointSupply:
    """Return what is known of one point, with what places say of it."""
    entries = entries_of.get(point.point_id, ())
    if not places:
        return point_supply(point, (), entries, rule)
    pieces = by_clocks_of_places(point.point_id, point.pieces, own, places, rule)
    if pieces != point.pieces:
        point = replace(point, pieces=pieces)
        own = [one.piece for one in unite(pieces, rule.reading_tolerance_s * _SECOND_US)]
    return point_supply(point, place_pieces(point, own, places, rule), entries, rule)
