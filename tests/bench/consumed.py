"""What a ``consume`` process costs: processor seconds a million readings, memory a point, bytes in the log."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench.formats import N_PARTITIONS, Format, Meters, produce
from tests.bench.roles import environment_of
from tests.bench.usage import peak_memory_bytes, processor_s
from tests.real.parts import RealParts
from tests.real.servers import RealKafka, RealTimescale

COMPRESSION = "lz4"
_CHECKPOINT_S = 5
_POLL_S = 0.05
_WITHIN_S = 600
_LETTERS = "voltpass.dead-letters"
_STORED = (
    "SELECT count(*), coalesce(sum(consumed), 0)::bigint FROM partition_progress WHERE topic = $1"
)


@dataclass(frozen=True, slots=True)
class Consumed:
    """What one run used."""

    n_readings: int
    processor_s: float
    peak_memory_bytes: int


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


def make_ledger(servers: Servers, kinds: Sequence[Meters]) -> str:
    """Return the DSN of a new database with these meters in its registry."""
    dsn = servers.timescale.create_database()

    async def fill() -> None:
        await run_migrate(Settings(database_dsn=dsn))
        for meters in kinds:
            await meters.register(dsn)

    asyncio.run(fill())
    return dsn


def run_consume(
    servers: Servers, dsn: str, meters: Meters, form: Format, first_s: int, n_seconds: int
) -> Consumed:
    """Return what it takes to consume ``n_seconds`` seconds of all meters: from taking over to the last checkpoint."""
    topic = f"{form.name}-{meters.n_points}-{meters.n_phases}p-{n_seconds}"
    bootstrap = servers.kafka.bootstrap
    asyncio.run(_make_topic(bootstrap, topic))
    messages = meters.messages(form, first_s * 1000, n_seconds)
    asyncio.run(produce(bootstrap, topic, messages, COMPRESSION))
    environment = environment_of(
        bootstrap,
        dsn,
        topics=topic,
        group=topic,
        meter_event_topics=",",
        checkpoint_interval_s=str(_CHECKPOINT_S),
    )
    n_readings = meters.n_points * n_seconds
    process = subprocess.Popen([sys.executable, "-m", "service", "consume"], env=environment)
    try:
        used_s = asyncio.run(_watch(dsn, topic, n_readings, process))
        peak = peak_memory_bytes(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return Consumed(n_readings, used_s, peak)


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
    dsn: str, topic: str, n_readings: int, process: "subprocess.Popen[bytes]"
) -> float:
    """Return processor seconds from the moment when all partitions are taken over until all readings are stored.

    Nothing is fetched before they are taken over, so starting up is not among them.
    """
    connection = await asyncpg.connect(dsn)
    began_s: float | None = None
    try:
        async with asyncio.timeout(_WITHIN_S):
            while True:
                if process.poll() is not None:
                    raise RuntimeError(f"consume ended with {process.returncode}")
                n_owned, n_stored = await connection.fetchrow(_STORED, topic) or (0, 0)
                used_s = processor_s(process.pid)
                if began_s is None and n_owned == N_PARTITIONS:
                    if n_stored:
                        raise RuntimeError("it was too fast to be seen taking over")
                    began_s = used_s
                if began_s is not None and n_stored >= n_readings:
                    return used_s - began_s
                await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
