"""SQL: COPY of every reading into a hypertable, with our decoders. ``... BROKER TOPIC DSN N_PARTITIONS N_WARM N_TIMED``.

Its best practice: binary COPY out of arrays, a hundred thousand rows at once, two connections that take turns, so that
the server is never waited for; one index, the one that its queries need; no key to check, so a reading may be there twice.
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
        if batch.names_key and batch.names_key in self._remembered:
            return self._remembered[batch.names_key][batch.device]
        points = np.fromiter(
            map(self._point_of.__getitem__, batch.names), np.int32, len(batch.names)
        )
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


async def ingest(
    bootstrap: str, topic: str, dsn: str, n_partitions: int, n_warm: int, n_timed: int
) -> float:
    """Return readings a second, stored, after a warm-up of ``n_warm``."""
    pool = [await asyncpg.connect(dsn) for _ in range(N_CONNECTIONS)]
    rows = await pool[0].fetch("SELECT device, point_id FROM device")
    points, decoder = Points({row["device"]: row["point_id"] for row in rows}), Decoder()
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    partitions = [aiokafka.TopicPartition(topic, number) for number in range(n_partitions)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    copying: list[asyncio.Task[None] | None] = [None] * N_CONNECTIONS
    waiting: list[Batch] = []
    n_waiting, n_stored, turn, n_before, began_s = 0, 0, 0, 0, 0.0
    try:
        while n_stored < n_before + n_timed or not began_s:
            polled = await consumer.getmany(timeout_ms=1000, max_records=_MAX_RECORDS)
            for records in polled.values():
                decoded = decoder.decode(messages_of(records))
                waiting += decoded.batches
                n_waiting += decoded.n_readings
            if n_waiting < ROWS_AT_ONCE:
                continue
            turn = (turn + 1) % N_CONNECTIONS
            before = copying[turn]
            if before is not None:
                await before
            copying[turn] = asyncio.ensure_future(copy(pool[turn], stream_of(waiting, points)))
            n_stored += n_waiting
            waiting, n_waiting = [], 0
            if not began_s and n_stored >= n_warm:
                n_before, began_s = n_stored, time.perf_counter()
        await asyncio.gather(*(one for one in copying if one is not None))
        return (n_stored - n_before) / (time.perf_counter() - began_s)
    finally:
        await consumer.stop()
        for connection in pool:
            await connection.close()


if __name__ == "__main__":
    bootstrap, topic, dsn, *numbers = sys.argv[1:]
    n_partitions, n_warm, n_timed = map(int, numbers)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(ingest(bootstrap, topic, dsn, n_partitions, n_warm, n_timed))
    print(json.dumps({"rate": rate}))
