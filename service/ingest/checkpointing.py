"""Checkpoints: images of what was folded, taken between two folds, stored while folding goes on."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from service import clock
from service.domain.checkpoint import (
    Checkpoint,
    PartitionCheckpoint,
    checkpoint_of,
    mixed_pages,
)
from service.domain.engine import PartitionEngine
from service.domain.judging import Judge
from service.domain.pages import PageColumns
from service.errors import JudgementMovedError
from service.ingest.folding import FoldThread
from service.ingest.heap import give_back
from service.ingest.holding import HeldPartition, Holding, Waiting
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.polled import Partition
from service.ingest.retrying import retried
from service.ingest.storing import Image, Storing, Turn, everything
from service.metrics import ConsumeMetrics, Table

_MANY_PAGES: Final = 20_000  # written; fewer leave the heap about as it was
_TOO_MANY_PAGES: Final = (
    200_000  # then memory is given back at once, else when there is nothing to store
)


class Stored(Protocol):
    """What became of a checkpoint's pages."""

    @property
    def revision(self) -> NDArray[np.int32]:
        """Of each stored row."""
        ...

    @property
    def is_mixed(self) -> NDArray[np.bool_]:
        """Rows that hold more than one lane's candidates."""
        ...

    @property
    def pages(self) -> PageColumns:
        """As they were stored."""
        ...

    @property
    def n_rows(self) -> Mapping[str, int]:
        """Rows written, by table."""
        ...


class Ledger(Protocol):
    """Where checkpoints are stored."""

    async def commit(
        self, checkpoint: Checkpoint, judge: Judge, *, has_moved: bool = False
    ) -> Stored:
        """Judge and store a checkpoint, whole or not at all; again with ``has_moved`` after that."""
        ...


class Checkpointer(Storing[PartitionEngine, PartitionCheckpoint]):
    """Stores readings: pages, lane states, late readings, events and dead letters."""

    def __init__(
        self,
        ledger: Ledger,
        thread: FoldThread,
        holding: Holding,
        knowledge: KnowledgeInForce,
        metrics: ConsumeMetrics,
    ) -> None:
        super().__init__(thread, holding)
        self._ledger = ledger
        self._knowledge = knowledge
        self._metrics = metrics
        self._n_pages = 0  # written since memory was given back

    async def store(self, turn: Turn[PartitionEngine] = everything) -> dict[Partition, int]:
        """Store as ``Storing`` does; from time to time give back the memory of images that nothing holds any more."""
        offsets = await super().store(turn)
        if self._n_pages >= (_TOO_MANY_PAGES if offsets else _MANY_PAGES):
            self._n_pages = 0
            await asyncio.to_thread(give_back)
        return offsets

    def part_of(self, held: HeldPartition) -> PartitionCheckpoint:
        """Return what a partition has to store, and begin anew; runs on the fold thread."""
        part = PartitionCheckpoint(
            topic=held.partition.topic,
            partition=held.partition.number,
            epoch=held.epoch,
            from_offset=held.stored_offset,
            next_offset=held.next_offset,
            image=held.engine.take_image(),
            refusals=held.refusals,
            n_refused=len(held.refusals),
        )
        held.n_readings_in_image = held.waiting.n_readings
        held.refusals, held.waiting = [], Waiting()
        held.n_pages_at_image = held.engine.pool.n_pages
        return part

    async def commit(
        self, image: Image[PartitionEngine, PartitionCheckpoint], unless: Callable[[], bool]
    ) -> None:
        """Store an image, whole or not at all; no try begins once ``unless`` is true."""
        checkpoint = await asyncio.to_thread(checkpoint_of, image.parts)
        stored = await retried(
            lambda: self._try(checkpoint),
            name="checkpoint",
            unless=unless,
        )
        await self._thread.run(_acknowledge, image, checkpoint, stored)
        rows = cast("Mapping[Table, int]", stored.n_rows)
        self._metrics.record_checkpoint(clock.monotonic_s() - self.began_s, rows)
        self._n_pages += stored.pages.n_pages

    async def _try(self, checkpoint: Checkpoint) -> Stored:
        """Commit under the judgement in force, whichever that is by then."""
        self.trying_since_s = clock.monotonic_s()
        has_moved = False
        try:
            while True:
                judge = self._knowledge.now.judge
                try:
                    return await self._ledger.commit(checkpoint, judge, has_moved=has_moved)
                except JudgementMovedError as moved:
                    await self._knowledge.refresh(moved.number)
                    has_moved = True
        finally:
            self.trying_since_s = None


def _acknowledge(
    image: Image[PartitionEngine, PartitionCheckpoint], checkpoint: Checkpoint, stored: Stored
) -> None:
    for (held, part), page_of in zip(image.pairs(), checkpoint.page_of, strict=True):
        mixed = mixed_pages(page_of, stored.is_mixed)
        held.engine.acknowledge(part.image, stored.revision[page_of], stored.pages, mixed)
        held.stored_offset = part.next_offset
        held.n_readings_in_image = 0
