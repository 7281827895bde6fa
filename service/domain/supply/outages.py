"""Outages of the network: interruptions of the points of one feeder that went together.

- What goes within a window is one outage; its place is the smallest that holds all its points.
- It starts when a tenth of its points were without supply, so that a clock that is off does not
  move it.
- It was restored when no more than a small share of its points (rule data) stayed dark; what came
  back within the window after that belongs to it. Coming back in steps before that is no nesting.
- What is dark longer is nested: it waits for a repair of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from service.domain.supply.interruptions import Interruption
from service.domain.supply.pieces import OPEN, RANK_OF, Grade, Piece
from service.domain.supply.together import together
from service.domain.supply_rows import EvidenceRow

OutagePlace = Literal["feeder", "transformer", "point"]
_SECOND_US = 1_000_000
_STARTS_WITH = 10  # with a tenth of its points


class Placed(Protocol):
    """A point as far as it matters where it is."""

    @property
    def point(self) -> str:
        """The operator's identifier."""
        ...

    @property
    def transformer(self) -> str:
        """Code of its transformer, empty if none is known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An outage of a feeder, or of a part of it; microseconds since the Unix epoch."""

    place: OutagePlace  # the smallest that holds it
    code: str
    earliest: int
    start: int
    end: int | None  # when all but the nested points had supply again; None while open
    last_end: int | None  # when the last of them had; None while one is open
    evidence: Grade  # the best of its interruptions
    cause: str
    declaration_id: int | None
    members: tuple[tuple[int, int], ...]  # point and start of each interruption, sorted
    nested: frozenset[tuple[int, int]]  # those of them that stayed dark after the others

    @property
    def point_ids(self) -> frozenset[int]:
        """The points that were without supply."""
        return frozenset(point_id for point_id, _ in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutage:
    """An outage as it was found before."""

    outage_id: int
    earliest: int
    last_end: int | None
    point_ids: frozenset[int]


def outages_of(
    feeder: str,
    points: Mapping[int, Placed],
    interruptions: Iterable[Interruption],
    rule: EvidenceRow,
    through: int,
) -> tuple[Outage, ...]:
    """Return the outages of a feeder in the order of their starts; each interruption is in one of them.

    Args:
        feeder: Its code.
        points: Its points by id, for their places.
        interruptions: Of these points, any order.
        rule: The window, and the share that may be nested.
        through: Microseconds since the Unix epoch; an open interruption is dark up to here.
    """
    by_key = {(one.point_id, one.start): one for one in interruptions}
    said = [(_as_piece(one), one.point_id) for one in by_key.values()]
    groups = together(said, rule.outage_window_s * _SECOND_US)
    found = [
        _outage(
            feeder,
            points,
            [by_key[point_id, piece.start] for piece, point_id in group],
            rule,
            through,
        )
        for group in groups
    ]
    return tuple(sorted(found, key=lambda outage: (outage.start, outage.members)))


def match_outages(
    found: Sequence[Outage], stored: Iterable[StoredOutage], rule: EvidenceRow
) -> list[int | None]:
    """Return for each outage the id of the stored one that it is, so that ids stay; None: it is new.

    One is another if they share points and their times meet. The pair that shares most points comes
    first; of equal ones those that begin closest, then the smaller id.
    """
    window = rule.outage_window_s * _SECOND_US
    pairs = []
    for place, outage in enumerate(found):
        for old in stored:
            n_shared = len(outage.point_ids & old.point_ids)
            if n_shared and _meet(outage, old, window):
                distance = abs(outage.earliest - old.earliest)
                pairs.append((-n_shared, distance, old.outage_id, place))
    ids: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for _, _, outage_id, place in sorted(pairs):
        if ids[place] is None and outage_id not in taken:
            ids[place] = outage_id
            taken.add(outage_id)
    return ids


def _meet(outage: Outage, old: StoredOutage, window: int) -> bool:
    end = OPEN if outage.last_end is None else outage.last_end
    old_end = OPEN if old.last_end is None else old.last_end
    return outage.earliest - window <= old_end and old.earliest - window <= end


def _as_piece(one: Interruption) -> Piece:
    return Piece(
        grade=one.evidence,
        earliest=one.earliest,
        start=one.start,
        end=one.start if one.end is None else one.end,
        latest=OPEN if one.latest is None else one.latest,
    )


def _outage(
    feeder: str,
    points: Mapping[int, Placed],
    members: Sequence[Interruption],
    rule: EvidenceRow,
    through: int,
) -> Outage:
    """Return the outage that interruptions come to; ``members`` in the order of their starts."""
    first = members[(len(members) - 1) // _STARTS_WITH]
    ends = sorted(one.until(through) for one in members)
    n_left = int(rule.nested_share_max * len(members))
    restored = ends[len(ends) - 1 - n_left]
    limit = restored + rule.outage_window_s * _SECOND_US
    nested = [one for one in members if one.until(through) > limit]
    others = [one for one in members if one.until(through) <= limit]
    place, code = _place(feeder, points, members)
    declaration_id, cause = _cause(members)
    return Outage(
        place=place,
        code=code,
        earliest=first.earliest,
        start=first.start,
        end=_last_end(others),
        last_end=_last_end(members),
        evidence=min((one.evidence for one in members), key=RANK_OF.__getitem__),
        cause=cause,
        declaration_id=declaration_id,
        members=tuple(sorted((one.point_id, one.start) for one in members)),
        nested=frozenset((one.point_id, one.start) for one in nested),
    )


def _last_end(members: Iterable[Interruption]) -> int | None:
    ends = [one.end for one in members]
    return None if None in ends else max(end for end in ends if end is not None)


def _place(
    feeder: str, points: Mapping[int, Placed], members: Sequence[Interruption]
) -> tuple[OutagePlace, str]:
    point_ids = {one.point_id for one in members}
    if len(point_ids) == 1:
        return "point", points[point_ids.pop()].point
    transformers = {points[point_id].transformer for point_id in point_ids}
    if len(transformers) == 1 and "" not in transformers:
        return "transformer", transformers.pop()
    return "feeder", feeder


def _cause(members: Iterable[Interruption]) -> tuple[int | None, str]:
    """Return the entry, and its cause, that most of the interruptions have; of equal ones the first."""
    named = Counter(
        (one.declaration_id, one.cause) for one in members if one.declaration_id is not None
    )
    if not named:
        return None, ""
    return min(named, key=lambda one: (-named[one], one))
