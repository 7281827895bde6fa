"""Some pages among many are looked up by their key, however many others there are."""

from collections.abc import Callable
from datetime import date

import asyncpg
import numpy as np
import pytest

from service.settings.parts import DatabaseSettings
from service.store.beside_rows import pages_of_days
from service.store.page_rows import READ_PAGE, pages_from_rows
from service.store.page_writes import copy_pages, prepare, upsert_pages
from service.store.pool import Connection, Pool
from service.store.rollups import PointDay
from tests.bench.ledger import fill
from tests.store.test_page_streams import Unmoved

pytestmark = pytest.mark.integration

# Rows of the table, or of its chunks, that this connection has read.
N_READ = """
    SELECT coalesce(sum(seq_tup_read), 0)::bigint AS in_passing, coalesce(sum(idx_tup_fetch), 0)::bigint AS by_key
      FROM pg_stat_xact_user_tables
     WHERE relid = 'page'::regclass
        OR relid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'page'::regclass)
"""
ONE_HOUR = f"SELECT {READ_PAGE} FROM page WHERE hour = '2026-11-09T07:00Z' ORDER BY point_id"  # noqa: S608
N_POINTS = 50
N_DAYS = 20


async def read_so_far(connection: Connection) -> asyncpg.Record:
    """Return how many rows of pages the connection has read."""
    (read,) = await connection.fetch(N_READ)
    return read


async def locked_nothing() -> None:
    """Take no lock."""


async def test_pages_that_moved_on_are_found_without_reading_the_ledger(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()
    n_stored = await fill(database.database_dsn, "2026-11-01", N_POINTS, N_DAYS)
    async with Pool(database, "writer", max_size=1) as pool, pool.connection() as connection:
        await prepare(connection)
        pages = pages_from_rows(await connection.fetch(ONE_HOUR))
        pages.revision[10:] = 0  # as who never read them has them: they were stored since
        is_mixed = np.zeros(pages.n_pages, np.bool_)
        async with connection.transaction():
            before = await read_so_far(connection)
            await copy_pages(connection, pages, Unmoved())
            await upsert_pages(connection, pages, is_mixed, Unmoved(), locked_nothing)
            after = await read_so_far(connection)
        written = await connection.fetch(ONE_HOUR)

    assert n_stored == N_POINTS * N_DAYS * 24
    assert is_mixed.tolist() == [False] * 10 + [True] * 40
    assert [row["revision"] for row in written] == [2] * N_POINTS
    assert after["in_passing"] == before["in_passing"]
    assert 40 <= after["by_key"] - before["by_key"] <= 10 * N_POINTS


async def test_pages_of_some_days_are_found_without_reading_the_ledger(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()
    await fill(database.database_dsn, "2026-11-01", N_POINTS, N_DAYS)
    async with Pool(database, "writer", max_size=1) as pool, pool.connection() as connection:
        points = [row["point_id"] for row in await connection.fetch("SELECT point_id FROM point")]
        days = [PointDay(point, date(2026, 11, day)) for point in points[:20] for day in (5, 6)]
        before = await read_so_far(connection)
        pages = await pages_of_days(connection, days)
        after = await read_so_far(connection)

    n_hours = pages.n_pages // 20
    assert n_hours in {48, 49}  # the zone may be off by half an hour
    assert after["in_passing"] == before["in_passing"]
    assert pages.n_pages <= after["by_key"] - before["by_key"] <= 2 * pages.n_pages
