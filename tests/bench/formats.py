"""The same second of the same meters in each wire format, and how to get it into a topic."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import aiokafka
import asyncpg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

N_PARTITIONS = 4
_IN_FLIGHT = 2000  # messages sent before the producer is waited for
_CONCENTRATOR = 37  # meters behind one concentrator: a meter box or two
_N_DRAWN = 16  # seconds of voltage that are drawn; they come again in turn

_POINTS = """
    INSERT INTO point (point, nominal_mv, wiring, feeder, class, valid_from)
    SELECT 'P' || lpad(i::text, 9, '0'), 220000, $3, 'F' || i % 100, 'D', '2020-01-01Z'
      FROM generate_series($1::integer, $2::integer) AS i
"""
_DEVICES = """
    INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone, delivery_delay_s,
                        self_powered, valid_from)
    SELECT 'M' || substr(point, 2), point_id, 1, 'mean', $3::integer, 'start', 'UTC', 0, false, '2020-01-01Z'
      FROM point
     WHERE point BETWEEN 'P' || lpad(($1::integer)::text, 9, '0') AND 'P' || lpad(($2::integer)::text, 9, '0')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How readings are put into messages."""

    name: str
    encoding: Literal["arrow", "json"]
    per_message: int  # readings


FORMATS = (
    Format(name="arrow_1000", encoding="arrow", per_message=1000),
    Format(name="arrow_37", encoding="arrow", per_message=_CONCENTRATOR),
    Format(name="json_37", encoding="json", per_message=_CONCENTRATOR),
    Format(name="json_1", encoding="json", per_message=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """Who sends: meters of one kind, one reading a second each."""

    n_points: int
    n_phases: int = 1
    interval_s: int = 1
    first: int = 1  # number of the first one, in its name

    async def register(self, dsn: str) -> None:
        """Write the points and their meters into the registry."""
        connection = await asyncpg.connect(dsn)
        try:
            last = self.first + self.n_points - 1
            wiring = "1p" if self.n_phases == 1 else "3p4w"
            await connection.execute(_POINTS, self.first, last, wiring)
            await connection.execute(_DEVICES, self.first, last, self.interval_s)
            await connection.execute("ANALYZE")
        finally:
            await connection.close()

    def messages(self, form: Format, first_ms: int, n_seconds: int) -> Iterator[tuple[int, bytes]]:
        """Yield partition and value, second by second; ids of a message are scattered."""
        random = np.random.default_rng(7)
        ids = random.permutation(self.n_points) + self.first
        groups = [
            [f"M{one:09d}" for one in ids[at : at + form.per_message].tolist()]
            for at in range(0, self.n_points, form.per_message)
        ]
        # Tenths of a volt, as meters report them.
        drawn = np.round(220 + random.normal(0, 3, (_N_DRAWN, self.n_phases, self.n_points)), 1)
        for second in range(n_seconds):
            volts, stamp_ms = drawn[second % _N_DRAWN], first_ms + second * 1000
            for number, names in enumerate(groups):
                at = number * form.per_message
                mine = volts[:, at : at + len(names)]
                encode = _arrow if form.encoding == "arrow" else _json
                yield number % N_PARTITIONS, encode(names, stamp_ms, mine)


async def produce(
    bootstrap: str, topic: str, messages: Iterator[tuple[int, bytes]], compression: str | None
) -> None:
    """Send messages to their partitions."""
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        linger_ms=20,
        max_batch_size=1_000_000,
        acks=1,
        compression_type=compression,
    )
    async with producer:
        waiting: list[asyncio.Future[object]] = []
        for partition, value in messages:
            waiting.append(await producer.send(topic, value, partition=partition))
            if len(waiting) >= _IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)


def _arrow(names: Sequence[str], stamp_ms: int, volts: NDArray[np.float64]) -> bytes:
    columns: dict[str, object] = {
        "device": pa.array(names),
        "ts": pa.array(np.full(len(names), stamp_ms), pa.timestamp("ms", "UTC")),
    }
    for phase, of_phase in enumerate(volts, 1):
        columns[f"v{phase}"] = pa.array(of_phase, pa.float32())
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _json(names: Sequence[str], stamp_ms: int, volts: NDArray[np.float64]) -> bytes:
    readings = [
        {
            "device": name,
            "ts": stamp_ms,
            **{f"v{phase}": one for phase, one in enumerate(of_meter, 1)},
        }
        for name, of_meter in zip(names, volts.T.tolist(), strict=True)
    ]
    return json.dumps(readings if len(readings) > 1 else readings[0]).encode()
