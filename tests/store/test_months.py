# ruff: noqa: S608  (names of columns)
"""Months are the sums of their days at every moment, and what is read with them is what days say."""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from service.settings.parts import DatabaseSettings
from service.settle.months import Months
from service.store.count_reads import COUNTS
from service.store.group_reads import GroupsAsked, group_counts
from service.store.month_rows import add_due, add_month, added_months
from service.store.pool import Connection, Pool
from tests.store.emptying import empty

pytestmark = pytest.mark.integration

FIRST, N_DAYS = date(2025, 12, 20), 80  # to 9 March
N_POINTS = 5
ALL = [FIRST + timedelta(days=n) for n in range(N_DAYS)]
MONTHS = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
NAMES = [f"n_{name}" for name in COUNTS]


@pytest.fixture
async def pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    async with Pool(database, "migrator", max_size=2) as lent:
        async with lent.connection() as connection:
            await empty(connection)
            await connection.execute(
                "INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)"
                " VALUES ('t', 0, 1, 'c', '2026-03-08T10:30:00+08:00');"
                " INSERT INTO point (point, nominal_mv, wiring, class, feeder, region, valid_from)"
                " SELECT 'P' || i, 220000, '1p', 'D', 'F' || i % 2, 'R', '2025-12-20T00:00:00+08:00'"
                f"  FROM generate_series(1, {N_POINTS}) AS i"
            )
        yield lent


async def write_days(
    connection: Connection, days: list[tuple[int, date]], draw: random.Random
) -> None:
    """Write days of points as they are counted from pages, new ones and old ones."""
    for point_id, day in days:
        counts = [draw.randrange(200) for _ in NAMES]
        await connection.execute(
            f"INSERT INTO point_day (point_id, day, {', '.join(NAMES)}, interval_s)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (point_id, day) DO UPDATE SET "
            + ", ".join(f"{name} = EXCLUDED.{name}" for name in (*NAMES, "interval_s")),
            point_id,
            day,
            *counts,
            draw.choice([1, 60, 900]),
        )


async def by_feeder(connection: Connection, first: date, after: date) -> dict[str, dict[str, int]]:
    """Return what rankings say of some days."""
    asked = GroupsAsked(
        by="feeder", days=(first, after), coverage_floor=Decimal("0.5"), region=None
    )
    return {
        one.group: {name: getattr(one.counts, name) for name in NAMES}
        | {"longest_s": one.interval_s or 0}
        for one in await group_counts(connection, asked, 100)
    }


async def by_days(connection: Connection, first: date, after: date) -> dict[str, dict[str, int]]:
    """Return what the view of days says of them, which knows nothing of months."""
    rows = await connection.fetch(
        f"SELECT feeder, max(interval_s) AS longest_s, {', '.join(f'sum({name}) AS {name}' for name in NAMES)}"
        "  FROM v_point_day WHERE day >= $1 AND day < $2 GROUP BY feeder",
        first,
        after,
    )
    return {
        row["feeder"]: {name: int(row[name] or 0) for name in (*NAMES, "longest_s")} for row in rows
    }


async def broken(connection: Connection) -> list[Any]:
    """Return the months of points that are neither the sum of their days nor due, where a month is added."""
    sums = ", ".join(f"sum({name})" for name in NAMES)
    of_days = (
        f"SELECT point_id, date_trunc('month', day)::date AS month, {sums}, max(interval_s)"
        "  FROM point_day GROUP BY 1, 2"
    )
    stored = f"SELECT point_id, month, {', '.join(NAMES)}, interval_s FROM point_month"
    wrong = await connection.fetch(f"({stored}) EXCEPT ({of_days})")
    missing = await connection.fetch(
        f"SELECT point_id, month FROM ({of_days}) AS days"
        "  JOIN deployment ON month >= added_from AND month < added_before"
        " EXCEPT (SELECT point_id, month FROM point_month UNION SELECT point_id, month FROM month_due)"
    )
    return [*wrong, *missing]


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


class Ledger:
    """What may happen to days and months, drawn by chance."""

    def __init__(self, connection: Connection, draw: random.Random) -> None:
        self._connection, self._draw = connection, draw

    async def days(self, n: int | None = None) -> None:
        n = n or self._draw.randrange(1, 30)
        await write_days(self._connection, [self._point_day() for _ in range(n)], self._draw)

    async def dirty(self) -> None:
        mark = "INSERT INTO dirty_day VALUES ($1, $2, 1) ON CONFLICT DO NOTHING"
        await self._connection.execute(mark, *self._point_day())

    async def clean(self) -> None:
        await self._connection.execute("DELETE FROM dirty_day")

    async def change(self) -> None:
        one = "point_id = $1 AND day = $2"
        for what in (
            f"UPDATE point_day SET n_pass = n_pass + 1 WHERE {one}",
            f"DELETE FROM point_day WHERE {one}",
        ):
            await self._connection.execute(what, *self._point_day())

    async def add(self) -> None:
        added = await added_months(self._connection)
        next_to = MONTHS if added is None else [_before(added[0]), added[1]]
        month = self._draw.choice(next_to)
        if month in MONTHS:
            await add_month(self._connection, month, at_once=2)

    async def due(self) -> None:
        await add_due(self._connection, self._draw.randint(1, 4))

    async def forget(self) -> None:
        what = self._draw.choice(["DELETE FROM point_day", "TRUNCATE point_day"])
        await self._connection.execute(what)

    async def happen(self) -> None:
        """Do one of these, some more often."""
        often = [self.days, self.change, self.dirty, self.add, self.due] * 3
        what = self._draw.choice([*often, self.clean, self.forget])
        async with self._connection.transaction():
            await what()

    def span(self) -> tuple[date, date]:
        """Return days to ask for: any, or whole months."""
        if self._draw.random() < 0.5:
            return self._draw.choice(MONTHS[:2]), self._draw.choice([MONTHS[2], date(2026, 3, 1)])
        first, last = sorted(self._draw.sample(range(N_DAYS + 1), 2))
        return FIRST + timedelta(days=first), FIRST + timedelta(days=last)

    def _point_day(self) -> tuple[int, date]:
        return self._draw.randint(1, N_POINTS), self._draw.choice(ALL)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_months_say_what_days_say(pool: Pool, seed: int) -> None:
    async with pool.connection() as connection:
        ledger = Ledger(connection, random.Random(seed))
        async with connection.transaction():
            await ledger.days(N_POINTS * N_DAYS)
        for _ in range(30):
            await ledger.happen()
            assert await broken(connection) == []
            for _ in range(3):
                span = ledger.span()
                assert await by_feeder(connection, *span) == await by_days(connection, *span)


async def test_a_whole_month_is_read_without_its_days(pool: Pool) -> None:
    draw = random.Random(1)
    async with pool.transaction() as connection:
        await write_days(
            connection, [(point, day) for point in range(1, N_POINTS + 1) for day in ALL], draw
        )
    assert await Months().run(pool) == 3 * N_POINTS
    january = (date(2026, 1, 1), date(2026, 2, 1))
    async with pool.connection() as connection:
        expected = await by_days(connection, *january)

        # What is not read may be anything; before and after the month days are read.
        await connection.execute("ALTER TABLE point_day DISABLE TRIGGER point_day_updated")
        await connection.execute("UPDATE point_day SET n_pass = 1000")
        await connection.execute("ALTER TABLE point_day ENABLE TRIGGER point_day_updated")

        assert await by_feeder(connection, *january) == expected
        inside = await by_feeder(connection, *january)
        around = await by_feeder(connection, date(2025, 12, 31), date(2026, 2, 2))
        assert {
            feeder: around[feeder]["n_pass"] - inside[feeder]["n_pass"] for feeder in inside
        } == {"F0": 2 * 2000, "F1": 3 * 2000}


async def test_months_that_are_over_are_added_and_those_that_changed_again(pool: Pool) -> None:
    draw, months = random.Random(2), Months()
    async with pool.transaction() as connection:
        every = [(point, day) for point in range(1, N_POINTS) for day in ALL]
        await write_days(connection, every, draw)
        assert await connection.fetchval("SELECT count(*) FROM month_due") == 0

    assert await months.run(pool) == 3 * (N_POINTS - 1)
    assert await months.run(pool) == 0
    async with pool.transaction() as connection:
        assert await added_months(connection) == (MONTHS[0], date(2026, 3, 1))  # March goes on
        await write_days(connection, [(1, ALL[0]), (1, ALL[20]), (5, ALL[20]), (2, ALL[-1])], draw)

    assert await months.run(pool) == 3
    assert await Months().run(pool) == 0
    async with pool.connection() as connection:
        assert await broken(connection) == []
        assert await connection.fetchval("SELECT count(*) FROM month_due") == 0
        await connection.execute("UPDATE partition_progress SET data_through = '2026-04-02Z'")
    assert await months.run(pool) == N_POINTS - 1
    async with pool.connection() as connection:
        assert await broken(connection) == []


async def test_without_readings_nothing_is_over(pool: Pool) -> None:
    async with pool.transaction() as connection:
        await connection.execute("DELETE FROM partition_progress")
        await write_days(connection, [(1, ALL[0])], random.Random(3))

    assert await Months().run(pool) == 0
