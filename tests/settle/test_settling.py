"""What checkpoints leave for later: late readings, letters, days; and who may write."""

import pytest

from service.domain.rules import load_rule_set
from service.errors import FencedError, SettingsError
from service.settle.knowledge import load_knowledge
from service.store.pool import Pool
from tests.settle.plant import (
    DAY_MS,
    MINUTE_MS,
    consumer,
    ledger,
    minutes,
    register,
    settle,
    table,
)

pytestmark = pytest.mark.integration

POINTS = (
    "P1,220,1p,D,F1,2026-11-02T00:00+08:00\nP2,220,1p,D,F1,2026-11-02T00:00+08:00\n"
    "P3,110000,3p4w,A,F2,2026-11-02T00:00+08:00\n"
)
DEVICES = (
    "M1,P1,60,no,2026-01-01T00:00+08:00\nM2,P2,1,no,2026-01-01T00:00+08:00\n"
    "M1B,P1,60,no,2026-01-01T00:00+08:00\n"
)
PROGRESS = (
    "SELECT consumed, folded, duplicate, late, invalid, dead_lettered FROM partition_progress"
)


def seconds(first: int, n_seconds: int, volts: float = 220.0) -> list[tuple[int, float]]:
    return [(DAY_MS + second * 1000, volts) for second in range(first, first + n_seconds)]


async def test_a_late_reading_is_as_good_as_a_timely_one(pool: Pool, other_pool: Pool) -> None:
    for one in (pool, other_pool):
        await register(one, POINTS, DEVICES)
    in_order, late = await consumer(pool), await consumer(other_pool)
    in_order.fold("M1", minutes(0, 60, 221.0))
    in_order.fold("M1", minutes(60, 60, 240.0))
    await in_order.checkpoint()
    late.fold("M1", minutes(60, 60, 240.0))
    late.fold("M1", minutes(0, 60, 221.0))
    await late.checkpoint()

    await settle(pool)
    await settle(other_pool)

    assert await ledger(other_pool) == await ledger(pool)
    (progress,) = await table(other_pool, PROGRESS)
    assert progress == {
        "consumed": 120, "folded": 60, "duplicate": 0, "late": 60, "invalid": 0, "dead_lettered": 0,
    }  # fmt: skip
    (merged,) = await table(other_pool, "SELECT merged, duplicate FROM late_progress")
    assert merged == {"merged": 60, "duplicate": 0}


async def test_late_seconds_give_one_result_however_they_are_merged(
    pool: Pool, other_pool: Pool
) -> None:
    backlog = [seconds(20 * part, 20, 219.0 + part) for part in range(9)]
    for one, is_merged_at_once in ((pool, True), (other_pool, False)):
        await register(one, POINTS, DEVICES)
        live = await consumer(one)
        live.fold("M2", seconds(3600, 200))
        for part in backlog:
            live.fold("M2", part)
            await live.checkpoint()
            if not is_merged_at_once:
                await settle(one)
        await settle(one)

    assert await ledger(other_pool) == await ledger(pool)
    merged = "SELECT merged + duplicate AS n_done FROM late_progress"
    assert await table(other_pool, merged) == await table(pool, merged) == [{"n_done": 180}]


async def test_a_repeated_late_reading_changes_nothing(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    one.fold("M1", minutes(60, 60, 240.0))
    one.fold("M1", minutes(0, 10, 221.0))
    await one.checkpoint()
    await settle(pool)
    before = await ledger(pool)

    one.fold("M1", minutes(0, 10, 221.0))
    await one.checkpoint()
    await settle(pool)

    assert await ledger(pool) == before
    (merged,) = await table(pool, "SELECT merged, duplicate FROM late_progress")
    assert merged == {"merged": 10, "duplicate": 10}


async def test_letters_of_an_unknown_device_are_taken_up_when_it_is_registered(
    pool: Pool, other_pool: Pool
) -> None:
    for one in (pool, other_pool):
        await register(one, POINTS, DEVICES)
    late_device = "M9,P2,60,no,2026-11-02T01:00+08:00\n"
    await register(other_pool, POINTS, DEVICES + late_device)
    unknown, known = await consumer(pool), await consumer(other_pool)
    for writer in (unknown, known):
        writer.fold("M9", minutes(30, 90, 219.0))
        await writer.checkpoint()
    letters = await table(pool, "SELECT reason, count(*) AS n FROM dead_letter GROUP BY reason")
    assert letters == [{"reason": "unknown_device", "n": 90}]

    await register(pool, POINTS, DEVICES + late_device)
    await settle(pool)
    await settle(other_pool)

    assert await ledger(pool) == await ledger(other_pool)
    adopted = await table(
        pool,
        "SELECT reason, count(adopted_at) AS n FROM dead_letter GROUP BY reason ORDER BY reason",
    )
    assert adopted == [{"reason": "outside_service", "n": 0}, {"reason": "unknown_device", "n": 60}]


async def test_two_devices_of_one_point_meet_in_one_page(pool: Pool, other_pool: Pool) -> None:
    for one in (pool, other_pool):
        await register(one, POINTS, DEVICES)
    first, second = await consumer(pool, 0), await consumer(pool, 1)
    for part in range(3):
        first.fold("M1", minutes(20 * part, 10, 230.0))
        second.fold("M1B", minutes(20 * part + 5, 15, 215.0))
        await first.checkpoint()
        await second.checkpoint()
    alone = await consumer(other_pool)
    for part in range(3):
        alone.fold("M1B", minutes(20 * part + 5, 15, 215.0))
        alone.fold("M1", minutes(20 * part, 10, 230.0))
    await alone.checkpoint()

    await settle(pool)
    await settle(other_pool)

    assert await ledger(pool) == await ledger(other_pool)


async def test_an_owner_that_was_replaced_writes_nothing(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    old = await consumer(pool)
    old.fold("M1", minutes(0, 10, 220.0))
    await old.checkpoint()
    stored = await ledger(pool)
    old.fold("M1", minutes(10, 10, 260.0))

    new = await consumer(pool)
    with pytest.raises(FencedError, match="readings/0"):
        await old.checkpoint()

    assert await ledger(pool) == stored
    new.fold("M1", minutes(10, 10, 260.0))
    await new.checkpoint()
    (progress,) = await table(pool, PROGRESS)
    assert (progress["consumed"], progress["folded"]) == (20, 20)


async def test_a_restart_between_any_two_messages_leaves_the_same_pages(
    pool: Pool, other_pool: Pool
) -> None:
    for one in (pool, other_pool):
        await register(one, POINTS, DEVICES)
    parts = [seconds(37 * part, 37, 215.0 + part % 11) for part in range(20)]
    steady, restarted = await consumer(pool), await consumer(other_pool)
    for part in parts:
        steady.fold("M2", part)
        restarted.fold("M2", part)
        await restarted.checkpoint()
        restarted = await consumer(other_pool)
    await steady.checkpoint()

    await settle(pool)
    await settle(other_pool)

    assert await ledger(other_pool) == await ledger(pool)
    assert await table(other_pool, PROGRESS) == await table(pool, PROGRESS)


async def test_days_are_counted_as_they_were_seen_before(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    for hour in range(30):
        one.fold("M1", minutes(60 * hour, 60, 214.0 + hour))
    await one.checkpoint()
    shown = "SELECT * FROM v_point_day ORDER BY point_id, day"
    live = await table(pool, shown)

    await settle(pool)

    assert await table(pool, "SELECT * FROM dirty_day") == []
    assert await table(pool, "SELECT count(*) AS n FROM point_day") == [{"n": 2}]
    assert await table(pool, shown) == live


async def test_a_month_that_is_over_is_added_up_and_again_after_a_late_reading(pool: Pool) -> None:
    await register(
        pool, "P1,220,1p,D,F1,2026-01-01T00:00+08:00\n", "M1,P1,60,no,2026-01-01T00:00+08:00\n"
    )
    one = await consumer(pool)
    for hour in range(-30, -20):  # 31 October from 18:00 on, to 1 November, 04:00
        one.fold("M1", minutes(60 * hour, 59 if hour == -30 else 60, 220.0))
    await one.checkpoint()
    october = "SELECT month::text, n_pass, n_over FROM point_month"

    await settle(pool)

    assert await table(pool, october) == [{"month": "2026-10-01", "n_pass": 359, "n_over": 0}]
    one.fold("M1", minutes(-60 * 30 + 59, 1, 240.0))
    await one.checkpoint()
    await settle(pool)
    assert await table(pool, october) == [{"month": "2026-10-01", "n_pass": 359, "n_over": 1}]
    assert await table(pool, "SELECT FROM month_due") == []


async def test_a_measured_interruption_is_one_record_with_its_edges(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    one.fold("M1", minutes(0, 90, 220.0))
    one.fold("M1", minutes(90, 45, 0.0))
    await one.checkpoint()
    await settle(pool)
    (open_one,) = await table(pool, "SELECT start_at, end_at FROM interruption")
    one.fold("M1", minutes(135, 60, 220.0))
    await one.checkpoint()

    await settle(pool)

    assert open_one["end_at"] is None
    (found,) = await table(
        pool,
        "SELECT extract(epoch FROM start_at)::bigint AS start_s, extract(epoch FROM end_at)::bigint AS end_s,"
        " evidence FROM interruption",
    )
    start_s = DAY_MS // 1000 + 90 * MINUTE_MS // 1000
    assert found == {"start_s": start_s, "end_s": start_s + 45 * 60, "evidence": "measured"}


async def test_a_role_that_counts_days_in_another_zone_does_not_start(pool: Pool) -> None:
    with pytest.raises(SettingsError, match="Asia/Shanghai"):
        await load_knowledge(pool, load_rule_set("sgcc-2003"), "Europe/Berlin")
