"""The consumer, durable, against a bare ``getmany`` loop on the same topic: real Kafka and TimescaleDB."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench import telemetry
from tests.bench.figure import Figure
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

TOPIC = "voltpass.readings"
N_SECONDS = int(os.environ.get("BENCH_SECONDS", "3000"))
CHECKPOINT_S = 5
N_CHECKPOINTS = 10  # in the window that is measured
N_BARE_MESSAGES = 60_000
FAST_BARE = (
    6.0  # M readings/s of the bare loop; from there on the consumer is held to a rate of its own
)
LEAST_RATE = 3.0
PER_MILLION = 1e6
_POLL_S = 0.2
_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """What the database holds at one moment."""

    at_s: float
    n_readings: int
    n_checkpoints: int


def measure(console: Console) -> list[Figure]:
    """Return readings a second of the consumer and of the bare loop, and their ratio."""
    parts = read_parts(os.environ)
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        dsn = timescale.create_database()
        asyncio.run(prepare(kafka.bootstrap, dsn))
        console.print(
            f"consume: sending {N_SECONDS:,} s of {telemetry.N_POINTS:,} meters, 1,000 readings a message"
        )
        first_ms = (int(time.time()) - N_SECONDS) * 1000
        n_messages = asyncio.run(
            telemetry.produce(kafka.bootstrap, TOPIC, first_ms=first_ms, n_seconds=N_SECONDS)
        )
        before_s = _bare(kafka.bootstrap, min(n_messages, N_BARE_MESSAGES))
        console.print(f"consume: reading them, a checkpoint every {CHECKPOINT_S} s")
        first, last = _consume(kafka.bootstrap, dsn, n_messages * telemetry.PER_MESSAGE)
        after_s = _bare(kafka.bootstrap, min(n_messages, N_BARE_MESSAGES))
    bare = min(n_messages, N_BARE_MESSAGES) * telemetry.PER_MESSAGE * 2 / (before_s + after_s)
    rate = (last.n_readings - first.n_readings) / (last.at_s - first.at_s)
    n_checkpoints = last.n_checkpoints - first.n_checkpoints
    return [
        Figure(name="bare getmany loop", value=bare / PER_MILLION, unit="M readings/s"),
        Figure(
            name="consumer, durable",
            value=rate / PER_MILLION,
            unit="M readings/s",
            row=3,
            at_least=LEAST_RATE if bare >= FAST_BARE * PER_MILLION else None,
        ),
        Figure(
            name="checkpoints in the window",
            value=n_checkpoints,
            unit="checkpoints",
            row=3,
            at_least=N_CHECKPOINTS,
        ),
        Figure(
            name="consumer, of the bare loop",
            value=rate / bare,
            unit="x",
            row=3,
            at_least=0.5,
            against=f"bare getmany loop: {bare / PER_MILLION:.2f} M readings/s",
        ),
    ]


async def prepare(bootstrap: str, dsn: str, n_points: int = telemetry.N_POINTS) -> None:
    """Make the schema, the registry and the topics."""
    await run_migrate(Settings(database_dsn=dsn))
    await telemetry.register(dsn, n_points)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(TOPIC, telemetry.N_PARTITIONS, 1), NewTopic("voltpass.dead-letters", 1, 1)]
        )
    finally:
        await admin.close()


def _bare(bootstrap: str, n_messages: int) -> float:
    command = [sys.executable, "-m", "tests.bench.bare", bootstrap, TOPIC]
    arguments = [str(telemetry.N_PARTITIONS), str(n_messages)]
    return float(
        subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout
    )


def environment_of(bootstrap: str, dsn: str) -> dict[str, str]:
    """Return this process's environment with the settings of a role in place of its own."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("VOLTPASS_")}
    return others | {
        "VOLTPASS_KAFKA_BOOTSTRAP": bootstrap,
        "VOLTPASS_DATABASE_DSN": dsn,
        "VOLTPASS_CHECKPOINT_INTERVAL_S": str(CHECKPOINT_S),
        "VOLTPASS_METRICS_PORT": "0",
        "VOLTPASS_METER_EVENT_TOPICS": ",",
        "VOLTPASS_LOG_LEVEL": "warning",
    }


def _consume(bootstrap: str, dsn: str, n_readings: int) -> tuple[Sample, Sample]:
    """Run the consumer; return the samples at the ends of the window: a checkpoint each."""
    environment = environment_of(bootstrap, dsn)
    process = subprocess.Popen([sys.executable, "-m", "service", "consume"], env=environment)
    try:
        samples = asyncio.run(_watch(dsn, n_readings, process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return samples[0], samples[-1]


async def _watch(dsn: str, n_readings: int, process: subprocess.Popen[bytes]) -> list[Sample]:
    """Return a sample at every checkpoint but the first, until nearly everything is read."""
    connection = await asyncpg.connect(dsn)
    samples: list[Sample] = []
    try:
        deadline = time.monotonic() + _WITHIN_S
        n_seen, n_checkpoints = 0, 0
        while time.monotonic() < deadline and process.poll() is None:
            n_stored = await connection.fetchval(
                "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"
            )
            if n_stored > n_seen:
                n_checkpoints += 1
                samples.append(Sample(time.perf_counter(), n_stored, n_checkpoints))
                n_seen = n_stored
            if n_seen >= n_readings:
                break
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
    # The first checkpoint holds the start; the last one may be cut short by the end of the topic.
    return samples[1:-1] if len(samples) > N_CHECKPOINTS else samples
