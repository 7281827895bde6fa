"""Windows of a consumer at work, in turn without and with an export (A/B/A/B): what else happens falls on both."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg
from rich.console import Console

from tests.bench.export_client import ExportClient, most_resident_mib

_POLL_S = 0.1
_WITHIN_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one window saw."""

    client: ExportClient | None  # None: without an export
    readings_per_s: float
    memory_mib: float  # resident, of `serve`, the most so far

    @property
    def n_rows(self) -> int:
        """Minutes exported."""
        return 0 if self.client is None else self.client.n_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched while the consumer works."""

    console: Console
    dsn: str
    pid: int  # of `serve`
    window_s: float
    n_windows: int

    async def windows(
        self, n_readings: int, new_client: Callable[[], ExportClient]
    ) -> list[Window]:
        """Return the windows, in turn without and with an export, while the backlog of ``n_readings`` lasts."""
        connection = await asyncpg.connect(self.dsn)
        found: list[Window] = []
        try:
            async with asyncio.timeout(_WITHIN_S):
                while await _n_stored(connection) == 0:  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(_POLL_S)
            await asyncio.sleep(self.window_s / 2)  # the start is no state that lasts
            while len(found) < self.n_windows:
                client = new_client() if len(found) % 2 == 1 else None
                one, n_last = await self._window(connection, client)
                if n_last >= n_readings:
                    self.console.print("export: the log has ended; EXPORT_SECONDS makes it longer")
                    break
                found.append(one)
        finally:
            await connection.close()
        return found

    async def _window(
        self, connection: "asyncpg.Connection[asyncpg.Record]", client: ExportClient | None
    ) -> tuple[Window, int]:
        async with asyncio.TaskGroup() as tasks:
            task = None if client is None else tasks.create_task(client.run())
            rate, n_last = await _rate(connection, self.window_s)
            if task is not None:
                task.cancel()
        memory_mib = most_resident_mib(self.pid)
        one = Window(client=client, readings_per_s=rate, memory_mib=memory_mib)
        self.console.print(
            f"export: {'without' if client is None else 'with   '} {rate:12,.0f} readings/s "
            f"{one.n_rows:10,} rows {memory_mib:6.0f} MiB resident"
        )
        return one, n_last


async def _rate(
    connection: "asyncpg.Connection[asyncpg.Record]", window_s: float
) -> tuple[float, int]:
    """Return readings a second between the first and the last checkpoint of a window, and how many there are then."""
    marks: list[tuple[float, int]] = []
    end = time.perf_counter() + window_s
    n_seen = await _n_stored(connection)
    while time.perf_counter() < end:
        n_stored = await _n_stored(connection)
        if n_stored > n_seen:
            marks.append((time.perf_counter(), n_stored))
            n_seen = n_stored
        await asyncio.sleep(_POLL_S)
    if len(marks) < 2:
        return 0.0, n_seen
    return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0]), marks[-1][1]


async def _n_stored(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    found: int = await connection.fetchval(
        "SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress"
    )
    return found
