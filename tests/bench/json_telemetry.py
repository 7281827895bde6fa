"""Telemetry as JSON, one reading a message: meters of one second with scattered ids, each in one partition."""

import aiokafka
import numpy as np

from tests.bench import telemetry

_IN_FLIGHT = 16  # batches of about a megabyte
_BATCH_BYTES = 900_000
_N_VOLTAGES = 4096
# 220 V, +-3: nearly all inside the band. Some are not, so that who counts wrongly is seen.
_STRAYS = ("198", "197.9", "235.4", "235.5", "0")


async def produce(
    bootstrap: str, topic: str, *, first_ms: int, n_seconds: int, n_points: int = telemetry.N_POINTS
) -> int:
    """Send ``n_seconds`` seconds of every meter's voltage, second by second; return the number of messages."""
    heads = _heads(n_points)
    tails = [f',"v1":{volts}}}'.encode() for volts in voltages()]
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_batch_size=_BATCH_BYTES, max_request_size=2_000_000, acks=1
    )
    await producer.start()
    try:
        waiting = []
        for second in range(n_seconds):
            stamp = str(first_ms + second * 1000).encode()
            for partition, mine in enumerate(heads):
                batch = producer.create_batch()
                for place, head in enumerate(mine):
                    value = head + stamp + tails[(place * 7 + second * 13) % _N_VOLTAGES]
                    if batch.append(key=None, value=value, timestamp=None) is None:
                        waiting.append(await producer.send_batch(batch, topic, partition=partition))
                        batch = producer.create_batch()
                        batch.append(key=None, value=value, timestamp=None)
                waiting.append(await producer.send_batch(batch, topic, partition=partition))
            while len(waiting) > _IN_FLIGHT:
                await waiting.pop(0)
        for one in waiting:
            await one
    finally:
        await producer.stop()
    return n_seconds * n_points


def voltages() -> list[str]:
    """Return the voltages that meters show in turn, as text."""
    drawn = 220 + np.random.default_rng(11).normal(0, 3, _N_VOLTAGES - len(_STRAYS))
    return [f"{volts:.1f}" for volts in drawn.tolist()] + list(_STRAYS)


def _heads(n_points: int) -> list[list[bytes]]:
    """Return the begin of each meter's messages, by partition."""
    ids = np.random.default_rng(7).permutation(n_points) + 1
    return [
        [f'{{"device":"M{one:09d}","ts":'.encode() for one in part.tolist()]
        for part in np.array_split(ids, telemetry.N_PARTITIONS)
    ]
