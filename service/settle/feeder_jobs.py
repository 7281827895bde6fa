"""What is due, by feeder: which points, for what time, and whom else of the feeder it concerns."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service.domain.instants import epoch_us
from service.domain.registry import Point
from service.domain.supply.pieces import Piece
from service.settle.network import Network
from service.settle.windows import Stretch
from service.store.interruption_due import Window

APART_US: Final = timedelta(days=1) // timedelta(microseconds=1)
# A witness that is dark for longer is looked at so far beside what is due: its meters are not read for years.
FAR_US: Final = timedelta(days=92) // timedelta(microseconds=1)
_OWN: Final = frozenset({"measured", "meter_event"})

Said = tuple[Point, Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Points of one feeder that are due for a time, or a point without a feeder."""

    feeder: str
    alone: int | None  # the point, where there is no feeder
    points: Mapping[int, Point]  # all of the feeder
    asked: Mapping[int, Stretch]  # by point id, those that are due

    @property
    def span(self) -> Stretch:
        """All that is due in it."""
        return hull(self.asked.values())


def waves_of(due: Sequence[Window], network: Network, through: datetime) -> list[list[Job]]:
    """Return what is due in waves of jobs, each feeder once in a wave; times a day apart are different jobs.

    Args:
        due: Of points that the network has; each begins before ``through``.
        network: Says who belongs to which feeder.
        through: Where the data reach; what is due beyond it is not looked at.
    """
    through_us = epoch_us(through)
    by_feeder: defaultdict[tuple[str, int | None], list[tuple[int, Stretch]]] = defaultdict(list)
    for window in due:
        point = network.points[window.point_id]
        to_at = min(window.to_at, through)
        stretch = Stretch(epoch_us(window.from_at), max(epoch_us(to_at), epoch_us(window.from_at)))
        alone = None if point.feeder else point.point_id
        by_feeder[point.feeder, alone].append((window.point_id, stretch))
    waves: list[list[Job]] = []
    for (feeder, alone), asked in sorted(by_feeder.items(), key=lambda one: _order(one[0])):
        of_feeder = network.of_feeder[feeder] if alone is None else [network.points[alone]]
        points = {point.point_id: point for point in of_feeder}
        for nth, cluster in enumerate(_clusters(asked)):
            if nth == len(waves):
                waves.append([])
            waves[nth].append(Job(feeder=feeder, alone=alone, points=points, asked=cluster))
    assert all(job.span.from_us < through_us for wave in waves for job in wave)  # noqa: S101
    return waves


def hull(stretches: Iterable[Stretch]) -> Stretch:
    """Return the shortest time that holds all of some, at least one."""
    whole = list(stretches)
    return Stretch(min(one.from_us for one in whole), max(one.to_us for one in whole))


def is_own(piece: Piece) -> bool:
    """Return whether a piece is what a point says of itself."""
    return piece.grade in _OWN


def reaches_into(piece: Piece, span: Stretch) -> bool:
    """Return whether supply may have been away in a span of time, by this piece."""
    return piece.earliest <= span.to_us and piece.latest >= span.from_us


def concerned(job: Job, own: Sequence[Said], from_places: Sequence[Piece]) -> set[int]:
    """Return the points that an outage of a place may reach, or did.

    Where a head says something, or said so, that is the whole feeder; else all points of the
    transformers whose points say something. Nobody, where nothing is said.

    Args:
        job: Says which points there are.
        own: What points of it say of themselves in that time, and said before.
        from_places: What is stored of outages of places in that time.
    """
    if any(point.is_feeder_head for point, _ in own) or any(
        piece.place == "feeder" for piece in from_places
    ):
        return set(job.points)
    transformers = {point.transformer for point, _ in own} | {piece.code for piece in from_places}
    transformers.discard("")
    below = {
        point_id for point_id, point in job.points.items() if point.transformer in transformers
    }
    return below | {point.point_id for point, _ in own}


def witnessed_span(span: Stretch, own: Sequence[Said]) -> Stretch:
    """Return ``span`` with the times, within bounds, of which witnesses speak that reach into it."""
    reaching = [
        Stretch(max(piece.earliest, span.from_us - FAR_US), min(piece.latest, span.to_us + FAR_US))
        for point, piece in own
        if point.is_feeder_head or point.is_terminal
    ]
    return hull([span, *reaching])


def part_looked_at(stretch: Stretch, looked: Stretch, pieces: Sequence[Piece]) -> Stretch:
    """Return the part of a point's stretch for which its places were looked at, with all that reaches into it.

    The stretch of a silent meter goes back to its last reading; what its places said of other times stands.

    Args:
        stretch: Of the point, as its own readings bound it.
        looked: For which the points beside it were looked at, too.
        pieces: What it says of itself, and what is stored of it.
    """
    part, before = looked, None
    while part != before:
        before = part
        part = hull(
            [
                part,
                *(
                    Stretch(one.earliest, max(one.start, min(one.end, stretch.to_us)) + 1)
                    for one in pieces
                    if _holds_on(one, part)
                ),
            ]
        )
    begin = max(stretch.from_us, part.from_us)
    return Stretch(begin, max(begin, min(stretch.to_us, part.to_us)))


def _holds_on(piece: Piece, part: Stretch) -> bool:
    if is_own(piece):
        return reaches_into(piece, part)
    return piece.start <= part.to_us and (piece.is_open or piece.end >= part.from_us)


def _clusters(asked: Sequence[tuple[int, Stretch]]) -> list[dict[int, Stretch]]:
    clusters: list[dict[int, Stretch]] = []
    reached = 0
    for point_id, stretch in sorted(asked, key=lambda one: (one[1], one[0])):
        if not clusters or stretch.from_us > reached + APART_US:
            clusters.append({})
        cluster = clusters[-1]
        before = cluster.get(point_id, stretch)
        cluster[point_id] = hull([before, stretch])
        reached = max(reached, stretch.to_us)
    return clusters


def _order(key: tuple[str, int | None]) -> tuple[str, int]:
    feeder, alone = key
    return feeder, -1 if alone is None else alone
