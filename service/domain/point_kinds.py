"""Points as columns: what judging has to know of each, and which of them no rule set tells apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NO_BAND
from service.domain.bands import abnormal_band_of, assessment_band_of, band_of
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.errors import UnknownPointError

_MIDDLE_PHASE = 0b010  # of line voltages ab, bc, ca: it follows from the other two
N_EDGES = 6

_Alike = tuple[object, ...]
_Edges = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointKinds:
    """The points of a registry, ``(n_ids,)`` by point id each. Make it with ``point_kinds``."""

    judgement: int  # of the registry, for messages
    known: NDArray[np.bool_]
    kind: NDArray[np.int32]  # points of one kind have the same limits under every rule set
    optional_phases: NDArray[np.uint8]  # bit mask of phases that may be absent
    nominal_mv: NDArray[np.int64]  # of the voltage measured, millivolts
    example: tuple[Point, ...]  # one point of each kind

    def knows(self, point_ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which of these points the registry has."""
        inside = (point_ids >= 0) & (point_ids < self.known.size)
        is_known: NDArray[np.bool_] = inside.copy()
        is_known[inside] = self.known[point_ids[inside]]
        return is_known

    def require(self, point_ids: NDArray[np.int32]) -> None:
        """Check that the registry has all these points.

        Raises:
            UnknownPointError: It does not have one of them.
        """
        is_known = self.knows(point_ids)
        if not is_known.all():
            strangers = sorted(set(point_ids[~is_known].tolist()))
            raise UnknownPointError(
                f"{len(strangers)} point ids are unknown under judgement {self.judgement}, "
                f"the first: {', '.join(map(str, strangers[:5]))}"
            )


def point_kinds(points: Sequence[Point], judgement: int) -> PointKinds:
    """Return the points of a registry with this judgement number as columns."""
    point_ids = [point.point_id for point in points]
    n_ids = max(point_ids, default=-1) + 1
    number_of: dict[_Alike, int] = {}
    example: list[Point] = []
    for point in points:
        if number_of.setdefault(_alike(point), len(example)) == len(example):
            example.append(point)
    kinds = PointKinds(
        judgement=judgement,
        known=np.zeros(n_ids, np.bool_),
        kind=np.zeros(n_ids, np.int32),
        optional_phases=np.zeros(n_ids, np.uint8),
        nominal_mv=np.zeros(n_ids, np.int64),
        example=tuple(example),
    )
    if point_ids:
        kinds.known[point_ids] = True
        kinds.kind[point_ids] = [number_of[_alike(point)] for point in points]
        kinds.nominal_mv[point_ids] = [point.nominal_mv for point in points]
        kinds.optional_phases[point_ids] = [
            _MIDDLE_PHASE if point.wiring == "3p3w" else 0 for point in points
        ]
    return kinds


def edges_of(rule_set: RuleSet, kinds: PointKinds) -> NDArray[np.int16]:
    """Return the bands of each kind under ``rule_set``, ``(6, n_kinds)``, 0.01 % of nominal from nominal.

    The rows: lower and upper edge of the band, of the band in abnormal state, of the assessment
    band; NO_BAND where there is none. Without rows for abnormal state the normal band holds in it.
    """
    edges = [_edges(rule_set, point) for point in kinds.example]
    return np.ascontiguousarray(np.array(edges, np.int16).reshape(-1, N_EDGES).T)


def _edges(rule_set: RuleSet, point: Point) -> _Edges:
    band, assessment = band_of(rule_set, point), assessment_band_of(rule_set, point)
    wide = (NO_BAND, NO_BAND) if assessment is None else (assessment.lower, assessment.upper)
    if band is None:
        return (NO_BAND, NO_BAND, NO_BAND, NO_BAND, *wide)
    outer = abnormal_band_of(rule_set, point) or band
    return (band.lower, band.upper, outer.lower, outer.upper, *wide)


def _alike(point: Point) -> _Alike:
    return (point.nominal_mv, point.wiring, point.point_class, point.band_lower, point.band_upper)
