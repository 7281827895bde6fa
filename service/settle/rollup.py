"""Counting dirty days anew, and marking what else follows from their pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from service.settle.knowledge import Knowledge
from service.store.beside_rows import mark_beside
from service.store.interruption_due import mark_interruptions_due, windows_concerned
from service.store.pool import Connection, Pool
from service.store.power_factor_rows import mark_power_factors
from service.store.rollups import (
    PointDay,
    begin_pass,
    newest_dirty,
    roll_up,
    take_dirty,
    troubled_days,
)
from service.store.week_marks import mark_weeks

DAYS_AT_ONCE = 2000
SLICE_S: Final = 2.0  # the newest day is counted for so long, then there is a rest
REST: Final = 9.0  # times as long as the slice took


@dataclass(slots=True)
class RollUp:
    """Counts dirty days; the newest day of many points in slices, a tenth of the time.

    The day that is open is dirty again with every checkpoint, and readers count it from its pages. At 300,000 points
    one round after another would keep the database busy for nobody, and a whole round at once everybody waiting. In
    between only those days are counted that an interruption of the last hour concerns, so that outages are known as
    soon as before. Days before the newest one come first and earn no rest: after a backlog or a change of rules they
    are waited for.
    """

    monotonic_s: Callable[[], float]
    _generation: int | None = None  # of the round that is under way
    _rests_until_s: float = float("-inf")

    async def run(self, pool: Pool, knowledge: Knowledge) -> int:
        """Count days anew; return how many.

        Raises:
            StoreError: The days done before it stay; call again.
        """
        if self.monotonic_s() < self._rests_until_s:
            return await roll_up_troubled_days(pool, knowledge)
        begun = self._generation
        if begun is not None and (n_days := await self._go_on(pool, knowledge, begun)):
            return n_days
        async with pool.transaction() as connection:
            generation = self._generation = await begin_pass(connection)
        return await self._go_on(pool, knowledge, generation)

    async def _go_on(self, pool: Pool, knowledge: Knowledge, generation: int) -> int:
        """Go on with the round: all days before the newest one, and a slice of that; return how many days."""
        async with pool.connection() as connection:
            newest = await newest_dirty(connection)
        n_days = 0
        while n := await _count_some(pool, knowledge, generation, before=newest):
            n_days += n
        began_s = ended_s = self.monotonic_s()
        while ended_s - began_s <= SLICE_S:
            n = await _count_some(pool, knowledge, generation)
            ended_s = self.monotonic_s()
            n_days += n
            if not n:
                self._generation = None
                break
        if ended_s - began_s > SLICE_S:
            self._rests_until_s = ended_s + REST * (ended_s - began_s)
        return n_days


async def roll_up_dirty_days(pool: Pool, knowledge: Knowledge) -> int:
    """Count every day anew that was dirty when this began; return how many.

    Raises:
        StoreError: The days done before it stay; call again.
    """
    async with pool.transaction() as connection:
        generation = await begin_pass(connection)
    n_days = 0
    while n := await _count_some(pool, knowledge, generation):
        n_days += n
    return n_days


async def _count_some(
    pool: Pool, knowledge: Knowledge, generation: int, before: date | None = None
) -> int:
    """Count some of the days whose marks are older than ``generation``; return how many, 0 where there are none."""
    async with pool.transaction() as connection:
        days = await take_dirty(connection, generation, DAYS_AT_ONCE, before)
        if days:
            await _count(connection, days, knowledge)
    return len(days)


async def roll_up_troubled_days(pool: Pool, knowledge: Knowledge) -> int:
    """Count the dirty days that an interruption of the last hour concerns; they stay dirty. Return how many days.

    Raises:
        StoreError: The days done before it stay; call again.
    """
    async with pool.connection() as connection:
        days = await troubled_days(connection)
    rest = iter(days)
    while part := list(islice(rest, DAYS_AT_ONCE)):
        async with pool.transaction() as connection:
            await _count(connection, part, knowledge)
    return len(days)


async def _count(connection: Connection, days: Sequence[PointDay], knowledge: Knowledge) -> None:
    await roll_up(connection, days)
    await mark_interruptions_due(connection, await windows_concerned(connection, days))
    await mark_weeks(connection, days)
    await mark_beside(connection, days)
    await mark_power_factors(connection, days, knowledge.registry.power_factor_point_ids)
