"""The checkpoint of meter events: rows, dead letters and the offsets they stand for, in one transaction."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.event_checkpoint import EventCheckpoint, PlacedCheckpoint, placed_checkpoint
from service.domain.meter_events import EventPolicy
from service.errors import JudgementMovedError, StoreUnavailableError
from service.store import checkpoint_parts, meter_event_rows, partitions
from service.store.partitions import PartitionStart
from service.store.pool import Connection, Pool, retrying
from service.store.steps import Step, advance, stand_at

_RESOLVE_WITHIN_S = 60.0  # to learn whether a commit came through


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvents:
    """What became of a checkpoint's events, by their words."""

    said: Counter[str]  # of known points, copies included
    folded: Counter[str]  # of these, the ones that nobody had stored before
    refused: Counter[tuple[str, str]]  # dead letters, by event and reason


@dataclass(frozen=True, slots=True)
class EventStore:
    """Writes the checkpoints of meter events of one consumer, one at a time."""

    pool: Pool
    policy: EventPolicy

    async def take_over(
        self, topic: str, numbers: Sequence[int], owner: str
    ) -> list[PartitionStart]:
        """Become the owner of partitions: raise their epochs, and return where each one goes on."""
        async with self.pool.transaction() as connection:
            return await partitions.take_over(connection, topic, numbers, owner)

    async def record_gap(
        self, topic: str, partition: int, from_offset: int, to_offset: int
    ) -> None:
        """Note for good that offsets ``from_offset`` to ``to_offset`` (exclusive) were gone when asked for."""
        async with self.pool.transaction() as connection:
            await partitions.record_gap(connection, topic, partition, (from_offset, to_offset))

    async def commit(self, checkpoint: Sequence[EventCheckpoint]) -> StoredEvents:
        """Store a checkpoint; when it returns, every event of it is counted, once.

        Each event goes to the point that its device serves in the registry in force at this moment.

        Raises:
            FencedError: Another consumer owns one of the partitions; nothing was written.
            StoreError: Nothing was written; after a retryable one call again with the same checkpoint.
        """
        while True:
            number, placed = await self._placed(checkpoint)
            stored = await self._try(checkpoint, placed, number)
            if stored is not None:
                return stored

    async def _placed(self, checkpoint: Sequence[EventCheckpoint]) -> tuple[int, PlacedCheckpoint]:
        """Return the events with their points, and the number of the registry that says so."""
        devices = {said.device for one in checkpoint for said in one.said}
        async with self.pool.connection() as connection:
            number = await meter_event_rows.registry_number(
                connection
            )  # first: what follows is as new
            assignments = await meter_event_rows.assignments_of(connection, devices)
        return number, await asyncio.to_thread(
            placed_checkpoint, checkpoint, assignments, self.policy
        )

    async def _try(
        self, checkpoint: Sequence[EventCheckpoint], placed: PlacedCheckpoint, number: int
    ) -> StoredEvents | None:
        """Return what was stored; None, and nothing was, if the registry is another one by now."""
        fresh: Counter[tuple[int, str]] | None = None
        try:
            async with self.pool.connection() as connection:
                await meter_event_rows.prepare(connection)
                await checkpoint_parts.prepare(connection)
                async with connection.transaction():
                    fresh = await self._write(connection, checkpoint, placed, number)
        except JudgementMovedError:
            return None
        except StoreUnavailableError:
            # Nobody knows yet whether the commit came through: the offsets say.
            if fresh is None or not await self._came_through(checkpoint):
                raise
        folded: Counter[str] = Counter()
        for (_, event), n in fresh.items():
            folded[event] += n
        return StoredEvents(said=placed.said, folded=folded, refused=placed.refused)

    async def _write(
        self,
        connection: Connection,
        checkpoint: Sequence[EventCheckpoint],
        placed: PlacedCheckpoint,
        number: int,
    ) -> Counter[tuple[int, str]]:
        # While the server waits for this client, nothing shared is locked: temporary rows come first.
        await meter_event_rows.copy_events(connection, placed.events)
        homes = [(one.topic, one.partition) for one in checkpoint]
        await checkpoint_parts.copy_letters(connection, zip(homes, placed.letters, strict=True))
        await advance(connection, _steps(checkpoint, placed))
        moved = await meter_event_rows.registry_number_for_share(connection)
        if moved != number:
            raise JudgementMovedError(moved)
        fresh = await meter_event_rows.take_over_events(connection)
        await checkpoint_parts.take_over_letters(connection)
        n_fresh: Counter[int] = Counter()
        for (place, _), n in fresh.items():
            n_fresh[place] += n
        await meter_event_rows.count_copies(
            connection,
            [
                (topic, partition, placed.n_placed[place] - n_fresh[place])
                for place, (topic, partition) in enumerate(homes)
                if placed.n_placed[place] > n_fresh[place]
            ],
        )
        return fresh

    async def _came_through(self, stored: Sequence[EventCheckpoint]) -> bool:
        async for attempt in retrying(within_s=_RESOLVE_WITHIN_S):
            with attempt:
                async with self.pool.connection() as connection:
                    return await stand_at(connection, stored)
        raise AssertionError(_RESOLVE_WITHIN_S)


def _steps(checkpoint: Sequence[EventCheckpoint], placed: PlacedCheckpoint) -> list[Step]:
    """Return the steps; copies are counted as folded until it is known which they are."""
    return [
        Step(
            topic=one.topic,
            partition=one.partition,
            epoch=one.epoch,
            from_offset=one.from_offset,
            next_offset=one.next_offset,
            folded=n_placed,
            duplicate=0,
            dead_lettered=len(letters),
        )
        for one, n_placed, letters in zip(checkpoint, placed.n_placed, placed.letters, strict=True)
    ]
