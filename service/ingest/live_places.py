"""Where points stand: in which area, at which feeder; by it the network is counted as it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from service.domain.registry import Point
from service.domain.registry_columns import point_columns
from service.metrics import Area

AREAS: Final[tuple[Area, ...]] = get_args(Area)
NO_AREA: Final = AREAS.index("none")
NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Places:
    """Where points stand; arrays by point id."""

    area: NDArray[np.int8]  # index into AREAS
    feeder: NDArray[np.int32]  # index into feeders, -1 without one
    feeders: Sequence[Point]  # one point of each, for its names
    n_points: NDArray[np.int64]  # of each feeder
    points: Sequence[Point]
    nth: NDArray[np.int32]  # place of each point id in points


def places_of(points: Sequence[Point], areas: Mapping[int, Area]) -> Places:
    """Return where points stand; a point outside ``areas`` supplies no customer."""
    columns = point_columns(points)
    n_ids = int(columns.point_id.max(initial=-1)) + 1
    area = np.full(n_ids, NO_AREA, np.int8)
    feeder = np.full(n_ids, NOWHERE, np.int32)
    nth = np.full(n_ids, NOWHERE, np.int32)
    nth[columns.point_id] = np.arange(columns.point_id.size)
    for point_id, its_area in areas.items():
        if point_id < n_ids and nth[point_id] != NOWHERE:
            area[point_id] = AREAS.index(its_area)
    number_of: dict[tuple[str, str], int] = {}
    of_place = np.array(
        [
            number_of.setdefault((place.region, place.feeder), len(number_of))
            if place.feeder
            else NOWHERE
            for place in columns.places
        ],
        np.int32,
    )
    if columns.point_id.size:
        feeder[columns.point_id] = of_place[columns.place]
    numbers, first = np.unique(feeder[columns.point_id], return_index=True)
    feeders = [columns[row] for row in first[numbers != NOWHERE].tolist()]
    n_points = np.bincount(feeder[feeder != NOWHERE], minlength=len(number_of))
    return Places(area, feeder, feeders, n_points.astype(np.int64), points, nth)


def area_points(places: Places) -> dict[Area, int]:
    """Return how many points of the registry there are in each area."""
    known = np.flatnonzero(places.nth != NOWHERE)
    counts = np.bincount(places.area[known], minlength=len(AREAS))
    return {name: int(counts[code]) for code, name in enumerate(AREAS)}
