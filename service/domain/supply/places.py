"""Outages of places: what the witness of a feeder or a transformer saw, or enough of its meters.

Only evidence of their own counts, never silence: a loss of communication makes no outage. A witness
is believed when a meter below it has evidence of the same time. A transformer without a witness is
out when a large share of its meters say so; a phase that is lost concerns a third of them. Neither
holds against points below whose readings show supply.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.domain.supply.own_evidence import OwnEvidence
from service.domain.supply.pieces import Grade, Piece
from service.domain.supply.together import together
from service.domain.supply_rows import EvidenceRow

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOutage:
    """A time in which a place was without supply."""

    piece: Piece  # grade feeder or inferred, with its place
    point_ids: frozenset[int]  # whom it darkens: the points below


def place_outages(
    feeder: str,
    points: Sequence[OwnEvidence],
    own: Mapping[int, Sequence[Piece]],
    rule: EvidenceRow,
) -> list[PlaceOutage]:
    """Return the outages of a feeder and its transformers.

    Those that begin where the readings have not come to are none yet: nothing could hold against them.

    Args:
        feeder: Its code.
        points: All its points.
        own: By point, the periods that its own evidence comes to, in order.
        rule: Shares and tolerances.
    """
    found: list[PlaceOutage] = []
    by_transformer: defaultdict[str, list[OwnEvidence]] = defaultdict(list)
    for point in points:
        if point.transformer:
            by_transformer[point.transformer].append(point)
    for code, below in sorted(by_transformer.items()):
        witnesses = [point for point in below if point.is_terminal and point.can_witness]
        if witnesses:
            found += _witnessed("transformer", code, witnesses, below, own, rule)
        else:
            found += _inferred(code, below, own, rule)
    heads = [point for point in points if point.is_feeder_head and point.can_witness]
    found += _witnessed("feeder", feeder, heads, points, own, rule)
    through = max((point.readings.through for point in points), default=0)
    return [one for one in found if one.piece.start < through]


def _witnessed(
    place: str,
    code: str,
    witnesses: Sequence[OwnEvidence],
    points: Sequence[OwnEvidence],
    own: Mapping[int, Sequence[Piece]],
    rule: EvidenceRow,
) -> list[PlaceOutage]:
    """Return what the witnesses of a place saw, where points below agree."""
    seen_by = {witness.point_id for witness in witnesses}
    below = [point for point in points if point.point_id not in seen_by]
    found = []
    for piece in sorted({piece for one in seen_by for piece in own[one]}, key=_order):
        n_agree = sum(_agrees(piece, own[point.point_id], rule) for point in below)
        if n_agree >= rule.witness_points_min and not _is_contradicted(piece, below, rule):
            found.append(_outage("feeder", piece, place, code, below))
    return found


def _inferred(
    code: str,
    below: Sequence[OwnEvidence],
    own: Mapping[int, Sequence[Piece]],
    rule: EvidenceRow,
) -> list[PlaceOutage]:
    """Return what enough meters of a transformer say."""
    able = [point for point in below if point.can_witness]
    if len(below) < 2:  # noqa: PLR2004 (there is nobody else)
        return []
    said = [(piece, point.point_id) for point in able for piece in own[point.point_id]]
    found = []
    for group in together(said, rule.clock_tolerance_s * _SECOND_US):
        n = len({point_id for _, point_id in group})
        is_enough = n == len(able) or (
            n >= rule.inferred_points_min and n >= rule.inferred_share_min * len(able)
        )
        piece = _middle([piece for piece, _ in group])
        if is_enough and not _is_contradicted(piece, below, rule):
            found.append(_outage("inferred", piece, "transformer", code, below))
    return found


def _middle(pieces: Iterable[Piece]) -> Piece:
    """Return a piece with the edges in the middle: a clock that is off, and one that stays dark, do not count."""
    by_start = sorted(pieces, key=lambda piece: (piece.start, piece.earliest))
    by_end = sorted(by_start, key=lambda piece: (piece.is_open, piece.end, piece.latest))
    first, last = by_start[(len(by_start) - 1) // 2], by_end[(len(by_end) - 1) // 2]
    end = max(last.end, first.start)
    return Piece(
        grade="inferred",
        earliest=first.earliest,
        start=first.start,
        end=end,
        latest=max(last.latest, end),
    )


def _agrees(seen: Piece, own: Sequence[Piece], rule: EvidenceRow) -> bool:
    """Return whether a point says of itself what its witness saw."""
    slack = rule.clock_tolerance_s * _SECOND_US
    return any(piece.start - slack <= seen.end and seen.start <= piece.end + slack for piece in own)


def _is_contradicted(seen: Piece, below: Sequence[OwnEvidence], rule: EvidenceRow) -> bool:
    """Return whether too many points had supply while their place had none."""
    slack = rule.clock_tolerance_s * _SECOND_US
    n_live = sum(
        point.readings.has_live_within(seen.start + slack, seen.end - slack) for point in below
    )
    return n_live > rule.live_share_max * len(below)


def _outage(
    grade: Grade, seen: Piece, place: str, code: str, below: Sequence[OwnEvidence]
) -> PlaceOutage:
    piece = Piece(
        grade=grade,
        earliest=seen.earliest,
        start=seen.start,
        end=seen.end,
        latest=seen.latest,
        place=place,
        code=code,
    )
    return PlaceOutage(piece=piece, point_ids=frozenset(point.point_id for point in below))


def _order(piece: Piece) -> tuple[int, int, int, int]:
    return (piece.start, piece.end, piece.earliest, piece.latest)
