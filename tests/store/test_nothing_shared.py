"""Consumers have nothing in common but Kafka and the database, and in the database no row that one of them changes.

Each of them is stopped at the last moment of its checkpoint: everything is written, nothing is committed. If one needed
what another one has changed, it would wait there for ever, and the others for it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from service.errors import FencedError
from service.settings.parts import DatabaseSettings
from service.store.checkpoints import CheckpointStore, StoredCheckpoint
from service.store.pool import Connection, Pool
from tests.settle.plant import ZONE, Consumer, consumer, minutes, register

pytestmark = pytest.mark.integration

N_POINTS = 6  # of each consumer
MOST = 12  # consumers
_WITHIN_S = 30.0
_ASKED = ("execute", "fetch", "fetchrow", "fetchval", "copy_to_table", "copy_records_to_table")
_WAITING = """
    SELECT count(*)
      FROM pg_locks
     WHERE NOT granted
       AND (database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_OPEN = """
    SELECT count(*)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND state = 'idle in transaction'
       AND backend_xid IS NOT NULL
"""
_BYTES = """
    SELECT (SELECT sum(pg_column_size(page.*))
              FROM page
              JOIN point USING (point_id)
             WHERE point.feeder = 'F' || $1::integer) AS of_pages,
           (SELECT sum(octet_length(device_ids) + pg_column_size(layout_version))
              FROM lane_block
             WHERE partition = $1) AS of_lanes
"""


@dataclass
class Held:
    """A connection whose transactions wait before they commit; what it is asked is counted by verb."""

    connection: Connection
    before_commit: Callable[[], Awaitable[object]]
    asked: Counter[str]

    def __getattr__(self, name: str) -> Any:
        if name in _ASKED:
            self.asked[name] += 1
        return getattr(self.connection, name)

    def transaction(self) -> "HeldTransaction":
        return HeldTransaction(self.connection.transaction(), self.before_commit)


@dataclass
class HeldTransaction:
    """Inner ones (savepoints) are begun and ended by hand; the outer one is a block, and waits at its end."""

    transaction: Any
    before_commit: Callable[[], Awaitable[object]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transaction, name)

    async def __aenter__(self) -> None:
        await self.transaction.__aenter__()

    async def __aexit__(self, *raised: Any) -> Any:
        if raised[0] is None:
            await self.before_commit()
        return await self.transaction.__aexit__(*raised)


@dataclass
class HeldPool:
    """Lends such connections."""

    pool: Pool
    before_commit: Callable[[], Awaitable[object]]
    asked: Counter[str] = field(default_factory=Counter)

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return self._connection()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self.pool.connection() as connection:
            yield cast("Connection", Held(connection, self.before_commit, self.asked))


@pytest.fixture
async def pool(fresh_database: Callable[[], DatabaseSettings]) -> AsyncIterator[Pool]:
    async with Pool(fresh_database(), "writer", max_size=MOST + 2) as pool:
        names = [(part, f"{part}-{nth}") for part in range(MOST) for nth in range(N_POINTS)]
        await register(
            pool,
            "".join(f"P{name},220,1p,D,F{part},2026-01-01\n" for part, name in names),
            "".join(f"M{name},P{name},60,false,2026-01-01\n" for _, name in names),
        )
        yield pool


async def consumers_of(pool: Pool, n_consumers: int) -> list[Consumer]:
    """Return consumers of a partition each, with a checkpoint behind them and something new to store."""
    ready = [await consumer(pool, partition=part) for part in range(n_consumers)]
    for first in (0, 10):
        for one in ready:
            for nth in range(N_POINTS):
                one.fold(f"M{one.partition}-{nth}", minutes(first, 10, 221.5))
            if not first:
                await (
                    one.checkpoint()
                )  # opens the pages, and the chunk of the day where there are chunks
    return ready


def hold(one: Consumer, before_commit: Callable[[], Awaitable[object]]) -> Counter[str]:
    """Let a consumer's checkpoints wait before they commit; return what it asks, by verb."""
    held = HeldPool(one.pool, before_commit)
    one.store = CheckpointStore(cast("Pool", held), ZONE)
    return held.asked


async def value(pool: Pool, sql: str, *values: object) -> int:
    async with pool.connection() as connection:
        found: int = await connection.fetchval(sql, *values)
    return found


async def bytes_of(pool: Pool, partition: int) -> tuple[int, ...]:
    async with pool.connection() as connection:
        row = await connection.fetchrow(_BYTES, partition)
    assert row is not None
    return tuple(row)


@dataclass(frozen=True)
class Work:
    """What one consumer's checkpoint was."""

    asked: Counter[str]
    n_rows: dict[str, int]
    n_bytes: tuple[int, ...]


async def checkpoint_at_once(pool: Pool, n_consumers: int) -> tuple[list[Work], int, int]:
    """Return the work of each, how many transactions were open at one time, and how many waited for a lock."""
    ready = await consumers_of(pool, n_consumers)
    all_written = asyncio.Barrier(n_consumers + 1)
    all_seen = asyncio.Event()

    async def before_commit() -> None:
        await all_written.wait()
        await all_seen.wait()

    asked = [hold(one, before_commit) for one in ready]
    async with asyncio.timeout(_WITHIN_S), asyncio.TaskGroup() as tasks:
        storing = [tasks.create_task(one.checkpoint()) for one in ready]
        await all_written.wait()
        n_open, n_waiting = await value(pool, _OPEN), await value(pool, _WAITING)
        all_seen.set()
    stored: list[StoredCheckpoint] = [task.result() for task in storing]
    works = [
        Work(mine, one.n_rows, await bytes_of(pool, part))
        for part, (mine, one) in enumerate(zip(asked, stored, strict=True))
    ]
    return works, n_open, n_waiting


@pytest.mark.parametrize("n_consumers", [4, pytest.param(MOST, marks=pytest.mark.slow)])
async def test_any_number_of_consumers_store_at_once_and_none_waits(
    pool: Pool, n_consumers: int
) -> None:
    works, n_open, n_waiting = await checkpoint_at_once(pool, n_consumers)

    assert (n_open, n_waiting) == (n_consumers, 0)
    assert all(work.n_rows["page"] == N_POINTS for work in works)


@pytest.mark.slow
async def test_the_work_for_a_partition_does_not_depend_on_how_many_there_are(
    fresh_database: Callable[[], DatabaseSettings], pool: Pool
) -> None:
    (alone,), _, _ = await checkpoint_at_once(pool, 1)

    async with Pool(fresh_database(), "writer", max_size=MOST + 2) as other:
        names = [(part, f"{part}-{nth}") for part in range(MOST) for nth in range(N_POINTS)]
        await register(
            other,
            "".join(f"P{name},220,1p,D,F{part},2026-01-01\n" for part, name in names),
            "".join(f"M{name},P{name},60,false,2026-01-01\n" for _, name in names),
        )
        among_many, _, _ = await checkpoint_at_once(other, MOST)

    assert sum(alone.asked.values()) > 5
    assert among_many == [alone] * MOST


async def test_two_owners_of_one_partition_are_seen_to_wait(pool: Pool) -> None:
    """The control: this is how it would show if consumers shared a row."""
    (first,) = await consumers_of(pool, 1)
    second = Consumer(
        pool=pool,
        partition=first.partition,
        known=first.known,
        store=CheckpointStore(pool, ZONE),
        engine=first.engine,
        epoch=first.epoch,
        stored_offset=first.stored_offset,
        next_offset=first.next_offset,
    )
    has_written, may_commit = asyncio.Event(), asyncio.Event()

    async def before_commit() -> None:
        has_written.set()
        await may_commit.wait()

    hold(first, before_commit)
    async with asyncio.timeout(_WITHIN_S):
        storing = asyncio.create_task(first.checkpoint())
        await has_written.wait()
        fenced = asyncio.create_task(second.checkpoint())
        while not await value(pool, _WAITING):  # noqa: ASYNC110 (a database tells nobody)
            await asyncio.sleep(0.01)
        may_commit.set()
        await storing

        with pytest.raises(FencedError):
            await fenced
