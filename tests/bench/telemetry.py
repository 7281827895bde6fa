"""Telemetry for the consumer's benchmark: concentrators of a thousand one-second meters with scattered ids."""

import asyncio
from collections.abc import Iterator

import aiokafka
import asyncpg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

N_POINTS = 100_000
PER_MESSAGE = 1000
N_PARTITIONS = 4
IN_FLIGHT = 2000  # messages sent before the producer is waited for

_REGISTER = """
    INSERT INTO point (point, nominal_mv, wiring, feeder, class, valid_from)
    SELECT 'P' || i, 220000, '1p', 'F' || i % 100, 'D', '2020-01-01Z' FROM generate_series(1, $1::integer) AS i
"""
_REGISTER_DEVICES = """
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
                        self_powered, valid_from)
    SELECT 'M' || lpad(point_id::text, 9, '0'), point_id, 1, 'mean', 1, 'start', 'UTC', 0, false, '2020-01-01Z'
      FROM point
"""


async def register(dsn: str, n_points: int = N_POINTS) -> None:
    """Register the points and their meters."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_REGISTER, n_points)
        await connection.execute(_REGISTER_DEVICES)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def produce(
    bootstrap: str,
    topic: str,
    *,
    first_ms: int,
    n_seconds: int,
    n_points: int = N_POINTS,
    n_partitions: int = N_PARTITIONS,
) -> int:
    """Send ``n_seconds`` seconds of every meter's voltage, second by second; return the number of messages."""
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=1_000_000, acks=1
    )
    await producer.start()
    n_messages = 0
    try:
        waiting: list[asyncio.Future[object]] = []
        for partition, value in _messages(first_ms, n_seconds, n_points, n_partitions):
            waiting.append(await producer.send(topic, value, partition=partition))
            n_messages += 1
            if len(waiting) >= IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    return n_messages


def _messages(
    first_ms: int, n_seconds: int, n_points: int, n_partitions: int
) -> Iterator[tuple[int, bytes]]:
    """Yield partition and value: every concentrator once a second, all of its meters at one instant."""
    random = np.random.default_rng(7)
    ids = random.permutation(n_points).reshape(-1, PER_MESSAGE) + 1
    names = [pa.array([f"M{one:09d}" for one in group]) for group in ids.tolist()]
    volts = 220 + random.normal(0, 3, (16, PER_MESSAGE))
    for second in range(n_seconds):
        for concentrator, devices in enumerate(names):
            stamp = np.full(PER_MESSAGE, first_ms + second * 1000)
            yield (
                concentrator % n_partitions,
                _arrow(devices, stamp, volts[(second + concentrator) % 16]),
            )


def _arrow(devices: pa.StringArray, stamp: NDArray[np.int64], volts: NDArray[np.float64]) -> bytes:
    batch = pa.record_batch(
        {"device": devices, "ts": pa.array(stamp, pa.timestamp("ms", "UTC")), "v1": pa.array(volts)}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()
