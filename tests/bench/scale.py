"""Two consumers of one group against one, on the same 8 partitions: processor time of a reading.

Each run begins with an empty database and reads the whole topic. What counts begins when all partitions are owned, by
as many processes as there are, and ends when every reading is stored, so that starting a process does not count. One
and two take turns; the figure is the median of the ratios.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench import telemetry
from tests.bench.consume import TOPIC
from tests.bench.figure import Figure
from tests.bench.peers.durable import CHECKPOINT_S
from tests.bench.roles import environment_of
from tests.bench.usage import processor_s
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

N_PARTITIONS = 8
# What a process learns once (names, layouts) has to be little beside: at 400 s and 9 M readings/s it was a fifth.
N_SECONDS = int(os.environ.get("SCALE_SECONDS", "1200"))
N_TURNS = 3
AT_MOST = 1.15
PER_MILLION = 1e6
_POLL_S = 0.1
_WITHIN_S = 300

_PROGRESS = """
    SELECT count(*) AS n_partitions, count(DISTINCT owner) AS n_owners, coalesce(sum(consumed), 0)::bigint AS consumed
      FROM partition_progress
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Where all processes together stand."""

    n_readings: int  # stored
    processor_s: float


def measure(console: Console) -> list[Figure]:
    """Return microseconds of processor time a thousand readings take with one and two processes, and their ratio."""
    parts = read_parts(os.environ)
    cost: dict[int, list[float]] = {1: [], 2: []}
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        n_readings = asyncio.run(_fill(console, kafka.bootstrap))
        for turn in range(N_TURNS):
            for n_processes in (1, 2) if turn % 2 == 0 else (2, 1):
                dsn = timescale.create_database()
                asyncio.run(_prepare(dsn))
                first, last = _run(kafka.bootstrap, dsn, n_processes, n_readings)
                spent_s = last.processor_s - first.processor_s
                cost[n_processes].append(spent_s / (last.n_readings - first.n_readings))
                console.print(
                    f"scale: {n_processes}: {cost[n_processes][-1] * 1e9:,.0f} ns a reading"
                )
    ratio = statistics.median(two / one for one, two in zip(cost[1], cost[2], strict=True))
    one, two = (statistics.median(cost[n]) * 1e9 for n in (1, 2))
    return [
        Figure(name="processor time of a reading, one process", value=one, unit="ns"),
        Figure(name="processor time of a reading, two processes", value=two, unit="ns"),
        Figure(
            name="two processes, of the processor time of one",
            value=ratio,
            unit="x",
            row=13,
            at_most=AT_MOST,
            against=f"one process: {one:,.0f} ns a reading",
        ),
    ]


async def _fill(console: Console, bootstrap: str) -> int:
    """Make the topics and fill the one of readings; return how many there are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [NewTopic(TOPIC, N_PARTITIONS, 1), NewTopic("voltpass.dead-letters", 1, 1)]
        await admin.create_topics(topics)
    finally:
        await admin.close()
    console.print(f"scale: sending {N_SECONDS:,} s of {telemetry.N_POINTS:,} meters")
    first_ms = (int(time.time()) - N_SECONDS) * 1000
    n_messages = await telemetry.produce(
        bootstrap, TOPIC, first_ms=first_ms, n_seconds=N_SECONDS, n_partitions=N_PARTITIONS
    )
    return n_messages * telemetry.PER_MESSAGE


async def _prepare(dsn: str) -> None:
    await run_migrate(Settings(database_dsn=dsn))
    await telemetry.register(dsn)


def _run(bootstrap: str, dsn: str, n_processes: int, n_readings: int) -> tuple[Sample, Sample]:
    """Read the whole topic; return where the processes stood when all partitions were owned, and at the end."""
    environment = environment_of(
        bootstrap, dsn, checkpoint_interval_s=str(CHECKPOINT_S), meter_event_topics=","
    )
    command = [sys.executable, "-m", "service", "consume"]
    processes = [subprocess.Popen(command, env=environment) for _ in range(n_processes)]
    try:
        return asyncio.run(_watch(dsn, processes, n_readings))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


async def _watch(
    dsn: str, processes: Sequence["subprocess.Popen[bytes]"], n_readings: int
) -> tuple[Sample, Sample]:
    connection = await asyncpg.connect(dsn)
    first: Sample | None = None
    try:
        async with asyncio.timeout(_WITHIN_S):
            while True:
                stands = await connection.fetchrow(_PROGRESS)
                assert stands is not None  # sums are one row
                now = Sample(stands["consumed"], sum(processor_s(one.pid) for one in processes))
                is_owned = stands["n_partitions"] == N_PARTITIONS
                if first is None and is_owned and stands["n_owners"] == len(processes):
                    first = now
                if first is not None and now.n_readings >= n_readings:
                    return first, now
                await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
