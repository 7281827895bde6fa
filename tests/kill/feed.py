"""The feed, a process of its own: ``python -m tests.kill.feed BOOTSTRAP TOPIC SEED FIRST_MS LASTS_S``.

The greater part of the log takes LASTS_S seconds. The rest trickles until standard input ends, so
that there is something to fold as long as consumers are being killed; then it is sent at once.
"""

import asyncio
import json
import sys
import time

import aiokafka
import numpy as np
import pyarrow as pa

from tests.kill.street import METERS, N_PARTITIONS
from tests.kill.telemetry import Telemetry, messages, telemetry

ARROW = [("content-type", b"application/vnd.apache.arrow.stream")]
JSON = [("content-type", b"application/json")]
QUALITIES = ["good", "estimated", "invalid"]
POISON = b"\x00 no reading"
N_POISON_EACH = 3  # messages of a partition that cannot be decoded
_PACED_SHARE = 0.85
_TRICKLE_S = 600.0  # for the rest, if nobody says that it may hurry
_HURRY_S = 15.0
_NAMES = [*(meter.device for meter in METERS), "stranger"]


def main(bootstrap: str, topic: str, seed: int, first_ms: int, lasts_s: float) -> int:
    """Send everything; return the number of messages."""
    log = telemetry(seed, first_ms)
    return asyncio.run(_send(bootstrap, topic, list(messages(log, seed)), lasts_s))


async def _send(
    bootstrap: str, topic: str, told: list[tuple[int, bool, Telemetry]], lasts_s: float
) -> int:
    hurry = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told_to_hurry() -> None:
        loop.remove_reader(sys.stdin)
        hurry.set()

    loop.add_reader(sys.stdin, told_to_hurry)
    poison_at = {len(told) * k // (N_POISON_EACH + 1) for k in range(1, N_POISON_EACH + 1)}
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=10, acks="all", enable_idempotence=True
    )
    async with producer:
        pace = _Pace(len(told), lasts_s, hurry)
        for number, (partition, is_json, part) in enumerate(told):
            await pace.wait(number)
            value, headers = (_json(part), JSON) if is_json else (_arrow(part), ARROW)
            await producer.send(topic, value, partition=partition, headers=headers)
            if number in poison_at:
                for each in range(N_PARTITIONS):
                    await producer.send(topic, POISON, partition=each)
        await producer.flush()
    return len(told)


class _Pace:
    """Says when the next message is to be sent."""

    def __init__(self, n_messages: int, lasts_s: float, hurry: asyncio.Event) -> None:
        self._n_paced = int(_PACED_SHARE * n_messages)
        self._n_rest = n_messages - self._n_paced
        self._lasts_s = lasts_s
        self._hurry = hurry
        self._began_s = time.monotonic()

    async def wait(self, number: int) -> None:
        if number < self._n_paced:
            due_s = self._began_s + number / self._n_paced * self._lasts_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            return
        gap_s = (_HURRY_S if self._hurry.is_set() else _TRICKLE_S) / self._n_rest
        if self._hurry.is_set():
            await asyncio.sleep(gap_s)
            return
        try:
            async with asyncio.timeout(gap_s):
                await self._hurry.wait()
        except TimeoutError:
            return


def _json(part: Telemetry) -> bytes:
    columns = (part.meter, part.stamp_ms, part.v1, part.v2, part.v3, part.quality)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    readings = [
        {"device": _NAMES[meter], "ts": stamp, "quality": QUALITIES[quality]}
        | {f"v{i}": None if v != v else v for i, v in enumerate(volts, 1)}  # noqa: PLR0124 (NaN)
        for meter, stamp, *volts, quality in rows
    ]
    return json.dumps(readings).encode()


def _arrow(part: Telemetry) -> bytes:
    names = pa.array([_NAMES[meter] for meter in part.meter.tolist()])
    quality = pa.DictionaryArray.from_arrays(part.quality.astype(np.int8), QUALITIES)
    columns = {
        "device": names,
        "ts": pa.array(part.stamp_ms, pa.timestamp("ms", "UTC")),
        "v1": pa.array(part.v1),
        "v2": pa.array(part.v2),
        "v3": pa.array(part.v3),
        "quality": quality,
    }
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


if __name__ == "__main__":
    _bootstrap, _topic, _seed, _first_ms, _lasts_s = sys.argv[1:]
    n_sent = main(_bootstrap, _topic, int(_seed), int(_first_ms), float(_lasts_s))
    sys.stdout.write(f"{n_sent}\n")
