"""Meter events in the database: in any order the same rows, unknown devices taken up, pages' retention."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest

from service.domain.event_checkpoint import EventCheckpoint
from service.domain.meter_events import EventPolicy, SaidEvent, Stamp
from service.errors import FencedError
from service.settle.event_adoption import adopt_event_letters
from service.store.event_checkpoints import EventStore, StoredEvents
from service.store.pool import Pool
from tests.settle.plant import DAY, DAY_MS, at, consumer, minutes, register, settle, settler, table
from tests.store.emptying import empty

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = "P1,220,1p,D,F1,2026-11-01T00:00+08:00\nP2,220,1p,D,F1,2026-11-01T00:00+08:00\n"
OLD = "M1,P1,60,no,2026-11-01T00:00+08:00\n"
NEW = "M9,P2,60,yes,2026-11-01T00:00+08:00\n"
EVENT_TOPIC = "events"
POLICY = EventPolicy()
SECOND_MS = 1000
ROWS = (
    "SELECT point, device, event, at, until_at, arrived_at, n_copies FROM meter_event"
    "  JOIN point USING (point_id) JOIN device USING (device_id)"
    " ORDER BY point, at, event, until_at, device"
)
DUE = (
    "SELECT DISTINCT point, from_at, to_at FROM interruption_due JOIN point USING (point_id)"
    " ORDER BY point, from_at, to_at"
)


def said(
    device: str, second: int, word: str = "power_off", until: int | None = None, record: int = 7200
) -> SaidEvent:
    """Return an event at a second of the day; ``record`` is the second of its Kafka record."""
    return SaidEvent(
        device,
        word,
        Stamp(DAY_MS + second * SECOND_MS, has_zone=True),
        None if until is None else Stamp(DAY_MS + until * SECOND_MS, has_zone=True),
        0,
        0,
        DAY_MS + record * SECOND_MS,
    )


@dataclass(slots=True)
class Partition:
    """One partition of meter events in the hands of its owner."""

    store: EventStore
    number: int
    epoch: int
    offset: int | None

    async def checkpoint(self, *events: SaidEvent) -> StoredEvents:
        first = self.offset or 0
        numbered = [one._replace(offset=first + i) for i, one in enumerate(events)]
        part = EventCheckpoint(
            topic=EVENT_TOPIC,
            partition=self.number,
            epoch=self.epoch,
            from_offset=self.offset,
            next_offset=first + len(events),
            said=numbered,
            refusals=(),
        )
        stored = await self.store.commit([part])
        self.offset = part.next_offset
        return stored


async def partition(pool: Pool, number: int = 0) -> Partition:
    store = EventStore(pool, POLICY)
    (start,) = await store.take_over(EVENT_TOPIC, [number], "test")
    return Partition(store, number, start.epoch, start.next_offset)


async def sums(pool: Pool) -> dict[str, object]:
    (row,) = await table(
        pool,
        "SELECT sum(consumed)::integer AS consumed, sum(folded)::integer AS folded,"
        " sum(duplicate)::integer AS duplicate, sum(dead_lettered)::integer AS dead_lettered"
        " FROM partition_progress WHERE topic = 'events'",
    )
    return row


async def tell(pool: Pool, events: Sequence[SaidEvent], random: Random, registered_at: int) -> None:
    """Tell the events in an order and in pieces of chance; one device is registered in between."""
    async with pool.transaction() as connection:
        await empty(connection)
    await register(pool, POINTS, OLD)
    homes = [await partition(pool, number) for number in (0, 1)]
    order = random.sample(events, len(events))
    while order:
        n = random.randint(1, 5)
        piece, order = order[:n], order[n:]
        await random.choice(homes).checkpoint(*piece)
        if len(order) <= registered_at:
            await register(pool, POINTS, OLD + NEW)
            await adopt_event_letters(pool, POLICY)
    await register(pool, POINTS, OLD + NEW)
    await adopt_event_letters(pool, POLICY)


async def test_any_order_repetition_and_registration_give_the_same_rows(pool: Pool) -> None:
    story = [
        said("M1", 100),
        said("M1", 160, "power_on", record=160),
        said("M1", 100, record=130),
        said("M1", 100, "power_failure_log", until=160),
        said("M9", 145, "26.26.0.85", record=150),
        said("M9", 145, "last_gasp", record=190),
        said("M9", 145, "last_gasp", record=170),
        said("M9", 200, "restored"),
        said("M9", 101, "power_failure_log", until=159),
        said("M9", 101, "power_failure_log", until=159),
        said("M9", 101, "power_failure_log", until=158),
    ]
    told = []
    for seed in range(4):
        random = Random(seed)
        await tell(pool, story, random, registered_at=random.randint(0, len(story)))
        told.append((await table(pool, ROWS), await table(pool, DUE)))

    assert all(one == told[0] for one in told)
    rows, due = told[0]
    assert [(row["device"], row["event"], row["n_copies"]) for row in rows] == [
        ("M1", "power_failure_log", 1),
        ("M1", "power_off", 2),
        ("M1", "power_on", 1),
        ("M9", "power_failure_log", 1),
        ("M9", "power_failure_log", 2),
        ("M9", "last_gasp", 3),
        ("M9", "restored", 1),
    ]
    gasp = rows[5]
    assert gasp["arrived_at"] == DAY + timedelta(seconds=150)
    assert {
        "point": "P2",
        "from_at": at(-60) + timedelta(seconds=101),
        "to_at": at(62) + timedelta(seconds=39),
    } in due


async def test_a_replay_is_a_copy_of_every_event_and_changes_nothing_else(pool: Pool) -> None:
    await register(pool, POINTS, OLD)
    events = [said("M1", second) for second in range(20)]
    await (await partition(pool, 0)).checkpoint(*events)
    before, due = await table(pool, ROWS), await table(pool, DUE)

    replayed = await (await partition(pool, 1)).checkpoint(*reversed(events))

    after = await table(pool, ROWS)
    assert [{**row, "n_copies": 1} for row in after] == before
    assert {row["n_copies"] for row in after} == {2}
    assert await table(pool, DUE) == due
    assert (replayed.said["power_off"], replayed.folded["power_off"]) == (20, 0)
    assert await sums(pool) == {"consumed": 40, "folded": 20, "duplicate": 20, "dead_lettered": 0}


async def test_a_member_that_was_followed_is_fenced_and_writes_nothing(pool: Pool) -> None:
    await register(pool, POINTS, OLD)
    first = await partition(pool)
    second = await partition(pool)

    with pytest.raises(FencedError):
        await first.checkpoint(said("M1", 10))
    await second.checkpoint(said("M1", 20))

    assert [row["at"] for row in await table(pool, ROWS)] == [DAY + timedelta(seconds=20)]
    assert await sums(pool) == {"consumed": 1, "folded": 1, "duplicate": 0, "dead_lettered": 0}


async def test_an_event_of_an_unknown_device_is_taken_up_once_it_is_registered(pool: Pool) -> None:
    await register(pool, POINTS, OLD)
    wall = said("M9", 0, "3.26.0.85")._replace(
        at=Stamp(DAY_MS + 8 * 3_600_000 + 50 * SECOND_MS, has_zone=False)
    )
    too_early = said("M9", -3 * 86_400)
    ahead = said("M9", 7200 + 301)
    stored = await (await partition(pool)).checkpoint(wall, too_early, ahead)

    await register(pool, POINTS, OLD + NEW)
    reports = await settle(pool)

    assert stored.refused["power_off", "unknown_device"] == 3
    assert sum(report.n_adopted for report in reports) == 1
    (row,) = await table(pool, ROWS)
    assert (row["point"], row["event"], row["at"]) == (
        "P2",
        "last_gasp",
        DAY + timedelta(seconds=50),
    )
    assert await table(
        pool,
        "SELECT reason, adopted_at IS NOT NULL AS is_adopted FROM dead_letter ORDER BY kafka_offset",
    ) == [
        {"reason": "unknown_device", "is_adopted": True},
        {"reason": "outside_service", "is_adopted": False},
        {"reason": "stamp_ahead", "is_adopted": False},
    ]
    assert len(await table(pool, DUE)) == 1
    assert await sums(pool) == {"consumed": 3, "folded": 0, "duplicate": 0, "dead_lettered": 3}


async def test_events_go_with_the_pages_of_their_time(pool: Pool) -> None:
    await register(pool, POINTS, OLD)
    events = await partition(pool)
    log = said("M1", 0, "power_failure_log", until=3 * 86_400, record=3 * 86_400)
    await events.checkpoint(said("M1", 100), said("M1", 2 * 86_400, record=3 * 86_400), log)
    readings = await consumer(pool)
    readings.fold("M1", minutes(0, 2 * 1440 + 10, 220.0))
    await readings.checkpoint()
    one = settler(pool)

    one.policy = replace(one.policy, retention_days=2)
    await one.make_pass()

    kept = await table(pool, ROWS)
    assert [row["event"] for row in kept] == ["power_failure_log", "power_off"]
    assert [row["at"] for row in kept] == [DAY, DAY + timedelta(days=2)]
