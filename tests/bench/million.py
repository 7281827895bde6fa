"""A million points: what memory the consumer takes for each, and how long it takes to start among them."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import aiokafka
import asyncpg
from rich.console import Console

from tests.bench.database import SETTINGS
from tests.bench.figure import Figure
from tests.bench.preparing import N_PARTITIONS, TOPIC, make_schema_and_topics
from tests.bench.roles import RoleError, check_alive, environment_of, running
from tests.bench.steady.fleet import Concentrator, Group, concentrators, register
from tests.bench.usage import peak_memory_bytes, resident_bytes
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

N_POINTS = int(os.environ.get("MILLION_POINTS", "1000000"))
INTERVAL_S = 60
N_MINUTES = 3  # sent before the memory is looked at
CHECKPOINT_S = 5
KIB = 1024
MIB = KIB * KIB
_WHY_MEMORY = (
    "a lane's state 192, settings 128 and events 96 bytes; a page 228, three phases 588; registry, names and judge"
    " about 200; what else: room to grow"
)
_WHY_START = "loading registry, lanes and pages, then the first checkpoint; `tests/bench/million.py` logs each"
AT_MOST_KIB = {"1p": 1.0, "3p4w": 2.0}
COLD_START_S = 60.0
_WITHIN_S = 600
_STEADY_S = 10  # looked at after the last checkpoint
_POLL_S = 0.1
_HOUR_S = 3600

_N_CONSUMED = "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Million:
    """What was seen of a consumer among so many points."""

    wiring: str
    n_points: int
    empty_bytes: int  # resident, of a consumer among a thousand points
    steady_bytes: int  # resident, every lane and page there, everything stored
    peak_bytes: int
    cold_start_s: float | None  # from the start of the process to its first checkpoint


def measure(console: Console) -> list[Figure]:
    """Return memory per point by wiring, and the time of a cold start."""
    parts = read_parts(os.environ)
    # A process that compiles kernels keeps the compiler's memory: none of those that are measured does.
    subprocess.run([sys.executable, "-m", "kernels"], check=True, stdout=subprocess.DEVNULL)
    with RealTimescale(parts=parts, settings=SETTINGS) as timescale:
        seen = []
        for wiring in AT_MOST_KIB:
            with RealKafka(parts=parts) as kafka:
                dsn = timescale.create_database()
                seen.append(_measure(kafka.bootstrap, dsn, wiring, console))
                timescale.drop_database(dsn.rsplit("/", 1)[1])
    return _figures(seen)


def _measure(bootstrap: str, dsn: str, wiring: str, console: Console) -> Million:
    group = Group(n_points=N_POINTS, interval_s=INTERVAL_S, wiring=wiring)
    senders = concentrators([group], n_voltages=2)
    began_s = time.monotonic()
    asyncio.run(make_schema_and_topics(bootstrap, dsn))
    environment = environment_of(
        bootstrap, dsn, checkpoint_interval_s=str(CHECKPOINT_S), meter_event_topics=","
    )
    with running("consume", environment) as process:
        asyncio.run(_until_owned(dsn, process))
        empty_bytes = _steady_bytes(process)
    asyncio.run(register(dsn, [group]))
    first_s = (int(time.time()) // _HOUR_S - 1) * _HOUR_S
    asyncio.run(_send(bootstrap, senders, range(first_s, first_s + N_MINUTES * 60, 60)))
    console.print(
        f"million: {N_POINTS:,} {wiring} points ready in {time.monotonic() - began_s:.0f} s"
    )
    with running("consume", environment) as process:
        _until_consumed(dsn, process, N_POINTS * N_MINUTES)
        steady_bytes = _steady_bytes(process)
        peak_bytes = peak_memory_bytes(process.pid)
    cold_start_s = None
    if wiring == "1p":
        next_s = first_s + N_MINUTES * 60
        asyncio.run(_send(bootstrap, senders, range(next_s, next_s + 60, 60)))
        began_s = time.monotonic()
        with running("consume", environment) as process:
            _until_consumed(dsn, process, N_POINTS * N_MINUTES + 1)
            cold_start_s = time.monotonic() - began_s
    seen = Million(
        wiring=wiring,
        n_points=N_POINTS,
        empty_bytes=empty_bytes,
        steady_bytes=steady_bytes,
        peak_bytes=peak_bytes,
        cold_start_s=cold_start_s,
    )
    console.print(f"million: {seen}")
    return seen


def _figures(seen: list[Million]) -> list[Figure]:
    figures = []
    for one in seen:
        per_point = (one.steady_bytes - one.empty_bytes) / one.n_points / KIB
        figures += [
            Figure(
                row=8,
                name=f"memory of consume, {one.wiring}, {one.n_points:,} points, one hour in memory",
                value=per_point,
                unit="KiB a point",
                at_most=AT_MOST_KIB[one.wiring],
                against=f"a consumer without points: {one.empty_bytes / MIB:,.0f} MiB, not counted",
                why=_WHY_MEMORY,
            ),
            Figure(
                name=f"memory of consume, {one.wiring}, all of the process over its points",
                value=one.steady_bytes / one.n_points / KIB,
                unit="KiB a point",
            ),
            Figure(
                name=f"memory of consume, {one.wiring}, at its most, while starting or storing",
                value=one.peak_bytes / one.n_points / KIB,
                unit="KiB a point",
            ),
        ]
        if one.cold_start_s is not None:
            figures.append(
                Figure(
                    row=12,
                    name=f"cold start of consume, {one.n_points:,} points, to its first checkpoint",
                    value=one.cold_start_s,
                    unit="s",
                    at_most=COLD_START_S,
                    why=_WHY_START,
                )
            )
    return figures


async def _send(bootstrap: str, senders: list[Concentrator], minutes: range) -> None:
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=1_000_000, acks=1
    )
    await producer.start()
    try:
        for minute_s in minutes:
            waiting = [
                await producer.send(
                    TOPIC, sender.message(minute_s * 1000), partition=sender.partition
                )
                for sender in senders
            ]
            await asyncio.gather(*waiting)
    finally:
        await producer.stop()


async def _until_owned(dsn: str, process: "subprocess.Popen[bytes]") -> None:
    """Return when a consumer holds every partition."""
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(_WITHIN_S):
            while (
                await connection.fetchval("SELECT count(*) FROM partition_progress") < N_PARTITIONS
            ):
                check_alive(process, "consume")
                await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()


def _until_consumed(dsn: str, process: "subprocess.Popen[bytes]", n_readings: int) -> None:
    """Return when checkpoints stand for at least ``n_readings``."""
    asyncio.run(_watch(dsn, process, n_readings))


async def _watch(dsn: str, process: "subprocess.Popen[bytes]", n_readings: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(_WITHIN_S):
            while await connection.fetchval(_N_CONSUMED) < n_readings:
                check_alive(process, "consume")
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise RoleError(
            f"consume did not store {n_readings:,} readings in {_WITHIN_S} s"
        ) from error
    finally:
        await connection.close()


def _steady_bytes(process: "subprocess.Popen[bytes]") -> int:
    """Return the median of what is resident over some seconds in which nothing comes."""
    found = []
    for _ in range(_STEADY_S):
        time.sleep(1)
        check_alive(process, "consume")
        found.append(resident_bytes(process.pid))
    return int(statistics.median(found))
