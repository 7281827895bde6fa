"""Weeks in the database are what a recount of the readings says, and late data change them."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from service.domain.rules import RuleSet, load_rule_set
from service.domain.week_limits import FlagEvent
from service.domain.weeks import week_of
from service.errors import JudgementMovedError
from service.settle.knowledge import load_knowledge
from service.settle.rollup import roll_up_dirty_days
from service.settle.weeks import count_due_weeks
from service.store.deployment import adopt_zone
from service.store.judgement import raise_judgement
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from service.store.settled import unsettled
from service.store.week_marks import mark_all_weeks
from service.store.week_rows import week_sources
from tests.domain.week_sets import AS, EN
from tests.oracle.weeks import Minute, Told, percentile, values_of
from tests.settle.plant import (
    DAY_MS,
    HEADER,
    RULES,
    ZONE,
    Consumer,
    at,
    consumer,
    minutes,
    register,
    settle,
    settler,
    table,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = "P1,230,1p,D,F1,2026-01-01T00:00+08:00\nP2,230,1p,D,F1,2026-01-01T00:00+08:00\n"
DEVICES = "M1,P1,60,no,2026-01-01T00:00+08:00\nM2,P2,60,no,2026-01-01T00:00+08:00\n"
N_WEEK = 7 * 1440
MONDAY = date(2026, 11, 2)
FIRST = DAY_MS // 60_000
DIP = (3000, 1)  # a minute below 90 %: left out
# From which minute of the week, how many, at which deviation in 0.01 % of 230 V.
RUNS = ((0, 3000, 0), (*DIP, -1500), (3001, 4000, 900), (7001, 300, 1200), (7301, 2000, -300))
TOLD = {
    "en-test": [
        Told(10, -1000, 1000, 5, leaves_out_flagged=True, dark_below=-9000),
        Told(10, -1500, 1000, 5, leaves_out_flagged=True, dark_below=-9000),
    ],
    "as-test": [
        Told(1, -609, None, 1, leaves_out_flagged=False, dark_below=-9000),
        Told(1, None, 1000, 1, leaves_out_flagged=False, dark_below=-9000),
    ],
}
LIMITS = (
    "SELECT rule_set, point_id, week, limit_no, n_due, n_values, n_outside, n_flagged"
    " FROM point_week_limit JOIN kept_rule_set USING (rule_set_id) ORDER BY rule_set, point_id, week, limit_no"
)
WEEKS = "SELECT * FROM point_week ORDER BY point_id, week"


def loaded(name: str) -> RuleSet:
    return {"en-test": EN, "as-test": AS}.get(name) or load_rule_set(name)


async def keep(pool: Pool, *names: str) -> None:
    async with pool.transaction() as connection:
        for name in names:
            await connection.execute(
                "INSERT INTO kept_rule_set (rule_set, checksum) VALUES ($1, '')", name
            )
        await mark_all_weeks(connection)


async def settle_with_sets(pool: Pool) -> int:
    """Make passes until there is nothing to do; return how many weeks were counted."""
    one, n_weeks = settler(pool), 0
    one.load_rules = loaded
    while not (report := await one.make_pass()).is_idle:
        n_weeks += report.n_weeks
    return n_weeks


async def write(one: Consumer, runs: tuple[tuple[int, int, int], ...] = RUNS) -> None:
    """Write runs of minutes, and two of the week after it, which show that it is over."""
    for first, n_minutes, cell in runs:
        volts = float(230 * Fraction(10_000 + cell, 10_000))
        one.fold("M1", minutes(first, n_minutes, volts))
    one.fold("M1", minutes(N_WEEK + 10, 2, 230.0))
    one.fold("M1", minutes(N_WEEK + 12, 2, 230.0))
    await one.checkpoint()


def recounted(runs: tuple[tuple[int, int, int], ...] = RUNS) -> list[dict[str, object]]:
    """Return the limits of the first point's week, from the readings."""
    phase = {FIRST + minute: Minute(None) for minute in range(N_WEEK)}
    for first, n_minutes, cell in runs:
        for minute in range(first, first + n_minutes):
            phase[FIRST + minute] = Minute(cell)
    start_s = (FIRST + DIP[0]) * 60
    events = [("dip", start_s, start_s + 60), ("swell", (FIRST + 7001) * 60, (FIRST + 7301) * 60)]
    span = (FIRST, FIRST + N_WEEK)
    return [
        {
            "rule_set": name,
            "point_id": 1,
            "week": MONDAY,
            "limit_no": limit_no,
            **dict(
                zip(
                    ("n_due", "n_values", "n_outside", "n_flagged"),
                    values_of(phase, span, rule, events),
                    strict=True,
                )
            ),
        }
        for name, rules in sorted(TOLD.items())
        for limit_no, rule in enumerate(rules)
    ]


async def test_a_week_is_counted_when_it_is_over_and_not_before(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "en-test", "as-test")
    one = await consumer(pool)
    for first, n_minutes, cell in RUNS:
        one.fold("M1", minutes(first, n_minutes, float(230 * Fraction(10_000 + cell, 10_000))))
    await one.checkpoint()

    n_weeks = await settle_with_sets(pool)

    assert n_weeks == 0
    assert await table(pool, WEEKS) == []
    assert await table(pool, "SELECT * FROM week_due") == [{"point_id": 1, "week": MONDAY}]


@pytest.mark.slow
async def test_a_week_is_what_a_recount_of_the_readings_says(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "en-test", "as-test")
    await write(await consumer(pool))

    n_weeks = await settle_with_sets(pool)

    assert n_weeks == 1
    assert await table(pool, LIMITS) == recounted()
    cells = [cell for _, n_minutes, cell in RUNS for _ in range(n_minutes)]
    (week,) = await table(pool, WEEKS)
    v1, v5, v95, v99 = (percentile(cells, percent) for percent in (1, 5, 95, 99))
    assert week == {
        "point_id": 1, "week": MONDAY, "n_values": len(cells), "interval_s": 60,
        "cell_v1": v1, "cell_v5": v5, "cell_v95": v95, "cell_v99": v99,
    }  # fmt: skip
    assert await table(pool, "SELECT week FROM week_due") == [{"week": date(2026, 11, 9)}]


async def test_late_data_change_a_week_that_was_counted(pool: Pool, other_pool: Pool) -> None:
    late = (9301, 700, 1300)
    for one in (pool, other_pool):
        await register(one, POINTS, DEVICES)
        await keep(one, "en-test", "as-test")
    first, second = await consumer(pool), await consumer(other_pool)
    await write(first)
    await settle_with_sets(pool)
    before = await table(pool, LIMITS)
    first.fold("M1", minutes(late[0], late[1], float(230 * Fraction(10_000 + late[2], 10_000))))
    await first.checkpoint()

    n_weeks = await settle_with_sets(pool)
    await write(second, (*RUNS, late))
    await settle_with_sets(other_pool)

    assert n_weeks == 1
    assert await table(pool, LIMITS) != before
    assert await table(pool, LIMITS) == await table(other_pool, LIMITS)
    assert await table(pool, LIMITS) == recounted((*RUNS, late))
    assert await table(pool, WEEKS) == await table(other_pool, WEEKS)


async def test_a_rule_set_that_is_kept_later_gets_the_weeks_of_the_past(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write(await consumer(pool))
    await settle(pool)
    assert await table(pool, LIMITS) == []
    percentiles = await table(pool, WEEKS)

    await keep(pool, "en-test", "as-test")
    await settle_with_sets(pool)

    assert await table(pool, LIMITS) == recounted()
    assert await table(pool, WEEKS) == percentiles
    assert len(percentiles) == 1


async def test_a_set_without_week_limits_has_no_weeks(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "sgcc-2003")
    await write(await consumer(pool))

    await settle(pool)

    assert await table(pool, LIMITS) == []
    assert len(await table(pool, WEEKS)) == 1


async def test_a_set_without_week_limits_marks_no_weeks(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await write(await consumer(pool))
    await settle(pool)
    due = await table(pool, "SELECT * FROM week_due")

    without = settler(pool)
    await without.keep_rule_sets()
    assert await table(pool, "SELECT * FROM week_due") == due

    with_limits = settler(pool)
    with_limits.beside = (load_rule_set("en-50160"),)
    await with_limits.keep_rule_sets()

    assert {"point_id": 1, "week": MONDAY} in await table(pool, "SELECT * FROM week_due")


async def test_a_point_that_ends_earlier_has_its_counted_weeks_anew(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "as-test")
    await write(await consumer(pool))
    await settle_with_sets(pool)
    before = await table(pool, LIMITS)

    ended = POINTS.splitlines()[0] + ",2026-11-08T00:00+08:00\n"
    header = HEADER.rstrip() + ",valid_to\n"
    report = await import_registry(pool, "points", (header + ended).encode())
    assert not report.is_refused, str(report)
    due = await table(pool, "SELECT point_id, week FROM week_due ORDER BY week")
    async with pool.connection() as connection:
        left = await unsettled(connection)
    await settle_with_sets(pool)

    assert due[0] == {"point_id": 1, "week": MONDAY}
    assert (left.n_weeks, left.is_settled) == (1, False)
    after = await table(pool, LIMITS)
    assert [row["n_due"] for row in before] == [N_WEEK, N_WEEK]
    assert [row["n_due"] for row in after] == [6 * 1440, 6 * 1440]
    async with pool.connection() as connection:
        assert (await unsettled(connection)).n_weeks == 0


async def test_weeks_are_not_written_where_the_judgement_moved(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "as-test")
    await write(await consumer(pool))
    known = await load_knowledge(pool, RULES, ZONE)
    await roll_up_dirty_days(pool, known)
    async with pool.transaction() as connection:
        number = await raise_judgement(connection, [], "a rule")

    with pytest.raises(JudgementMovedError, match=str(number)):
        await count_due_weeks(pool, known, loaded, ZoneInfo(ZONE))

    assert await table(pool, WEEKS) == []
    assert {"point_id": 1, "week": MONDAY} in await table(pool, "SELECT * FROM week_due")
    assert await settle_with_sets(pool) == 1


async def test_an_event_that_reaches_into_a_week_from_the_one_before_marks_both(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    one.fold("M1", minutes(N_WEEK - 3, 2, 230.0))
    one.fold("M1", minutes(N_WEEK - 1, 1, 200.0))
    await one.checkpoint()
    await settle(pool)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM week_due")
    one.fold("M1", minutes(N_WEEK, 2, 230.0))
    await one.checkpoint()

    await settle(pool)

    assert await table(pool, "SELECT week FROM week_due ORDER BY week") == [
        {"week": MONDAY}, {"week": date(2026, 11, 9)},
    ]  # fmt: skip


async def test_an_event_that_nobody_closed_flags_nothing(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "en-test", "as-test")
    await write(await consumer(pool))
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO event (point_id, kind, start_at, earliest_at, extreme_ppm, phases, device_id)"
            " SELECT 1, 'interruption', $1, $1, 0, 1, device_id FROM device WHERE device = 'M1'",
            at(-60),
        )

    await settle_with_sets(pool)

    # The silence before the first reading belongs to the interruption that the event began.
    assert [row for row in await table(pool, LIMITS) if row["n_values"]] == recounted()


async def test_of_dips_only_those_are_read_that_are_short_enough_to_flag(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    week = week_of(MONDAY, ZoneInfo(ZONE))
    async with pool.transaction() as connection:
        for from_at, to_at in ((at(-9000), at(5)), (at(-1), at(0)), (at(30), None)):
            await connection.execute(
                "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, extreme_ppm, phases, device_id)"
                " SELECT 1, 'dip', $1, $1, $2::timestamptz, 0, 1, device_id FROM device WHERE device = 'M1'",
                from_at, to_at,
            )  # fmt: skip

        sources = await week_sources(connection, [1], week, 60)

    start_s = FIRST * 60
    assert sources[1].events == [FlagEvent("dip", start_s - 60, start_s)]


async def test_an_interruption_that_ends_in_a_later_week_marks_every_week_since(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    one = await consumer(pool)
    one.fold("M1", minutes(0, 60, 230.0))
    one.fold("M1", minutes(60, 60, 0.0))
    one.fold("M2", minutes(2 * N_WEEK, 60, 230.0))
    await one.checkpoint()
    await settle(pool)
    assert await table(pool, "SELECT point_id, end_at FROM interruption") == [
        {"point_id": 1, "end_at": None}
    ]
    one.fold("M1", minutes(2 * N_WEEK + 4000, 2, 230.0))
    one.fold("M1", minutes(2 * N_WEEK + 4002, 2, 230.0))
    await one.checkpoint()

    await roll_up_dirty_days(pool, await load_knowledge(pool, RULES, ZONE))

    due = await table(pool, "SELECT week FROM week_due WHERE point_id = 1 ORDER BY week")
    assert [row["week"] for row in due] == [MONDAY, date(2026, 11, 9), date(2026, 11, 16)]


async def test_weeks_of_another_zone_are_forgotten_and_counted_anew(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    await keep(pool, "en-test")
    await write(await consumer(pool))
    await settle_with_sets(pool)

    async with pool.transaction() as connection:
        await adopt_zone(connection, "Europe/Berlin")

    assert await table(pool, WEEKS) == []
    assert await table(pool, LIMITS) == []
    berlin = settler(pool)
    berlin.zone, berlin.load_rules = "Europe/Berlin", loaded
    while not (await berlin.make_pass()).is_idle:
        continue
    # The first seven hours lie in the week before, and the week itself is not over there.
    (week,) = await table(pool, "SELECT week, n_values FROM point_week")
    assert week == {"week": date(2026, 10, 26), "n_values": 7 * 60}
