"""Days that are over give back the room that was left for their changes; nothing else about them changes."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg
import pytest

from service.settings.parts import DatabaseSettings
from service.settle.retention import keep_to_retention
from service.store.pool import Pool, connect
from service.store.retention import repack_pages
from tests.backends import IS_REAL
from tests.settle.plant import DAY, MINUTE_MS, consumer, register

pytestmark = pytest.mark.integration


async def with_days(pool: Pool, n_days: int) -> None:
    """Store hourly pages of one meter over some days, as a consumer does."""
    await register(
        pool, "A,220,1p,C,F1,2020-01-01T00:00:00Z\n", "m1,A,60,false,2020-01-01T00:00:00Z\n"
    )
    one = await consumer(pool)
    first_ms = round(DAY.timestamp() * 1000)
    # Two readings an hour: of a jump ahead the second one is believed.
    minutes = [60 * hour + minute for hour in range(24 * n_days) for minute in (0, 1)]
    one.fold("m1", [(first_ms + minute * MINUTE_MS, 220.0) for minute in minutes])
    await one.checkpoint()


async def test_a_day_is_rewritten_once_a_day_after_its_end(pool: Pool) -> None:
    await with_days(pool, 4)  # from 16:00 on, so on five days of UTC
    async with pool.connection() as connection:
        before = await connection.fetch("SELECT * FROM page ORDER BY point_id, hour")

    found = []
    for _ in range(6):
        async with pool.transaction() as connection:
            found.append(await repack_pages(connection))

    midnight = DAY.replace(hour=0)
    days = [midnight + timedelta(days=n) for n in range(3)] if IS_REAL else []
    assert found == days + [None] * (6 - len(days))
    async with pool.connection() as connection:
        assert await connection.fetch("SELECT * FROM page ORDER BY point_id, hour") == before


async def test_a_day_that_is_in_use_is_put_off_and_what_settles_goes_on(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    impatient = fresh_database().model_copy(update={"writer_lock_timeout_s": 0.1})
    async with Pool(impatient, "writer", max_size=4) as pool:
        await with_days(pool, 3)
        async with pool.transaction() as reader:
            await reader.fetch("SELECT * FROM page")

            await keep_to_retention(pool, lateness_window_s=864_000, retention_days=0)

        async with pool.transaction() as connection:
            assert (await repack_pages(connection) is not None) == IS_REAL


async def test_only_who_changes_rows_may_rewrite_them(database: DatabaseSettings) -> None:
    connection = await connect(database, "migrator")
    try:
        await connection.execute("SET ROLE voltpass_reader")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="voltpass_reader"):
            await connection.fetchval("SELECT repack_pages(now())")
    finally:
        await connection.close()
