"""A declaration gives the same whether it is made before or after the readings came."""

from datetime import datetime

import pytest

from service.domain.register import NewDeclaration, Place
from service.store.declarations import add_declaration, withdraw_declaration
from service.store.pool import Pool
from tests.settle.plant import Consumer, at, consumer, ledger, minutes, register, settle, table

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINT = "P1,220,1p,D,F1,2026-11-02T00:00+08:00\n"
DEVICE = "M1,P1,60,no,2026-01-01T00:00+08:00\n"
# The golden day: 1440 minutes at 220 V (percent of nominal, minutes).
DAY = ((4.0, 1300), (8.0, 40), (8.0, 20), (-9.5, 20), (-12.0, 30))
ABNORMAL, DARK = (1300, 1340), (1410, 1430)


async def declare(pool: Pool, kind: str, span: tuple[int, int], ticket: str) -> int:
    told = NewDeclaration(
        kind="abnormal_state" if kind == "abnormal" else "outage",
        places=[Place("feeder", "F1")],
        ticket=ticket,
        author="dispatcher",
        approver="shift leader",
        from_at=at(span[0]),
        to_at=at(span[1]),
    )
    async with pool.transaction() as connection:
        return await add_declaration(connection, told)


async def declare_both(pool: Pool) -> None:
    await declare(pool, "abnormal", ABNORMAL, "T-1")
    await declare(pool, "outage", DARK, "T-2")


async def write_day(one: Consumer, from_minute: int = 0, to_minute: int = 1440) -> None:
    """Write the minutes of the day that lie in a span; the last one reaches into the next day."""
    begin = 0
    for percent, n_minutes in DAY:
        first, last = max(begin, from_minute), min(begin + n_minutes, to_minute)
        if first < last:
            one.fold("M1", minutes(first, last - first, 220 * (1 + percent / 100)))
        begin += n_minutes
    if to_minute == 1440:
        # Ten minutes of silence end the day; what comes after shows that it is over.
        one.fold("M1", minutes(1440, 2, 220.0))
        one.fold("M1", minutes(1442, 2, 220.0))
    await one.checkpoint()


async def day_of(pool: Pool) -> dict[str, object]:
    (row,) = await table(pool, "SELECT * FROM v_point_day WHERE day = '2026-11-02'")
    return row


def counted(row: dict[str, object]) -> tuple[object, ...]:
    names = ("n_pass", "n_over", "n_under", "n_interrupted", "n_missing", "n_due")
    return tuple(row[name] for name in names)


async def test_the_golden_day_comes_out_of_the_database(pool: Pool) -> None:
    await register(pool, POINT, DEVICE)
    await declare_both(pool)

    await write_day(await consumer(pool))
    live = await day_of(pool)
    await settle(pool)
    settled = await day_of(pool)

    assert counted(live) == (1360, 20, 30, 20, 10, 1440)
    assert settled == live
    figures = [round(float(str(live[name])), 6) for name in ("rate", "lower", "upper", "coverage")]
    assert figures == [0.964539, 0.957746, 0.964789, 0.992958]


async def test_a_declaration_made_afterwards_gives_what_one_made_before_gives(
    pool: Pool, other_pool: Pool
) -> None:
    for one in (pool, other_pool):
        await register(one, POINT, DEVICE)
    await declare_both(pool)
    await write_day(await consumer(pool))
    await settle(pool)
    await write_day(await consumer(other_pool))
    await settle(other_pool)
    before = await day_of(other_pool)

    await declare_both(other_pool)
    await settle(other_pool)

    assert round(float(str(before["rate"])), 6) == 0.936170
    assert await ledger(other_pool) == await ledger(pool)
    assert await day_of(other_pool) == await day_of(pool)
    interruptions = "SELECT start_at, end_at, evidence FROM interruption"
    assert await table(other_pool, interruptions) == await table(pool, interruptions)
    (interruption,) = await table(pool, interruptions)
    assert interruption == {"start_at": at(1410), "end_at": at(1430), "evidence": "declared"}


@pytest.mark.parametrize("told_at", [600, 1320, 1415])
async def test_a_declaration_made_while_a_consumer_goes_on_writing_changes_nothing_less(
    pool: Pool, other_pool: Pool, told_at: int
) -> None:
    for one in (pool, other_pool):
        await register(one, POINT, DEVICE)
    await declare_both(pool)
    await write_day(await consumer(pool))
    await settle(pool)

    writing = await consumer(other_pool)
    await write_day(writing, 0, told_at)
    await declare_both(other_pool)
    await write_day(writing, told_at, 1440)
    await settle(other_pool)

    assert writing.n_moved == 1
    assert await ledger(other_pool) == await ledger(pool)
    assert await day_of(other_pool) == await day_of(pool)


async def test_a_declaration_that_is_withdrawn_leaves_no_trace(
    pool: Pool, other_pool: Pool
) -> None:
    for one in (pool, other_pool):
        await register(one, POINT, DEVICE)
        await write_day(await consumer(one))
    number = await declare(pool, "outage", DARK, "T-2")
    await settle(pool)

    async with pool.transaction() as connection:
        await withdraw_declaration(connection, number, "dispatcher")
    await settle(pool)
    await settle(other_pool)

    # The hour that only the declaration had asked for has an empty page now, which says as much as none.
    assert await day_of(pool) == await day_of(other_pool)
    assert await table(pool, "SELECT * FROM interruption") == []


async def test_an_outage_of_a_point_that_is_silent_for_hours_interrupts_them(pool: Pool) -> None:
    await register(pool, POINT, DEVICE)
    one = await consumer(pool)
    one.fold("M1", minutes(0, 60, 220.0))
    one.fold("M1", minutes(600, 2, 220.0))
    one.fold("M1", minutes(602, 2, 220.0))
    await one.checkpoint()
    await declare(pool, "outage", (120, 300), "T-3")

    await settle(pool)

    row = await day_of(pool)
    assert (row["n_interrupted"], row["n_pass"]) == (180, 64)
    (found,) = await table(pool, "SELECT start_at, end_at, evidence FROM interruption")
    assert found == {"start_at": at(120), "end_at": at(300), "evidence": "declared"}


def test_the_day_has_1440_minutes() -> None:
    silent = 10

    assert sum(n_minutes for _, n_minutes in DAY) + DARK[1] - DARK[0] + silent == 1440
    assert isinstance(at(0), datetime)
