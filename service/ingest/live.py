"""The network as it is now: points in breach and without supply, counted by area and feeder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTION, NO_TIME, PPM_NOMINAL, SWELL
from service.domain.registry import Point
from service.ingest.holding import HeldPartition
from service.ingest.live_places import AREAS, NOWHERE, Places
from service.metrics import Area, FeederState, HeldReason, HighPoint, Kind

Scalar = TypeVar("Scalar", bound=np.generic)

_KINDS: Final[dict[Kind, int]] = {"under": 1, "over": 2, "high": 3}  # as kernels.events says
_KIND_OF: Final[Mapping[int, Kind]] = {code: kind for kind, code in _KINDS.items()}
_HELD: Final[tuple[HeldReason, ...]] = get_args(HeldReason)  # code 0 is not held, 1 the first
_MV: Final = 1000


@dataclass(frozen=True, slots=True)
class LaneEvents:
    """What lanes see now, ``(n_lanes,)`` each."""

    point: NDArray[np.int32]
    last_ms: NDArray[np.int64]  # end of the newest reading judged
    interval_ms: NDArray[np.int64]  # of it
    breach: NDArray[np.uint8]
    is_dark: NDArray[np.bool_]
    highest_ppm: NDArray[np.int32]  # since the voltage rose above the swell limit; else undefined


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """Points that a communications incident makes silent, by point id, ``(n_points,)`` each."""

    point: NDArray[np.int32]
    silent_to_ms: NDArray[np.int64]  # nothing of them had come up to here


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Interruptions of points about now, by point id, ``(n_interruptions,)`` each."""

    point: NDArray[np.int32]
    from_ms: NDArray[np.int64]  # supply was there up to here
    to_ms: NDArray[np.int64]  # and from here on


NO_INTERRUPTION: Final = Interrupted(
    np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64)
)


@dataclass(frozen=True, slots=True)
class Holds:
    """What keeps breaches from being counted."""

    silent: HeldPoints
    declared: NDArray[np.int32]  # ids of points inside a declared window now, sorted
    interrupted: Interrupted = NO_INTERRUPTION
    stale_before_ms: int = NO_TIME  # a reading that ended before says nothing of now


NOBODY: Final = HeldPoints(point=np.zeros(0, np.int32), silent_to_ms=np.zeros(0, np.int64))
NOTHING_HELD: Final = Holds(silent=NOBODY, declared=np.zeros(0, np.int32))


@dataclass(frozen=True, slots=True)
class NetworkState:
    """Counts of points."""

    breaches: Mapping[tuple[Area, Kind], int]
    interruptions: Mapping[Area, int]
    feeders: Sequence[FeederState]  # in trouble
    high: Sequence[HighPoint]  # above +20 %
    n_held: Mapping[HeldReason, int]  # in breach when they were last read, and counted nowhere else


def lane_events(partitions: Iterable[HeldPartition]) -> LaneEvents:
    """Return a copy of what the lanes of some partitions see now; for the fold thread."""
    books = [held.engine.book for held in partitions]
    events = [book.events[: book.n_lanes] for book in books]
    points = [book.settings["point"][: book.n_lanes] for book in books]
    open_kinds = _joined([one["open_kinds"] for one in events], np.uint8)
    return LaneEvents(
        point=_joined(points, np.int32),
        last_ms=_joined([one["last_ms"] for one in events], np.int64),
        interval_ms=_joined(
            [book.settings["interval_ms"][: book.n_lanes] for book in books], np.int64
        ),
        breach=_joined([one["breach"] for one in events], np.uint8),
        is_dark=(open_kinds >> INTERRUPTION) & 1 == 1,
        highest_ppm=_joined([one["extreme_ppm"][:, SWELL] for one in events], np.int32),
    )


def without_edges(lanes: LaneEvents, interrupted: Interrupted) -> LaneEvents:
    """Return lanes of which none is below its band by a reading that touches an interruption of its point."""
    below = np.flatnonzero(lanes.breach == _KINDS["under"])
    first = np.searchsorted(interrupted.point, lanes.point[below], side="left")
    n_of_point = np.searchsorted(interrupted.point, lanes.point[below], side="right") - first
    lane = np.repeat(below, n_of_point)
    before = np.cumsum(n_of_point) - n_of_point
    one = np.arange(lane.size) - np.repeat(before - first, n_of_point)
    last_ms = lanes.last_ms[lane]
    touches = (interrupted.from_ms[one] < last_ms) & (
        interrupted.to_ms[one] > last_ms - lanes.interval_ms[lane]
    )
    breach = lanes.breach.copy()
    breach[lane[touches]] = 0
    return replace(lanes, breach=breach)


def held_lanes(lanes: LaneEvents, held: HeldPoints) -> NDArray[np.bool_]:
    """Return which lanes have not been read since their point fell silent in an incident."""
    at = np.searchsorted(held.point, lanes.point)
    at[at == held.point.size] = 0
    if not held.point.size:
        return np.zeros(lanes.point.size, np.bool_)
    is_held: NDArray[np.bool_] = (held.point[at] == lanes.point) & (
        lanes.last_ms <= held.silent_to_ms[at]
    )
    return is_held


def held_breaches(lanes: LaneEvents, held: HeldPoints) -> dict[int, Kind]:
    """Return the breach of each point that is held back, by point id; of several lanes the newest counts."""
    newest = _newest_of_each_point(lanes, int(held.point.max(initial=0)) + 1)
    chosen = newest[held_lanes(lanes, held)[newest] & ~lanes.is_dark[newest]]
    return {
        int(lanes.point[i]): _KIND_OF[int(lanes.breach[i])]
        for i in chosen.tolist()
        if lanes.breach[i]
    }


def declared_breaches(lanes: LaneEvents, holds: Holds) -> dict[int, Kind]:
    """Return the breach of each point that is held back for a declared window, by point id."""
    newest = _newest_of_each_point(lanes, int(holds.declared.max(initial=0)) + 1)
    lanes = without_edges(lanes, holds.interrupted)
    held = _held_of(lanes, newest, holds) == _HELD.index("declared_window") + 1
    return {int(lanes.point[i]): _KIND_OF[int(lanes.breach[i])] for i in newest[held].tolist()}


def network_state(lanes: LaneEvents, places: Places, holds: Holds = NOTHING_HELD) -> NetworkState:
    """Return how many points are in breach or dark; of several lanes of a point the newest counts.

    A dark point is not counted as below its band too, nor one whose reading is a mean of voltage and of
    none, because its supply went or came back meanwhile; and one that is held back is in no breach. What
    was measured dark is evidence of an interruption: that is never held back. Dangerous voltage
    is not held back for a declared window.
    """
    newest = _newest_of_each_point(lanes, places.area.size)
    lanes = without_edges(lanes, holds.interrupted)
    point, is_dark = lanes.point[newest], lanes.is_dark[newest]
    breach = np.where(is_dark, 0, lanes.breach[newest])
    held = _held_of(lanes, newest, holds)
    breach = np.where(held > 0, 0, breach)
    area, feeder = places.area[point], places.feeder[point]
    in_area = {kind: np.bincount(area[breach == code]) for kind, code in _KINDS.items()}
    dark_in_area = np.bincount(area[is_dark], minlength=len(AREAS))
    return NetworkState(
        breaches={
            (AREAS[code], kind): int(n)
            for kind, counts in in_area.items()
            for code, n in enumerate(counts)
        },
        interruptions={name: int(dark_in_area[code]) for code, name in enumerate(AREAS)},
        feeders=_feeders(places, feeder, breach, held, is_dark),
        high=[
            _high(places.points[places.nth[lanes.point[i]]], int(lanes.highest_ppm[i]))
            for i in newest[breach == _KINDS["high"]].tolist()
        ],
        n_held={reason: int((held == code).sum()) for code, reason in enumerate(_HELD, start=1)},
    )


def _held_of(lanes: LaneEvents, newest: NDArray[np.int64], holds: Holds) -> NDArray[np.uint8]:
    """Return why the breach of each of some lanes is held back, as a code; 0: it is not, or there is none."""
    breach, last_ms = lanes.breach[newest], lanes.last_ms[newest]
    is_declared = np.isin(lanes.point[newest], holds.declared) & (breach != _KINDS["high"])
    why = np.select(
        [held_lanes(lanes, holds.silent)[newest], is_declared, last_ms < holds.stale_before_ms],
        [1, 2, 3],
    )
    held: NDArray[np.uint8] = np.where((breach > 0) & ~lanes.is_dark[newest], why, 0).astype(
        np.uint8
    )
    return held


def _feeders(
    places: Places,
    feeder: NDArray[np.int32],
    breach: NDArray[np.int64],
    held: NDArray[np.uint8],
    is_dark: NDArray[np.bool_],
) -> list[FeederState]:
    size = len(places.feeders)
    n_by_kind = {kind: _count(feeder[breach == code], size) for kind, code in _KINDS.items()}
    n_dark, n_held = _count(feeder[is_dark], size), _count(feeder[held > 0], size)
    troubled = np.flatnonzero(n_dark + n_held + sum(n_by_kind.values()))
    return [
        FeederState(
            organisation=places.feeders[i].organisation,
            region=places.feeders[i].region,
            feeder=places.feeders[i].feeder,
            feeder_name=places.feeders[i].feeder_name,
            n_points=int(places.n_points[i]),
            n_under=int(n_by_kind["under"][i]),
            n_over=int(n_by_kind["over"][i]),
            n_high=int(n_by_kind["high"][i]),
            n_interrupted=int(n_dark[i]),
            n_held=int(n_held[i]),
        )
        for i in troubled.tolist()
    ]


def _high(point: Point, highest_ppm: int) -> HighPoint:
    return HighPoint(
        organisation=point.organisation,
        region=point.region,
        feeder=point.feeder,
        feeder_name=point.feeder_name or point.feeder,
        transformer=point.transformer,
        point=point.point,
        highest_v=highest_ppm * point.nominal_mv / (PPM_NOMINAL * _MV),
        nominal_v=point.nominal_mv / _MV,
    )


def _newest_of_each_point(lanes: LaneEvents, n_ids: int) -> NDArray[np.int64]:
    """Return the lanes that speak for their points; those of points out of the registry do not."""
    known = np.flatnonzero((lanes.point > 0) & (lanes.point < n_ids))
    order = known[np.lexsort((lanes.last_ms[known], lanes.point[known]))]
    point = lanes.point[order]
    is_newest = np.ones(order.size, np.bool_)
    is_newest[:-1] = point[1:] != point[:-1]
    return order[is_newest]


def _count(feeder: NDArray[np.int32], n_feeders: int) -> NDArray[np.int64]:
    return np.bincount(feeder[feeder != NOWHERE], minlength=n_feeders)


def _joined(parts: Sequence[NDArray[Scalar]], dtype: type[Scalar]) -> NDArray[Scalar]:
    return np.concatenate([*parts, np.zeros(0, dtype)])
