"""Meter events from end to end: a topic of their own, a loop of their own, each event once."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service import clock
from service.embedded.ports import free_port
from service.errors import DataGapError, TopicRecreatedError
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from tests.backends import IS_REAL
from tests.faults.proxy import Proxy
from tests.ingest.brokers import Broker, unique
from tests.ingest.network import Network, reading, this_minute_ms

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DEVICES = tuple(f"M{i}" for i in range(8))
N_PARTITIONS = 4
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def event(device: str, at: object, word: str = "power_off", **others: object) -> dict[str, Any]:
    return {"device": device, "event": word, "at": at, **others}


def topic_of(network: Network) -> str:
    return network.settings.meter_event_topics[0]


async def send(network: Network, *events: Sequence[Mapping[str, Any]], partition: int = 0) -> None:
    await network.send(*events, partition=partition, topic=topic_of(network))


async def rows(network: Network) -> list[asyncpg.Record]:
    return await network.connection.fetch(
        "SELECT event, at, until_at, n_copies, device, point_id FROM meter_event"
        "  JOIN device USING (device_id, point_id) ORDER BY at, event, until_at, device"
    )


async def n_once(network: Network) -> tuple[int, int]:
    """Return the events stored, and the copies of them."""
    row = await network.connection.fetchrow(
        "SELECT count(*), coalesce(sum(n_copies), 0)::bigint FROM meter_event"
    )
    assert row is not None
    return row[0], row[1]


@pytest.fixture
async def meters(
    fresh_database: Callable[[], DatabaseSettings], broker: Broker, topic: str
) -> AsyncIterator[Network]:
    """A network with eight meters, and a topic of meter events beside that of the readings."""
    letters, events = unique("dead-letters"), unique("meter-events")
    await broker.create_topic(letters, 1)
    await broker.create_topic(events, N_PARTITIONS)
    settings = Settings(
        kafka_bootstrap=broker.bootstrap,
        topics=(topic,),
        meter_event_topics=(events,),
        group=unique("group"),
        dead_letter_topic=letters,
        database_dsn=fresh_database().database_dsn,
        metrics_port=0,
        checkpoint_interval_s=0.3,
        session_timeout_s=6.0 if IS_REAL else 1.0,
        rebalance_timeout_s=10.0,
        oldest_reading_age_s=0,
    )
    async with Network.between(broker, settings) as made:
        await made.register(*DEVICES)
        yield made


async def test_events_and_what_they_make_due_are_stored(meters: Network) -> None:
    at_ms = this_minute_ms() - DAY_MS

    meters.consume()
    await send(
        meters,
        [
            event("M1", at_ms, "power_failure_log", until=at_ms + HOUR_MS, arrives_at="whenever"),
            event("M1", at_ms + 40_000, "last_gasp", until=None),
        ],
    )
    sums = await meters.stored(2, topic_of(meters))

    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    assert [
        (row["event"], row["at"].timestamp(), row["until_at"]) for row in await rows(meters)
    ] == [
        ("power_failure_log", at.timestamp(), datetime.fromtimestamp(at_ms / 1000 + 3600, UTC)),
        ("last_gasp", at.timestamp() + 40, datetime.fromtimestamp(at_ms / 1000 + 40, UTC)),
    ]
    due = await meters.connection.fetch(
        "SELECT extract(epoch FROM from_at)::bigint AS from_s, extract(epoch FROM to_at)::bigint AS to_s"
        "  FROM interruption_due ORDER BY due_id"
    )
    from_s = at_ms // 1000 - 3600
    assert [tuple(row) for row in due] == [
        (from_s, from_s + 3 * 3600),
        (from_s + 40, from_s + 7240),
    ]
    assert (sums["folded"], sums["duplicate"], sums["dead_lettered"]) == (2, 0, 0)


async def test_the_watermark_is_that_of_the_readings_alone(meters: Network) -> None:
    now_ms = this_minute_ms()

    meters.consume()
    await meters.send([reading("M1", now_ms - HOUR_MS, 220.0)])
    await send(meters, [event("M1", now_ms)])
    await meters.stored(1)
    await meters.stored(1, topic_of(meters))

    through = await meters.connection.fetchval("SELECT data_through FROM v_watermark")
    assert through.timestamp() * 1000 == now_ms - HOUR_MS + 60_000
    of_events = await meters.connection.fetchval(
        "SELECT count(data_through) FROM partition_progress WHERE topic = $1", topic_of(meters)
    )
    assert of_events == 0


async def test_a_copy_is_counted_and_makes_nothing_due_again(meters: Network) -> None:
    at_ms = this_minute_ms() - HOUR_MS
    one, two = event("M1", at_ms), event("M2", at_ms)

    meters.consume()
    await send(meters, [one, one, two], partition=0)
    await meters.stored(3, topic_of(meters))
    await send(meters, [one], partition=1)
    sums = await meters.stored(4, topic_of(meters))

    assert sums == {
        "consumed": 4, "folded": 2, "duplicate": 2, "late": 0, "invalid": 0, "dead_lettered": 0
    }  # fmt: skip
    assert [(row["device"], row["n_copies"]) for row in await rows(meters)] == [
        ("M1", 3),
        ("M2", 1),
    ]
    assert await meters.connection.fetchval("SELECT count(*) FROM interruption_due") == 2


async def test_what_is_wrong_is_a_dead_letter_and_the_rest_of_its_message_is_kept(
    meters: Network,
) -> None:
    now_ms = clock.now_ms()

    meters.consume()
    await meters.send(b"\x00junk", topic=topic_of(meters))
    await send(
        meters,
        [
            event("M1", now_ms - HOUR_MS),
            event("M1", now_ms - HOUR_MS, "exploded"),
            {"device": "M1", "code": "9.9.9.9", "at": now_ms},
            event("M404", now_ms - HOUR_MS),
            event("M1", -HOUR_MS * 24 * 365 * 20),
            event("M1", now_ms + HOUR_MS),
            event("M1", now_ms - 36 * DAY_MS),
            event("M1", now_ms - 40 * DAY_MS, "power_failure_log", until=now_ms - DAY_MS),
        ],
    )
    sums = await meters.stored(9, topic_of(meters))

    letters = await meters.letters()
    assert sorted(letter["reason"] for letter in letters) == [
        "malformed_event",
        "malformed_event",
        "outside_service",
        "stamp_ahead",
        "stamp_too_old",
        "undecodable_message",
        "unknown_device",
    ]
    assert (sums["consumed"], sums["folded"], sums["dead_lettered"]) == (9, 2, 7)
    (code,) = (one["detail"] for one in letters if one["detail"].startswith("code"))
    assert "26.26.0.216" in code
    await meters.until("SELECT count(published_at) = 7 FROM dead_letter")
    copies = await meters.broker.read(meters.settings.dead_letter_topic, 0, 7)
    sent = [json.loads(copy.value or b"") for copy in copies if b"M404" in (copy.value or b"")]
    assert sent == [event("M404", now_ms - HOUR_MS)]


async def test_a_member_that_dies_in_the_middle_is_followed_by_one_that_counts_each_event_once(
    meters: Network,
) -> None:
    random = Random(7)
    start_ms = this_minute_ms() - DAY_MS
    for i in range(3):
        dying = meters.consume(checkpoint_interval_s=0.05)
        for partition in range(N_PARTITIONS):
            await send(
                meters,
                *([event(f"M{partition}", start_ms + (50 * i + n) * 1000)] for n in range(50)),
                partition=partition,
            )
        await asyncio.sleep(0.5 + random.random() / 2)
        dying.task.cancel()
        await asyncio.wait([dying.task])

    meters.consume()
    sums = await meters.stored(600, topic_of(meters))

    assert (sums["consumed"], sums["folded"], sums["duplicate"]) == (600, 600, 0)
    assert await n_once(meters) == (600, 600)
    assert await meters.connection.fetchval("SELECT count(*) FROM interruption_due") == 600


async def test_two_members_share_the_partitions_and_hand_them_over(meters: Network) -> None:
    start_ms = this_minute_ms() - DAY_MS

    async def storm(first: int, n: int) -> None:
        for partition in range(N_PARTITIONS):
            some = [[event(f"M{partition}", start_ms + i * 1000)] for i in range(first, first + n)]
            await send(meters, *some, partition=partition)

    first = meters.consume()
    await storm(0, 30)
    await meters.stored(1, topic_of(meters))
    second = meters.consume()
    await meters.until(
        "SELECT count(DISTINCT owner) = 2 FROM partition_progress WHERE topic LIKE '%meter-events%'"
    )
    await storm(30, 30)
    await meters.stored(4 * 60, topic_of(meters))
    await first.end()
    await storm(60, 20)
    sums = await meters.stored(4 * 80, topic_of(meters))
    await second.end()

    assert (sums["consumed"], sums["folded"], sums["duplicate"]) == (320, 320, 0)
    assert await n_once(meters) == (320, 320)


async def test_a_database_that_breaks_off_again_and_again_loses_and_doubles_no_event(
    meters: Network,
) -> None:
    random = Random(3)
    start_ms = this_minute_ms() - DAY_MS
    async with Proxy.to_dsn(meters.settings.database_dsn) as (proxy, dsn):
        consumer = meters.consume(database_dsn=dsn, checkpoint_interval_s=0.02)
        await meters.until("SELECT count(*) = 8 FROM partition_progress")
        for i in range(10):
            await send(meters, *([event("M1", start_ms + (10 * i + n) * 1000)] for n in range(10)))
            await asyncio.sleep(random.random() / 20)
            await proxy.is_used()
            proxy.cut()
        sums = await meters.stored(100, topic_of(meters))
        await consumer.end()

    assert (sums["consumed"], sums["folded"], sums["duplicate"]) == (100, 100, 0)
    assert await n_once(meters) == (100, 100)


async def test_readings_go_on_while_no_event_can_be_stored(meters: Network) -> None:
    now_ms = this_minute_ms()
    blocker = await asyncpg.connect(meters.settings.database_dsn)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE meter_event IN ACCESS EXCLUSIVE MODE")

        meters.consume(writer_lock_timeout_s=0.5)
        await send(meters, [event("M1", now_ms)])
        for i in range(2):
            await meters.send([reading("M1", now_ms - (5 - i) * 60_000, 220.0)])
            await meters.stored(i + 1)
            await asyncio.sleep(0.6)  # longer than a try to store the event may take
        await meters.send([reading("M1", now_ms - 3 * 60_000, 220.0)])
        sums = await meters.stored(3)
        of_events = await meters.sums(topic_of(meters))
    await blocker.close()
    afterwards = await meters.stored(1, topic_of(meters))

    assert sums["folded"] == 3
    assert of_events["consumed"] == 0
    assert (afterwards["folded"], afterwards["duplicate"]) == (1, 0)


async def test_events_go_on_while_no_reading_can_be_stored(meters: Network) -> None:
    now_ms = this_minute_ms()
    blocker = await asyncpg.connect(meters.settings.database_dsn)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE page IN ACCESS EXCLUSIVE MODE")

        meters.consume(writer_lock_timeout_s=0.5)
        await meters.send([reading("M1", now_ms - 120_000, 220.0)])
        await send(meters, [event("M1", now_ms)])
        sums = await meters.stored(1, topic_of(meters))
        of_readings = await meters.sums()
    await blocker.close()

    assert sums["folded"] == 1
    assert of_readings["consumed"] == 0
    assert (await meters.stored(1))["folded"] == 1


async def test_several_topics_of_events_are_read_and_none_is_allowed(meters: Network) -> None:
    other = unique("meter-events")
    await meters.broker.create_topic(other, 1)
    at_ms = this_minute_ms() - HOUR_MS

    both = meters.consume(meter_event_topics=(topic_of(meters), other))
    await send(meters, [event("M1", at_ms)])
    await meters.send([event("M1", at_ms), event("M2", at_ms)], topic=other)
    sums = [await meters.stored(1, topic_of(meters)), await meters.stored(2, other)]
    await both.end()
    meters.consume(meter_event_topics=())
    await meters.send([reading("M1", this_minute_ms() - 120_000, 220.0)])
    await meters.stored(1)

    assert sum(one["folded"] for one in sums) == 2
    assert sum(one["duplicate"] for one in sums) == 1
    assert [(row["device"], row["n_copies"]) for row in await rows(meters)] == [
        ("M1", 2),
        ("M2", 1),
    ]


async def test_a_topic_of_events_that_was_made_anew_is_refused(meters: Network) -> None:
    await meters.connection.execute(
        "INSERT INTO partition_progress (topic, partition, epoch, owner, next_offset)"
        " VALUES ($1, 0, 1, 'earlier', 1000)",
        topic_of(meters),
    )
    await send(meters, [event("M1", this_minute_ms())])

    with pytest.raises(TopicRecreatedError, match="offset 1000 is beyond the end"):
        await meters.consume(stall_s=8.0).task


@pytest.mark.real  # the embedded broker throws nothing away
async def test_events_that_retention_took_unread_are_a_gap(meters: Network) -> None:
    start_ms = this_minute_ms() - DAY_MS
    first = meters.consume()
    await send(meters, *([event("M1", start_ms + i * 1000)] for i in range(10)))
    await meters.stored(10, topic_of(meters))
    await first.end()
    await send(meters, *([event("M1", start_ms + i * 1000)] for i in range(10, 20)))
    await meters.broker.delete_before(topic_of(meters), 0, 15)

    refused = meters.consume()
    with pytest.raises(DataGapError, match="offsets 10 to 14 were deleted"):
        await refused.task
    meters.running.remove(refused)
    meters.consume(data_gap="record")
    sums = await meters.stored(15, topic_of(meters))

    gap = await meters.connection.fetchrow("SELECT * FROM data_gap")
    assert gap is not None
    assert (gap["topic"], gap["from_offset"], gap["to_offset"]) == (topic_of(meters), 10, 15)
    assert sums["folded"] == 15


async def test_metrics_say_what_became_of_events(meters: Network) -> None:
    port = free_port()
    at_ms = this_minute_ms() - HOUR_MS
    consumer = meters.consume(metrics_port=port)

    def ask(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    await send(
        meters, [event("M1", at_ms), event("M1", at_ms), event("M404", at_ms)], [event("", 1)]
    )
    await meters.stored(4, topic_of(meters))
    metrics = await asyncio.to_thread(ask, "/metrics")
    await consumer.end()

    shown = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(metrics)
        for one in family.samples
    }
    where = ("partition", "0"), ("topic", topic_of(meters))
    expected = {
        ("voltpass_meter_events_total", ("event", "power_off"), ("outcome", "folded")): 1,
        ("voltpass_meter_events_total", ("event", "power_off"), ("outcome", "duplicate")): 1,
        ("voltpass_meter_events_total", ("event", "power_off"), ("outcome", "dead_lettered")): 1,
        ("voltpass_meter_events_total", ("event", "none"), ("outcome", "dead_lettered")): 1,
        ("voltpass_meter_event_messages_total",): 2,
        ("voltpass_dead_letters_total", ("reason", "unknown_device")): 1,
        ("voltpass_dead_letters_total", ("reason", "malformed_event")): 1,
        ("voltpass_checkpoint_rows_total", ("table", "meter_event")): 1,
        ("voltpass_readings_total", ("outcome", "folded")): 0,
        ("voltpass_lag_messages", *where): 0,
    }
    assert {key: shown.get(key) for key in expected} == expected
    assert 0 <= shown["voltpass_lag_seconds", *where] < 600
