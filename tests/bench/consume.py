"""The consumer, durable, against a bare ``getmany`` loop on the same topic: real Kafka and TimescaleDB."""

import asyncio
import os
import statistics
import subprocess
import sys
import time

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench import telemetry
from tests.bench.figure import Figure
from tests.bench.peers.durable import CHECKPOINT_S, N_CHECKPOINTS, consume, seconds_more
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

TOPIC = "voltpass.readings"
N_SECONDS = int(os.environ.get("BENCH_SECONDS", "3000"))  # at least
N_SECONDS_MAX = 22 * N_SECONDS // 10  # 20 GB, for a machine that keeps them in memory
LIKELY_SHARE = 0.65  # of the bare loop's rate, for the length of what is sent
N_BARE_MESSAGES = 60_000
N_BARE = 3  # loops before the consumer, and as many after: one differs by a tenth from the next
FAST_BARE = (
    6.0  # M readings/s of the bare loop; from there on the consumer is held to a rate of its own
)
LEAST_RATE = 3.0
PER_MILLION = 1e6


def measure(console: Console) -> list[Figure]:
    """Return readings a second of the consumer and of the bare loop, and their ratio."""
    parts = read_parts(os.environ)
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        dsn = timescale.create_database()
        asyncio.run(prepare(kafka.bootstrap, dsn))
        n_messages, bare_s = _send(kafka.bootstrap, console)
        n_bare = min(n_messages, N_BARE_MESSAGES)
        console.print(f"consume: reading them, a checkpoint every {CHECKPOINT_S} s")
        ours = consume(kafka.bootstrap, dsn, TOPIC, n_messages * telemetry.PER_MESSAGE)
        bare_s += [_bare(kafka.bootstrap, n_bare) for _ in range(N_BARE)]
    rates = [n_bare * telemetry.PER_MESSAGE / took_s for took_s in bare_s]
    console.print(
        "consume: bare loops, M readings/s:", *(f"{rate / PER_MILLION:.2f}" for rate in rates)
    )
    bare = statistics.median(rates)
    return [
        Figure(name="bare getmany loop", value=bare / PER_MILLION, unit="M readings/s"),
        Figure(
            name="consumer, durable",
            value=ours.rate / PER_MILLION,
            unit="M readings/s",
            row=3,
            at_least=LEAST_RATE if bare >= FAST_BARE * PER_MILLION else None,
        ),
        Figure(
            name="checkpoints of each partition in the window",
            value=ours.n_checkpoints,
            unit="checkpoints",
            row=3,
            at_least=N_CHECKPOINTS,
        ),
        Figure(
            name="consumer, of the bare loop",
            value=ours.rate / bare,
            unit="x",
            row=3,
            at_least=0.5,
            against=f"bare getmany loop: {bare / PER_MILLION:.2f} M readings/s",
        ),
    ]


def _send(bootstrap: str, console: Console) -> tuple[int, list[float]]:
    """Send what lasts for all checkpoints; return the number of messages, and seconds of bare loops over some."""
    first_s = int(time.time()) - N_SECONDS_MAX
    n_messages = _produce(bootstrap, first_s, N_SECONDS, console)
    n_bare = min(n_messages, N_BARE_MESSAGES)
    bare_s = [_bare(bootstrap, n_bare) for _ in range(N_BARE)]
    bare = n_bare * telemetry.PER_MESSAGE / statistics.median(bare_s)
    n_more = seconds_more(LIKELY_SHARE * bare, telemetry.N_POINTS, N_SECONDS, N_SECONDS_MAX)
    if n_more:
        n_messages += _produce(bootstrap, first_s + N_SECONDS, n_more, console)
    return n_messages, bare_s


def _produce(bootstrap: str, first_s: int, n_seconds: int, console: Console) -> int:
    console.print(
        f"consume: sending {n_seconds:,} s of {telemetry.N_POINTS:,} meters, 1,000 readings a message"
    )
    sending = telemetry.produce(bootstrap, TOPIC, first_ms=first_s * 1000, n_seconds=n_seconds)
    return asyncio.run(sending)


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
