"""Counting the weeks of points that are over, under every rule set whose weeks are kept."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.domain.week_limits import count_week, longest_flagged_s
from service.domain.weeks import TEN_MINUTES, Week, percentiles, week_minutes, week_of
from service.errors import JudgementMovedError
from service.settle.knowledge import Knowledge
from service.store.interruption_rows import watermark
from service.store.judgement import judgement_number, read_for_share
from service.store.kept_rule_sets import kept_rule_sets
from service.store.pool import Pool
from service.store.week_marks import PointWeek, n_due_weeks, take_due_weeks
from service.store.week_rows import CountedWeek, WeekSource, week_sources, write_weeks

WEEKS_PER_PASS: Final = 2000  # of points
_AT_ONCE: Final = 100  # whose pages are in memory: 168 of each
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def count_due_weeks(
    pool: Pool, known: Knowledge, load: Callable[[str], RuleSet], zone: ZoneInfo
) -> int:
    """Count weeks of points anew that are over and were marked, a bounded number; return how many.

    The pages and events of each are read once, for all rule sets.

    Args:
        pool: Of writers.
        known: Gives the points.
        load: Returns a rule set by its name.
        zone: Of the deployment.

    Raises:
        JudgementMovedError: Load the knowledge and call again; the weeks counted before it stay.
        UnknownRuleSetError: A rule set is kept that ``load`` does not know.
        StoreError: The weeks counted before it stay; call again.
    """
    async with pool.connection() as connection:
        before = first_open_week(await watermark(connection), zone)
        if not await n_due_weeks(connection, before):
            return 0
        kept = await kept_rule_sets(connection)
    rule_sets = {one.rule_set_id: load(one.rule_set) for one in kept}
    with_limits = {number: one for number, one in rule_sets.items() if one.week_limits}
    flagged_s_max = longest_flagged_s(with_limits.values())
    points = known.network.points
    n_weeks = 0
    while n_weeks < WEEKS_PER_PASS:
        async with pool.transaction() as connection:
            taken = await take_due_weeks(connection, before, _AT_ONCE)
            if not taken:
                break
            if any(one.point_id not in points for one in taken):
                raise JudgementMovedError(await judgement_number(connection))
            for monday, group in groupby(taken, key=lambda one: one.monday):
                of_week = list(group)
                week = week_of(monday, zone)
                sources = await week_sources(
                    connection, [one.point_id for one in of_week], week, flagged_s_max
                )
                counted = await asyncio.to_thread(
                    _count, of_week, week, sources, points, with_limits
                )
                await write_weeks(connection, counted)
            number, _ = await read_for_share(connection)
            if number != known.judgement:
                raise JudgementMovedError(number)
        n_weeks += len(taken)
    return n_weeks


def first_open_week(through: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the first week that is not over where the data reach ``through``."""
    complete = (through - timedelta(minutes=TEN_MINUTES)).astimezone(zone).date()
    return week_of(complete, zone).monday


def _count(
    asked: Sequence[PointWeek],
    week: Week,
    sources: Mapping[int, WeekSource],
    points: Mapping[int, Point],
    rule_sets: Mapping[int, RuleSet],
) -> list[CountedWeek]:
    """Return the weeks that have a page; of the others what was counted once is all there is."""
    counted = []
    for one in asked:
        point, source = points[one.point_id], sources[one.point_id]
        if source.interval_s is None:
            continue
        in_service = (point.valid_from, point.valid_to or _FOREVER)
        minutes = week_minutes(week, source.hours, point.n_phases, in_service)
        counted.append(
            CountedWeek(
                at=one,
                interval_s=source.interval_s,
                percentiles=percentiles(minutes),
                limits={
                    number: count_week(minutes, source.events, rule_set, point)
                    for number, rule_set in rule_sets.items()
                },
            )
        )
    return counted
