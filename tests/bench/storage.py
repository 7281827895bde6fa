"""Bytes that the minute of a single-phase point takes in the ledger: heap and index of a day that is over."""

import asyncio
import os
from typing import Final

import asyncpg
from rich.console import Console

from service.settings import Settings
from service.wiring.migrate import run_migrate
from tests.bench import ledger
from tests.bench.figure import Figure
from tests.real.parts import read_parts
from tests.real.servers import RealTimescale

N_POINTS: Final = int(os.environ.get("STORAGE_POINTS", "10000"))
FIRST_DAY: Final = "2026-10-01"
N_VERSIONS: Final = (
    3  # of each page, written by hour as checkpoints do, with a pause for vacuum before the next
)
MINUTES_A_DAY: Final = 1440

_NEXT_VERSION = "UPDATE page SET revision = revision + 1 WHERE hour = $1::timestamptz"
_HOURS = "SELECT DISTINCT hour FROM page ORDER BY hour"
_BYTES = """
    SELECT sum(pg_table_size(chunk)) AS of_heap,
           sum(pg_indexes_size(chunk)) AS of_index
      FROM show_chunks('page') AS chunk
"""
_WHY: Final = (
    "The row of a page whose minutes all have one mark takes 216 bytes and a pointer of 4: 32 of head, 54 of "
    "numbers, 124 of cells, 5 of marks, and what alignment adds; another page 272 and 4. Its place in the index takes "
    "28 bytes. An hour has 60 minutes, so each 12 bytes are 0.2 a minute, and each tenth of the pages with marks of "
    "several kinds 0.1."
)


def measure(console: Console) -> list[Figure]:
    """Return bytes a minute before and after the day is repacked; compressed ones where the edition has that."""
    with RealTimescale(parts=read_parts(os.environ)) as timescale:
        is_community = timescale.edition == "timescale"
        dsn = timescale.create_database()
        console.print(f"storage: a day of {N_POINTS:,} points, {N_VERSIONS} versions of each page")
        open_day, repacked, compressed = asyncio.run(_measure(dsn, is_community))
    lacks = f"needs TimescaleDB Community; here is the {timescale.edition} edition, which cannot compress."
    return [
        Figure(
            row=10,
            name="after the day's repack",
            value=sum(repacked),
            unit="bytes",
            at_most=5.0,
            against=f"heap {repacked[0]:.2f}, index {repacked[1]:.2f}; while the day is open {sum(open_day):.2f}; "
            f"one page in {ledger.ODD_PAGES} has marks of two kinds",
            why=_WHY,
        ),
        Figure(
            row=10,
            name="compressed by TimescaleDB Community",
            value=compressed,
            unit="bytes",
            at_most=1.5,
            why=lacks,
        ),
    ]


async def _measure(
    dsn: str, is_community: bool
) -> tuple[tuple[float, float], tuple[float, float], float | None]:
    await run_migrate(Settings(database_dsn=dsn))
    await ledger.fill(dsn, FIRST_DAY, N_POINTS, 1)
    connection = await asyncpg.connect(dsn)
    try:
        for hour in [row["hour"] for row in await connection.fetch(_HOURS)]:
            for _ in range(N_VERSIONS - 1):
                await connection.execute(_NEXT_VERSION, hour)
        open_day = await _bytes_a_minute(connection)
        assert await connection.fetchval("SELECT repack_pages(now())") is not None
        assert await connection.fetchval("SELECT repack_pages(now())") is None
        repacked = await _bytes_a_minute(connection)
        if not is_community:
            return open_day, repacked, None
        await connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('page') AS chunk")
        n_bytes = await connection.fetchval("SELECT hypertable_size('page')")
        return open_day, repacked, float(n_bytes) / (N_POINTS * MINUTES_A_DAY)
    finally:
        await connection.close()


async def _bytes_a_minute(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[float, float]:
    """Return those of the heap and those of its index."""
    row = await connection.fetchrow(_BYTES)
    assert row is not None
    n_minutes = N_POINTS * MINUTES_A_DAY
    return float(row["of_heap"]) / n_minutes, float(row["of_index"]) / n_minutes
