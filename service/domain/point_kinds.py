"""Points as columns: what judging has to know of each, and which of them no rule set tells apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NO_BAND
from service.domain.bands import abnormal_band_of, assessment_band_of, band_of
from service.domain.registry import Point
from service.domain.registry_columns import WIRINGS, point_columns
from service.domain.rules import RuleSet
from service.errors import UnknownPointError

_MIDDLE_PHASE = 0b010  # of line voltages ab, bc, ca: it follows from the other two
N_EDGES = 6

_Edges = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointKinds:
    """The points of a registry, ``(n_ids,)`` by point id each. Make it with ``point_kinds``."""

    judgement: int  # of the registry, for messages
    known: NDArray[np.bool_]
    kind: NDArray[np.int32]  # points of one kind have the same limits under every rule set
    optional_phases: NDArray[np.uint8]  # bit mask of phases that may be absent
    nominal_mv: NDArray[np.int32]  # of the voltage measured, millivolts
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
    """Return the points of a registry with this judgement number by id."""
    columns = point_columns(points)
    n_ids = int(columns.point_id.max(initial=-1)) + 1
    _, nominal = np.unique(columns.nominal_mv, return_inverse=True)
    alike = nominal.astype(np.int64)  # at most 2**24 nominal voltages
    for column, n_bits in (
        (columns.wiring, 4),
        (columns.point_class, 4),
        (columns.band_lower.view(np.uint16), 16),
        (columns.band_upper.view(np.uint16), 16),
    ):
        alike = alike << n_bits | column
    _, first, number = np.unique(alike, return_index=True, return_inverse=True)
    kinds = PointKinds(
        judgement=judgement,
        known=np.zeros(n_ids, np.bool_),
        kind=np.zeros(n_ids, np.int32),
        optional_phases=np.zeros(n_ids, np.uint8),
        nominal_mv=np.zeros(n_ids, np.int32),
        example=tuple(columns[int(row)] for row in first),
    )
    kinds.known[columns.point_id] = True
    kinds.kind[columns.point_id] = number
    kinds.nominal_mv[columns.point_id] = columns.nominal_mv
    kinds.optional_phases[columns.point_id] = np.where(
        columns.wiring == WIRINGS.index("3p3w"), _MIDDLE_PHASE, 0
    )
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
