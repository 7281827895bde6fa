"""The facts about the client that the source is built on, each against a broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from service.domain.batch import Message
from service.errors import OffsetGoneError, SettingsError, SourceError
from service.ingest.kafka_client import check_record_parser, client_arguments
from service.ingest.polled import Partition
from service.ingest.source import KafkaSource
from service.settings.parts import KafkaSettings
from tests.backends import IS_REAL
from tests.ingest.brokers import Broker, unique

SESSION_S = 6.0 if IS_REAL else 1.0


async def nothing() -> None:
    """Let go of nothing."""


def settings(broker: Broker, topic: str, group: str | None = None) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=broker.bootstrap,
        topics=(topic,),
        group=group or unique("group"),
        session_timeout_s=SESSION_S,
        rebalance_timeout_s=10.0,
        max_poll_records=3,
    )


@asynccontextmanager
async def joined(settings: KafkaSettings) -> AsyncIterator[KafkaSource]:
    """A source that has its partitions, all paused."""
    source = KafkaSource(settings)
    await source.start(nothing)
    try:
        await assigned(source)
        yield source
    finally:
        await source.stop()


async def assigned(source: KafkaSource) -> None:
    async with asyncio.timeout(30):
        while source.assignment is None:
            await source.poll()


async def poll_on(source: KafkaSource) -> None:
    """Poll until something is raised."""
    async with asyncio.timeout(60):
        while True:
            await source.poll()


async def send(broker: Broker, topic: str, values: Sequence[bytes], partition: int = 0) -> None:
    async with broker.producer() as producer:
        for value in values:
            headers = [("Content-Type", b"application/json")]
            await producer.send(topic, value, partition=partition, headers=headers)


def begin(source: KafkaSource, offset: int = 0) -> None:
    """Begin with the first partition at ``offset``; the others are empty and begin at 0."""
    assert source.assignment is not None
    for partition in source.assignment.partitions:
        source.seek(partition, 0 if partition.number else offset)
    source.resume()


async def read(source: KafkaSource, n_messages: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    async with asyncio.timeout(30):
        while len(found) < n_messages:
            for messages in (await source.poll()).messages.values():
                found += [(message.offset, message.value) for message in messages]
    return found


@pytest.mark.integration
async def test_nothing_is_fetched_before_a_partition_is_sought_and_resumed(
    broker: Broker, topic: str
) -> None:
    await send(broker, topic, [b"1", b"2"])

    async with joined(settings(broker, topic)) as source:
        before = [await source.poll() for _ in range(5)]
        begin(source)

        assert not any(polled.messages for polled in before)
        assert await read(source, 2) == [(0, b"1"), (1, b"2")]


@pytest.mark.integration
async def test_messages_come_with_their_headers_in_lower_case_and_no_more_than_asked_for(
    broker: Broker, topic: str
) -> None:
    await send(broker, topic, [b"%d" % i for i in range(10)])

    async with joined(settings(broker, topic)) as source:
        begin(source, 4)
        polls: list[Sequence[Message]] = []
        async with asyncio.timeout(30):
            while sum(map(len, polls)) < 6:
                polls += (await source.poll()).messages.values()

    assert all(1 <= len(messages) <= 3 for messages in polls)
    found = [message for messages in polls for message in messages]
    assert [message.offset for message in found] == [4, 5, 6, 7, 8, 9]
    assert all(message.headers == {"content-type": b"application/json"} for message in found)


@pytest.mark.integration
async def test_a_committed_offset_moves_nothing(broker: Broker, topic: str) -> None:
    group = unique("group")
    await send(broker, topic, [b"1", b"2", b"3"])
    async with joined(settings(broker, topic, group)) as source:
        begin(source)
        await read(source, 3)
        await source.tell({Partition(topic, 0): 2})

    async with joined(settings(broker, topic, group)) as source:
        before = [await source.poll() for _ in range(5)]
        begin(source)

        assert not any(polled.messages for polled in before)
        assert await read(source, 3) == [(0, b"1"), (1, b"2"), (2, b"3")]


@pytest.mark.integration
async def test_the_generation_rises_when_partitions_come_and_go(broker: Broker, topic: str) -> None:
    group = unique("group")
    let_go: list[int] = []
    source = KafkaSource(settings(broker, topic, group))

    async def note() -> None:
        let_go.append(source.generation)

    await source.start(note)
    await assigned(source)
    first = source.assignment
    other = KafkaSource(settings(broker, topic, group))
    await other.start(nothing)

    polling = asyncio.create_task(poll_on(other))
    polled = await source.poll()
    async with asyncio.timeout(60):
        while source.assignment is None or len(source.assignment.partitions) != 2:
            polled = await source.poll()
    second, between = source.assignment, let_go[-1]  # it lets go again when the other one leaves
    polling.cancel()
    await asyncio.wait([polling])
    await other.stop()
    await source.stop()

    assert first is not None
    assert len(first.partitions) == 4
    assert first.generation < between < second.generation
    assert polled.generation == second.generation


@pytest.mark.integration
async def test_an_error_while_letting_go_is_raised_by_the_next_poll(
    broker: Broker, topic: str
) -> None:
    group = unique("group")
    is_first = True

    async def fail() -> None:
        nonlocal is_first
        if not is_first:
            raise ZeroDivisionError("while letting go")
        is_first = False

    source = KafkaSource(settings(broker, topic, group))
    await source.start(fail)
    await assigned(source)
    other = KafkaSource(settings(broker, topic, group))
    await other.start(nothing)

    with pytest.raises(SourceError, match="while letting go"):
        await poll_on(source)

    await other.stop()
    await source.stop()


@pytest.mark.integration
async def test_the_first_offsets_and_the_position_are_known(broker: Broker, topic: str) -> None:
    here = Partition(topic, 0)
    await send(broker, topic, [b"%d" % i for i in range(5)])

    async with joined(settings(broker, topic)) as source:
        before = await source.positions()
        begin(source)
        await read(source, 3)
        after = (await source.positions())[here]

        assert await source.beginnings([here]) == {here: 0}

    assert before[here].is_paused
    assert (after.position, after.high_water, after.n_behind) == (3, 5, 2)


@pytest.mark.real  # the embedded broker only waits there
async def test_an_offset_that_the_log_does_not_have_is_gone(broker: Broker, topic: str) -> None:
    async with joined(settings(broker, topic)) as source:
        begin(source, 1000)

        with pytest.raises(OffsetGoneError) as raised:
            await poll_on(source)

    assert (raised.value.topic, raised.value.offset) == (topic, 1000)


@pytest.mark.integration
async def test_a_topic_that_does_not_exist_yet_is_waited_for(broker: Broker) -> None:
    async with joined(settings(broker, unique("later"))) as source:
        polled = await source.poll()

    assert not polled.messages


def test_records_are_parsed_by_compiled_code() -> None:
    check_record_parser()


@pytest.mark.parametrize(
    ("given", "protocol", "mechanism"),
    [
        ({}, "PLAINTEXT", "PLAIN"),
        ({"kafka_tls": True}, "SSL", "PLAIN"),
        ({"kafka_sasl_mechanism": "SCRAM-SHA-512"}, "SASL_PLAINTEXT", "SCRAM-SHA-512"),
        ({"kafka_sasl_mechanism": "PLAIN", "kafka_tls": True}, "SASL_SSL", "PLAIN"),
    ],
)
def test_tls_and_login_are_as_set(given: dict[str, object], protocol: str, mechanism: str) -> None:
    if "kafka_sasl_mechanism" in given:
        given |= {"kafka_sasl_username": "meter", "kafka_sasl_password": "secret"}

    arguments = client_arguments(KafkaSettings.model_validate(given))

    assert (arguments["security_protocol"], arguments["sasl_mechanism"]) == (protocol, mechanism)
    assert (arguments["ssl_context"] is not None) == bool(given.get("kafka_tls"))
    if "kafka_sasl_mechanism" in given:
        assert arguments["sasl_plain_password"] == "secret"


def test_a_certificate_that_cannot_be_read_is_named() -> None:
    given = {"kafka_tls": True, "kafka_ca_file": "/no/such/ca.pem"}

    with pytest.raises(SettingsError, match=r"/no/such/ca\.pem"):
        client_arguments(KafkaSettings.model_validate(given))
