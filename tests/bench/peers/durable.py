"""The consumer as it runs in service, on one topic, and what its checkpoints say of its rate."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

import asyncpg

from tests.bench.roles import environment_of

CHECKPOINT_S: Final = 5
N_CHECKPOINTS: Final = 10  # of each partition, in the window that counts
# Of what is sent: the first and the last checkpoint do not count.
_LASTS_S: Final = CHECKPOINT_S * (N_CHECKPOINTS + 3)
_POLL_S: Final = 0.1
_WITHIN_S: Final = 300
_STOP_WITHIN_S: Final = 60
_CONSUMED = "SELECT partition, consumed FROM partition_progress"


@dataclass(frozen=True, slots=True)
class Durable:
    """What was stored between the first checkpoint and the last that was not cut short."""

    rate: float  # readings a second
    n_checkpoints: int  # of the partition that has fewest


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database holds at one moment."""

    at_s: float
    n_readings: int
    n_checkpoints: int  # of the partition that has fewest


def seconds_more(rate: float, n_points: int, sent_s: int, max_s: int) -> int:
    """Return how many seconds of ``n_points`` meters to send beside ``sent_s``, so that they last for all checkpoints.

    ``rate`` is in readings a second; all that is sent is ``max_s`` at most.
    """
    return max(0, min(round(_LASTS_S * rate / n_points), max_s) - sent_s)


def consume(bootstrap: str, dsn: str, topic: str, n_readings: int) -> Durable:
    """Run the consumer until it has stored ``n_readings``.

    Raises:
        RuntimeError: It ended, was too slow for two checkpoints, or did not get there in time.
    """
    environment = environment_of(
        bootstrap,
        dsn,
        topics=topic,
        meter_event_topics=",",
        checkpoint_interval_s=str(CHECKPOINT_S),
    )
    process = subprocess.Popen([sys.executable, "-m", "service", "consume"], env=environment)
    try:
        stored = asyncio.run(_watch(dsn, n_readings, process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_WITHIN_S)
    # Without what came before the first, and what the end of the topic cut short.
    whole = stored[1:-1]
    if len(whole) < 2:  # a rate needs two
        raise RuntimeError(f"{len(stored)} checkpoints in {topic}; a rate takes four")
    first, last = whole[0], whole[-1]
    rate = (last.n_readings - first.n_readings) / (last.at_s - first.at_s)
    return Durable(rate, last.n_checkpoints - first.n_checkpoints)


async def _watch(dsn: str, n_readings: int, process: subprocess.Popen[bytes]) -> list[_Stored]:
    """Return what is stored after each checkpoint."""
    connection = await asyncpg.connect(dsn)
    found: list[_Stored] = []
    n_seen, of_partition, n_checkpoints = 0, dict[int, int](), Counter[int]()
    deadline_s = time.perf_counter() + _WITHIN_S
    try:
        while n_seen < n_readings:
            if process.poll() is not None:
                raise RuntimeError(f"consume ended with {process.returncode}")
            if time.perf_counter() > deadline_s:
                raise RuntimeError(f"{n_seen} of {n_readings} readings in {_WITHIN_S} s")
            rows = await connection.fetch(_CONSUMED)
            stored = {row["partition"]: row["consumed"] for row in rows}
            if sum(stored.values()) > n_seen:
                n_checkpoints.update(
                    one for one, n in stored.items() if n > of_partition.get(one, 0)
                )
                n_seen, of_partition = sum(stored.values()), stored
                fewest = min(n_checkpoints[one] for one in stored)
                found.append(_Stored(time.perf_counter(), n_seen, fewest))
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
    return found
