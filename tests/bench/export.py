"""An export of a month of 10^5 points while the consumer works through a backlog: does it slow it, is it bounded?

Windows in turn without and with an export (A/B/A/B), so that what else the machine does falls on both. The month asked
for is whole (30 days of every point), and each export begins with its first day; pages are made for as many points of
that day as an export can reach in its window, which is told, and held against what was exported. Sizes:

``EXPORT_POINTS`` (100 000), ``EXPORT_DAYS`` and ``EXPORT_FILLED`` (1 day, 20 000 points with pages; 30 and 100 000 make
the whole month, about 45 GB), ``EXPORT_SECONDS`` of readings that wait in the log (3 000, or as many as are sent within
``EXPORT_MAKE_S``, 100), ``EXPORT_WINDOW_S`` (15), ``EXPORT_WINDOWS`` (11), ``EXPORT_LEVEL_ROWS`` (5 million, exported
before the consumer starts: what `serve` grows by). Six minutes on two idle cores.
"""

import asyncio
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg
from rich.console import Console

from tests.bench import telemetry
from tests.bench.consume import TOPIC, prepare
from tests.bench.export_client import ExportClient, most_resident_mib, until_answers
from tests.bench.export_windows import Watch, Window
from tests.bench.figure import Figure
from tests.bench.roles import environment_of
from tests.real.instance import free_ports
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

N_POINTS = int(os.environ.get("EXPORT_POINTS", str(telemetry.N_POINTS)))
N_DAYS = int(os.environ.get("EXPORT_DAYS", "1"))
N_FILLED = min(N_POINTS, int(os.environ.get("EXPORT_FILLED", "20000")))
N_SECONDS = int(os.environ.get("EXPORT_SECONDS", "3000"))
MAKE_S = float(os.environ.get("EXPORT_MAKE_S", "100"))
WINDOW_S = float(os.environ.get("EXPORT_WINDOW_S", "15"))
N_WINDOWS = int(os.environ.get("EXPORT_WINDOWS", "11"))
N_LEVEL_ROWS = int(os.environ.get("EXPORT_LEVEL_ROWS", "5000000"))
CHECKPOINT_S = 1
MEMORY_MIB = 120.0  # that `serve` may grow by: what it exports meanwhile is a multiple of it
MOST_SLOWER = 0.05
SILENCE_S = 20.0
_MONTH_DAYS = 30
_POLL_S = 0.1
_WITHIN_S = 300
_DAY_S = 86_400
_MINUTES_A_DAY = 1440
_SENT_AT_ONCE_S = 50  # seconds of readings
_N_TRACES = 4  # of the level export: a quarter warms up

# A day of pages as a consumer leaves them: all minutes inside the band.
_PAGES = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, cells, marks)
    SELECT hour, 0, point_id, 220000, 1, 60, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0,
           decode(repeat('d200', 60), 'hex'), decode('f9', 'hex')
      FROM generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', interval '1 hour') AS hour
     CROSS JOIN (SELECT point_id FROM point ORDER BY point_id LIMIT $2) AS filled
     ORDER BY hour, point_id
"""
# So far the data reach before the consumer starts; stored long ago, so that nobody counts as at work.
_REACHED = """
    INSERT INTO partition_progress (topic, partition, epoch, owner, stored_at, data_through)
    VALUES ('made', 0, 1, 'bench', now() - interval '1 hour', $1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An export while nobody ingests."""

    rows_per_s: float
    n_rows: int
    n_bytes: int  # after the first quarter
    grown_mib: float  # after the first quarter


def measure(console: Console) -> list[Figure]:
    """Return how much slower the consumer is beside an export, and what `serve` grows by."""
    parts = read_parts(os.environ)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        dsn = timescale.create_database()
        asyncio.run(prepare(kafka.bootstrap, dsn, N_POINTS))
        first_s = int(time.time()) // _DAY_S * _DAY_S - _DAY_S  # a whole day ago: it has waited
        console.print(
            f"export: pages of {N_DAYS} day(s) of {N_FILLED:,} of {N_POINTS:,} points, and a backlog"
        )
        n_readings = asyncio.run(_make(kafka.bootstrap, dsn, first_s))
        console.print(f"export: {n_readings:,} readings wait")
        with _role("serve", kafka.bootstrap, dsn, port) as serve:
            level = asyncio.run(_level(url, serve.pid, first_s))
            console.print(
                f"export: level, {level.n_rows:,} rows, {level.rows_per_s:,.0f} rows/s, "
                f"{level.grown_mib:.0f} MiB more for {level.n_bytes / 2**20:,.0f} MiB exported"
            )
            with _role("consume", kafka.bootstrap, dsn, port):
                watch = Watch(
                    console=console, dsn=dsn, pid=serve.pid, window_s=WINDOW_S, n_windows=N_WINDOWS
                )
                client = partial(_client, url, first_s)
                windows = asyncio.run(watch.windows(n_readings, client))
    return _figures(windows, level)


def _figures(windows: Sequence[Window], level: Level) -> list[Figure]:
    ratios = [
        mine.readings_per_s / ((before.readings_per_s + after.readings_per_s) / 2)
        for before, mine, after in zip(windows, windows[1:], windows[2:], strict=False)
        if mine.client is not None
    ]
    ratio = statistics.median(ratios) if ratios else 0.0
    # Of a median: 1.25 times that of a mean.
    error = 1.25 * statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 1.0
    clients = [one.client for one in windows if one.client is not None]
    silence_s = max((one.longest_silence_s for one in clients), default=WINDOW_S)
    n_rows = sum(one.n_rows for one in clients)
    behind_per_s = n_rows / (len(clients) * WINDOW_S) if clients else 0.0
    month = N_POINTS * _MONTH_DAYS * _MINUTES_A_DAY
    reached = max([level.n_rows, *(one.n_rows for one in clients)])
    grown_mib = level.grown_mib + (windows[-1].memory_mib - windows[0].memory_mib if windows else 0)
    return [
        Figure(name="pairs of windows", value=len(ratios), unit="pairs", at_least=3),
        Figure(name="slow-down by an export", value=(1 - ratio) * 100, unit="%"),
        Figure(name="its standard error", value=error * 100, unit="%"),
        Figure(
            name="consumer beside an export, of alone",
            value=ratio,
            unit="x",
            at_least=1 - MOST_SLOWER,
        ),
        Figure(name="exported beside it", value=n_rows / 1e6, unit="M rows", at_least=0.001),
        Figure(
            name="20 s less the longest silence", value=SILENCE_S - silence_s, unit="s", at_least=0
        ),
        Figure(
            name="exported level, of memory allowed",
            value=level.n_bytes / 2**20 / MEMORY_MIB,
            unit="x",
            at_least=1.5,
        ),
        Figure(
            name="memory grown, a million rows", value=grown_mib / (level.n_rows / 1e6), unit="MiB"
        ),
        Figure(name="memory left", value=MEMORY_MIB - grown_mib, unit="MiB", at_least=0),
        Figure(
            name="pages made, of what was reached",
            value=N_FILLED * N_DAYS * _MINUTES_A_DAY / reached,
            unit="x",
            at_least=1,
        ),
        Figure(name="the month while level", value=month / level.rows_per_s / 3600, unit="h"),
        Figure(
            name="the month while behind",
            value=month / behind_per_s / _DAY_S if behind_per_s else None,
            unit="days",
        ),
    ]


async def _make(bootstrap: str, dsn: str, first_s: int) -> int:
    """Make the pages and, beside it, the backlog; return its readings."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_fill(dsn, first_s))
        sent = tasks.create_task(_send(bootstrap, first_s))
    return sent.result()


async def _send(bootstrap: str, first_s: int) -> int:
    """Send the backlog, or as much of it as there is time for; return its readings."""
    end_s = time.perf_counter() + MAKE_S
    n_messages = 0
    for start_s in range(first_s, first_s + N_SECONDS, _SENT_AT_ONCE_S):
        n_messages += await telemetry.produce(
            bootstrap,
            TOPIC,
            first_ms=start_s * 1000,
            n_seconds=min(_SENT_AT_ONCE_S, first_s + N_SECONDS - start_s),
            n_points=N_POINTS,
        )
        if time.perf_counter() > end_s:
            break
    return n_messages * telemetry.PER_MESSAGE


async def _fill(dsn: str, first_s: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for day in range(N_DAYS):
            start = f"to_timestamp({first_s - (_MONTH_DAYS - day) * _DAY_S})"
            await connection.execute(
                _PAGES.replace("$1::timestamptz", start).replace("$2", str(N_FILLED))
            )
        await connection.execute("ANALYZE page")
        await connection.execute(_REACHED.replace("$1", f"to_timestamp({first_s})"))
    finally:
        await connection.close()


@contextmanager
def _role(role: str, bootstrap: str, dsn: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    environment = environment_of(
        bootstrap,
        dsn,
        checkpoint_interval_s=str(CHECKPOINT_S),
        meter_event_topics=",",
        api_port=str(port),
    )
    process = subprocess.Popen([sys.executable, "-m", "service", role], env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _client(url: str, first_s: int) -> ExportClient:
    return ExportClient(url=url, from_s=first_s - _MONTH_DAYS * _DAY_S, to_s=first_s)


async def _level(url: str, pid: int, first_s: int) -> Level:
    """Export until so many rows have come; nobody ingests."""
    await until_answers(url, _WITHIN_S)
    client = _client(url, first_s)
    began_s = time.perf_counter()
    warm: tuple[int, float] | None = None
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(_WITHIN_S):
        task = tasks.create_task(client.run())
        while client.n_rows < N_LEVEL_ROWS and not task.done():
            await asyncio.sleep(_POLL_S)
            if warm is None and client.n_rows >= N_LEVEL_ROWS / _N_TRACES:
                warm = (client.n_bytes, most_resident_mib(pid))
        task.cancel()
    passed_s = time.perf_counter() - began_s
    n_bytes, memory_mib = warm or (0, 0.0)
    return Level(
        rows_per_s=client.n_rows / passed_s,
        n_rows=client.n_rows,
        n_bytes=client.n_bytes - n_bytes,
        grown_mib=most_resident_mib(pid) - memory_mib,
    )
