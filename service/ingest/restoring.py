"""Taking partitions over: their engines as they were stored, and where each goes on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.lane_book import LaneBook
from service.domain.lanes import LaneDirectory
from service.domain.pages import PageColumns
from service.ingest.folding import FoldThread
from service.ingest.holding import HeldPartition
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.offsets import Start
from service.ingest.polled import Partition
from service.ingest.retrying import retried
from service.ingest.taking_over import PartitionStart, Progress, TakingOver
from service.logs import logger

_PAGES_AT_ONCE: Final = 50_000  # read, and then in memory twice for a moment

_log = logger(__name__)


class Archive(Progress, Protocol):
    """Where partitions are stored, and what was folded of them."""

    async def read_pages(self, points: NDArray[np.int32], hours: NDArray[np.int32]) -> PageColumns:
        """Return the stored pages among these points and hours."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer(TakingOver):
    """Makes the engines of partitions that were assigned; it asks between its steps to go on."""

    archive: Archive
    thread: FoldThread
    knowledge: KnowledgeInForce
    fold_policy: FoldPolicy

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
        for partition, one, start in await self.take_over(beginnings):
            if not may_go_on():
                return None
            held[partition] = await self._restore_one(partition, one, start, directory)
        while directory is not self.knowledge.now.directory:  # it changed meanwhile
            directory = self.knowledge.now.directory
            await self.thread.run(_apply, held.values(), directory)
        return held if may_go_on() else None

    async def _restore_one(
        self, partition: Partition, one: PartitionStart, start: Start, directory: LaneDirectory
    ) -> HeldPartition:
        await self.note_gap(partition, start)
        engine = PartitionEngine(book=LaneBook(directory), policy=self.fold_policy)
        await self.thread.run(engine.restore, one.blocks, one.data_through_ms)
        points, hours = await self.thread.run(engine.open_pages)
        for first in range(0, points.size, _PAGES_AT_ONCE):
            some = slice(first, first + _PAGES_AT_ONCE)
            read = partial(self.archive.read_pages, points[some], hours[some])
            pages = await retried(read, name="read_pages", within_s=self.within_s)
            await self.thread.run(engine.load_pages, pages, some)
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


def _apply(held: Iterable[HeldPartition], directory: LaneDirectory) -> None:
    for one in held:
        one.engine.apply(directory)
