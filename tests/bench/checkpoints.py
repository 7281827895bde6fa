"""What checkpoints cost: processor seconds of client and server, WAL, and bytes of a day of pages, without Kafka."""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import numpy as np

from kernels.layout import QUALITY_GOOD
from service.domain.bands import event_limits
from service.domain.batch import Batch
from service.domain.checkpoint import PartitionCheckpoint, checkpoint_of, mixed_pages
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.domain.rules import load_rule_set
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.settle.knowledge import Knowledge, load_knowledge
from service.store.checkpoints import CheckpointStore
from service.store.pool import Pool
from service.wiring.migrate import run_migrate
from tests.bench.formats import Meters
from tests.bench.usage import family_processor_s, parent_of, processor_s, resident_bytes
from tests.real.servers import RealTimescale

ZONE = "Asia/Shanghai"
TOPIC = "measured"
RULES = load_rule_set("sgcc-2003")
PER_MESSAGE = 1000
DAY_MS = 86_400_000
_N_DRAWN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One checkpoint."""

    n_pages: int
    n_lanes: int  # whose states were written
    client_us: int  # processor
    server_us: int  # processor of its backend
    wall_us: int
    wal_bytes: int
    is_first_touch: bool  # right after a checkpoint of the server: whole pages go to the WAL


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfPages:
    """What a day of pages takes on disk, bytes a point."""

    as_written: float
    repacked: float
    index: float  # of that, once repacked


@dataclass(slots=True)
class Writer:
    """A consumer of one partition without Kafka."""

    meters: Meters
    pool: Pool
    known: Knowledge
    store: CheckpointStore
    engine: PartitionEngine
    epoch: int
    next_offset: int = 0
    stored_offset: int | None = None

    @classmethod
    async def start(cls, meters: Meters, pool: Pool) -> "Writer":
        """Take the partition over."""
        known, store = await load_knowledge(pool, RULES, ZONE), CheckpointStore(pool, ZONE)
        (start,) = await store.take_over(TOPIC, [0], "bench")
        engine = PartitionEngine(LaneBook(known.directory), FoldPolicy(events=event_limits(RULES)))
        return cls(meters, pool, known, store, engine, start.epoch)

    async def restart(self) -> None:
        """Begin anew from what is stored, as a new owner does."""
        (start,) = await self.store.take_over(TOPIC, [0], "bench")
        engine = PartitionEngine(LaneBook(self.known.directory), self.engine.policy)
        engine.restore(start.blocks, start.data_through_ms)
        engine.load_pages(await self.store.read_pages(*engine.open_pages()))
        self.engine, self.epoch = engine, start.epoch

    def fold(self, stamp_ms: int) -> None:
        """Fold one reading of every meter."""
        self.engine.fold(list(self._batches(stamp_ms)))
        self.next_offset += 1

    async def checkpoint(self) -> tuple[int, int]:
        """Store what was folded; return the number of pages and of lane states."""
        part = PartitionCheckpoint(
            topic=TOPIC,
            partition=0,
            epoch=self.epoch,
            from_offset=self.stored_offset,
            next_offset=self.next_offset,
            image=self.engine.take_image(),
            refusals=[],
            n_refused=0,
        )
        whole = checkpoint_of([part])
        stored = await self.store.commit(whole, self.known.judge)
        mixed = mixed_pages(whole.page_of[0], stored.is_mixed)
        self.engine.acknowledge(part.image, stored.revision[whole.page_of[0]], stored.pages, mixed)
        self.stored_offset = self.next_offset
        n_lanes = sum(len(ids) // 4 for _, ids, _ in part.image.blocks)
        return whole.pages.n_pages, n_lanes

    def _batches(self, stamp_ms: int) -> Iterator[Batch]:
        random = np.random.default_rng(stamp_ms // 1000 % _N_DRAWN)
        for first in range(1, self.meters.n_points + 1, PER_MESSAGE):
            numbers = range(first, min(first + PER_MESSAGE, self.meters.n_points + 1))
            n_readings, volts = len(numbers), 220 + random.normal(0, 3, (3, len(numbers)))
            names = [f"M{number:09d}" for number in numbers]
            others = {} if self.meters.n_phases == 1 else {"v2": volts[1], "v3": volts[2]}
            yield Batch(
                names=names,
                names_key=str(first).encode(),
                device=np.arange(n_readings, dtype=np.int32),
                stamp_ms=np.full(n_readings, stamp_ms, np.int64),
                has_zone=np.zeros(0, np.uint8),
                v1=volts[0],
                quality=np.full(n_readings, QUALITY_GOOD, np.uint8),
                offset=np.full(n_readings, self.next_offset, np.int64),
                record_ms=np.full(n_readings, stamp_ms + self.meters.interval_s * 1000, np.int64),
                index=np.arange(n_readings, dtype=np.int32),
                **others,
            )


async def record_checkpoints(
    timescale: RealTimescale, meters: Meters, *, n_minutes: int, every_s: int
) -> tuple[list[Recorded], float]:
    """Return the checkpoints of one-second meters at live pace, and the server's processor time per backend's.

    In the last minute the server makes a checkpoint of its own before each of ours. The first minute opens the pages
    and is not among them. No time passes between checkpoints: what is counted is work.
    """
    dsn = await _new_database(timescale, meters)
    recorded: list[Recorded] = []
    async with Pool(DatabaseSettings(database_dsn=dsn), "writer", max_size=1) as pool:
        writer, connection = await Writer.start(meters, pool), await asyncpg.connect(dsn)
        backend = await _backend(pool)
        server = parent_of(backend)
        first_ms = _whole_hour_ms()
        family_s = backend_s = 0.0
        for second in range((n_minutes + 1) * 60):
            writer.fold(first_ms + second * 1000)
            if (second + 1) % every_s:
                continue
            if second == 59:
                await writer.checkpoint()
                family_s, backend_s = family_processor_s(server), processor_s(backend)
                continue
            is_first_touch = second >= n_minutes * 60
            if is_first_touch:
                await connection.execute("CHECKPOINT")
            one = await _recorded(writer, connection, backend, is_first_touch=is_first_touch)
            if second >= 60:
                recorded.append(one)
        beside = family_processor_s(server) - family_s
        ratio = beside / (processor_s(backend) - backend_s)
        await connection.close()
    return recorded, ratio


async def restore_us(timescale: RealTimescale, meters: Meters, n_times: int) -> float:
    """Return processor time of the backend, for each lane that a new owner takes with its open page."""
    dsn = await _new_database(timescale, meters)
    async with Pool(DatabaseSettings(database_dsn=dsn), "writer", max_size=1) as pool:
        writer = await Writer.start(meters, pool)
        for second in range(40):
            writer.fold(_whole_hour_ms() + second * 1000)
        await writer.checkpoint()
        backend = await _backend(pool)
        began_s = processor_s(backend)
        for _ in range(n_times):
            await writer.restart()
        return (processor_s(backend) - began_s) / (n_times * meters.n_points) * 1e6


async def registered_bytes(timescale: RealTimescale, meters: Meters) -> float:
    """Return by how much this process grows for each point of a registry that it loads."""
    dsn = await _new_database(timescale, meters)
    async with Pool(DatabaseSettings(database_dsn=dsn), "writer", max_size=1) as pool:
        before = resident_bytes(os.getpid())
        known = await load_knowledge(pool, RULES, ZONE)
        grown = resident_bytes(os.getpid()) - before
    assert known.directory.devices.device_id.size == meters.n_points
    return grown / meters.n_points


async def weigh_day(timescale: RealTimescale, meters: Meters, *, every_minutes: int) -> DayOfPages:
    """Return what a whole day of pages takes: as checkpoints leave them, and written anew without room."""
    dsn = await _new_database(timescale, meters)
    async with Pool(DatabaseSettings(database_dsn=dsn), "writer", max_size=1) as pool:
        writer = await Writer.start(meters, pool)
        first_ms = _whole_hour_ms() // DAY_MS * DAY_MS - DAY_MS
        for minute in range(24 * 60):
            writer.fold(first_ms + minute * 60_000)
            if (minute + 1) % every_minutes == 0:
                await writer.checkpoint()
        await writer.checkpoint()
    connection = await asyncpg.connect(dsn)
    try:
        as_written, _ = await _page_bytes(connection)
        for (chunk,) in await connection.fetch("SELECT show_chunks('page')::text"):
            await connection.execute(f"ALTER TABLE {chunk} SET (fillfactor = 100)")
            await connection.execute(f"VACUUM FULL {chunk}")
        repacked, index = await _page_bytes(connection)
    finally:
        await connection.close()
    n = meters.n_points
    return DayOfPages(as_written=as_written / n, repacked=repacked / n, index=index / n)


async def _recorded(
    writer: Writer,
    connection: "asyncpg.Connection[asyncpg.Record]",
    backend: int,
    *,
    is_first_touch: bool,
) -> Recorded:
    lsn = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
    # The kernel counts a backend in hundredths of a second: many checkpoints are summed, none is read alone.
    server_s, client_s, began = processor_s(backend), time.process_time(), time.perf_counter()
    n_pages, n_lanes = await writer.checkpoint()
    wall_s, client_s = time.perf_counter() - began, time.process_time() - client_s
    server_s = processor_s(backend) - server_s
    wal = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", lsn)
    return Recorded(
        n_pages=n_pages,
        n_lanes=n_lanes,
        client_us=round(client_s * 1e6),
        server_us=round(server_s * 1e6),
        wall_us=round(wall_s * 1e6),
        wal_bytes=int(wal),
        is_first_touch=is_first_touch,
    )


async def _new_database(timescale: RealTimescale, meters: Meters) -> str:
    dsn = await asyncio.to_thread(timescale.create_database)
    await run_migrate(Settings(database_dsn=dsn))
    await meters.register(dsn)
    return dsn


async def _backend(pool: Pool) -> int:
    async with pool.connection() as connection:
        pid: int = await connection.fetchval("SELECT pg_backend_pid()")
    return pid


async def _page_bytes(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, int]:
    """Return bytes of all chunks of pages, indexes included, and of the indexes."""
    row = await connection.fetchrow(
        "SELECT sum(pg_total_relation_size(chunk)), sum(pg_indexes_size(chunk)) FROM show_chunks('page') AS chunk"
    )
    assert row is not None
    return int(row[0]), int(row[1])


def _whole_hour_ms() -> int:
    return int(time.time()) // 3600 * 3_600_000 - 2 * 3_600_000
