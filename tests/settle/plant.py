"""A small deployment without Kafka: readings go in by hand, checkpoints and passes are made when a test says so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from kernels.layout import QUALITY_GOOD
from service.clock import monotonic_s
from service.domain.bands import event_limits
from service.domain.batch import Batch, Refusal
from service.domain.checkpoint import PartitionCheckpoint, checkpoint_of, mixed_pages
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.domain.rules import RuleSet, load_rule_set
from service.errors import JudgementMovedError
from service.metrics import SettleMetrics, new_registry
from service.settle.knowledge import Knowledge, load_knowledge
from service.settle.settler import PassReport, SettlePolicy, Settler
from service.store.checkpoints import CheckpointStore, StoredCheckpoint
from service.store.pool import Pool
from service.store.registry_imports import import_registry

ZONE = "Asia/Shanghai"
TOPIC = "readings"
RULES = load_rule_set("sgcc-2003")
DAY = datetime(2026, 11, 1, 16, tzinfo=UTC)  # midnight in the zone
DAY_MS = round(DAY.timestamp() * 1000)
MINUTE_MS = 60_000
HEADER = "point,nominal_v,wiring,class,feeder,valid_from\n"
DEVICES = "device,point,interval_s,self_powered,valid_from\n"


def batch_of(
    device: str, readings: Sequence[tuple[int, float]], *, offset: int, record_ms: int | None = None
) -> Batch:
    """Return readings (stamp in milliseconds, volts) of one device as one message."""
    n_readings = len(readings)
    stamps = np.array([stamp for stamp, _ in readings], np.int64)
    record = int(stamps.max()) + MINUTE_MS if record_ms is None else record_ms
    return Batch(
        names=[device],
        names_key=device.encode(),
        device=np.zeros(n_readings, np.int32),
        stamp_ms=stamps,
        has_zone=np.zeros(0, np.uint8),
        v1=np.array([volts for _, volts in readings], np.float64),
        quality=np.full(n_readings, QUALITY_GOOD, np.uint8),
        offset=np.full(n_readings, offset, np.int64),
        record_ms=np.full(n_readings, record, np.int64),
        index=np.arange(n_readings, dtype=np.int32),
    )


async def register(pool: Pool, points: str, devices: str) -> None:
    """Import points and devices: the lines of their files, without headers."""
    reports = [
        await import_registry(pool, "points", (HEADER + points).encode()),
        await import_registry(pool, "devices", (DEVICES + devices).encode()),
    ]
    assert not any(report.is_refused for report in reports), reports


@dataclass(slots=True)
class Consumer:
    """What a consumer does with one partition, step by step."""

    pool: Pool
    partition: int
    known: Knowledge
    store: CheckpointStore
    engine: PartitionEngine
    epoch: int
    stored_offset: int | None
    next_offset: int
    rules: RuleSet = RULES
    refusals: list[Refusal] = field(default_factory=list)
    n_moved: int = 0  # how often the judgement had moved

    def fold(self, device: str, readings: Sequence[tuple[int, float]]) -> None:
        """Fold one message."""
        self.engine.fold([batch_of(device, readings, offset=self.next_offset)])
        self.next_offset += 1

    async def checkpoint(self) -> StoredCheckpoint:
        """Store what was folded, loading the registry again when it moved."""
        part = PartitionCheckpoint(
            topic=TOPIC,
            partition=self.partition,
            epoch=self.epoch,
            from_offset=self.stored_offset,
            next_offset=self.next_offset,
            image=self.engine.take_image(),
            refusals=self.refusals,
            n_refused=len(self.refusals),
        )
        whole = checkpoint_of([part])
        try:
            stored = await self.store.commit(whole, self.known.judge)
        except JudgementMovedError:
            self.n_moved += 1
            self.known = await load_knowledge(self.pool, self.rules, ZONE)
            self.engine.apply(self.known.directory)
            stored = await self.store.commit(whole, self.known.judge, has_moved=True)
        mixed = mixed_pages(whole.page_of[0], stored.is_mixed)
        self.engine.acknowledge(part.image, stored.revision[whole.page_of[0]], stored.pages, mixed)
        self.stored_offset, self.refusals = self.next_offset, []
        return stored


async def consumer(pool: Pool, partition: int = 0, rules: RuleSet = RULES) -> Consumer:
    """Take a partition over and restore what was stored of it."""
    known = await load_knowledge(pool, rules, ZONE)
    store = CheckpointStore(pool, ZONE)
    (start,) = await store.take_over(TOPIC, [partition], "test")
    engine = PartitionEngine(LaneBook(known.directory), FoldPolicy(events=event_limits(rules)))
    engine.restore(start.blocks, start.data_through_ms)
    engine.load_pages(await store.read_pages(*engine.open_pages()))
    return Consumer(
        pool=pool,
        partition=partition,
        known=known,
        store=store,
        engine=engine,
        epoch=start.epoch,
        stored_offset=start.next_offset,
        next_offset=start.next_offset or 0,
        rules=rules,
    )


def settler(pool: Pool, rules: RuleSet = RULES) -> Settler:
    """Return a settler that works when asked."""
    return Settler(
        pool=pool,
        rule_set=rules,
        zone=ZONE,
        policy=SettlePolicy(
            interval_s=1.0, late_per_pass=100_000, lateness_window_s=864_000, retention_days=0
        ),
        metrics=SettleMetrics(new_registry()),
        monotonic_s=monotonic_s,
    )


async def settle(pool: Pool, rules: RuleSet = RULES) -> list[PassReport]:
    """Make passes until one has nothing to do; return those that had."""
    one, reports = settler(pool, rules), []
    while not (report := await one.make_pass()).is_idle:
        reports.append(report)
        assert len(reports) < 20, reports
    return reports


async def ledger(pool: Pool) -> list[tuple[object, ...]]:
    """Return all pages but what tells when and how often they were written."""
    async with pool.connection() as connection:
        rows = await connection.fetch(
            "SELECT point_id, hour, cells, full_marks(marks, n_phases * 60), full_marks(verdicts, 60), phase_counts,"
            " n_missing, n_pass, n_over, n_under,"
            " n_interrupted, n_exempt, n_invalid, cell_min, cell_max, spread_min, spread_max"
            " FROM page ORDER BY point_id, hour"
        )
    return [tuple(row) for row in rows]


async def table(pool: Pool, sql: str) -> list[dict[str, object]]:
    """Return the rows of a query."""
    async with pool.connection() as connection:
        return [dict(row) for row in await connection.fetch(sql)]


def minutes(first: int, n_minutes: int, volts: float) -> list[tuple[int, float]]:
    """Return one reading a minute, from minute ``first`` of the day on."""
    return [(DAY_MS + minute * MINUTE_MS, volts) for minute in range(first, first + n_minutes)]


def at(minute: int) -> datetime:
    """Return a minute of the day."""
    return DAY + timedelta(minutes=minute)
