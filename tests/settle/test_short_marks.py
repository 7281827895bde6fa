"""What comes later finds short marks, and leaves what it would have left of full ones."""

import pytest

from service.domain.register import NewDeclaration, Place
from service.domain.rules import load_rule_set
from service.store.declarations import add_declaration
from service.store.deployment import adopt_rule_set
from service.store.pool import Pool
from service.store.retention import repack_pages
from tests.settle.plant import (
    at,
    consumer,
    ledger,
    minutes,
    register,
    settle,
    table,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINT = "P1,220,1p,D,F1,2026-11-01T00:00+08:00\n"
DEVICE = "M1,P1,60,no,2026-01-01T00:00+08:00\n"
OTHER_RULES = load_rule_set("nea-regulation")
LENGTHS = "SELECT length(marks) AS n FROM page WHERE hour < '2026-11-01T19:00Z' ORDER BY hour"


async def lengths(pool: Pool) -> list[object]:
    return [row["n"] for row in await table(pool, LENGTHS)]


async def write_full_marks(pool: Pool) -> None:
    """Let the pool's database never store short marks, as before there were any."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE deployment SET short_marks_from = 'infinity'")


async def dark(pool: Pool, hour: int) -> None:
    """Declare an outage of an hour that has no readings, and judge by it."""
    told = NewDeclaration(
        kind="outage",
        places=[Place("feeder", "F1")],
        ticket="T-1",
        author="dispatcher",
        approver="shift leader",
        from_at=at(60 * hour),
        to_at=at(60 * hour + 60),
    )
    async with pool.transaction() as connection:
        await add_declaration(connection, told)
    await settle(pool)


async def three_days(pool: Pool) -> None:
    """Store an hour, one without its last minute, one of silence, one of high voltage, and the days after."""
    await register(pool, POINT, DEVICE)
    one = await consumer(pool)
    one.fold("M1", minutes(0, 60, 220.0))
    one.fold("M1", minutes(60, 59, 220.0))
    one.fold("M1", minutes(180, 60, 262.0))
    for day in (1, 2, 3):
        one.fold("M1", minutes(1440 * day, 2, 220.0))
    await one.checkpoint()
    await settle(pool)


async def repack(pool: Pool) -> None:
    """Rewrite all days that are over, where there are chunks."""
    while True:
        async with pool.transaction() as connection:
            if await repack_pages(connection) is None:
                return


async def same(pool: Pool, other_pool: Pool) -> bool:
    views = ("v_point_day ORDER BY day", "point_day ORDER BY day", "v_point_minute ORDER BY minute")
    for view in views:
        assert await table(pool, f"SELECT * FROM {view}") == await table(  # noqa: S608
            other_pool,
            f"SELECT * FROM {view}",  # noqa: S608
        )
    return await ledger(pool) == await ledger(other_pool)


async def test_days_that_change_after_they_were_rewritten_are_those_of_full_marks(
    pool: Pool, other_pool: Pool
) -> None:
    await write_full_marks(other_pool)
    seen: dict[Pool, list[list[object]]] = {pool: [], other_pool: []}
    for one in (pool, other_pool):
        await three_days(one)
        await repack(one)
        seen[one].append(await lengths(one))
    assert await same(pool, other_pool)

    for one in (pool, other_pool):
        late = await consumer(one)
        await dark(one, 2)
        seen[one].append(await lengths(one))
        late.fold("M1", minutes(119, 1, 220.0))  # the last minute of its hour
        late.fold("M1", minutes(150, 1, 262.0))  # in the hour of silence
        await late.checkpoint()
        await settle(one)
        seen[one].append(await lengths(one))
    assert await same(pool, other_pool)

    for one in (pool, other_pool):
        async with one.transaction() as connection:
            assert await adopt_rule_set(connection, OTHER_RULES)
        await settle(one, OTHER_RULES)
    assert await same(pool, other_pool)
    assert seen[other_pool] == [[60] * 2, [60] * 3, [60] * 3]
    assert seen[pool] == [[1, 60], [1, 60, 1], [1, 1, 60]]


async def test_a_new_owner_goes_on_with_pages_of_short_marks(pool: Pool, other_pool: Pool) -> None:
    await write_full_marks(other_pool)
    for one in (pool, other_pool):
        await register(one, POINT, DEVICE)
        first = await consumer(one)
        first.fold("M1", minutes(0, 60, 220.0))
        await first.checkpoint()
        second = await consumer(one)
        second.fold("M1", minutes(60, 30, 262.0))
        await second.checkpoint()

    assert await lengths(pool) == [1, 60]
    assert await lengths(other_pool) == [60, 60]
    assert await same(pool, other_pool)
