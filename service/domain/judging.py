"""Judging pages: what applies to each page under one judgement number, and the kernels that say it.

A judge is made anew whenever registry, rules or declarations change, and is never changed itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import judge as judge_pages
from kernels import score as score_pages
from kernels.layout import NO_BAND, PPM_MAX, PPM_NOMINAL, PPM_PER_CELL, PageRules
from service.domain.bands import abnormal_band_of, band_of, interruption_below
from service.domain.masks import MaskBook, mask_book
from service.domain.pages import PageColumns
from service.domain.registry import Point, Registry
from service.domain.rules import RuleSet
from service.errors import UnknownPointError

_MIDDLE_PHASE = 0b010  # of line voltages ab, bc, ca: it follows from the other two

_Edges = tuple[int, int, int, int]  # band and abnormal band; NO_BAND where no rule covers the point


class _Limits(NamedTuple):
    """What applies to each point, ``(n_ids,)`` each, by point id."""

    known: NDArray[np.bool_]
    edges: NDArray[np.int16]  # (n_ids, 4)
    optional_phases: NDArray[np.uint8]
    nominal_mv: NDArray[np.int64]  # of the voltage measured, millivolts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges pages under one judgement number. Make it with ``make_judge``; safe for threads."""

    judgement: int
    rule_set: RuleSet
    interruption_below: int  # 0.01 % of nominal from nominal; a cell below it is dark
    masks: MaskBook
    limits: _Limits

    def judge(self, pages: PageColumns) -> None:
        """Write marks, verdicts, counters and extremes of ``pages``, and the judgement number.

        Raises:
            UnknownPointError: A page belongs to a point that the registry does not have; no page
                was changed.
        """
        rules = self.rules_of(pages.point, pages.hour)
        judge_pages(pages.planes, rules, pages.scores)
        score_pages(pages.planes, rules, pages.scores)
        pages.judgement = self.judgement

    def rules_of(self, point_ids: NDArray[np.int32], hours: NDArray[np.int32]) -> PageRules:
        """Return what applies to the pages of these points and hours, as ``judge`` uses it.

        Raises:
            UnknownPointError: The registry does not have one of the points.
        """
        self._check(point_ids)
        masks = self.masks.masks_for(point_ids, hours)
        edges = np.ascontiguousarray(self.limits.edges[point_ids].T)
        return PageRules(
            lower=edges[0],
            upper=edges[1],
            abnormal_lower=edges[2],
            abnormal_upper=edges[3],
            interruption_below=np.full(point_ids.size, self.interruption_below, np.int16),
            optional_phases=self.limits.optional_phases[point_ids],
            due=masks.due,
            abnormal=masks.abnormal,
            interrupted=masks.interrupted,
            exempt=masks.exempt,
        )

    def live_band(self, point: Point) -> tuple[int, int]:
        """Return the band, in ppm, outside which one reading of ``point`` is a live breach.

        A point without a band is never in breach of it: its band reaches over all valid voltages.

        Raises:
            UnknownPointError: The registry does not have the point.
        """
        self._check(np.array([point.point_id], np.int32))
        lower, upper = (int(edge) for edge in self.limits.edges[point.point_id, :2])
        if lower == NO_BAND:
            return 0, PPM_MAX
        return PPM_NOMINAL + lower * PPM_PER_CELL, PPM_NOMINAL + upper * PPM_PER_CELL

    def nominal_mv(self, point_ids: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the nominal voltage of each point, millivolts.

        Raises:
            UnknownPointError: The registry does not have one of the points.
        """
        self._check(point_ids)
        return self.limits.nominal_mv[point_ids]

    def _check(self, point_ids: NDArray[np.int32]) -> None:
        known = self.limits.known
        inside = (point_ids >= 0) & (point_ids < known.size)
        if not (inside.all() and known[point_ids].all()):
            strangers = sorted(
                {int(i) for i in point_ids if not (0 <= i < known.size and known[i])}
            )
            raise UnknownPointError(
                f"{len(strangers)} point ids are unknown under judgement {self.judgement}, "
                f"the first: {', '.join(map(str, strangers[:5]))}"
            )


def make_judge(registry: Registry, rule_set: RuleSet) -> Judge:
    """Return the judge of ``registry`` under ``rule_set``; 0.1 s for 10^5 points."""
    return Judge(
        judgement=registry.judgement,
        rule_set=rule_set,
        interruption_below=interruption_below(rule_set),
        masks=mask_book(registry),
        limits=_limits(registry.points, rule_set),
    )


def _limits(points: Sequence[Point], rule_set: RuleSet) -> _Limits:
    point_ids = [point.point_id for point in points]
    n_ids = max(point_ids, default=-1) + 1
    limits = _Limits(
        known=np.zeros(n_ids, np.bool_),
        edges=np.full((n_ids, 4), NO_BAND, np.int16),
        optional_phases=np.zeros(n_ids, np.uint8),
        nominal_mv=np.zeros(n_ids, np.int64),
    )
    if point_ids:
        edges_of: dict[tuple[object, ...], _Edges] = {}
        limits.known[point_ids] = True
        limits.nominal_mv[point_ids] = [point.nominal_mv for point in points]
        limits.edges[point_ids] = [_edges(edges_of, rule_set, point) for point in points]
        limits.optional_phases[point_ids] = [
            _MIDDLE_PHASE if point.wiring == "3p3w" else 0 for point in points
        ]
    return limits


def _edges(edges_of: dict[tuple[object, ...], _Edges], rule_set: RuleSet, point: Point) -> _Edges:
    """Return the bands of ``point``, looked up once for all points that are alike."""
    alike = (point.nominal_mv, point.wiring, point.point_class, point.band_lower, point.band_upper)
    edges = edges_of.get(alike)
    if edges is None:
        band, abnormal = band_of(rule_set, point), abnormal_band_of(rule_set, point)
        edges = (NO_BAND, NO_BAND, NO_BAND, NO_BAND)
        if band is not None:
            outer = abnormal or band  # without a row for abnormal state, the normal band holds
            edges = (band.lower, band.upper, outer.lower, outer.upper)
        edges_of[alike] = edges
    return edges
