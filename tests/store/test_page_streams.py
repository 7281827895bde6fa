"""Pages that are read as one stream are those that are read row by row."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import fields
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray

from service.domain.pages import PageColumns, empty_pages
from service.settings.parts import DatabaseSettings
from service.store.page_rows import (
    READ_COLUMNS,
    STREAMED_COLUMNS,
    pages_from_rows,
    pages_from_stream,
)
from service.store.page_writes import copy_pages, prepare
from service.store.pool import Connection, Pool
from tests.settle.plant import DAY_MS, MINUTE_MS, consumer, register

pytestmark = pytest.mark.integration

PLACES = (("A", "1p"), ("B", "3p4w"), ("C", "1p"), ("D", "3p4w"))


async def streamed(connection: Connection, condition: str) -> PageColumns:
    stream = BytesIO()
    await connection.copy_from_query(
        f"SELECT {STREAMED_COLUMNS} FROM page WHERE {condition} ORDER BY point_id, hour",  # noqa: S608
        output=stream,
        format="binary",
    )
    return pages_from_stream(stream.getvalue())


async def by_row(connection: Connection) -> PageColumns:
    columns = ", ".join(READ_COLUMNS)
    return pages_from_rows(
        await connection.fetch(f"SELECT {columns} FROM page ORDER BY point_id, hour")  # noqa: S608
    )


def assert_same(ours: PageColumns, theirs: PageColumns) -> None:
    for field in fields(PageColumns):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if isinstance(mine, tuple):
            assert all(np.array_equal(a, b) for a, b in zip(mine, other, strict=True)), field.name
        else:
            assert np.array_equal(mine, other), field.name


async def test_pages_of_one_and_of_three_phases_with_and_without_power(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    async with Pool(fresh_database(), "writer", max_size=2) as pool:
        points = [f"{name},220,{wiring},C,F1,2020-01-01T00:00:00Z\n" for name, wiring in PLACES]
        meters = [f"m{name},{name},60,false,2020-01-01T00:00:00Z\n" for name, _ in PLACES]
        await register(pool, "".join(points), "".join(meters))
        one = await consumer(pool)
        for i, (name, _) in enumerate(PLACES):
            one.fold(f"m{name}", [(DAY_MS + n * MINUTE_MS, 200.0 + i + n % 40) for n in range(130)])
        await one.checkpoint()

        async with pool.connection() as connection:
            await connection.execute(
                "UPDATE page SET power_s = 60, active_ws = 5000000000, reactive_vars = -7 WHERE point_id % 2 = 0"
            )
            ours, theirs = await streamed(connection, "true"), await by_row(connection)
            nothing = await streamed(connection, "false")

    assert ours.n_pages == 3 * len(PLACES)
    assert set(ours.planes.n_phases.tolist()) == {1, 3}
    assert_same(ours, theirs)
    assert nothing.n_pages == 0


class Unmoved:
    """A judge that leaves pages as they are."""

    judgement = 1

    def judge(self, pages: PageColumns) -> None:
        """Say nothing of pages."""

    def nominal_mv(self, point_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.full(point_ids.size, 220_000, np.int32)


async def test_pages_that_were_copied_are_let_go_of_without_the_collector(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    n_pages = 9000
    pages = empty_pages(np.tile(np.array([1, 3], np.uint8), n_pages // 2))
    pages.point[:] = np.arange(n_pages)
    is_alive = weakref.ref(pages.planes.cell)

    async with (
        Pool(fresh_database(), "writer", max_size=1) as pool,
        pool.connection() as connection,
    ):
        await prepare(connection)
        gc.disable()
        try:
            async with connection.transaction():
                await copy_pages(connection, pages, Unmoved())
                del pages
                n_rows = await connection.fetchval("SELECT count(*) FROM voltpass_next_page")
            assert is_alive() is None
        finally:
            gc.enable()

    assert n_rows == n_pages
