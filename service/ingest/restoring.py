"""Taking partitions over: their engines as they were stored, and where each goes on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.domain.lanes import LaneDirectory
from service.domain.pages import PageColumns
from service.ingest.folding import FoldThread
from service.ingest.holding import HeldPartition
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.offsets import OffsetPolicy, Start, start_of
from service.ingest.polled import Partition
from service.ingest.retrying import retried
from service.logs import logger
from service.metrics import ConsumeMetrics

_log = logger(__name__)


class PartitionStart(Protocol):
    """Where a new owner goes on, as the store has it."""

    @property
    def partition(self) -> int:
        """Number of the partition."""
        ...

    @property
    def epoch(self) -> int:
        """Of this owner."""
        ...

    @property
    def next_offset(self) -> int | None:
        """First offset that is not stored; None if nothing was ever stored."""
        ...

    @property
    def data_through_ms(self) -> int:
        """End of the newest reading folded."""
        ...

    @property
    def blocks(self) -> list[tuple[int, bytes, bytes]]:
        """Lane states."""
        ...


class Archive(Protocol):
    """Where partitions are stored."""

    async def take_over(
        self, topic: str, numbers: Sequence[int], owner: str
    ) -> Sequence[PartitionStart]:
        """Become the owner of partitions; whoever owned them is fenced."""
        ...

    async def read_pages(self, points: NDArray[np.int32], hours: NDArray[np.int32]) -> PageColumns:
        """Return the stored pages among these points and hours."""
        ...

    async def record_gap(
        self, topic: str, partition: int, from_offset: int, to_offset: int
    ) -> None:
        """Note that offsets were gone when they were asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer:
    """Makes the engines of partitions that were assigned; it asks between its steps to go on."""

    archive: Archive
    thread: FoldThread
    knowledge: KnowledgeInForce
    fold_policy: FoldPolicy
    offset_policy: OffsetPolicy
    owner: str  # of the partitions; for people who look into the database
    within_s: float  # how long the database is tried
    metrics: ConsumeMetrics

    async def restore(
        self, beginnings: Mapping[Partition, int], may_go_on: Callable[[], bool]
    ) -> dict[Partition, HeldPartition] | None:
        """Return the partitions as they were stored; None if ``may_go_on`` said no in between.

        Raises:
            DataGapError: A log begins after what is stored, and the policy is to refuse.
            StoreError: The database refuses, or did not answer for ``within_s``.
        """
        held: dict[Partition, HeldPartition] = {}
        directory = self.knowledge.now.directory
        for topic, numbers in _by_topic(beginnings).items():
            for one in await self._take_over(topic, numbers):
                if not may_go_on():
                    return None
                partition = Partition(topic, one.partition)
                start = start_of(
                    self.offset_policy, partition, one.next_offset, beginnings[partition]
                )
                held[partition] = await self._restore_one(partition, one, start, directory)
        while directory is not self.knowledge.now.directory:  # it changed meanwhile
            directory = self.knowledge.now.directory
            await self.thread.run(_apply, held.values(), directory)
        return held if may_go_on() else None

    async def note_gap(self, partition: Partition, start: Start) -> None:
        """Note the gap before ``start``, if there is one.

        Raises:
            StoreError: The database refuses, or did not answer for ``within_s``.
        """
        if start.gap is not None:
            self.metrics.count_data_gap()
            _log.error("data_gap", partition=str(partition), offsets=start.gap)
            first, end = start.gap
            await retried(
                lambda: self.archive.record_gap(*partition, first, end),
                name="record_gap",
                within_s=self.within_s,
            )

    async def _take_over(self, topic: str, numbers: Sequence[int]) -> Sequence[PartitionStart]:
        return await retried(
            lambda: self.archive.take_over(topic, numbers, self.owner),
            name="take_over",
            within_s=self.within_s,
        )

    async def _restore_one(
        self, partition: Partition, one: PartitionStart, start: Start, directory: LaneDirectory
    ) -> HeldPartition:
        await self.note_gap(partition, start)
        engine = PartitionEngine(book=LaneBook(directory), policy=self.fold_policy)
        await self.thread.run(engine.restore, one.blocks, one.data_through_ms)
        points, hours = await self.thread.run(engine.open_pages)
        if points.size:
            pages = await retried(
                lambda: self.archive.read_pages(points, hours),
                name="read_pages",
                within_s=self.within_s,
            )
            await self.thread.run(engine.load_pages, pages)
        _log.info(
            "restored",
            partition=str(partition),
            epoch=one.epoch,
            next_offset=start.offset,
            n_lanes=engine.book.n_lanes,
            n_pages=engine.pool.n_pages,
        )
        return HeldPartition(
            partition=partition,
            epoch=one.epoch,
            engine=engine,
            stored_offset=one.next_offset,
            next_offset=start.offset,
            n_pages_at_image=engine.pool.n_pages,
        )


def _by_topic(partitions: Iterable[Partition]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for partition in sorted(partitions):
        numbers[partition.topic].append(partition.number)
    return numbers


def _apply(held: Iterable[HeldPartition], directory: LaneDirectory) -> None:
    for one in held:
        one.engine.apply(directory)
