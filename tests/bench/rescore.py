"""Judging a month of pages again under another rule set, against reading and rewriting the same rows by hand."""

import asyncio
import os
import time
from io import BytesIO
from typing import Final

import asyncpg
from rich.console import Console

from kernels import warm_up
from service.domain.rules import load_rule_set
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.settle.knowledge import load_knowledge
from service.settle.rescoring import PAGES_AT_ONCE, rescore
from service.store.deployment import adopt_rule_set
from service.store.page_batches import PageWriter
from service.store.page_rows import COPY_COLUMNS
from service.store.pool import Pool
from service.wiring.migrate import run_migrate
from tests.bench import ledger
from tests.bench.figure import Figure
from tests.real.parts import read_parts
from tests.real.servers import RealTimescale

N_POINTS: Final = int(os.environ.get("RESCORE_POINTS", "2000"))
N_DAYS: Final = int(os.environ.get("RESCORE_DAYS", "30"))
FIRST_DAY: Final = "2026-10-01"
OTHER_SET: Final = "nea-regulation"
_POINTS_AT_ONCE: Final = max(
    1, PAGES_AT_ONCE // (N_DAYS * 24)
)  # by hand: transactions as large as ours

_COLUMNS = ", ".join(COPY_COLUMNS)
_SET = ", ".join(
    f"{name} = EXCLUDED.{name}" for name in COPY_COLUMNS if name not in {"point_id", "hour"}
)
_READ = f"""
    SELECT {_COLUMNS}
      FROM page
     WHERE point_id >= $1
       AND point_id < $2
     ORDER BY point_id, hour
"""  # noqa: S608
_REWRITE = f"""
    INSERT INTO page ({_COLUMNS})
    SELECT {_COLUMNS}
      FROM by_hand
     ORDER BY point_id, hour
        ON CONFLICT (point_id, hour) DO UPDATE
       SET {_SET}
"""  # noqa: S608


def measure(console: Console) -> list[Figure]:
    """Return the time of judging again, of the time by hand before and after it."""
    warm_up()
    with RealTimescale(parts=read_parts(os.environ)) as timescale:
        dsn = timescale.create_database()
        n_pages, hand_s, ours_s = asyncio.run(_measure(console, dsn))
    by_hand_s = sum(hand_s) / len(hand_s)
    return [
        Figure(
            row=9,
            name=f"{n_pages:,} pages, of the time by hand",
            value=ours_s / by_hand_s,
            unit="x",
            at_most=1.5,
            against=f"binary COPY out and in, upsert: {n_pages / by_hand_s:,.0f} pages/s",
        ),
        Figure(row=9, name="judged again", value=n_pages / ours_s, unit="pages/s"),
    ]


async def _measure(console: Console, dsn: str) -> tuple[int, list[float], float]:
    settings = Settings(database_dsn=dsn)
    await run_migrate(settings)
    n_pages = await ledger.fill(dsn, FIRST_DAY, N_POINTS, N_DAYS)
    console.print(
        f"rescore: {n_pages:,} pages of {N_POINTS:,} points; by hand, judged again, by hand"
    )
    hand_s = [await _by_hand(dsn)]
    ours_s = await _judge_again(DatabaseSettings(database_dsn=dsn), settings.zone, n_pages)
    hand_s.append(await _by_hand(dsn))
    return n_pages, hand_s, ours_s


async def _by_hand(dsn: str) -> float:
    """Read and rewrite every page, some points after another; return seconds."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM page")
        await connection.execute(
            "CREATE TEMPORARY TABLE by_hand (LIKE page) ON COMMIT DELETE ROWS; CHECKPOINT"
        )
        began = time.perf_counter()
        for first in range(1, N_POINTS + 1, _POINTS_AT_ONCE):
            rows = BytesIO()
            some = (first, first + _POINTS_AT_ONCE)
            await connection.copy_from_query(_READ, *some, output=rows, format="binary")
            rows.seek(0)
            async with connection.transaction():
                await connection.copy_to_table(
                    "by_hand", source=rows, columns=COPY_COLUMNS, format="binary"
                )
                await connection.execute(_REWRITE)
        return time.perf_counter() - began
    finally:
        await connection.close()


async def _judge_again(settings: DatabaseSettings, zone: str, n_pages: int) -> float:
    """Adopt another rule set, and judge every page by it as `settle` does; return seconds of the latter."""
    rules = load_rule_set(OTHER_SET)
    async with Pool(settings, "writer", max_size=4) as pool:
        async with pool.connection() as connection:
            await connection.execute("VACUUM page")
        async with pool.transaction() as connection:
            assert await adopt_rule_set(connection, rules)
        async with pool.connection() as connection:
            await connection.execute("CHECKPOINT")
        known = await load_knowledge(pool, rules, zone)
        writer = PageWriter(pool, zone)
        began = time.perf_counter()
        n_judged = await rescore(pool, writer, known)
        took_s = time.perf_counter() - began
        async with pool.connection() as connection:
            n_new = await connection.fetchval(
                "SELECT count(*) FROM page WHERE judgement = $1", known.judgement
            )
    assert n_judged == n_new == n_pages
    return took_s
