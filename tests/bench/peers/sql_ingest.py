"""SQL: COPY of every reading into a hypertable, with our decoders.

``... BROKER TOPIC DSN N_PARTITIONS N_WARM N_TIMED``.

Its best practice: binary COPY out of arrays, a hundred thousand rows at once, two connections that take turns, so that
the server is not waited for; one index, the one that its queries need; no key to check, so a reading may be there
twice.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import aiokafka
import asyncpg
import numpy as np
import uvloop
from numpy.typing import NDArray

from service.domain.batch import Batch
from service.ingest.fetched import unpack_messages
from service.ingest.kafka_records import messages_of
from service.settings.parts import KafkaSettings
from service.wire import Decoder

ROWS_AT_ONCE: Final = 100_000
N_CONNECTIONS: Final = 2
TABLE: Final = "reading"
COLUMNS: Final = ("ts", "point", "v")
MAKE: Final = f"""
    CREATE TABLE {TABLE} (
        ts    timestamptz NOT NULL,
        point integer     NOT NULL,
        v     real        NOT NULL
    );
    SELECT create_hypertable('{TABLE}', by_range('ts', INTERVAL '1 day'), create_default_indexes => false);
    CREATE INDEX ON {TABLE} (point, ts);
"""
_MAX_RECORDS: Final = KafkaSettings.model_fields["max_poll_records"].default
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000
_ROW: Final = np.dtype(
    [
        ("n_fields", ">i2"),
        ("ts_bytes", ">i4"),
        ("ts", ">i8"),
        ("point_bytes", ">i4"),
        ("point", ">i4"),
        ("v_bytes", ">i4"),
        ("v", ">f4"),
    ]
)


def copy_stream(
    ts_us: NDArray[np.int64], point: NDArray[np.int32], volts: NDArray[np.float64]
) -> bytes:
    """Return readings as binary COPY takes them; ``ts_us`` since the Unix epoch."""
    rows = np.empty(ts_us.size, _ROW)
    rows["n_fields"], rows["ts_bytes"], rows["point_bytes"], rows["v_bytes"] = 3, 8, 4, 4
    rows["ts"], rows["point"], rows["v"] = ts_us - _POSTGRES_EPOCH_US, point, volts
    return _HEAD + rows.tobytes() + _TAIL


class Points:
    """The point of each device; what was looked up for the names of one batch serves the next."""

    def __init__(self, point_of: dict[str, int]) -> None:
        self._point_of = point_of
        self._remembered: dict[bytes, NDArray[np.int32]] = {}

    def of(self, batch: Batch) -> NDArray[np.int32]:
        """Return the point of each reading."""
        points = self._remembered.get(batch.names_key, np.zeros(0, np.int32))
        if points.size < len(batch.names):  # under a key, more may come behind those that are known
            rest = (batch.names[place] for place in range(points.size, len(batch.names)))
            more = np.fromiter(map(self._point_of.__getitem__, rest), np.int32)
            points = np.concatenate([points, more])
            if batch.names_key:
                self._remembered[batch.names_key] = points
        return points[batch.device]


def stream_of(batches: Sequence[Batch], points: Points) -> bytes:
    """Return the readings of batches as binary COPY takes them."""
    return copy_stream(
        np.concatenate([batch.stamp_ms for batch in batches]) * 1000,
        np.concatenate([points.of(batch) for batch in batches]),
        np.concatenate([batch.v1 for batch in batches]),
    )


async def copy(connection: Any, stream: bytes) -> None:
    """Store one stream, durably."""

    async def once() -> Any:
        yield stream

    await connection.copy_to_table(TABLE, source=once(), format="binary", columns=COLUMNS)


class Copying:
    """COPY on some connections that take turns."""

    def __init__(self, connections: Sequence[Any], points: Points) -> None:
        self.n_given = 0  # readings
        self._connections = connections
        self._points = points
        self._copying: list[asyncio.Task[None] | None] = [None] * len(connections)
        self._turn = 0

    async def give(self, batches: Sequence[Batch]) -> None:
        """Have readings copied once the connection whose turn it is has nothing to do."""
        self._turn = (self._turn + 1) % len(self._connections)
        before = self._copying[self._turn]
        if before is not None:
            await before
        stream = stream_of(batches, self._points)
        self._copying[self._turn] = asyncio.ensure_future(
            copy(self._connections[self._turn], stream)
        )
        self.n_given += sum(batch.device.size for batch in batches)

    async def end(self) -> None:
        """Wait until everything is stored."""
        await asyncio.gather(*(one for one in self._copying if one is not None))


async def ingest(
    consumer: aiokafka.AIOKafkaConsumer, copying: Copying, n_warm: int, n_timed: int
) -> float:
    """Return readings a second, stored, after a warm-up of ``n_warm``."""
    decoder = Decoder()
    waiting: list[Batch] = []
    n_waiting, n_before, began_s = 0, 0, 0.0
    while not began_s or copying.n_given < n_before + n_timed:
        polled = await consumer.getmany(timeout_ms=1000, max_records=_MAX_RECORDS)
        for records in polled.values():
            decoded = decoder.decode(messages_of(records))
            waiting += decoded.batches
            n_waiting += decoded.n_readings
        if n_waiting < ROWS_AT_ONCE:
            continue
        await copying.give(waiting)
        waiting, n_waiting = [], 0
        if not began_s and copying.n_given >= n_warm:
            n_before, began_s = copying.n_given, time.perf_counter()
    await copying.end()
    return (copying.n_given - n_before) / (time.perf_counter() - began_s)


async def _run(
    bootstrap: str, topic: str, dsn: str, n_partitions: int, n_warm: int, n_timed: int
) -> float:
    connections = [await asyncpg.connect(dsn) for _ in range(N_CONNECTIONS)]
    rows = await connections[0].fetch("SELECT device, point_id FROM device")
    points = Points({row["device"]: row["point_id"] for row in rows})
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        unpack_messages(consumer)  # the same door as ours
        partitions = [aiokafka.TopicPartition(topic, number) for number in range(n_partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        return await ingest(consumer, Copying(connections, points), n_warm, n_timed)
    finally:
        await consumer.stop()
        for connection in connections:
            await connection.close()


if __name__ == "__main__":
    bootstrap, topic, dsn, *numbers = sys.argv[1:]
    n_partitions, n_warm, n_timed = map(int, numbers)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(_run(bootstrap, topic, dsn, n_partitions, n_warm, n_timed))
    print(json.dumps({"rate": rate}))
