"""A checkpoint of 10^5 dirty points, against COPY and an ordered upsert of the same bytes, written by hand.

Both write pages, lane states and offsets of as many points into the same tables of the same TimescaleDB, in turn, each
in one transaction over one warm connection. Ours begins with the engines: the image, the merge of partitions, judging
and encoding count. By hand, every byte is ready before the clock starts, and nothing is compared with what is stored.
"""

import asyncio
import io
import os
import statistics
import struct
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np
from rich.console import Console

from kernels import warm_up
from service.domain.batch import Batch
from service.domain.catalogue import chosen_rule_sets
from service.domain.checkpoint import Checkpoint, PartitionCheckpoint, checkpoint_of, mixed_pages
from service.domain.engine import PartitionEngine
from service.domain.judging import Judge, make_judge
from service.domain.lane_book import LAYOUT_VERSION, LaneBook
from service.domain.lanes import lane_directory
from service.domain.pages import PageColumns
from service.settings import Settings
from service.store.checkpoints import CheckpointStore
from service.store.page_rows import COPY_BEGIN, COPY_COLUMNS, COPY_END, copy_rows
from service.store.pool import Pool
from service.store.registry_store import load_registry
from service.wiring.consume import fold_policy
from service.wiring.migrate import run_migrate
from tests.bench import telemetry
from tests.bench.figure import Figure
from tests.real.parts import read_parts
from tests.real.servers import RealTimescale

N_POINTS = 100_000
N_PARTITIONS = 4
N_TURNS = int(os.environ.get("CHECKPOINT_TURNS", "11"))
N_WARM = 3  # turns that do not count: plans, caches, the first pages of the hour
TOPIC, BY_HAND = "voltpass.readings", "by-hand"
AT_MOST = 1.3
_HOUR_MS = 3_600_000
_BLOCK_COLUMNS = ("topic", "partition", "block", "layout_version", "device_ids", "states")

_PREPARE = """
    CREATE TEMPORARY TABLE hand_page (LIKE page) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE hand_block (LIKE lane_block INCLUDING STORAGE) ON COMMIT DELETE ROWS;
"""
_PAGES = f"""
    INSERT INTO page ({", ".join(COPY_COLUMNS)})
    SELECT {", ".join(COPY_COLUMNS)}
      FROM hand_page
     ORDER BY point_id, hour
        ON CONFLICT (point_id, hour) DO UPDATE
       SET {", ".join(f"{name} = EXCLUDED.{name}" for name in COPY_COLUMNS if name not in {"point_id", "hour"})}
"""  # noqa: S608 (column names of ours)
_BLOCKS = """
    INSERT INTO lane_block (topic, partition, block, layout_version, device_ids, states)
    SELECT topic, partition, block, layout_version, device_ids, states
      FROM hand_block
     ORDER BY topic, partition, block
        ON CONFLICT (topic, partition, block) DO UPDATE
       SET layout_version = EXCLUDED.layout_version,
           device_ids = EXCLUDED.device_ids,
           states = EXCLUDED.states
"""
_OFFSETS = """
    INSERT INTO partition_progress (topic, partition, epoch, owner, next_offset)
    SELECT $1, number, 1, 'hand', $2
      FROM generate_series(0, $3::integer - 1) AS number
        ON CONFLICT (topic, partition) DO UPDATE
       SET next_offset = EXCLUDED.next_offset,
           stored_at = now()
"""


@dataclass(slots=True, kw_only=True)
class _Consumer:
    """The parts of a consumer that a checkpoint takes."""

    store: CheckpointStore
    judge: Judge
    engines: Sequence[PartitionEngine]
    epochs: Sequence[int]
    stored: int | None = None  # offset, of every partition
    checkpoint: Checkpoint | None = None  # the last one

    async def store_all(self, next_offset: int) -> None:
        """Store what was folded, as ``consume`` does."""
        parts = [
            PartitionCheckpoint(
                topic=TOPIC,
                partition=number,
                epoch=self.epochs[number],
                from_offset=self.stored,
                next_offset=next_offset,
                image=engine.take_image(),
                refusals=(),
                n_refused=0,
            )
            for number, engine in enumerate(self.engines)
        ]
        checkpoint = await asyncio.to_thread(checkpoint_of, parts)
        stored = await self.store.commit(checkpoint, self.judge)
        for engine, part, page_of in zip(self.engines, parts, checkpoint.page_of, strict=True):
            mixed = mixed_pages(page_of, stored.is_mixed)
            engine.acknowledge(part.image, stored.revision[page_of], stored.pages, mixed)
        self.stored, self.checkpoint = next_offset, checkpoint


def measure(console: Console) -> list[Figure]:
    """Return how long a checkpoint takes, and the same bytes by hand, and their ratio."""
    warm_up()
    with RealTimescale(parts=read_parts(os.environ)) as timescale:
        ours_s, hand_s = asyncio.run(_turns(console, timescale.create_database()))
    ratio = statistics.median(ours / hand for ours, hand in zip(ours_s, hand_s, strict=True))
    ours, hand = statistics.median(ours_s), statistics.median(hand_s)
    return [
        Figure(name="checkpoint of 10^5 dirty points", value=ours, unit="s"),
        Figure(name="the same bytes by hand", value=hand, unit="s"),
        Figure(
            name="checkpoint, of the time by hand",
            value=ratio,
            unit="x",
            row=6,
            at_most=AT_MOST,
            against=f"COPY and upsert of the same bytes by hand: {hand:.2f} s",
        ),
    ]


async def _turns(console: Console, dsn: str) -> tuple[list[float], list[float]]:
    settings = Settings(database_dsn=dsn)
    await run_migrate(settings)
    await telemetry.register(dsn, 2 * N_POINTS)  # the second half is for the hand
    ours_s, hand_s = [], []
    hand = await asyncpg.connect(dsn)
    try:
        await hand.execute("UPDATE device SET interval_s = 60")
        await hand.execute(_PREPARE)
        async with Pool(settings, "writer", max_size=2) as pool:
            consumer = await _consumer(settings, pool)
            first_ms = int(time.time() * 1000) // _HOUR_MS * _HOUR_MS - 2 * _HOUR_MS
            console.print(f"checkpoint: {N_POINTS:,} dirty points, {N_TURNS} turns each")
            for turn in range(N_WARM + N_TURNS):
                _fold(consumer, first_ms + turn * 60_000, turn)
                ours = await _timed(consumer.store_all(turn + 1))
                assert consumer.checkpoint is not None
                assert consumer.checkpoint.pages.n_pages == N_POINTS
                rows = _rows_by_hand(consumer.checkpoint, consumer.judge)
                by_hand = await _timed(_store_by_hand(hand, *rows, turn + 1))
                if turn >= N_WARM:
                    ours_s.append(ours)
                    hand_s.append(by_hand)
    finally:
        await hand.close()
    return ours_s, hand_s


async def _consumer(settings: Settings, pool: Pool) -> _Consumer:
    rule_set = chosen_rule_sets(settings).statutory
    async with pool.transaction() as connection:
        registry = await load_registry(connection, settings.zone)
    judge = make_judge(registry, rule_set)
    directory = lane_directory(registry, judge.live_bands)
    policy = fold_policy(settings, rule_set)
    store = CheckpointStore(pool, settings.zone)
    starts = await store.take_over(TOPIC, list(range(N_PARTITIONS)), "bench")
    return _Consumer(
        store=store,
        judge=judge,
        engines=[PartitionEngine(LaneBook(directory), policy) for _ in starts],
        epochs=[start.epoch for start in starts],
    )


def _fold(consumer: _Consumer, stamp_ms: int, offset: int) -> None:
    """Fold one reading of every point."""
    per_partition = N_POINTS // N_PARTITIONS
    random = np.random.default_rng(offset)
    for number, engine in enumerate(consumer.engines):
        first = number * per_partition + 1
        batch = Batch(
            names=[f"M{point:09d}" for point in range(first, first + per_partition)],
            names_key=b"%d" % number,
            device=np.arange(per_partition, dtype=np.int32),
            stamp_ms=np.full(per_partition, stamp_ms),
            has_zone=np.zeros(0, np.uint8),
            v1=220 + random.normal(0, 3, per_partition),
            quality=np.zeros(per_partition, np.uint8),
            offset=np.full(per_partition, offset),
            record_ms=np.full(per_partition, stamp_ms + 60_000),
            index=np.arange(per_partition, dtype=np.int32),
        )
        engine.fold([batch])


async def _timed(work: Coroutine[object, object, None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _rows_by_hand(checkpoint: Checkpoint, judge: Judge) -> tuple[io.BytesIO, io.BytesIO]:
    """Return the bytes of a checkpoint as COPY streams, its pages those of the second half of the points."""
    pages = checkpoint.pages
    others = PageColumns(
        point=pages.point + N_POINTS,
        hour=pages.hour,
        revision=pages.revision,
        interval_s=pages.interval_s,
        planes=pages.planes,
        power_s=pages.power_s,
        active_ws=pages.active_ws,
        reactive_vars=pages.reactive_vars,
        scores=pages.scores,
        judgement=pages.judgement,
    )
    rows = copy_rows(others, judge.nominal_mv(others.point))
    return io.BytesIO(COPY_BEGIN + rows + COPY_END), _blocks_stream(checkpoint)


def _blocks_stream(checkpoint: Checkpoint) -> io.BytesIO:
    rows = [
        struct.pack(">h", len(_BLOCK_COLUMNS))
        + b"".join(
            struct.pack(">i", len(value)) + value
            for value in (
                BY_HAND.encode(),
                struct.pack(">i", part.partition),
                struct.pack(">i", number),
                struct.pack(">h", LAYOUT_VERSION),
                device_ids,
                states,
            )
        )
        for part in checkpoint.partitions
        for number, device_ids, states in part.image.blocks
    ]
    return io.BytesIO(COPY_BEGIN + b"".join(rows) + COPY_END)


async def _store_by_hand(
    connection: "asyncpg.Connection[asyncpg.Record]",
    pages: io.BytesIO,
    blocks: io.BytesIO,
    next_offset: int,
) -> None:
    async with connection.transaction():
        await connection.copy_to_table(
            "hand_page", source=pages, columns=COPY_COLUMNS, format="binary"
        )
        await connection.copy_to_table(
            "hand_block", source=blocks, columns=_BLOCK_COLUMNS, format="binary"
        )
        await connection.execute(_OFFSETS, BY_HAND, next_offset, N_PARTITIONS)
        await connection.execute(_PAGES)
        await connection.execute(_BLOCKS)
