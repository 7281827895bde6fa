"""Losses of communication, from readings over pages to incidents."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.domain.register import NewDeclaration, Place
from service.errors import StoreRefusedError
from service.ingest.folding import FoldThread
from service.ingest.held import HeldAlerts
from service.ingest.holding import HeldPartition, Holding
from service.ingest.live import lane_events, network_state
from service.ingest.live_places import places_of
from service.ingest.polled import Partition
from service.metrics import ConsumeMetrics, Kind, new_registry
from service.settle.communication import close_slots
from service.settle.knowledge import load_knowledge
from service.settle.late import merge_late_readings
from service.store.communication_rows import hold_alerts, incident_extents, silent_points
from service.store.declarations import add_declaration
from service.store.declared_windows import declared_points
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.store.registry_imports import import_registry
from service.store.supply_now import interruptions_since
from tests.metrics.test_metrics import values
from tests.settle.plant import (
    DAY_MS,
    MINUTE_MS,
    RULES,
    TOPIC,
    ZONE,
    Consumer,
    at,
    batch_of,
    consumer,
    settle,
    table,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# Two feeders of twelve and six points; six points a concentrator, one reading a slot.
CONCENTRATOR = {f"M{n}": f"K{n // 6}" for n in range(18)}
K0, K1, K2 = (
    [device for device, code in CONCENTRATOR.items() if code == f"K{n}"] for n in range(3)
)
ALL = [*K0, *K1, *K2]
SLOT_MS = 15 * MINUTE_MS
INCIDENTS = (
    "SELECT place, code, from_at, to_at, against, n_due, n_usual, n_silent"
    " FROM communication_incident ORDER BY from_at, place, code"
)
COUNTS = "SELECT * FROM reporting ORDER BY slot_at, place, code"
SILENT = (
    "SELECT point, silent_from, silent_to FROM communication_incident_point JOIN point USING (point_id)"
    " ORDER BY silent_from, length(point), point"
)


def slot(n: int) -> datetime:
    """Return the start of a slot of the day."""
    return at(15 * n)


async def plant(pool: Pool) -> None:
    """Register the points and their devices."""
    since = "2026-01-01T00:00+08:00"
    points = "point,nominal_v,wiring,class,feeder,valid_from\n" + "".join(
        f"P{n},220,1p,D,{'F1' if n < 12 else 'F2'},{since}\n" for n in range(18)
    )
    devices = "device,point,interval_s,concentrator,valid_from\n" + "".join(
        f"M{n},P{n},900,{CONCENTRATOR[f'M{n}']},{since}\n" for n in range(18)
    )
    reports = [
        await import_registry(pool, "points", points.encode()),
        await import_registry(pool, "devices", devices.encode()),
    ]
    assert not any(report.is_refused for report in reports), reports


def tell(
    one: Consumer, devices: Iterable[str], slots: Collection[int], volts: float = 220.0
) -> None:
    """Let devices report in some slots."""
    for device in devices:
        readings = [(DAY_MS + n * SLOT_MS, volts) for n in slots]
        end_ms = readings[-1][0] + SLOT_MS
        one.engine.fold([batch_of(device, readings, offset=one.next_offset, record_ms=end_ms)])
        one.next_offset += 1


async def step(one: Consumer, pool: Pool, devices: Iterable[str], slots: Collection[int]) -> None:
    """Let devices report in some slots, store that and settle."""
    tell(one, devices, slots)
    await one.checkpoint()
    await settle(pool)


def without(*silent: Collection[str]) -> list[str]:
    return [device for device in ALL if not any(device in some for some in silent)]


async def test_a_concentrator_that_falls_silent_is_one_incident_until_it_reports_again(
    pool: Pool,
) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))

    await step(one, pool, without(K0), range(4, 8))
    during, silent = await table(pool, INCIDENTS), await table(pool, SILENT)
    await step(one, pool, ALL, range(8, 12))

    incident = {
        "place": "concentrator", "code": "K0", "from_at": slot(4), "to_at": None,
        "against": "expected", "n_due": 6, "n_usual": 6, "n_silent": 6,
    }  # fmt: skip
    assert during == [incident]  # the feeder misses six of twelve, and they are all its
    assert silent == [
        {"point": f"P{n}", "silent_from": slot(4), "silent_to": slot(7)} for n in range(6)
    ]
    assert await table(pool, INCIDENTS) == [incident | {"to_at": slot(8)}]
    assert await table(pool, SILENT) == [row | {"silent_to": slot(8)} for row in silent]
    # Silence is missing, and makes no interruption.
    assert await table(pool, "SELECT * FROM interruption") == []
    assert await table(
        pool,
        "SELECT n_pass, n_interrupted, n_missing FROM v_point_day WHERE point = 'P0' AND day = '2026-11-02'",
    ) == [{"n_pass": 8 * 15, "n_interrupted": 0, "n_missing": 4 * 15}]


async def test_a_feeder_that_falls_silent_is_one_incident_and_not_its_concentrators(
    pool: Pool,
) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))

    await step(one, pool, without(K0, K1), range(4, 8))

    found = await table(pool, INCIDENTS)
    assert [(row["place"], row["code"], row["n_silent"]) for row in found] == [("feeder", "F1", 12)]
    async with pool.connection() as connection:
        (extent,) = await incident_extents(connection)
        assert (extent.place, extent.code, extent.n_points) == ("feeder", "F1", 12)
        assert set((await silent_points(connection)).values()) == {slot(7)}


async def test_an_outage_that_meters_saw_or_people_told_is_no_loss_of_communication(
    pool: Pool,
) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))
    outage = NewDeclaration(
        kind="outage",
        places=[Place("feeder", "F2")],
        ticket="T-1",
        author="dispatcher",
        approver="shift leader",
        from_at=slot(4),
        to_at=slot(7),
    )
    async with pool.transaction() as connection:
        await add_declaration(connection, outage)

    tell(one, K0, [4], volts=0.0)  # then their supply, or their modem's, is gone
    await step(one, pool, without(K0, K2), range(4, 7))
    await step(one, pool, without(K0), range(7, 9))

    assert await table(pool, INCIDENTS) == []
    counted = await table(
        pool,
        "SELECT code, n_due, n_reporting, n_interrupted FROM reporting"
        " WHERE place = 'feeder' AND slot_at = '2026-11-01T17:30Z' ORDER BY code",
    )
    assert counted == [
        {"code": "F1", "n_due": 6, "n_reporting": 6, "n_interrupted": 6},
        {"code": "F2", "n_due": 0, "n_reporting": 0, "n_interrupted": 6},
    ]


async def test_an_incident_ends_when_its_points_are_known_to_be_without_supply(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))
    await step(one, pool, without(K0), range(4, 8))
    (open_one,) = await table(pool, INCIDENTS)

    async with pool.transaction() as connection:
        await connection.execute(
            "INSERT INTO interruption (point_id, start_at, earliest_at, evidence, grades)"
            " SELECT point_id, $1, $1, 'meter_event', ARRAY['meter_event'] FROM device WHERE device = ANY($2)",
            slot(4), K0,
        )  # fmt: skip
    tell(one, without(K0), range(8, 10))
    await one.checkpoint()
    await close_slots(pool, RULES.communication, ZoneInfo(ZONE))

    assert open_one["to_at"] is None
    assert [row["to_at"] for row in await table(pool, INCIDENTS)] == [slot(7)]
    shown = "SELECT n_points, n_interrupted, is_open FROM v_communication_incident"
    assert await table(pool, shown) == [{"n_points": 6, "n_interrupted": 6, "is_open": False}]


async def test_points_that_fade_one_by_one_are_an_incident_when_they_are_enough(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))

    for n in range(4, 12):
        await step(one, pool, without(K0[: n - 3]), [n])

    (found,) = await table(pool, INCIDENTS)
    assert (found["place"], found["code"]) == ("concentrator", "K0")
    assert (found["from_at"], found["n_silent"]) == (slot(8), 6)  # five are silent, then the sixth
    first = await table(pool, SILENT)
    assert [row["silent_from"] for row in first] == [slot(8)] * 5 + [slot(9)]


async def test_what_is_usual_at_this_time_of_day_is_no_loss(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))
    noon = 8 * 96 + 48  # of the ninth day
    for days in (range(4, 4 * 96), range(4 * 96, noon)):
        tell(one, K2, days)
        await step(one, pool, [*K0, *K1], [n for n in days if n % 96 >= 24])  # they sleep till six
    nights = await table(pool, INCIDENTS)

    await step(one, pool, without(K1), range(noon, noon + 4))

    # Of the first nights all was expected; the eighth is usual from the slot on that was counted seven days before.
    assert [(row["code"], row["against"]) for row in nights] == [("F1", "expected")] * 8
    assert [row["from_at"] for row in nights] == [slot(4), *(slot(96 * day) for day in range(1, 8))]
    assert nights[7]["to_at"] == slot(7 * 96 + 2)
    found = (await table(pool, INCIDENTS))[8:]
    assert [(row["code"], row["against"], row["from_at"]) for row in found] == [
        ("K1", "usual", slot(noon))
    ]
    (kept,) = await table(pool, "SELECT min(slot_at) AS first, max(slot_at) AS last FROM reporting")
    assert kept == {"first": slot(noon + 3) - timedelta(days=8), "last": slot(noon + 2)}


async def test_readings_that_come_later_do_not_undo_a_loss(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))
    await step(one, pool, without(K0), range(4, 8))
    counted = [row for row in await table(pool, COUNTS) if row["slot_at"] == slot(5)]

    await step(one, pool, ALL, range(8, 12))
    await step(one, pool, K0, range(4, 8))

    stored = "SELECT sum(n_pass) AS n FROM page JOIN device USING (point_id) WHERE device = ANY('{M0,M1,M2,M3,M4,M5}')"
    assert await table(pool, stored) == [{"n": 6 * 12 * 15}]
    (found,) = await table(pool, INCIDENTS)
    assert (found["from_at"], found["to_at"]) == (slot(4), slot(8))
    assert [row for row in await table(pool, COUNTS) if row["slot_at"] == slot(5)] == counted


async def test_passes_at_any_time_and_by_any_process_give_the_same(
    pool: Pool, other_pool: Pool
) -> None:
    for one in (pool, other_pool):
        await plant(one)
    often, seldom = await consumer(pool), await consumer(other_pool)
    story = [(ALL, 6), (without(K0), 8), (without(K0, K1), 10), (without(K2), 12), (ALL, 15)]
    for one, writer in ((pool, often), (other_pool, seldom)):
        await step(writer, one, ALL, range(4))
    first = 4
    for devices, to in story:
        for n in range(first, to):
            await step(often, pool, devices, [n])  # with a new settler each time
        tell(seldom, devices, range(first, to))
        await seldom.checkpoint()
        first = to
    rule = RULES.communication
    known = await load_knowledge(other_pool, RULES, ZONE)
    await merge_late_readings(other_pool, PageWriter(other_pool, ZONE), known, 100_000)

    both = await asyncio.gather(
        close_slots(other_pool, rule, ZoneInfo(ZONE)), close_slots(other_pool, rule, ZoneInfo(ZONE))
    )
    again = await close_slots(other_pool, rule, ZoneInfo(ZONE))

    assert sum(one.n_slots for one in both) == 11
    assert again.n_slots == 0
    for sql in (INCIDENTS, COUNTS, SILENT):
        assert await table(pool, sql) == await table(other_pool, sql)
    assert [row["code"] for row in await table(pool, INCIDENTS)] == ["K0", "F1", "F2"]


async def test_a_partition_that_lags_is_waited_for(pool: Pool) -> None:
    await plant(pool)
    fast, slow = await consumer(pool, 0), await consumer(pool, 1)
    tell(slow, K0, range(4))
    await slow.checkpoint()
    await step(fast, pool, without(K0), range(4))

    counted = []
    for n in range(4, 12):  # it falls behind by an hour, and comes on
        if n % 2:
            tell(slow, K0, [4 + (n - 4) // 2])
            await slow.checkpoint()
        await step(fast, pool, without(K0), [n])
        counted.append(await table(pool, "SELECT max(slot_at) AS slot FROM reporting"))
    incidents = await table(pool, INCIDENTS)

    assert incidents == []
    assert counted[-1] == [{"slot": slot(6)}]


async def test_a_partition_that_stands_still_is_not_waited_for_without_end(pool: Pool) -> None:
    await plant(pool)
    fast, slow = await consumer(pool, 0), await consumer(pool, 1)
    tell(slow, K0, range(4))
    await slow.checkpoint()
    await step(fast, pool, without(K0), range(4))

    found = []
    for n in range(4, 8):
        await step(fast, pool, without(K0), [n])
        found.append([row["from_at"] for row in await table(pool, INCIDENTS)])

    assert found == [[], [], [slot(4)], [slot(4)]]  # waited for half an hour of newer data


async def test_a_pass_that_fails_leaves_nothing_of_its_slots(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))
    before = await table(pool, COUNTS)
    tell(one, without(K0), range(4, 8))
    await one.checkpoint()
    async with pool.connection() as connection:
        await connection.execute(
            "ALTER TABLE communication_incident_point ADD CONSTRAINT fails CHECK (silent_to <> '2026-11-01T17:30Z')"
        )

    with pytest.raises(StoreRefusedError):
        await settle(pool)
    left = await table(pool, COUNTS)
    async with pool.connection() as connection:
        await connection.execute("ALTER TABLE communication_incident_point DROP CONSTRAINT fails")
    await settle(pool)

    assert left == before
    assert [row["from_at"] for row in await table(pool, INCIDENTS)] == [slot(4)]


async def test_sleeping_devices_report_and_slow_ones_and_points_out_of_service_are_not_counted(
    pool: Pool,
) -> None:
    await plant(pool)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE device SET delivery_delay_s = 86400 WHERE device = ANY($1)", K0
        )
        await connection.execute(
            "UPDATE device SET zero_means = 'asleep' WHERE device = ANY($1)", K1
        )
        await connection.execute(
            "UPDATE point SET valid_to = $1 WHERE feeder = 'F2'", slot(5) + timedelta(minutes=1)
        )
    one = await consumer(pool)
    await step(one, pool, ALL, range(4))

    tell(one, K1, range(4, 8), volts=0.0)
    await one.checkpoint()
    await settle(pool)

    due = await table(
        pool, "SELECT code, max(n_due) AS n FROM reporting WHERE place = 'feeder' GROUP BY 1 ORDER BY 1"
    )  # fmt: skip
    assert due == [{"code": "F1", "n": 6}, {"code": "F2", "n": 6}]
    (found,) = await table(pool, INCIDENTS)
    assert (found["code"], found["from_at"], found["to_at"]) == ("F2", slot(4), slot(5))


async def test_the_breach_of_a_silent_point_is_held_back_until_the_point_is_read_again(
    pool: Pool, thread: FoldThread
) -> None:
    await plant(pool)
    one, metrics = await consumer(pool), ConsumeMetrics(new_registry())
    where = Partition(TOPIC, 0)
    held = HeldPartition(
        partition=where, epoch=1, engine=one.engine, stored_offset=None, next_offset=0
    )
    alerts = HeldAlerts(Incidents(pool), thread, Holding(1, {where: held}), metrics)
    tell(one, K0[:3], range(4), volts=240.0)
    await step(one, pool, without(K0[:3]), range(4))
    await step(one, pool, without(K0), range(4, 8))

    await alerts.refresh()
    await alerts.refresh()
    places = places_of(one.known.registry.points, {})
    during = network_state(lane_events([held]), places, alerts.holds(0))
    tell(one, K0[:1], range(8, 10), volts=240.0)
    after = network_state(lane_events([held]), places, alerts.holds(0))

    assert during.n_held["communication"] == 3
    assert [(one.n_troubled, one.n_held) for one in during.feeders] == [(0, 3)]
    assert await table(pool, "SELECT n_held FROM v_communication_incident") == [{"n_held": 3}]
    assert values(metrics.registry, "voltpass_alerts_held_total") == {
        ("communication",): 3.0,
        ("declared_window",): 0.0,
        ("stale",): 0.0,
    }
    assert after.n_held["communication"] == 2
    assert [(row.feeder, row.n_over, row.n_held) for row in after.feeders] == [("F1", 1, 2)]


@pytest.fixture
def thread() -> Iterator[FoldThread]:
    """The thread in which a consumer folds."""
    one = FoldThread()
    yield one
    one.close()


@dataclass(frozen=True, slots=True)
class Incidents:
    """The incidents of a database."""

    pool: Pool

    async def silent_points(self) -> Mapping[int, datetime]:
        async with self.pool.connection() as connection:
            return await silent_points(connection)

    async def hold_alerts(self, breaches: Mapping[int, Kind]) -> int:
        async with self.pool.connection() as connection:
            return await hold_alerts(connection, breaches)

    async def declared_points(self, now: datetime) -> Mapping[int, int]:
        async with self.pool.connection() as connection:
            return await declared_points(connection, now, timedelta(0))

    async def interruptions(
        self, since: datetime
    ) -> Sequence[tuple[int, datetime, datetime | None]]:
        async with self.pool.connection() as connection:
            return await interruptions_since(connection, since)

    async def hold_declared(self, breaches: Mapping[int, tuple[int, Kind]]) -> int:
        raise AssertionError(breaches)


async def test_a_rule_set_without_the_row_looks_for_nothing(pool: Pool) -> None:
    await plant(pool)
    one = await consumer(pool)
    tell(one, ALL, range(8))
    await one.checkpoint()

    closed = await close_slots(pool, None, ZoneInfo(ZONE))

    assert closed.n_slots == 0
    assert await table(pool, COUNTS) == []
