import asyncio
import json
import urllib.request
from random import Random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.embedded.ports import free_port
from service.errors import DataGapError, TopicRecreatedError
from tests.faults.proxy import Proxy
from tests.ingest.network import Network, reading, this_minute_ms

pytestmark = pytest.mark.integration

DEVICES = tuple(f"M{i}" for i in range(8))
N_PARTITIONS = 4
MINUTE_MS = 60_000


async def send_minutes(network: Network, first: int, n: int) -> None:
    """Send ``n`` minutes of two devices to each partition."""
    start_ms = this_minute_ms() - 24 * 60 * MINUTE_MS
    for partition in range(N_PARTITIONS):
        devices = DEVICES[2 * partition : 2 * partition + 2]
        messages = [
            [reading(one, start_ms + i * MINUTE_MS, 220.0 + i % 7) for one in devices]
            for i in range(first, first + n)
        ]
        await network.send(*messages, partition=partition)


async def n_passed(network: Network) -> int:
    n: int = await network.connection.fetchval("SELECT sum(n_pass)::bigint FROM page")
    return n


@pytest.fixture
async def meters(network: Network) -> Network:
    """A network with eight meters, two a partition."""
    await network.register(*DEVICES)
    return network


async def test_readings_become_pages(network: Network) -> None:
    await network.register("M1", "M2")
    now = this_minute_ms()

    network.consume()
    await network.send(
        [reading("M1", now - 60_000 * i, 220 + i) for i in range(3, 0, -1)],
        [reading("M2", now - 60_000, 300.0)],
    )
    sums = await network.stored(4)

    assert sums == {
        "consumed": 4, "folded": 4, "duplicate": 0, "late": 0, "invalid": 0, "dead_lettered": 0
    }  # fmt: skip
    counts = await network.connection.fetchrow(
        "SELECT sum(n_pass) AS n_pass, sum(n_over) AS n_over FROM page"
    )
    assert counts is not None
    assert tuple(counts) == (3, 1)


async def test_a_consumer_goes_on_where_the_last_one_stopped(meters: Network) -> None:
    first = meters.consume()
    await send_minutes(meters, 0, 50)
    await meters.stored(N_PARTITIONS * 50)  # not yet everything: two readings a message
    await first.end()

    meters.consume()
    await send_minutes(meters, 50, 50)
    sums = await meters.stored(2 * N_PARTITIONS * 100)

    assert (sums["consumed"], sums["folded"]) == (800, 800)
    assert await n_passed(meters) == 800


@pytest.mark.slow
async def test_a_consumer_that_dies_is_followed_by_one_that_counts_each_reading_once(
    meters: Network,
) -> None:
    random = Random(5)
    for i in range(5):
        dying = meters.consume(checkpoint_interval_s=0.05)
        await send_minutes(meters, 20 * i, 20)
        await asyncio.sleep(1.0 + random.random())
        dying.task.cancel()
        await asyncio.wait([dying.task])

    meters.consume()
    sums = await meters.stored(2 * N_PARTITIONS * 100)

    assert (sums["consumed"], sums["folded"]) == (800, 800)
    assert await n_passed(meters) == 800


@pytest.mark.slow
async def test_two_consumers_share_the_partitions_and_hand_them_over(meters: Network) -> None:
    first = meters.consume()
    await send_minutes(meters, 0, 30)
    await meters.stored(1)

    second = meters.consume()
    await meters.until("SELECT count(DISTINCT owner) = 2 FROM partition_progress")
    await send_minutes(meters, 30, 30)
    await meters.stored(2 * N_PARTITIONS * 60)
    await first.end()
    await send_minutes(meters, 60, 40)
    sums = await meters.stored(2 * N_PARTITIONS * 100)
    await second.end()

    assert (sums["consumed"], sums["folded"], sums["late"]) == (800, 800, 0)
    assert await n_passed(meters) == 800


async def test_dead_letters_are_copied_to_their_topic(network: Network) -> None:
    network.consume()
    unknown = reading("M404", this_minute_ms(), 221.5, quality="good")
    await network.send(b"\x00junk", [unknown])

    records = await network.broker.read(network.settings.dead_letter_topic, 0, 2)

    junk, letter = ({**dict(one.headers), "value": one.value} for one in records)
    assert (junk["value"], junk["reason"]) == (b"\x00junk", b"undecodable_message")
    sent = json.loads(letter["value"] or b"")
    assert {key: value for key, value in sent.items() if value is not None} == unknown
    assert letter["origin-topic"] == network.topic.encode()
    assert (letter["origin-partition"], letter["origin-offset"]) == (b"0", b"1")
    await network.until("SELECT count(published_at) = 2 FROM dead_letter")


@pytest.mark.slow
async def test_letters_stored_by_a_consumer_that_died_are_copied_by_the_next(
    network: Network,
) -> None:
    first = network.consume(dead_letter_topic="there/is/no/such/topic")
    await network.send(b"\x00junk")
    await network.stored(1)
    await first.end()

    network.consume()
    (record,) = await network.broker.read(network.settings.dead_letter_topic, 0, 1)

    assert record.value == b"\x00junk"


async def test_a_device_that_is_registered_later_is_known_without_a_restart(
    network: Network,
) -> None:
    network.consume()
    now_ms = this_minute_ms()
    await network.send([reading("M1", now_ms - 3 * MINUTE_MS, 220.0)])
    before = await network.stored(1)

    await network.register("M1")
    after = before
    async with asyncio.timeout(30):
        while not after["folded"]:
            await network.send([reading("M1", now_ms - 2 * MINUTE_MS, 220.0)])
            after = await network.stored(after["consumed"] + 1)

    assert (before["dead_lettered"], after["folded"]) == (1, 1)


@pytest.mark.slow
async def test_a_database_that_breaks_off_again_and_again_loses_and_doubles_nothing(
    meters: Network,
) -> None:
    random = Random(11)
    async with Proxy.to_dsn(meters.settings.database_dsn) as (proxy, dsn):
        consumer = meters.consume(database_dsn=dsn, checkpoint_interval_s=0.02)
        await meters.until("SELECT count(*) = 4 FROM partition_progress")
        for i in range(10):
            await send_minutes(meters, 10 * i, 10)
            await asyncio.sleep(random.random() / 20)
            await proxy.is_used()
            proxy.cut()
            if i % 4 == 3:
                proxy.is_open.clear()
                await asyncio.sleep(0.3)
                proxy.is_open.set()
        sums = await meters.stored(2 * N_PARTITIONS * 100)
        await consumer.end()

    assert proxy.n_cut > 10
    assert (sums["consumed"], sums["folded"]) == (800, 800)
    assert await n_passed(meters) == 800


@pytest.mark.slow
async def test_a_topic_that_was_made_anew_is_refused(network: Network) -> None:
    await network.connection.execute(
        "INSERT INTO partition_progress (topic, partition, epoch, owner, next_offset)"
        " VALUES ($1, 0, 1, 'earlier', 1000)",
        network.topic,
    )
    await network.send(b"\x00")

    with pytest.raises(TopicRecreatedError, match="offset 1000 is beyond the end"):
        await network.consume(stall_s=8.0).task


@pytest.mark.real  # the embedded broker throws nothing away
@pytest.mark.parametrize("policy", ["record", "refuse"])
async def test_messages_that_retention_took_unread_are_a_gap(meters: Network, policy: str) -> None:
    first = meters.consume()
    await send_minutes(meters, 0, 10)
    await meters.stored(2 * N_PARTITIONS * 10)
    await first.end()
    await send_minutes(meters, 10, 10)
    await meters.broker.delete_before(meters.topic, 0, 15)

    second = meters.consume(data_gap=policy)

    if policy == "refuse":
        with pytest.raises(DataGapError, match="offsets 10 to 14 were deleted"):
            await second.task
    else:
        sums = await meters.stored(2 * N_PARTITIONS * 20 - 10)
        gap = await meters.connection.fetchrow("SELECT * FROM data_gap")
        assert gap is not None
        assert (gap["partition"], gap["from_offset"], gap["to_offset"]) == (0, 10, 15)
        assert sums["consumed"] == 150


async def test_metrics_and_probes_say_how_it_is(network: Network) -> None:
    await network.register("M1", "M2", "M3")
    port = free_port()
    consumer = network.consume(metrics_port=port)

    def ask(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    now_ms = this_minute_ms()
    await network.send(
        [reading("M1", now_ms, 250.0), reading("M2", now_ms, 0.0), reading("M3", now_ms, 300.0)],
        [reading("M9", now_ms, 220.0)],
    )
    await network.stored(4)
    metrics = await asyncio.to_thread(ask, "/metrics")
    healthy = await asyncio.to_thread(ask, "/healthz")
    await consumer.end()

    assert healthy == "ok\n"
    shown = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(metrics)
        for one in family.samples
    }
    here = ("feeder", "F1"), ("feeder_name", "F1"), ("organisation", ""), ("region", "R1")
    expected = {
        ("voltpass_readings_total", ("outcome", "folded")): 3,
        ("voltpass_dead_letters_total", ("reason", "unknown_device")): 1,
        ("voltpass_points_in_breach", ("area", "none"), ("kind", "under")): 0,
        ("voltpass_points_in_breach", ("area", "none"), ("kind", "over")): 1,
        ("voltpass_points_in_breach", ("area", "none"), ("kind", "high")): 1,
        ("voltpass_open_interruptions", ("area", "none")): 1,
        ("voltpass_feeder_points", *here): 3,
        ("voltpass_feeder_open_interruptions", *here): 1,
        ("voltpass_lag_messages", ("partition", "0"), ("topic", network.topic)): 0,
        ("voltpass_judgement_number",): 2,
        ("voltpass_stalled",): 0,
        ("voltpass_fenced_total",): 0,
    }
    assert {key: shown.get(key) for key in expected} == expected
