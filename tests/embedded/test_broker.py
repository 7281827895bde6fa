import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError

from service.embedded.broker import EmbeddedBroker
from service.errors import EmbeddedPartError
from tests.embedded.processes import eventually, has_ended, owner_of

TOPIC = "telemetry"
FIRST = TopicPartition(TOPIC, 0)
STAMP_MS = 1_170_000_000_000

Record = ConsumerRecord[bytes | None, bytes | None]


@asynccontextmanager
async def producer_to(
    broker: EmbeddedBroker, compression: str | None = None
) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap,
        compression_type=compression,
        max_request_size=4 << 20,
        linger_ms=20,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reader_of(broker: EmbeddedBroker, offset: int = 0) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group at ``offset`` of the first partition."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    )
    await reader.start()
    try:
        reader.assign([FIRST])
        reader.seek(FIRST, offset)
        yield reader
    finally:
        await reader.stop()


@asynccontextmanager
async def member_of_group(broker: EmbeddedBroker) -> AsyncIterator[AIOKafkaConsumer]:
    member = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=broker.bootstrap,
        group_id="voltpass",
        enable_auto_commit=False,
        auto_offset_reset="none",
        session_timeout_ms=1000,  # the broker waits half of it before the group settles
        heartbeat_interval_ms=100,
        rebalance_timeout_ms=1000,
    )
    await member.start()
    try:
        yield member
    finally:
        await member.stop()


async def read(reader: AIOKafkaConsumer, n_records: int) -> list[Record]:
    records: list[Record] = []
    deadline = time.monotonic() + 10.0
    while len(records) < n_records:
        assert time.monotonic() < deadline, f"{len(records)} of {n_records} records"
        for batch in (await reader.getmany(timeout_ms=200)).values():
            records += batch
    return records


async def test_a_record_comes_back_with_its_key_headers_and_stamp(broker: EmbeddedBroker) -> None:
    await broker.create_topic(TOPIC, n_partitions=1)
    headers = [("content-type", b"application/json"), ("empty", b"")]

    async with producer_to(broker) as producer:
        await producer.send_and_wait(
            TOPIC, b"v=230.1", key=b"feeder-7", headers=headers, timestamp_ms=STAMP_MS, partition=0
        )
    async with reader_of(broker) as reader:
        (record,) = await read(reader, 1)

    assert (record.value, record.key) == (b"v=230.1", b"feeder-7")
    assert list(record.headers) == headers
    assert (record.timestamp, record.timestamp_type) == (STAMP_MS, 0)  # 0: the producer's


@pytest.mark.parametrize("compression", [None, "gzip", "lz4", "zstd"])
async def test_every_codec_passes(broker: EmbeddedBroker, compression: str | None) -> None:
    await broker.create_topic(TOPIC, n_partitions=1)
    values = [b"%d," % number * 300 for number in range(40)]

    async with producer_to(broker, compression) as producer:
        for value in values:
            await producer.send(TOPIC, value, partition=0)
    async with reader_of(broker) as reader:
        records = await read(reader, len(values))

    assert [record.value for record in records] == values


async def test_a_message_of_a_megabyte_passes(broker: EmbeddedBroker) -> None:
    await broker.create_topic(TOPIC, n_partitions=1)
    value = random.Random(1).randbytes(1 << 20)

    async with producer_to(broker) as producer:
        await producer.send_and_wait(TOPIC, value, partition=0)
    async with reader_of(broker) as reader:
        (record,) = await read(reader, 1)

    assert record.value == value


async def test_reading_begins_at_any_record_and_high_water_is_the_end(
    broker: EmbeddedBroker,
) -> None:
    await broker.create_topic(TOPIC, n_partitions=1)
    async with producer_to(broker) as producer:
        for number in range(100):
            await producer.send(TOPIC, b"%d" % number, partition=0)

    async with reader_of(broker, offset=57) as reader:
        records = await read(reader, 43)

        assert [record.offset for record in records] == list(range(57, 100))
        assert reader.highwater(FIRST) == 100


@pytest.mark.slow
async def test_two_members_of_a_group_share_the_partitions(broker: EmbeddedBroker) -> None:
    await broker.create_topic(TOPIC, n_partitions=4)

    async with AsyncExitStack() as stack:
        stays = await stack.enter_async_context(member_of_group(broker))
        async with member_of_group(broker) as leaves:
            await eventually(lambda: len(stays.assignment()) == 2)
            together = stays.assignment() | leaves.assignment()
        await eventually(lambda: len(stays.assignment()) == 4)

        assert len(together) == 4


async def test_a_group_goes_on_where_it_committed_and_without_a_commit_it_says_so(
    broker: EmbeddedBroker,
) -> None:
    await broker.create_topic(TOPIC, n_partitions=1)
    async with producer_to(broker) as producer:
        for number in range(5):
            await producer.send(TOPIC, b"%d" % number, partition=0)

    async with member_of_group(broker) as member:
        with pytest.raises(NoOffsetForPartitionError):
            await member.getmany(timeout_ms=5000)
        await member.commit({FIRST: 3})
    async with member_of_group(broker) as member:
        records = await read(member, 2)

    assert [record.offset for record in records] == [3, 4]


async def test_a_topic_is_made_once_and_never_with_other_partitions(broker: EmbeddedBroker) -> None:
    await broker.create_topic(TOPIC, n_partitions=3)

    await broker.create_topic(TOPIC, n_partitions=3)

    with pytest.raises(EmbeddedPartError, match="has 3 partitions, not 4"):
        await broker.create_topic(TOPIC, n_partitions=4)


async def test_a_port_that_is_taken_is_refused(broker: EmbeddedBroker) -> None:
    port = int(broker.bootstrap.rpartition(":")[2])

    with pytest.raises(EmbeddedPartError, match=f"port {port} is taken"):
        await EmbeddedBroker(port=port).start()

    assert broker.is_running


async def test_a_killed_broker_comes_back_empty_at_the_same_address(broker: EmbeddedBroker) -> None:
    bootstrap, pid = broker.bootstrap, broker.pid
    await broker.create_topic(TOPIC, n_partitions=3)

    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not broker.is_running)
    await broker.start()

    assert (broker.bootstrap, broker.pid != pid) == (bootstrap, True)
    await broker.create_topic(TOPIC, n_partitions=1)


async def test_stop_ends_the_broker_and_may_be_repeated() -> None:
    broker = EmbeddedBroker()
    await broker.start()
    pid = broker.pid

    await broker.stop()
    await broker.stop()

    assert has_ended(pid)
    with pytest.raises(EmbeddedPartError, match="was not started"):
        _ = broker.pid


async def test_a_broker_dies_with_the_process_that_started_it() -> None:
    with owner_of("broker") as owner:
        pid = owner.part_pid

        owner.kill()

        await eventually(lambda: has_ended(pid))
