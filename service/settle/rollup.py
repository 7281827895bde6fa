"""Counting dirty days anew, and marking what else follows from their pages."""

from collections import Counter
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
from service.store.rollups import PointDay, begin_pass, roll_up, take_dirty, troubled_days
from service.store.week_marks import mark_weeks

DAYS_AT_ONCE = 2000
LONG_S: Final = 5.0  # a round that takes longer is followed by a rest
REST: Final = 9.0  # times as long as the round took for the newest day


@dataclass(slots=True)
class RollUp:
    """Counts dirty days; the newest day of many points, at most a tenth of the time.

    The day that is open is dirty again with every checkpoint, and readers count it from its pages. At 300,000 points
    one round after another would keep the database busy for nobody. In between only those days are counted that an
    interruption of the last hour concerns, so that outages are known as soon as before. Days before the newest one earn
    no rest: after a backlog or a change of rules they are waited for.
    """

    monotonic_s: Callable[[], float]
    _rests_until_s: float = float("-inf")

    async def run(self, pool: Pool, knowledge: Knowledge) -> int:
        """Count days anew; return how many.

        Raises:
            StoreError: The days done before it stay; call again.
        """
        began_s = self.monotonic_s()
        if began_s < self._rests_until_s:
            return await roll_up_troubled_days(pool, knowledge)
        counted = await roll_up_dirty_days(pool, knowledge)
        ended_s = self.monotonic_s()
        n_days = counted.total()
        if ended_s - began_s > LONG_S and n_days:
            of_newest = counted[max(counted)] / n_days
            self._rests_until_s = ended_s + REST * (ended_s - began_s) * of_newest
        return n_days


async def roll_up_dirty_days(pool: Pool, knowledge: Knowledge) -> Counter[date]:
    """Count every day anew that was dirty when this began; return of how many points, by day.

    Raises:
        StoreError: The days done before it stay; call again.
    """
    async with pool.transaction() as connection:
        generation = await begin_pass(connection)
    counted = Counter[date]()
    while True:
        async with pool.transaction() as connection:
            days = await take_dirty(connection, generation, DAYS_AT_ONCE)
            if not days:
                return counted
            await _count(connection, days, knowledge)
        counted.update(one.day for one in days)


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
