"""The checkpoint: pages, lane states, events, dead letters and the offsets they stand for, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.domain.checkpoint import Checkpoint, PartitionCheckpoint
from service.domain.judging import Judge
from service.domain.pages import PageColumns
from service.errors import JudgementMovedError, StoreUnavailableError
from service.store import checkpoint_parts, page_writes, partitions
from service.store.dirty_days import DirtyMarks
from service.store.judgement import ask_for_quiet, read_for_share
from service.store.partitions import PartitionStart
from service.store.pool import Connection, Pool, retrying
from service.store.steps import advance, stand_at, step_of

_RESOLVE_WITHIN_S = 60.0  # to learn whether a commit came through


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """What became of a checkpoint's pages."""

    revision: NDArray[np.int32]  # of each stored row
    is_mixed: NDArray[np.bool_]  # rows that hold more than one lane's candidates
    pages: PageColumns  # as they were stored
    n_rows: dict[str, int]  # rows written, by table


@dataclass(slots=True)
class CheckpointStore:
    """Writes the checkpoints of one consumer, one at a time."""

    pool: Pool
    zone: str  # of the deployment: days are marked dirty in it
    _marks: DirtyMarks = field(default_factory=DirtyMarks)

    async def take_over(
        self, topic: str, numbers: Sequence[int], owner: str
    ) -> list[PartitionStart]:
        """Become the owner of partitions: raise their epochs, and return where each one goes on."""
        async with self.pool.transaction() as connection:
            return await partitions.take_over(connection, topic, numbers, owner)

    async def read_pages(self, points: NDArray[np.int32], hours: NDArray[np.int32]) -> PageColumns:
        """Return the stored pages among the given points and hours, for ``PartitionEngine.load_pages``."""
        async with self.pool.connection() as connection:
            return await partitions.read_pages(connection, points, hours)

    async def commit(
        self, checkpoint: Checkpoint, judge: Judge, *, has_moved: bool = False
    ) -> StoredCheckpoint:
        """Judge and store a checkpoint; when it returns, every reading of it is counted, once.

        ``has_moved`` says that this is not the first try: others are asked to leave the judgement as it is.

        Raises:
            FencedError: Another consumer owns one of the partitions; nothing was written.
            JudgementMovedError: Registry, rules or declarations changed; nothing was written. Load them, and call
                again with the same checkpoint and a new judge.
            StoreError: Nothing was written; after a retryable one call again with the same checkpoint.
        """
        days = self._marks.days_of(checkpoint.pages, self.zone)
        try:
            async with self.pool.connection() as connection:
                await page_writes.prepare(connection)
                await checkpoint_parts.prepare(connection)
                async with connection.transaction():
                    if has_moved:
                        await ask_for_quiet(connection)
                    n_rows = await self._write(connection, checkpoint, judge)
        except StoreUnavailableError:
            # Nobody knows yet whether the commit came through: the offsets say.
            if not await self._came_through(checkpoint.partitions):
                raise
            n_rows = {}
            self._marks.forget()
        else:
            self._marks.confirm(days)
        return StoredCheckpoint(
            revision=checkpoint.pages.revision + 1,
            is_mixed=checkpoint.shared,
            pages=checkpoint.pages,
            n_rows=n_rows,
        )

    async def record_gap(
        self, topic: str, partition: int, from_offset: int, to_offset: int
    ) -> None:
        """Note for good that offsets ``from_offset`` to ``to_offset`` (exclusive) were gone when asked for."""
        async with self.pool.transaction() as connection:
            await partitions.record_gap(connection, topic, partition, (from_offset, to_offset))

    async def unpublished_letters(
        self, topic: str, partition: int, limit: int
    ) -> list[checkpoint_parts.StoredLetter]:
        """Return the oldest dead letters of a partition that the dead-letter topic does not have yet."""
        async with self.pool.connection() as connection:
            return await checkpoint_parts.unpublished_letters(connection, topic, partition, limit)

    async def mark_published(self, letters: Sequence[checkpoint_parts.StoredLetter]) -> None:
        """Note that the dead-letter topic has these letters."""
        async with self.pool.transaction() as connection:
            await checkpoint_parts.mark_published(connection, letters)

    async def _write(
        self, connection: Connection, checkpoint: Checkpoint, judge: Judge
    ) -> dict[str, int]:
        # While the server waits for this client, nothing shared is locked: temporary rows come first.
        await page_writes.copy_pages(connection, checkpoint.pages, judge)
        await checkpoint_parts.copy_parts(connection, checkpoint.partitions)

        async def lock() -> int:
            await advance(connection, map(step_of, checkpoint.partitions))
            number, generation = await read_for_share(connection)
            if number != checkpoint.pages.judgement:
                raise JudgementMovedError(number)
            return generation

        generation = await page_writes.upsert_pages(
            connection, checkpoint.pages, checkpoint.shared, judge, lock
        )
        n_rows = await checkpoint_parts.take_over_parts(connection)
        n_rows["page"] = checkpoint.pages.n_pages
        n_rows["dirty_day"] = await self._marks.write(connection, generation, self.zone)
        return n_rows

    async def _came_through(self, stored: Sequence[PartitionCheckpoint]) -> bool:
        async for attempt in retrying(within_s=_RESOLVE_WITHIN_S):
            with attempt:
                async with self.pool.connection() as connection:
                    return await stand_at(connection, stored)
        raise AssertionError(_RESOLVE_WITHIN_S)
