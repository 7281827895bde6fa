"""An export of a month of 10^5 points while the consumer works through a backlog: does it slow it, is it bounded?

One run, windows in turn without and with an export, so that what else the machine does falls on both. ``EXPORT_DAYS``
days of pages of every point are there before (30: the whole month, about 45 GB; every day is the same work again),
``EXPORT_SECONDS`` seconds of readings wait in the log, ``EXPORT_WINDOW_S`` is the length of a window.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console

from tests.bench import telemetry
from tests.bench.consume import TOPIC, environment_of, prepare
from tests.bench.figure import Figure
from tests.real.parts import read_parts
from tests.real.servers import RealKafka, RealTimescale

N_DAYS = int(os.environ.get("EXPORT_DAYS", "1"))
N_SECONDS = int(os.environ.get("EXPORT_SECONDS", "3000"))
WINDOW_S = float(os.environ.get("EXPORT_WINDOW_S", "30"))
N_POINTS = int(os.environ.get("EXPORT_POINTS", str(telemetry.N_POINTS)))
CHECKPOINT_S = 2
MEMORY_MB = 400.0  # that `serve` may grow by
LEAST_RATIO = 0.95
_POLL_S = 0.1
_START_WITHIN_S = 300
_DAY_S = 86_400

# A day of pages as a consumer leaves them: all minutes inside the band.
_PAGES = """
    INSERT INTO page (hour, judgement, point_id, nominal_mv, revision, interval_s, n_phases, n_missing, n_pass, n_over,
                      n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, cells, marks)
    SELECT hour, 0, point_id, 220000, 1, 60, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0,
           decode(repeat('d200', 60), 'hex'), decode(repeat('f9', 60), 'hex')
      FROM generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', interval '1 hour') AS hour
     CROSS JOIN point
     ORDER BY hour, point_id
"""


@dataclass(frozen=True, slots=True)
class Window:
    """What one window saw."""

    is_with: bool
    readings_per_s: float
    n_bytes: int
    memory_mb: float  # resident, of `serve`, the most so far


def measure(console: Console) -> list[Figure]:
    """Return how fast the consumer is beside an export, of how fast it is without, and how `serve` grows."""
    parts = read_parts(os.environ)
    with RealKafka(parts=parts) as kafka, RealTimescale(parts=parts) as timescale:
        dsn = timescale.create_database()
        asyncio.run(prepare(kafka.bootstrap, dsn, N_POINTS))
        first_s = int(time.time()) // _DAY_S * _DAY_S - _DAY_S  # a whole day ago: it has waited
        console.print(f"export: {N_DAYS} days of {N_POINTS:,} points")
        asyncio.run(_fill(dsn, first_s))
        console.print(f"export: sending {N_SECONDS:,} s of readings")
        sent = telemetry.produce(
            kafka.bootstrap, TOPIC, first_ms=first_s * 1000, n_seconds=N_SECONDS, n_points=N_POINTS
        )
        n_readings = asyncio.run(sent) * telemetry.PER_MESSAGE
        with _role("consume", kafka.bootstrap, dsn), _role("serve", kafka.bootstrap, dsn) as serve:
            windows = asyncio.run(_watch(dsn, serve, n_readings, first_s))
    for one in windows:
        console.print(
            f"export: {'with   ' if one.is_with else 'without'} {one.readings_per_s:12,.0f} readings/s "
            f"{one.n_bytes / 1e6:8,.1f} MB {one.memory_mb:6.0f} MB resident"
        )
    return _figures(windows)


def _figures(windows: list[Window]) -> list[Figure]:
    ratios = [
        mine.readings_per_s / ((before.readings_per_s + after.readings_per_s) / 2)
        for before, mine, after in zip(windows, windows[1:], windows[2:], strict=False)
        if mine.is_with
    ]
    grown_mb = windows[-1].memory_mb - windows[0].memory_mb
    exported = sum(one.n_bytes for one in windows)
    return [
        Figure(name="pairs of windows", value=len(ratios), unit="pairs", at_least=3),
        Figure(
            name="consumer beside an export, of alone",
            value=statistics.median(ratios) if ratios else 0.0,
            unit="x",
            at_least=LEAST_RATIO,
        ),
        Figure(name="exported", value=exported / 1e6, unit="MB", at_least=0.01),
        Figure(name="spare memory", value=MEMORY_MB - grown_mb, unit="MB", at_least=0),
    ]


async def _fill(dsn: str, first_s: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for day in range(N_DAYS):
            start = f"to_timestamp({first_s - (day + 1) * _DAY_S})"
            await connection.execute(_PAGES.replace("$1::timestamptz", start))
        await connection.execute("ANALYZE page")
    finally:
        await connection.close()


@contextmanager
def _role(role: str, bootstrap: str, dsn: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = environment_of(bootstrap, dsn) | {
        "VOLTPASS_CHECKPOINT_INTERVAL_S": str(CHECKPOINT_S),
        "VOLTPASS_API_PORT": str(_API_PORT),
    }
    process = subprocess.Popen([sys.executable, "-m", "service", role], env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


_API_PORT = int(os.environ.get("EXPORT_API_PORT", "18345"))


async def _watch(
    dsn: str, serve: "subprocess.Popen[bytes]", n_readings: int, first_s: int
) -> list[Window]:
    """Return the windows, in turn without and with an export, while the backlog lasts."""
    connection = await asyncpg.connect(dsn)
    windows: list[Window] = []
    try:
        async with asyncio.timeout(_START_WITHIN_S):
            while await _n_stored(connection) == 0:  # noqa: ASYNC110 (a database tells nobody)
                await asyncio.sleep(_POLL_S)
        while True:
            is_with = len(windows) % 2 == 1
            export = _Export(first_s)
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(export.run()) if is_with else None
                rate, n_last = await _rate(connection)
                if task is not None:
                    task.cancel()
            memory_mb = _resident_mb(serve.pid)
            if n_last >= n_readings:  # the log ended in this window
                return windows
            windows.append(Window(is_with, rate, export.n_bytes, memory_mb))
    finally:
        await connection.close()


class _Export:
    """A client that takes an export as fast as it comes."""

    def __init__(self, first_s: int) -> None:
        self._from_s = first_s - N_DAYS * _DAY_S
        self._to_s = first_s
        self.n_bytes = 0

    async def run(self) -> None:
        """Take what comes until cancelled."""
        span = {
            name: time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at))
            for name, at in (("from", self._from_s), ("to", self._to_s))
        }
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{_API_PORT}", timeout=120) as client,
            client.stream("GET", "/v1/minutes", params={**span, "format": "arrow"}) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            async for part in answer.aiter_bytes():
                self.n_bytes += len(part)


async def _rate(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[float, int]:
    """Return readings a second between the first and the last checkpoint of a window, and how many there are then."""
    marks: list[tuple[float, int]] = []
    end = time.perf_counter() + WINDOW_S
    n_seen = await _n_stored(connection)
    while time.perf_counter() < end:
        n_stored = await _n_stored(connection)
        if n_stored > n_seen:
            marks.append((time.perf_counter(), n_stored))
            n_seen = n_stored
        await asyncio.sleep(_POLL_S)
    if len(marks) < 2:
        return 0.0, 2**62
    return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0]), marks[-1][1]


async def _n_stored(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    found: int = await connection.fetchval(
        "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"
    )
    return found


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1000
