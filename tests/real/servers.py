"""The real servers for a test, and a check of them: ``python -m tests.real.servers``."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.real.kafka import RealKafka
from tests.real.parts import read_parts
from tests.real.timescale import RealTimescale

__all__ = ["RealKafka", "RealTimescale", "read_parts"]

_TOPIC = "self-check"
_OLD_MS = 1_166_289_840_000  # a stamp of 2006, which LogAppendTime must not keep
_LOG_APPEND_TIME = 1  # what a record says of its stamp
_LIMIT_S = 30.0


def main() -> int:
    """Start both servers, use each a little, and stop them."""
    parts = read_parts(os.environ)
    kafka, timescale = RealKafka(parts=parts), RealTimescale(parts=parts)
    with _timed("kafka: start"):
        kafka.start()
    try:
        with _timed("timescale: start"):
            timescale.start()
        with _timed("kafka: topic, message, stamp"):
            asyncio.run(asyncio.wait_for(_use_kafka(kafka), _LIMIT_S))
        with _timed("timescale: database, hypertable, rows"):
            asyncio.run(asyncio.wait_for(_use_timescale(timescale), _LIMIT_S))
    finally:
        with _timed("stop"):
            kafka.stop()
            timescale.stop()
    return 0


async def _use_kafka(kafka: RealKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(_TOPIC, num_partitions=3, replication_factor=1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type="zstd")
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    async with producer, consumer:
        sent = await producer.send_and_wait(_TOPIC, b"230.1", partition=1, timestamp_ms=_OLD_MS)
        consumer.assign([TopicPartition(_TOPIC, 1)])
        record = await consumer.getone()
    found = (record.value, record.offset, record.timestamp_type)
    if found != (b"230.1", sent.offset, _LOG_APPEND_TIME) or record.timestamp <= _OLD_MS:
        raise RuntimeError(f"read {found} with the stamp {record.timestamp}")
    _say(f"kafka: read back, stamped by the broker: {record.timestamp - _OLD_MS} ms later")


async def _use_timescale(timescale: RealTimescale) -> None:
    connection = await asyncpg.connect(timescale.create_database())
    try:
        await connection.execute(
            "CREATE TABLE cell (at timestamptz NOT NULL, v real);"
            " SELECT create_hypertable('cell', by_range('at', INTERVAL '1 day'));"
            " INSERT INTO cell SELECT to_timestamp(86400 * day), 230 FROM generate_series(1, 5) day"
        )
        n_chunks = await connection.fetchval("SELECT count(*) FROM show_chunks('cell')")
    finally:
        await connection.close()
    if n_chunks != 5:
        raise RuntimeError(f"5 days made {n_chunks} chunks")
    _say(f"timescale: a hypertable with {n_chunks} chunks")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    _say(f"{what}: {time.perf_counter() - began:.1f} s")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
