"""Counting dirty days anew, and marking what else follows from their pages."""

from service.settle.knowledge import Knowledge
from service.store.beside_rows import mark_beside
from service.store.interruption_due import mark_interruptions_due, windows_concerned
from service.store.pool import Pool
from service.store.power_factor_rows import mark_power_factors
from service.store.rollups import begin_pass, roll_up, take_dirty
from service.store.week_marks import mark_weeks

DAYS_AT_ONCE = 2000


async def roll_up_dirty_days(pool: Pool, knowledge: Knowledge) -> int:
    """Count every day anew that was dirty when this began; return how many days.

    Raises:
        StoreError: The days done before it stay; call again.
    """
    async with pool.transaction() as connection:
        generation = await begin_pass(connection)
    n_days = 0
    while True:
        async with pool.transaction() as connection:
            days = await take_dirty(connection, generation, DAYS_AT_ONCE)
            if not days:
                return n_days
            await roll_up(connection, days)
            await mark_interruptions_due(connection, await windows_concerned(connection, days))
            await mark_weeks(connection, days)
            await mark_beside(connection, days)
            await mark_power_factors(connection, days, knowledge.registry.power_factor_point_ids)
        n_days += len(days)
