"""Outages in the database: told, held back and accounted for."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow
from service.domain.alerts.standing import OutagePart
from service.metrics import OutageAlertMetrics, new_registry
from service.settle.alerting import OutageWatch
from service.settle.retention import keep_to_retention
from service.store.declared_windows import declared_points, hold_declared
from service.store.held_alert_reads import HeldFilter, list_held_alerts
from service.store.outage_part_reads import read_outage_parts
from service.store.pool import Connection, Pool
from tests.alerts.builders import dark, us, window
from tests.alerts.live import parts_at
from tests.metrics.test_metrics import values
from tests.settle.plant import DAY, RULES, ZONE

pytestmark = pytest.mark.integration

NOON = DAY + timedelta(hours=12)
SEED = """
WITH made AS (
    INSERT INTO point (point, nominal_mv, wiring, class, organisation, region, feeder, feeder_name, transformer,
                       valid_from)
    SELECT 'P' || n, 220000, '1p', 'D', 'O1', 'R1', 'F1', '城东一线', 'T' || n % 2, '2020-01-01Z'
      FROM generate_series(1, 8) AS n
    RETURNING point_id
), supplied AS (
    INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class, target_area, response_area,
                          valid_from)
    VALUES ('C1', 220000, true, false, 'LV', 'urban', 'urban', '2020-01-01Z')
    RETURNING customer_id
), linked AS (
    INSERT INTO customer_point SELECT customer_id, point_id FROM supplied, made
), dark AS (
    INSERT INTO outage (place, code, feeder, earliest_at, start_at, evidence, n_points, n_nested, n_customers)
    VALUES ('feeder', 'F1', 'F1', $1, $1, 'meter_event', 8, 0, 1)
    RETURNING outage_id
)
INSERT INTO interruption (point_id, start_at, earliest_at, evidence, grades, outage_id)
SELECT point_id, $1, $1, 'meter_event', '{meter_event}', outage_id FROM made, dark
"""
PLANNED = """
WITH told AS (
    INSERT INTO declaration (kind, outage_kind, ticket, author, approver, cause, window_from, window_to, made_at)
    VALUES ('outage', 'planned', 'W1', 'a', 'b', 'planned_maintenance', $1, $2, $1)
    RETURNING declaration_id
)
INSERT INTO declaration_scope (declaration_id, place, code)
SELECT declaration_id, 'transformer', 'T1' FROM told
"""
MEASURED = """
INSERT INTO evidence (point_id, grade, start_at, earliest_at)
SELECT min(point_id), 'measured', $1, $1 FROM point WHERE transformer = 'T1'
"""


@pytest.fixture
async def seeded(pool: Pool) -> Pool:
    async with pool.transaction() as connection:
        await connection.execute(SEED, NOON)
        await connection.execute(
            "INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)"
            " VALUES ('t', 0, 1, 'test', $1)",
            NOON + timedelta(hours=3),
        )
    return pool


def watch_at(pool: Pool, clock: list[datetime]) -> OutageWatch:
    assert RULES.alerts is not None
    return OutageWatch(
        pool=pool,
        rule=RULES.alerts,
        zone=ZoneInfo(ZONE),
        metrics=OutageAlertMetrics(new_registry()),
        now=lambda: clock[-1],
    )


async def held(pool: Pool) -> list[tuple[str, str, bool]]:
    async with pool.connection() as connection:
        rows = await list_held_alerts(
            connection, (DAY, DAY + timedelta(days=2)), HeldFilter(), None, 100
        )
    return [(one.rule, one.reason, one.held_to is None) for one in rows]


async def test_an_outage_is_shown_after_the_wait_and_a_restart_goes_on_with_it(
    seeded: Pool,
) -> None:
    clock = [NOON + timedelta(seconds=60)]
    first = watch_at(seeded, clock)

    await first.look()
    early = values(first.metrics.registry, "voltpass_outage_points")
    clock.append(NOON + timedelta(seconds=180))
    await first.look()
    told = values(first.metrics.registry, "voltpass_outage_points")
    clock.append(NOON + timedelta(hours=2))
    second = watch_at(seeded, clock)
    await second.look()

    assert early == {}
    assert list(told.values()) == [8.0]
    assert values(second.metrics.registry, "voltpass_outage_points") == told
    (labels,) = told
    assert set(labels) >= {"O1", "R1", "F1", "城东一线", "interruption"}
    assert list(values(second.metrics.registry, "voltpass_outage_customers").values()) == [1.0]
    assert list(values(second.metrics.registry, "voltpass_outage_transformers").values()) == [2.0]
    assert values(second.metrics.registry, "voltpass_zone_offset_seconds") == {(): 28_800.0}
    assert await held(seeded) == []


async def test_what_a_window_covers_is_held_and_told_when_it_overruns(seeded: Pool) -> None:
    clock = [NOON + timedelta(seconds=200)]
    async with seeded.transaction() as connection:
        await connection.execute(PLANNED, NOON, NOON + timedelta(hours=1))
        await connection.execute(
            "DELETE FROM interruption USING point WHERE point.point_id = interruption.point_id AND transformer = 'T0'"
        )
        await connection.execute(MEASURED, NOON)
    watch = watch_at(seeded, clock)

    await watch.look()
    inside = (values(watch.metrics.registry, "voltpass_outage_points"), await held(seeded))
    clock.append(NOON + timedelta(hours=1, seconds=1201))
    await watch.look()
    beyond = values(watch.metrics.registry, "voltpass_outage_points")

    assert inside == ({}, [("interruption", "declared_window", True)])
    assert [key[-1] for key in beyond] == ["overrun"] or "overrun" in next(iter(beyond))
    assert list(beyond.values()) == [4.0]
    assert await held(seeded) == [("interruption", "declared_window", False)]


async def test_points_beside_the_scope_of_a_window_are_told_without_those_inside(
    seeded: Pool,
) -> None:
    clock = [NOON + timedelta(seconds=200)]
    async with seeded.transaction() as connection:
        await connection.execute(PLANNED, NOON, NOON + timedelta(hours=1))
    watch = watch_at(seeded, clock)

    await watch.look()

    assert list(values(watch.metrics.registry, "voltpass_outage_points").values()) == [4.0]


async def test_an_outage_that_ends_before_it_is_told_is_accounted_for(seeded: Pool) -> None:
    clock = [NOON + timedelta(seconds=60)]
    watch = watch_at(seeded, clock)
    await watch.look()
    async with seeded.transaction() as connection:
        await connection.execute("UPDATE outage SET end_at = $1, last_end_at = $1", NOON)
        await connection.execute("UPDATE interruption SET end_at = $1, latest_at = $1", NOON)

    clock.append(NOON + timedelta(seconds=90))
    await watch.look()

    assert await held(seeded) == [("interruption", "reclosed", False)]


async def test_a_storm_goes_on_as_long_as_outages_come_however_long_ago_it_began(
    seeded: Pool,
) -> None:
    begins = [timedelta(minutes=3 * nth) for nth in range(10)]
    then = [begins[-1] + timedelta(minutes=40 * nth) for nth in range(1, 13)]
    async with seeded.transaction() as connection:
        await connection.executemany(
            "INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, ready_at,"
            " reason, n_points, n_customers, over_at)"
            " VALUES ($1, 'interruption', 'O1', 'R1', 'F9', $2, $2, $2, 'storm', 5, 5, $2)",
            [(1000 + nth, NOON + after) for nth, after in enumerate(begins + then)],
        )
        await connection.execute("UPDATE outage SET end_at = $1, last_end_at = $1", NOON)
        await connection.execute("UPDATE interruption SET end_at = $1, latest_at = $1", NOON)
    last = NOON + then[-1]
    clock = [last + timedelta(seconds=3599)]
    watch = watch_at(seeded, clock)

    goes_on = (await watch.look()).storms
    clock.append(last + timedelta(seconds=3600))
    is_over = (await watch.look()).storms

    assert goes_on == {"O1"}
    assert is_over == frozenset()


async def test_breaches_inside_a_window_are_noted_once(seeded: Pool) -> None:
    async with seeded.transaction() as connection:
        begin = await connection.fetchval("SELECT now()")
        await connection.execute(PLANNED, begin, begin + timedelta(hours=1))
        early = timedelta(minutes=15)
        before = await declared_points(connection, begin - timedelta(minutes=16), early)
        inside = await declared_points(connection, begin - timedelta(minutes=15), early)
        after = await declared_points(connection, begin + timedelta(hours=1), early)
        point, number = next(iter(inside.items()))

        first = await hold_declared(connection, {point: (number, "under")})
        again = await hold_declared(connection, {point: (number, "over")})

    assert (before, len(inside), after) == ({}, 4, {})
    assert (first, again) == (1, 0)
    assert ("tolerance_breach", "declared_window") in {
        (rule, reason) for rule, reason, _ in await _held_now(seeded)
    }


async def _held_now(pool: Pool) -> list[tuple[str, str, bool]]:
    async with pool.connection() as connection:
        now = await connection.fetchval("SELECT now()")
        rows = await list_held_alerts(
            connection, (now - timedelta(hours=1), now + timedelta(hours=1)), HeldFilter(), None, 9
        )
    return [(one.rule, one.reason, one.held_to is None) for one in rows]


EMPTIED = """
DELETE FROM interruption;
DELETE FROM outage;
DELETE FROM outage_alert;
DELETE FROM evidence;
DELETE FROM declaration_scope;
DELETE FROM declaration
"""
OUTAGE = """
INSERT INTO outage (place, code, feeder, earliest_at, start_at, evidence, n_points, n_nested, n_customers)
VALUES ('transformer', 'T0', 'F1', $1, $1, 'meter_event', 8, 0, 1)
RETURNING outage_id
"""
MEMBER = """
INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, outage_id)
SELECT point_id, $2, $2, $3, $3, $4, ARRAY[$4], $5 FROM point WHERE point = 'P' || $1::integer
"""
WAS_DARK = """
INSERT INTO evidence (point_id, grade, start_at, earliest_at, end_at, latest_at)
SELECT point_id, 'measured', $2, $2, $3, $3 FROM point WHERE point = 'P' || $1::integer
"""
ANNOUNCED = """
WITH told AS (
    INSERT INTO declaration (kind, outage_kind, ticket, author, approver, cause, window_from, window_to, made_at,
                             withdrawn_at)
    VALUES ('outage', 'planned', $1, 'a', 'b', 'planned_maintenance', $2, $3, $4, $5)
    RETURNING declaration_id
)
INSERT INTO declaration_scope (declaration_id, place, code)
SELECT declaration_id, 'point', 'P' || n FROM told, unnest($6::integer[]) AS n
"""
TOLD = """
INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, told_at, n_points,
       n_customers)
VALUES ($1, $2, 'O1', 'R1', 'F1', $3, $3, $3, 3, 1)
"""


@pytest.mark.slow
async def test_the_database_counts_what_a_plain_reading_of_the_rules_does(seeded: Pool) -> None:
    assert RULES.alerts is not None
    chance = random.Random(7)
    seen: set[str] = set()
    for _ in range(60):
        members, windows, told = _drawn(chance)
        at = us(chance.randint(0, 200))
        now = NOON + timedelta(microseconds=at)
        async with seeded.transaction() as connection:
            await connection.execute(EMPTIED)
            await _store(connection, members, windows, told, at)
            found = await read_outage_parts(connection, RULES.alerts, now, now)
        expected = parts_at(members, windows, at, told)
        seen |= {one.part for one in found}

        assert [_counts(one) for one in found] == [_counts(one) for one in expected]
    assert seen == {"free", "covered", "overrun"}


def _drawn(
    chance: random.Random,
) -> tuple[list[DarkPoint], list[DeclaredWindow], dict[str, int]]:
    members = []
    for number in range(1, 9):
        start = chance.randint(0, 10)
        says = chance.random() < 0.8
        back = chance.choice([None, None, start + chance.randint(1, 150)])
        last = chance.choice([20, 110, 130]) if says and back is None else None
        members.append(
            dark(
                number,
                start,
                told=start if says else None,
                back=back,
                measured=() if last is None else ((last, last),),
            )
        )
    windows = [
        window(
            chance.randint(-10, 40),
            chance.randint(61, 120),
            *chance.sample(range(1, 9), chance.randint(1, 8)),
            entered=chance.choice([-100, chance.randint(0, 60)]),
            number=number,
        )
        for number in range(chance.randint(0, 3))
    ]
    kinds = [kind for kind in ("interruption", "overrun") if chance.random() < 0.4]
    return members, windows, {kind: us(chance.randint(3, 120)) for kind in kinds}


async def _store(
    connection: Connection,
    members: list[DarkPoint],
    windows: list[DeclaredWindow],
    told: dict[str, int],
    at: int,
) -> None:
    """Store what was known at an instant."""
    known = [one for one in members if one.start <= at]
    first = min((one.start for one in known), default=0)
    is_over = all(one.back is not None and one.back <= at for one in known)
    outage_id = await connection.fetchval(OUTAGE, _instant(first))
    if is_over:
        await connection.execute("UPDATE outage SET end_at = $1, last_end_at = $1", _instant(at))
    for one in known:
        back = _instant(one.back) if one.back is not None and one.back <= at else None
        grade = "inferred" if one.heard is None else "meter_event"
        await connection.execute(MEMBER, one.point_id, _instant(one.start), back, grade, outage_id)
        for word in one.measured:
            if word.at <= at:
                await connection.execute(
                    WAS_DARK, one.point_id, _instant(one.start), _instant(word.at)
                )
    for kind, when in told.items():
        await connection.execute(TOLD, outage_id, kind, _instant(when))
    for other in windows:
        if other.entered <= at:
            await _announce(connection, other)


async def _announce(connection: Connection, other: DeclaredWindow) -> None:
    assert other.ends is not None
    await connection.execute(
        ANNOUNCED, f"W{other.declaration_id}", _instant(other.begins), _instant(other.ends),
        _instant(other.entered), None, sorted(other.point_ids),
    )  # fmt: skip


def _instant(one: int) -> datetime:
    return NOON + timedelta(microseconds=one)


def _counts(one: OutagePart) -> tuple[object, ...]:
    return (one.part, one.n_said, one.n_went, one.n_gone, one.n_left, one.n_points)


OVER = """
INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, told_at, reason, over_at,
       n_points, n_customers)
VALUES ($1, 'interruption', 'O1', 'R1', 'F1', $2, $2, NULL, 'storm', $3, 8, 1)
"""
HELD_BREACH = """
INSERT INTO declared_breach (declaration_id, point_id, held, held_at)
SELECT declaration_id, $2, 'under', $1 FROM declaration
"""


@pytest.mark.parametrize(
    ("retention_days", "kept"),
    [(0, {1, 2, 3, 4}), (3, {1, 2, 3}), (40, {1, 2, 3}), (60, {1, 2, 3, 4})],
)
async def test_a_held_alert_is_accounted_for_until_it_was_over_for_the_days_that_are_kept(
    seeded: Pool, retention_days: int, kept: set[int]
) -> None:
    through = NOON + timedelta(hours=3)
    long_ago = through - timedelta(days=50)
    async with seeded.transaction() as connection:
        await connection.execute(OVER, 1, long_ago, None)  # it lasts
        await connection.execute(OVER, 2, through - timedelta(days=2), through - timedelta(days=1))
        await connection.execute(OVER, 3, long_ago, through - timedelta(days=29))  # of a long storm
        await connection.execute(OVER, 4, long_ago, through - timedelta(days=41))

    await keep_to_retention(seeded, 86_400, retention_days)

    async with seeded.connection() as connection:
        rows = await connection.fetch("SELECT outage_id FROM outage_alert")
    assert {row["outage_id"] for row in rows} == kept


@pytest.mark.parametrize(("window_days", "n_kept"), [(1, 0), (60, 1)])
async def test_a_breach_held_in_a_window_is_accounted_for_as_long_as_the_window_lasts_and_is_kept(
    seeded: Pool, window_days: int, n_kept: int
) -> None:
    long_ago = NOON - timedelta(days=50)
    async with seeded.transaction() as connection:
        await connection.execute(PLANNED, long_ago, long_ago + timedelta(days=window_days))
        await connection.execute(HELD_BREACH, long_ago, 1)

    await keep_to_retention(seeded, 86_400, 30)

    async with seeded.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM declared_breach") == n_kept
