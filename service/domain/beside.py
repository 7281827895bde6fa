"""Judging pages under several rule sets in one reading: the minutes of points and days by verdict.

Rule sets that judge alike are judged once: those that differ in targets, titles or coverage floors
only. What is asked of is days of points, in any zone; a page that two of them share is cut between
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels import tally
from kernels.layout import (
    MINUTES_PER_HOUR,
    N_VERDICTS,
    TALLY_ROOM,
    PagePlanes,
    SetLimits,
    TallyPages,
)
from service.domain.bands import interruption_below
from service.domain.instants import edge_minute
from service.domain.masks import MaskBook, coverage, keys_of, mask_book
from service.domain.pages import PageColumns
from service.domain.periods import day_start
from service.domain.point_kinds import N_EDGES, PointKinds, edges_of, point_kinds
from service.domain.registry import Registry
from service.domain.rules import RuleSet


class DaySpans(NamedTuple):
    """Days of points, ``(n_days,)`` each, by point and then by time, each once."""

    point: NDArray[np.int32]  # point_id
    from_minute: NDArray[np.int64]  # minutes since the Unix epoch, inclusive
    to_minute: NDArray[np.int64]  # exclusive


class DayCounts(NamedTuple):
    """What the pages say of each day."""

    minutes: NDArray[np.int32]  # (n_sets, n_days, 7), by verdict, of the hours that have a page
    has_page: NDArray[np.bool_]  # (n_days,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideJudge:
    """Counts pages under several rule sets. Make it with ``make_beside_judge``; safe for threads."""

    judgement: int
    masks: MaskBook
    kinds: PointKinds
    limits: SetLimits  # of what judges differently
    judged_as: NDArray[np.intp]  # (n_sets,): the row of ``limits`` that each rule set is judged by

    def count(self, pages: PageColumns, days: DaySpans) -> DayCounts:
        """Return the minutes of ``days`` by verdict, from ``pages``, which are not changed.

        Minutes of hours without a page are in no column: they are due, and MISSING.

        Args:
            pages: Each point and hour once; their verdicts play no part.
            days: What is counted; minutes of ``pages`` outside them are left out.

        Raises:
            UnknownPointError: A page belongs to a point that the registry does not have.
        """
        self.kinds.require(pages.point)
        first_minute = pages.hour.astype(np.int64) * MINUTES_PER_HOUR
        spans = (keys_of(days.point, days.from_minute), keys_of(days.point, days.to_minute))
        cover = coverage(spans, keys_of(pages.point, first_minute))
        planes, point, hour = pages.planes, pages.point[cover.page], pages.hour[cover.page]
        masks = self.masks.masks_for(point, hour)
        of_pages = TallyPages(
            kind=self.kinds.kind[point],
            slot=cover.span.astype(np.int32),
            optional_phases=self.kinds.optional_phases[point],
            due=masks.due & cover.minutes,
            abnormal=masks.abnormal,
            interrupted=masks.interrupted,
            exempt=masks.exempt,
        )
        sums = np.zeros((self.limits.exempts.size, days.point.size, N_VERDICTS), np.int32)
        tally(
            PagePlanes(
                first=planes.first[cover.page],
                n_phases=planes.n_phases[cover.page],
                cell=planes.cell,
                mark=planes.mark,
            ),
            of_pages,
            self.limits,
            np.zeros(TALLY_ROOM, np.int16),
            sums,
        )
        has_page = np.bincount(cover.span, minlength=days.point.size) > 0
        return DayCounts(minutes=sums[self.judged_as], has_page=has_page)


def make_beside_judge(registry: Registry, rule_sets: Sequence[RuleSet]) -> BesideJudge:
    """Return the judge of ``registry`` under each of ``rule_sets``, at least one, in their order."""
    kinds = point_kinds(registry.points, registry.judgement)
    # Rows in order, so that sets with the same threshold of darkness stand together: the kernel looks once for them.
    rows, judged_as = np.unique(
        np.array([_row(rule_set, kinds) for rule_set in rule_sets]), axis=0, return_inverse=True
    )
    edges = np.ascontiguousarray(rows[:, 2:].reshape(rows.shape[0], N_EDGES, -1).swapaxes(0, 1))
    return BesideJudge(
        judgement=registry.judgement,
        masks=mask_book(registry),
        kinds=kinds,
        limits=SetLimits(
            lower=edges[0],
            upper=edges[1],
            abnormal_lower=edges[2],
            abnormal_upper=edges[3],
            assessment_lower=edges[4],
            assessment_upper=edges[5],
            interruption_below=np.ascontiguousarray(rows[:, 0]),
            exempts=rows[:, 1].astype(np.uint8),
        ),
        judged_as=judged_as.reshape(-1),
    )


def day_spans(points: Sequence[int], days: Sequence[date], zone: ZoneInfo) -> DaySpans:
    """Return days of points on the clocks of ``zone``, ``points`` and ``days`` side by side.

    Requires: They are ordered by point and day, each once.
    """
    starts = {
        day: edge_minute(day_start(day, zone))
        for day in {*days, *(day + timedelta(days=1) for day in days)}
    }
    return DaySpans(
        point=np.array(points, np.int32),
        from_minute=np.array([starts[day] for day in days], np.int64),
        to_minute=np.array([starts[day + timedelta(days=1)] for day in days], np.int64),
    )


def _row(rule_set: RuleSet, kinds: PointKinds) -> NDArray[np.int16]:
    """Return all that judging takes from ``rule_set``: sets with equal rows judge alike."""
    head = [interruption_below(rule_set), rule_set.power_factor is not None]
    return np.concatenate([np.array(head, np.int16), edges_of(rule_set, kinds).reshape(-1)])
