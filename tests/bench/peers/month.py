"""A month of one-second readings twice: as raw readings in a hypertable, and as Voltpass keeps them.

A few points are enough: a rate of one point reads the rows of one point, found by an index, in either form. Voltages
stay the same for a minute, so that the share of the seconds, which SQL counts, is the share of the minutes, which
Voltpass counts, and both have to say the same.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from kernels.layout import FOLDED
from service.domain.bands import event_limits
from service.domain.batch import Batch
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.settings import Settings
from service.settle.knowledge import load_knowledge
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.wiring.migrate import run_migrate
from tests.api.seeding import SGCC, NewPoint, Seeder
from tests.bench.peers import sql_ingest

FIRST: Final = datetime(2026, 6, 1, tzinfo=UTC)
N_DAYS: Final = 30
N_POINTS: Final = 3
DAY_S: Final = 86_400
MINUTE_S: Final = 60
_RATE_OF_RAW: Final = """
    SELECT count(*) FILTER (WHERE v BETWEEN 198::real AND 235.4::real) AS n_pass,
           count(*) FILTER (WHERE v >= 22::real) AS n_judged
      FROM reading
     WHERE point = $1
       AND ts >= $2
       AND ts <  $3
"""
_RATE_OF_OURS: Final = """
    SELECT n_pass,
           n_pass + n_over + n_under AS n_judged,
           rate
      FROM v_point_month
     WHERE point_id = $1
       AND month = $2
"""
_BYTES_OF_RAW: Final = "SELECT hypertable_size('reading')"
_BYTES_OF_PAGES: Final = """
    SELECT hypertable_size('page') + pg_total_relation_size('point_day')
"""
_N_RAW_TURNS: Final = 3
_N_TURNS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCosts:
    """What a point-month's rate takes, and what a reading occupies, raw and as Voltpass keeps it."""

    raw_s: float
    ours_s: float
    raw_bytes: float
    ours_bytes: float


def voltages(day: int) -> NDArray[np.float64]:
    """Return a day's volts, ``(DAY_S, N_POINTS)``: mostly inside the band, some outside, some at its limits."""
    drawn = np.random.default_rng(100 + day).normal(222, 7, (DAY_S // MINUTE_S, N_POINTS)).round(1)
    drawn[::97] = 235.4
    drawn[1::97] = 198.0
    drawn[2::997] = 0.0
    return np.repeat(drawn, MINUTE_S, axis=0)


async def month_costs(settings: Settings) -> MonthCosts:
    """Fill a migrated database both ways, and return what a point-month costs; the rates have to agree.

    Raises:
        ArithmeticError: They do not.
    """
    await run_migrate(settings)
    async with Pool(settings, "writer", max_size=4) as pool:
        seeder = Seeder(settings, pool)
        await seeder.zone("UTC")
        await seeder.points(*(NewPoint(point=f"P{i}") for i in range(N_POINTS)))
        for i in range(N_POINTS):
            await seeder.device(f"P{i}", f"M{i}", interval_s=1)
        await _keep_pages(seeder)
        await _keep_raw(settings.database_dsn)
        return await _costs(seeder, settings.database_dsn)


async def _keep_pages(seeder: Seeder) -> None:
    """Fold the readings, store their pages and roll their days up, as the roles do."""
    zone = await seeder.zone_name()
    known = await load_knowledge(seeder.pool, SGCC, zone)
    policy = FoldPolicy(events=event_limits(SGCC))
    engine = PartitionEngine(book=LaneBook(known.directory), policy=policy)
    writer = PageWriter(seeder.pool, zone)
    for day in range(N_DAYS):
        counts = engine.fold([_batch(day)])
        if counts[FOLDED] != DAY_S * N_POINTS:
            raise ArithmeticError(f"of {DAY_S * N_POINTS} readings {counts[FOLDED]} were folded")
        await writer.write(engine.take_image().pages, known.judge)
    await seeder.reach(FIRST + timedelta(days=N_DAYS))
    await seeder.settle()


def _batch(day: int) -> Batch:
    stamp_ms = _seconds(day) * 1000
    device = np.tile(np.arange(N_POINTS, dtype=np.int32), DAY_S)
    return Batch(
        names=[f"M{i}" for i in range(N_POINTS)],
        names_key=b"month",
        device=device,
        stamp_ms=stamp_ms,
        has_zone=np.zeros(0, np.uint8),
        v1=voltages(day).ravel(),
        quality=np.zeros(device.size, np.uint8),
        offset=np.arange(device.size, dtype=np.int64),
        record_ms=stamp_ms + 1000,
        index=np.zeros(device.size, np.int32),
    )


def _seconds(day: int) -> NDArray[np.int64]:
    first = int(FIRST.timestamp()) + day * DAY_S
    return np.repeat(np.arange(first, first + DAY_S), N_POINTS)


async def _keep_raw(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        points = [
            row["point_id"]
            for row in await connection.fetch("SELECT point_id FROM point ORDER BY point")
        ]
        await connection.execute(sql_ingest.MAKE)
        for day in range(N_DAYS):
            stream = sql_ingest.copy_stream(
                _seconds(day) * 1_000_000,
                np.tile(np.array(points, np.int32), DAY_S),
                voltages(day).ravel(),
            )
            await sql_ingest.copy(connection, stream)
        await connection.execute("VACUUM (ANALYZE) reading")
    finally:
        await connection.close()


async def _costs(seeder: Seeder, dsn: str) -> MonthCosts:
    point_id = seeder.point_ids["P0"]
    last = FIRST + timedelta(days=N_DAYS)
    # As our own connections have it: compiling such a statement takes longer than it saves.
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    try:

        async def of_raw() -> tuple[int, int]:
            (row,) = await connection.fetch(_RATE_OF_RAW, point_id, FIRST, last)
            return row["n_pass"], row["n_judged"]

        async with seeder.pool.connection() as ours:

            async def of_pages() -> tuple[int, int]:
                (row,) = await ours.fetch(_RATE_OF_OURS, point_id, FIRST.date())
                return int(row["n_pass"]), int(row["n_judged"])

            raw, kept = await of_raw(), await of_pages()  # warm from here on
            if raw != (kept[0] * MINUTE_S, kept[1] * MINUTE_S):
                raise ArithmeticError(f"SQL says {raw} seconds, Voltpass {kept} minutes")
            raw_s = await _median_s(of_raw, _N_RAW_TURNS)
            ours_s = await _median_s(of_pages, _N_TURNS)
        n_readings = N_DAYS * DAY_S * N_POINTS
        return MonthCosts(
            raw_s=raw_s,
            ours_s=ours_s,
            raw_bytes=await connection.fetchval(_BYTES_OF_RAW) / n_readings,
            ours_bytes=await connection.fetchval(_BYTES_OF_PAGES) / n_readings,
        )
    finally:
        await connection.close()


async def _median_s(ask: Callable[[], Awaitable[object]], n_turns: int) -> float:
    took_s = []
    for _ in range(n_turns):
        began_s = time.perf_counter()
        await ask()
        took_s.append(time.perf_counter() - began_s)
    return statistics.median(took_s)
