"""Counting the days of points that are over under the rule sets beside the statutory one."""

import asyncio
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.beside import day_spans, make_beside_judge
from service.domain.rules import RuleSet
from service.errors import JudgementMovedError
from service.settle.knowledge import Knowledge
from service.store.beside_rows import (
    n_due_beside,
    open_day,
    pages_of_days,
    take_due_beside,
    write_days_beside,
)
from service.store.judgement import judgement_number, read_for_share
from service.store.kept_rule_sets import kept_rule_sets
from service.store.pool import Pool

DAYS_PER_PASS: Final = 20_000  # of points
_AT_ONCE: Final = 500  # whose pages are in memory: 24 or 25 of each


async def count_due_days_beside(
    pool: Pool, known: Knowledge, load: Callable[[str], RuleSet], zone: ZoneInfo
) -> int:
    """Count days of points anew that are over and were marked, a bounded number; return how many.

    The pages of each are read once, for all rule sets. A day whose pages are all gone stays as it
    was counted.

    Args:
        pool: Of writers.
        known: Gives points, declarations and exemptions.
        load: Returns a rule set by its name.
        zone: Of the deployment.

    Raises:
        JudgementMovedError: Load the knowledge and call again; the days counted before it stay.
        UnknownRuleSetError: A rule set is kept that ``load`` does not know.
        StoreError: The days counted before it stay; call again.
    """
    async with pool.connection() as connection:
        before = await open_day(connection)
        if not await n_due_beside(connection, before):
            return 0
        kept = [one for one in await kept_rule_sets(connection) if one.is_beside]
    if not kept:
        return 0
    rule_sets = [load(one.rule_set) for one in kept]
    judge = await asyncio.to_thread(make_beside_judge, known.registry, rule_sets)
    points = known.network.points
    n_days = 0
    while n_days < DAYS_PER_PASS:
        async with pool.transaction() as connection:
            taken = await take_due_beside(connection, before, _AT_ONCE)
            if not taken:
                break
            if any(one.point_id not in points for one in taken):
                raise JudgementMovedError(await judgement_number(connection))
            pages = await pages_of_days(connection, taken)
            spans = day_spans([one.point_id for one in taken], [one.day for one in taken], zone)
            counts = await asyncio.to_thread(judge.count, pages, spans)
            there = [one for one, is_there in zip(taken, counts.has_page, strict=True) if is_there]
            await write_days_beside(
                connection,
                there,
                [one.rule_set_id for one in kept],
                counts.minutes[:, counts.has_page],
            )
            number, _ = await read_for_share(connection)
            if number != known.judgement:
                raise JudgementMovedError(number)
        n_days += len(taken)
    return n_days
