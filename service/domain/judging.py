"""Judging pages: what applies to each page under one judgement number, and the kernels that say it.

A judge is made anew whenever registry, rules or declarations change, and is never changed itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kernels import judge as judge_pages
from kernels import score as score_pages
from kernels.layout import NO_BAND, PPM_MAX, PPM_NOMINAL, PPM_PER_CELL, PageRules
from service.domain.bands import interruption_below
from service.domain.masks import MaskBook, mask_book
from service.domain.pages import PageColumns
from service.domain.point_kinds import PointKinds, edges_of, point_kinds
from service.domain.registry import Point, Registry
from service.domain.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges pages under one judgement number. Make it with ``make_judge``; safe for threads."""

    judgement: int
    rule_set: RuleSet
    interruption_below: int  # 0.01 % of nominal from nominal; a cell below it is dark
    masks: MaskBook
    kinds: PointKinds
    edges: NDArray[np.int16]  # of each kind of point, as ``edges_of`` has them
    points: Sequence[Point] = field(repr=False)  # of the registry

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

    def judges_the_same(self, registry: Registry, rule_set: RuleSet) -> bool:
        """Return whether it was made of these very points and this rule set."""
        return self.points is registry.points and self.rule_set is rule_set

    def rules_of(self, point_ids: NDArray[np.int32], hours: NDArray[np.int32]) -> PageRules:
        """Return what applies to the pages of these points and hours, as ``judge`` uses it.

        Raises:
            UnknownPointError: The registry does not have one of the points.
        """
        self.kinds.require(point_ids)
        masks = self.masks.masks_for(point_ids, hours)
        edges = np.take(self.edges, self.kinds.kind[point_ids], axis=1)
        is_anyone_exempt = self.rule_set.power_factor is not None
        return PageRules(
            lower=edges[0],
            upper=edges[1],
            abnormal_lower=edges[2],
            abnormal_upper=edges[3],
            assessment_lower=edges[4],
            assessment_upper=edges[5],
            interruption_below=np.full(point_ids.size, self.interruption_below, np.int16),
            optional_phases=self.kinds.optional_phases[point_ids],
            due=masks.due,
            abnormal=masks.abnormal,
            interrupted=masks.interrupted,
            exempt=masks.exempt if is_anyone_exempt else np.zeros_like(masks.exempt),
        )

    def live_bands(self, point_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the bands, in ppm, outside which one reading of a point is a live breach, ``(2, n_points)``.

        A point without a band is never in breach of it: its band reaches over all valid voltages.

        Raises:
            UnknownPointError: The registry does not have one of the points.
        """
        self.kinds.require(point_ids)
        edges = self.edges[:2].astype(np.int32)
        bands = np.where(
            edges[:1] == NO_BAND, [[0], [PPM_MAX]], PPM_NOMINAL + edges * PPM_PER_CELL
        ).astype(np.int32)
        return np.take(bands, self.kinds.kind[point_ids], axis=1)

    def nominal_mv(self, point_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the nominal voltage of each point, millivolts.

        Raises:
            UnknownPointError: The registry does not have one of the points.
        """
        self.kinds.require(point_ids)
        return self.kinds.nominal_mv[point_ids]


def make_judge(registry: Registry, rule_set: RuleSet, previous: Judge | None = None) -> Judge:
    """Return the judge of ``registry`` under ``rule_set``; 0.1 s for 10^5 points.

    Args:
        registry: Of one judgement number.
        rule_set: In force under it.
        previous: The judge before: where points and rule set are its own, only what is declared and
            who was without supply is looked at.
    """
    if previous is not None and previous.judges_the_same(registry, rule_set):
        return replace(
            previous,
            judgement=registry.judgement,
            masks=mask_book(registry, previous.masks),
            kinds=replace(previous.kinds, judgement=registry.judgement),
        )
    kinds = point_kinds(registry.points, registry.judgement)
    return Judge(
        judgement=registry.judgement,
        rule_set=rule_set,
        interruption_below=interruption_below(rule_set),
        masks=mask_book(registry),
        kinds=kinds,
        edges=edges_of(rule_set, kinds),
        points=registry.points,
    )
