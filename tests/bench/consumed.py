"""What a ``consume`` process costs: processor seconds a million readings, memory a point, bytes in the log."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench.consume import environment_of
from tests.bench.formats import N_PARTITIONS, Format, Meters, produce
from tests.bench.usage import peak_memory_bytes, processor_s
from tests.real.parts import RealParts
from tests.real.servers import RealKafka, RealTimescale

COMPRESSION = "lz4"
_CHECKPOINT_S = 2
_POLL_S = 0.05
_WITHIN_S = 300
_LETTERS = "voltpass.dead-letters"
_STORED = "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"


@dataclass(frozen=True, slots=True)
class Consumed:
    """What one run used."""

    processor_s_per_million: float
    peak_memory_bytes: int
    kafka_bytes_per_reading: float
    n_checkpoints: int  # in the window


@dataclass(slots=True)
class Servers:
    """A broker, whose log can be weighed, and a database server."""

    kafka: RealKafka
    timescale: RealTimescale
    logs: Path

    def log_bytes(self, topic: str) -> int:
        """Return the bytes of a topic's log, without its indexes."""
        return sum(
            file.stat().st_size for file in self.logs.glob(f"{topic}-*/*.log") if file.is_file()
        )


@contextmanager
def servers(parts: RealParts) -> Iterator[Servers]:
    """Start both servers."""
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        with (
            RealKafka(parts=parts, properties={"log.dirs": str(logs)}) as kafka,
            RealTimescale(parts=parts) as timescale,
        ):
            yield Servers(kafka, timescale, logs)


def log_bytes_per_reading(
    servers: Servers, meters: Meters, form: Format, n_seconds: int, compression: str | None
) -> float:
    """Return what a reading takes in the log, in one format and compression."""
    topic = f"weighed-{form.name}-{compression}"
    asyncio.run(_make_topic(servers.kafka.bootstrap, topic))
    messages = meters.messages(form, round(time.time()) * 1000, n_seconds)
    asyncio.run(produce(servers.kafka.bootstrap, topic, messages, compression))
    return servers.log_bytes(topic) / (meters.n_points * n_seconds)


def run_consume(servers: Servers, meters: Meters, form: Format, n_seconds: int) -> Consumed:
    """Return what it takes to consume ``n_seconds`` seconds of all meters, from the second checkpoint to the last."""
    topic = f"{form.name}-{meters.n_points}-{meters.n_phases}p"
    dsn = servers.timescale.create_database()
    asyncio.run(run_migrate(Settings(database_dsn=dsn)))
    asyncio.run(meters.register(dsn))
    bootstrap = servers.kafka.bootstrap
    asyncio.run(_make_topic(bootstrap, topic))
    first_ms = (round(time.time()) - n_seconds) * 1000
    asyncio.run(produce(bootstrap, topic, meters.messages(form, first_ms, n_seconds), COMPRESSION))
    environment = environment_of(bootstrap, dsn) | {
        "VOLTPASS_TOPICS": topic,
        "VOLTPASS_GROUP": topic,
        "VOLTPASS_CHECKPOINT_INTERVAL_S": str(_CHECKPOINT_S),
    }
    process = subprocess.Popen([sys.executable, "-m", "service", "consume"], env=environment)
    try:
        marks = asyncio.run(_watch(dsn, meters.n_points * n_seconds, process))
        peak = peak_memory_bytes(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    (first_n, first_s), (last_n, last_s) = marks[0], marks[-1]
    return Consumed(
        processor_s_per_million=(last_s - first_s) / (last_n - first_n) * 1e6,
        peak_memory_bytes=peak,
        kafka_bytes_per_reading=servers.log_bytes(topic) / (meters.n_points * n_seconds),
        n_checkpoints=len(marks) - 1,
    )


async def _make_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = {topic: N_PARTITIONS, _LETTERS: 1}
        await admin.create_topics(
            [NewTopic(name, n, 1) for name, n in wanted.items() if name not in there]
        )
    finally:
        await admin.close()


async def _watch(
    dsn: str, n_readings: int, process: "subprocess.Popen[bytes]"
) -> list[tuple[int, float]]:
    """Return readings stored and processor seconds used at each checkpoint between the first and the last.

    At every one of them some readings are folded already that the next one stores; that is the same at both ends.
    """
    connection = await asyncpg.connect(dsn)
    marks: list[tuple[int, float]] = []
    n_seen = 0
    try:
        async with asyncio.timeout(_WITHIN_S):
            while n_seen < n_readings:
                if process.poll() is not None:
                    raise RuntimeError(f"consume ended with {process.returncode}")
                n_stored = await connection.fetchval(_STORED)
                if n_stored > n_seen:
                    marks.append((n_stored, processor_s(process.pid)))
                    n_seen = n_stored
                await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
    window = marks[1:-1]
    if len(window) < 2:
        raise RuntimeError(f"{len(marks)} checkpoints are too few: send more readings")
    return window
