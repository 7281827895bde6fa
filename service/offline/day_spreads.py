"""The spread of each day of a file, for points of 35 kV and above."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from service.domain.bands import has_day_spread
from service.domain.checkpoint import chosen_pages
from service.domain.judging import make_judge
from service.domain.pages import PageColumns
from service.domain.periods import Period, periods
from service.domain.registry import Point, Registry
from service.domain.rules import RuleSet
from service.domain.spread import day_spread
from service.offline.report import DayScore

_HOUR_S = 3600


def day_scores(
    pages: PageColumns, registry: Registry, rule_set: RuleSet, zone: ZoneInfo
) -> dict[int, list[DayScore]]:
    """Return the days of each point that has them, by point id.

    A day is judged with the points in service on that day only, for in some zones it begins
    inside an hour of the ledger.

    Args:
        pages: Of all points; they are not changed.
        registry: Whose points have an end of service.
        rule_set: Gives the limit.
        zone: Whose days.
    """
    points = [point for point in registry.points if has_day_spread(rule_set, point)]
    scores: dict[int, list[DayScore]] = {point.point_id: [] for point in points}
    if not points:
        return scores
    end = max(_end_of(point) for point in points)
    for day in periods(min(point.valid_from for point in points), end, "day", zone):
        in_service = _cut(points, day)
        cut = replace(registry, points=in_service)
        for point, score in zip(in_service, _of_day(pages, cut, rule_set, day), strict=True):
            scores[point.point_id].append(score)
    return scores


def _of_day(
    pages: PageColumns, registry: Registry, rule_set: RuleSet, day: Period
) -> list[DayScore]:
    """Return the day of each point of ``registry``."""
    first = int(day.from_at.timestamp()) // _HOUR_S
    end = -(-int(day.to_at.timestamp()) // _HOUR_S)
    ids = [point.point_id for point in registry.points]
    is_chosen = (pages.hour >= first) & (pages.hour < end) & np.isin(pages.point, ids)
    chosen = chosen_pages(pages, np.flatnonzero(is_chosen))
    make_judge(registry, rule_set).judge(chosen)
    found = []
    for point_id in ids:
        mine = chosen.point == point_id
        spread = day_spread(
            chosen.scores.spread_min[mine], chosen.scores.spread_max[mine], rule_set
        )
        found.append(
            DayScore(
                date=date.fromisoformat(day.label),
                spread_percent=spread.spread_percent if spread else None,
                within=spread.within if spread else None,
            )
        )
    return found


def _cut(points: Sequence[Point], day: Period) -> list[Point]:
    """Return the points that are in service on a day, for that day."""
    return [
        replace(
            point,
            valid_from=max(point.valid_from, day.from_at),
            valid_to=min(_end_of(point), day.to_at),
        )
        for point in points
        if point.valid_from < day.to_at and _end_of(point) > day.from_at
    ]


def _end_of(point: Point) -> datetime:
    return point.valid_to or datetime.max.replace(tzinfo=UTC)
