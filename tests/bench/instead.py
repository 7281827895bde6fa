"""Rows 4 and 5: the consumer on JSON, and the same job by what would be picked instead, on the same topics."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench import json_telemetry, telemetry
from tests.bench.figure import Figure
from tests.bench.peers import sql_ingest
from tests.bench.peers.durable import N_CHECKPOINTS, Durable, consume, seconds_more
from tests.bench.peers.environment import PeersMissingError, peers_python
from tests.bench.peers.month import MonthCosts, month_costs
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

JSON_TOPIC, ARROW_TOPIC = "bench.json", "bench.arrow"
# Of every meter. The JSON lasts for ten checkpoints of each partition; a peer reads what it takes to measure it.
N_JSON_SECONDS: Final = int(os.environ.get("BENCH_JSON_SECONDS", "200"))  # at least
N_JSON_SECONDS_MAX: Final = 10 * N_JSON_SECONDS  # 12 GB, for a machine that keeps them in memory
LIKELY_SHARE: Final = 2.8  # of the bare loop's rate
N_ARROW_SECONDS: Final = int(os.environ.get("BENCH_ARROW_SECONDS", "800"))
_ROOT: Final = Path(__file__).parents[2]
_WITHIN_S: Final = 300
_K: Final = 1e3
_ONE_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where the servers are."""

    console: Console
    bootstrap: str
    json_dsn: str
    arrow_dsn: str
    raw_dsn: str
    month_dsn: str


def measure(console: Console) -> list[Figure]:
    """Return the figures of rows 4 and 5."""
    parts = read_parts(os.environ)
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        databases = (timescale.create_database() for _ in range(4))
        bench = _Bench(console, kafka.bootstrap, *databases)
        asyncio.run(_prepare(bench))
        json_figures = _on_json(bench)
        arrow_figures = _on_arrow(bench)
        console.print("instead: a month of one-second readings, raw and in pages")
        month = asyncio.run(month_costs(Settings(database_dsn=bench.month_dsn)))
    return [*json_figures, *arrow_figures, *_of_month(month)]


async def _prepare(bench: _Bench) -> None:
    for dsn in (bench.json_dsn, bench.arrow_dsn, bench.raw_dsn):
        await run_migrate(Settings(database_dsn=dsn))
        await telemetry.register(dsn)
    connection = await asyncpg.connect(bench.raw_dsn)
    await connection.execute(sql_ingest.MAKE)
    await connection.close()
    topics = (JSON_TOPIC, ARROW_TOPIC, "voltpass.dead-letters")
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, telemetry.N_PARTITIONS, 1) for name in topics])
    finally:
        await admin.close()


async def _emptied(dsn: str) -> None:
    """Begin with an empty table and index, which is where COPY is fastest."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"TRUNCATE {sql_ingest.TABLE}")
    await connection.close()


def _on_json(bench: _Bench) -> list[Figure]:
    first_s = int(time.time()) - N_JSON_SECONDS_MAX
    n_messages = _send_json(bench, first_s, N_JSON_SECONDS)
    n_bare = n_messages // 8
    before = _bare(bench, JSON_TOPIC, n_bare)
    n_more = seconds_more(
        LIKELY_SHARE * before, telemetry.N_POINTS, N_JSON_SECONDS, N_JSON_SECONDS_MAX
    )
    if n_more:
        n_messages += _send_json(bench, first_s + N_JSON_SECONDS, n_more)
    bench.console.print("instead: consume on JSON")
    ours = consume(bench.bootstrap, bench.json_dsn, JSON_TOPIC, n_messages)
    after = _bare(bench, JSON_TOPIC, n_bare)
    bare = 2 / (1 / before + 1 / after)
    bench.console.print("instead: bytewax, quixstreams, COPY on JSON")
    peers = [
        _stream_peer(bench, "bytewax", n_bare, ours.rate, ("bytewax_count", "whole")),
        _stream_peer(bench, "bytewax, by key", n_bare // 4, ours.rate, ("bytewax_count", "keyed")),
        _stream_peer(bench, "quixstreams", n_bare // 4, ours.rate, ("quixstreams_count",)),
    ]
    copied = _sql(bench, JSON_TOPIC, n_bare)
    return [
        *_row_4(ours, bare),
        *peers,
        _against("JSON, of SQL ingest", ours.rate, copied, at_least=1.0, why=_WHY_SQL),
    ]


def _send_json(bench: _Bench, first_s: int, n_seconds: int) -> int:
    bench.console.print(f"instead: sending {n_seconds:,} s of meters, one reading a message")
    sending = json_telemetry.produce(
        bench.bootstrap, JSON_TOPIC, first_ms=first_s * 1000, n_seconds=n_seconds
    )
    return asyncio.run(sending)


def _row_4(ours: Durable, bare: float) -> list[Figure]:
    return [
        Figure(name="JSON: bare getmany loop", value=bare / _K, unit="k readings/s"),
        Figure(name="JSON: consumer, durable", value=ours.rate / _K, unit="k readings/s"),
        Figure(
            name="JSON: checkpoints of each partition in the window",
            value=ours.n_checkpoints,
            unit="checkpoints",
            row=4,
            at_least=N_CHECKPOINTS,
        ),
        Figure(
            name="JSON: consumer, of the bare loop",
            value=ours.rate / bare,
            unit="x",
            row=4,
            at_least=0.45,
            against=f"bare getmany loop, {_shown(bare)}",
        ),
    ]


_PROFILE: Final = (
    "py-spy, of the consumer's Python: two kernels locate and parse readings (0.13 us each together), folding takes"
    " less, the rest is receiving, checksums, checkpoints and waiting for the broker; the peer "
)
_WHY: Final = f"{_PROFILE}stores nothing"
_WHY_SQL: Final = (
    f"{_PROFILE}decodes as we do and copies rows as they are, its rates are SQL's work later"
)
# What a peer is held to: bytewax twice, quixstreams eight times.
_AT_LEAST: Final = {"bytewax": 2.0, "quixstreams": 8.0}


def _stream_peer(
    bench: _Bench, name: str, n_timed: int, ours: float, command: Sequence[str]
) -> Figure:
    """Return our rate against a peer's; not verified where it cannot be installed."""
    figure, at_least = f"JSON, of {name}", _AT_LEAST.get(name)
    module, *way = command
    arguments = [bench.bootstrap, JSON_TOPIC, str(n_timed // 5), str(n_timed), *way]
    try:
        told = _run([str(peers_python()), "-m", f"tests.bench.peers.{module}", *arguments])
    except PeersMissingError as error:
        return _not_verified(figure, at_least, f"the peers cannot be installed here: {error}")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return _not_verified(figure, at_least, f"the peer did not run to its end: {error}")
    _check_counts(name, told)
    return _against(figure, ours, told["rate"], at_least=at_least, why=_WHY)


def _not_verified(name: str, at_least: float | None, why: str) -> Figure:
    row = None if at_least is None else 5
    return Figure(name=name, value=None, unit="x", row=row, at_least=at_least, why=why)


def _check_counts(name: str, told: dict[str, Any]) -> None:
    """See that every reading was counted, and verdicts of every kind that was sent.

    Raises:
        RuntimeError: A peer that counts wrongly is no peer.
    """
    n_pass, n_over, n_under, n_interrupted, n_missing = told["counts"]
    counts = (n_pass, n_over, n_under, n_interrupted)
    if sum(told["counts"]) < told["n_counted"] * 0.99 or n_missing or not all(counts):
        raise RuntimeError(f"{name} counted {told['counts']} of {told['n_counted']} readings")


def _on_arrow(bench: _Bench) -> list[Figure]:
    bench.console.print(
        f"instead: sending {N_ARROW_SECONDS:,} s of meters, 1,000 readings a message"
    )
    first_ms = (int(time.time()) - N_ARROW_SECONDS) * 1000
    n_messages = asyncio.run(
        telemetry.produce(
            bench.bootstrap, ARROW_TOPIC, first_ms=first_ms, n_seconds=N_ARROW_SECONDS
        )
    )
    n_readings = n_messages * telemetry.PER_MESSAGE
    bench.console.print("instead: consume and COPY on Arrow")
    ours = consume(bench.bootstrap, bench.arrow_dsn, ARROW_TOPIC, n_readings)
    copied = _sql(bench, ARROW_TOPIC, n_readings // 12)
    return [_against("Arrow, of SQL ingest", ours.rate, copied, at_least=4.0)]


def _sql(bench: _Bench, topic: str, n_timed: int) -> float:
    asyncio.run(_emptied(bench.raw_dsn))
    arguments = [
        bench.bootstrap,
        topic,
        bench.raw_dsn,
        telemetry.N_PARTITIONS,
        n_timed // 5,
        n_timed,
    ]
    told = _run([sys.executable, "-m", "tests.bench.peers.sql_ingest", *map(str, arguments)])
    rate: float = told["rate"]
    return rate


def _bare(bench: _Bench, topic: str, n_messages: int) -> float:
    """Return messages a second."""
    command = [sys.executable, "-m", "tests.bench.bare", bench.bootstrap, topic]
    done = subprocess.run(
        [*command, str(telemetry.N_PARTITIONS), str(n_messages)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_WITHIN_S,
    )
    return n_messages / float(done.stdout)


def _run(command: Sequence[str]) -> dict[str, Any]:
    """Return what a process told on its last line."""
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=_WITHIN_S, cwd=_ROOT
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _against(
    name: str, ours: float, peer: float, *, at_least: float | None, why: str = ""
) -> Figure:
    row = None if at_least is None else 5
    against = f"{_shown(peer)}, ours {_shown(ours)}"
    return Figure(
        name=name,
        value=ours / peer,
        unit="x",
        row=row,
        at_least=at_least,
        against=against,
        why=why,
    )


def _shown(rate: float) -> str:
    return f"{rate / _K:,.0f} k readings/s"


def _of_month(month: MonthCosts) -> list[Figure]:
    return [
        Figure(
            name="a point-month rate, of SQL over raw readings of a second",
            value=month.raw_s / month.ours_s,
            unit="x",
            row=5,
            at_least=100.0,
            against=f"{month.raw_s * _K:,.1f} ms, ours {month.ours_s * _K:,.2f} ms",
        ),
        Figure(
            name="bytes of a reading of a second, in thousandths of a raw reading's",
            value=month.ours_bytes / month.raw_bytes * _K,
            unit="",
            row=5,
            at_most=_ONE_TENTH * _K,
            against=f"{month.raw_bytes:,.1f} bytes, ours {month.ours_bytes:,.3f}",
        ),
    ]
