"""What things cost, by counts that are the same on every machine: a change that makes them dearer fails here."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import numpy as np
import pyarrow as pa
import pytest

from kernels.layout import FOLDED
from service.domain.bands import event_limits
from service.domain.batch import Message
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.domain.packed_messages import PackedMessages, packed
from service.domain.registry import Device, Point, Registry
from service.settings.parts import DatabaseSettings
from service.store.pool import Pool
from service.wire import Decoder
from tests.settle.plant import DAY_MS, MINUTE_MS, RULES, consumer, register
from tests.wire.samples import STAMP_MS, message, reading, stream

N_MESSAGES = 64
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
CALLS_AN_ARROW_MESSAGE = 90  # 69, whatever its size
CALLS_A_JSON_MESSAGE = 30  # 20
CALLS_A_JSON_READING = 8  # 6, each further one of a message
CALLS_A_POLL = 260  # 210, of plain JSON, packed: whatever the number of its messages
STATEMENTS_A_CHECKPOINT = 20  # 17, and COPY beside
BYTES_A_PAGE = 272  # of a single-phase point, without its pointer
BYTES_A_PAGE_ALL_ALIKE = 213  # the same where all its minutes have one mark


def n_calls(work: Callable[[], object]) -> int:
    """Return how many functions, of Python and of C, are called meanwhile."""
    n = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal n
        n += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return n


def arrow_messages(n_readings: int, second: int) -> list[Message]:
    """Return messages of concentrators, one reading of each of their meters."""
    stamp = pa.array(np.full(n_readings, STAMP_MS + second * 1000), pa.timestamp("ms", "UTC"))
    volts = pa.array(np.full(n_readings, 221.5))
    meters = [pa.array([f"M{n}-{i}" for i in range(n_readings)]) for n in range(N_MESSAGES)]
    return [
        message(stream({"device": devices, "ts": stamp, "v1": volts}), second * N_MESSAGES + n)
        for n, devices in enumerate(meters)
    ]


def json_messages(n_readings: int, second: int) -> list[Message]:
    """Return messages of meters that send their readings of some seconds together."""
    first_ms = STAMP_MS + second * n_readings * 1000
    return [
        message(
            [reading(device=f"M{n}-0", ts=first_ms + i * 1000) for i in range(n_readings)],
            second * N_MESSAGES + n,
        )
        for n in range(N_MESSAGES)
    ]


def engine_of(n_meters: int) -> PartitionEngine:
    """Return an engine that knows the meters of the messages."""
    points = [
        Point(
            point_id=n,
            point=f"P{n}",
            nominal_mv=220_000,
            wiring="1p",
            point_class="D",
            valid_from=SINCE,
        )
        for n in range(N_MESSAGES * n_meters)
    ]
    names = [f"M{n}-{i}" for n in range(N_MESSAGES) for i in range(n_meters)]
    devices = [
        Device(device_id=n, device=name, point_id=n, interval_s=1, valid_from=SINCE)
        for n, name in enumerate(names)
    ]
    known = Registry(judgement=1, points=points, devices=devices)
    directory = lane_directory(known, make_judge(known, RULES).live_bands)
    return PartitionEngine(LaneBook(directory), FoldPolicy(events=event_limits(RULES)))


def calls_a_message(
    messages_of: Callable[[int, int], list[Message]], n_readings: int, n_meters: int
) -> float:
    """Return calls a message to decode and fold it, once what is remembered of the senders is there."""
    engine, decoder = engine_of(n_meters), Decoder()

    def consume(messages: list[Message]) -> None:
        counts = engine.fold(decoder.decode(messages).batches)
        assert counts[FOLDED] == counts.sum() == N_MESSAGES * n_readings

    consume(messages_of(n_readings, 0))
    consume(
        messages_of(n_readings, 1)
    )  # the second time its names are looked up for what is remembered
    messages = messages_of(n_readings, 2)
    return n_calls(lambda: consume(messages)) / N_MESSAGES


def test_an_arrow_message_costs_some_calls_however_many_readings_it_has() -> None:
    few = calls_a_message(arrow_messages, 5, 5)
    many = calls_a_message(arrow_messages, 20, 20)

    assert many == pytest.approx(few, abs=1)
    assert many <= CALLS_AN_ARROW_MESSAGE


def test_a_json_message_costs_some_calls_and_each_reading_few() -> None:
    one = calls_a_message(json_messages, 1, 1)
    many = calls_a_message(json_messages, 20, 1)

    assert one <= CALLS_A_JSON_MESSAGE
    assert (many - one) / 19 <= CALLS_A_JSON_READING


def plain_messages(n_meters: int, second: int) -> PackedMessages:
    """Return one plain reading of each meter, as a batch of Kafka gives them."""
    names = [f"M{n % N_MESSAGES}-{n // N_MESSAGES}" for n in range(n_meters * N_MESSAGES)]
    stamp_ms = STAMP_MS + second * 1000
    return packed([message(reading(device=name, ts=stamp_ms), second) for name in names])


def calls_a_poll(n_meters: int) -> int:
    """Return calls to decode and fold a poll of packed messages of one reading each."""
    engine, decoder = engine_of(n_meters), Decoder()

    def consume(messages: PackedMessages) -> None:
        counts = engine.fold(decoder.decode(messages).batches)
        assert counts[FOLDED] == counts.sum() == len(messages)

    consume(plain_messages(n_meters, 0))  # from then on everything is known
    messages = plain_messages(n_meters, 1)
    return n_calls(lambda: consume(messages))


def test_packed_messages_of_one_reading_cost_the_same_calls_however_many_they_are() -> None:
    few, many = calls_a_poll(1), calls_a_poll(20)

    assert many == pytest.approx(few, abs=2)
    assert many <= CALLS_A_POLL


async def stored(pool: Pool, minutes: range, n_meters: int) -> int:
    """Store one checkpoint of pages of some meters; return how many statements it took."""
    points = "".join(f"P{i},220,1p,C,F1,2020-01-01T00:00:00Z\n" for i in range(n_meters))
    meters = "".join(f"m{i},P{i},60,false,2020-01-01T00:00:00Z\n" for i in range(n_meters))
    await register(pool, points, meters)
    one = await consumer(pool)
    for i in range(n_meters):
        one.fold(f"m{i}", [(DAY_MS + n * MINUTE_MS, 221.0) for n in minutes])
    said: list[str] = []
    async with pool.connection() as connection:
        connection.add_query_logger(lambda record: said.append(record.query))
    await one.checkpoint()
    return len(said)


@pytest.mark.integration
async def test_a_checkpoint_takes_the_same_statements_however_many_pages_it_has(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    counts = []
    for n_meters in (1, 40):
        async with Pool(fresh_database(), "writer", max_size=1) as pool:
            counts.append(await stored(pool, range(30), n_meters))

    assert counts[0] == counts[1]
    assert 5 <= counts[1] <= STATEMENTS_A_CHECKPOINT


@pytest.mark.integration
async def test_an_hour_of_a_single_phase_point_takes_one_row_of_some_bytes(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    async with Pool(fresh_database(), "writer", max_size=1) as pool:
        await stored(pool, range(61), 3)

        async with pool.connection() as connection:
            rows = await connection.fetch(
                "SELECT hour, max(pg_column_size(page.*)) AS n_bytes, count(*) FROM page GROUP BY hour ORDER BY hour"
            )

    whole, begun = (row["n_bytes"] for row in rows)
    assert [row["count"] for row in rows] == [3, 3]
    assert begun <= BYTES_A_PAGE
    assert whole <= BYTES_A_PAGE_ALL_ALIKE


@pytest.mark.integration
async def test_states_of_lanes_are_not_compressed_on_their_way(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    async with Pool(fresh_database(), "writer", max_size=1) as pool:
        await stored(pool, range(30), 40)

        async with pool.connection() as connection:
            compressed = await connection.fetch(
                "SELECT octet_length(states) AS n_bytes, pg_column_compression(states) AS how FROM lane_block"
            )

    assert [row["how"] for row in compressed] == [None]
    assert compressed[0]["n_bytes"] > 8000  # PostgreSQL leaves what is short as it is
