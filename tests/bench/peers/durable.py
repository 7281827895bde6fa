"""The consumer as it runs in service, on one topic, and what its checkpoints say of its rate."""

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import asyncpg

from tests.bench.consume import environment_of

_POLL_S: Final = 0.1
_WITHIN_S: Final = 240
_STOP_WITHIN_S: Final = 60
_CONSUMED = "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"


@dataclass(frozen=True, slots=True)
class Durable:
    """What was stored between the first checkpoint and the last that was not cut short."""

    rate: float  # readings a second
    n_checkpoints: int


def consume(bootstrap: str, dsn: str, topic: str, n_readings: int) -> Durable:
    """Run the consumer until it has stored ``n_readings``.

    Raises:
        RuntimeError: It ended, was too slow for two checkpoints, or did not get there in time.
    """
    environment = environment_of(bootstrap, dsn) | {"VOLTPASS_TOPICS": topic}
    process = subprocess.Popen([sys.executable, "-m", "service", "consume"], env=environment)
    try:
        stored = asyncio.run(_watch(dsn, n_readings, process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_WITHIN_S)
    whole = stored[
        1:-1
    ]  # without what came before the first, and what the end of the topic cut short
    if len(whole) < 2:  # a rate needs two
        raise RuntimeError(f"{len(stored)} checkpoints in {topic}; a rate takes four")
    (first_s, first), (last_s, last) = whole[0], whole[-1]
    return Durable((last - first) / (last_s - first_s), len(whole) - 1)


async def _watch(
    dsn: str, n_readings: int, process: subprocess.Popen[bytes]
) -> list[tuple[float, int]]:
    """Return time and readings stored, at each checkpoint."""
    connection = await asyncpg.connect(dsn)
    stored: list[tuple[float, int]] = []
    n_seen, deadline_s = 0, time.perf_counter() + _WITHIN_S
    try:
        while n_seen < n_readings:
            if process.poll() is not None:
                raise RuntimeError(f"consume ended with {process.returncode}")
            if time.perf_counter() > deadline_s:
                raise RuntimeError(f"{n_seen} of {n_readings} readings in {_WITHIN_S} s")
            n_stored = await connection.fetchval(_CONSUMED)
            if n_stored > n_seen:
                stored.append((time.perf_counter(), n_stored))
                n_seen = n_stored
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
    return stored
