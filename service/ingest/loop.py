"""The consume loop: poll, fold, and from time to time a checkpoint of what partitions have folded, in turns.

Two tasks and a callback. One task polls and folds; one stores when that is due; the callback of the
group stores everything a last time and lets go. A partition's engine lives from its restore to that moment.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, Protocol

from service import clock
from service.domain.batch import Message
from service.errors import FencedError, OffsetGoneError, StoreError
from service.ingest.checkpoint_policy import FIRST_SHARE, CheckpointPolicy
from service.ingest.folding import FoldReport, FoldThread
from service.ingest.holding import E, HeldOf, HoldingOf
from service.ingest.offsets import OffsetPolicy, Start, resume_at
from service.ingest.polled import Partition, Polled, Source
from service.ingest.retrying import retried
from service.ingest.storing import Turn, everything
from service.logs import logger
from service.metrics import ConsumeMetrics

_FENCED_PAUSE_MAX_S: Final = 30.0

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPolicy:
    """Bounds of the loop."""

    checkpoint: CheckpointPolicy
    let_go_within_s: float  # for the last checkpoint, when partitions are taken away
    start_within_s: float  # how long the brokers are tried


class Checkpointer(Protocol[E]):
    """Stores what the held partitions have folded; times are monotonic seconds."""

    stored_s: float  # when the last one was stored
    trying_since_s: float | None  # of the try under way

    @property
    def is_storing(self) -> bool:
        """Whether a checkpoint is under way."""
        ...

    async def store(self, turn: Turn[E] = ...) -> dict[Partition, int]:
        """Store what was folded, by default everything; return the next offset of each partition that moved."""
        ...


class Restorer(Protocol[E]):
    """Takes partitions over as they were stored."""

    @property
    def offset_policy(self) -> OffsetPolicy:
        """What is done about a gap."""
        ...

    async def restore(
        self, beginnings: Mapping[Partition, int], may_go_on: Callable[[], bool]
    ) -> dict[Partition, HeldOf[E]] | None:
        """Return the partitions; None if ``may_go_on`` said no in between."""
        ...

    async def note_gap(self, partition: Partition, start: Start) -> None:
        """Note the gap before ``start``, if there is one."""
        ...


@dataclass(slots=True, kw_only=True)
class ConsumeLoop(Generic[E]):
    """Reads, folds and stores until it is told to stop."""

    source: Source
    holding: HoldingOf[E]
    thread: FoldThread
    fold: Callable[
        [Mapping[Partition, HeldOf[E]], Mapping[Partition, Sequence[Message]]], FoldReport
    ]
    count: Callable[[FoldReport], None]
    checkpointer: Checkpointer[E]
    restorer: Restorer[E]
    policy: LoopPolicy
    metrics: ConsumeMetrics
    on_stored: Callable[[], None] = lambda: None  # new dead letters may be waiting
    turned_s: float = field(default_factory=clock.monotonic_s)  # when the client last came back
    _restoring: asyncio.Lock = field(default_factory=asyncio.Lock)
    _full: asyncio.Event = field(default_factory=asyncio.Event)
    _is_paused: bool = False
    _share: float = FIRST_SHARE  # of the rows that may wait for a checkpoint
    _n_fenced: int = 0  # since the last checkpoint that was stored
    _must_rejoin: bool = False

    @property
    def is_restored(self) -> bool:
        """Whether what the group has assigned, be it nothing, is held."""
        return self.holding.generation == self.source.generation

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; then store what was folded and leave the group.

        Raises:
            ServiceError: It cannot go on; what is not stored is read again.
        """
        await self._join()
        try:
            async with asyncio.TaskGroup() as tasks:
                storing = tasks.create_task(self._store_when_due())
                await self._fold_until(stop)
                await self.let_go()
                storing.cancel()  # nothing is held any more, so there is nothing to lose
        finally:
            self.holding.drop()
            await self.source.stop()

    async def let_go(self) -> None:
        """Store what was folded and hold nothing any more; the group calls it before it takes."""
        try:
            async with asyncio.timeout(self.policy.let_go_within_s):
                async with self._restoring:
                    await self._store()
        except TimeoutError:
            _log.error("let_go_unfinished", within_s=self.policy.let_go_within_s)
        finally:
            self.holding.drop()

    async def _join(self) -> None:
        async def join() -> None:
            self.turned_s = clock.monotonic_s()  # a try that fails is no hang
            await self.source.start(self.let_go)

        await retried(join, name="join_group", within_s=self.policy.start_within_s)
        self.turned_s = clock.monotonic_s()

    async def _fold_until(self, stop: asyncio.Event) -> None:
        folding: asyncio.Future[FoldReport] | None = None
        while not stop.is_set():
            if self._must_rejoin:
                await self._rejoin()
            await self._take_up()
            polled = await self._poll()  # while the messages before these are folded
            if polled.has_returned:
                self.turned_s = clock.monotonic_s()
            if folding is not None:
                await folding
            folding = self._fold(polled)
            self._keep_flow()
        if folding is not None:
            await folding

    def _fold(self, polled: Polled) -> "asyncio.Future[FoldReport] | None":
        """Begin to fold messages; they are thrown away if they belong to an earlier assignment.

        Whoever lets go takes an image first and drops the engines then: what is folded in between
        goes with them, and is read again.
        """
        if not (
            polled.messages and polled.generation == self.source.generation and self.is_restored
        ):
            return None
        folding = self.thread.start(self.fold, self.holding.partitions, polled.messages)
        folding.add_done_callback(self._count)
        return folding

    def _count(self, folding: "asyncio.Future[FoldReport]") -> None:
        if not folding.cancelled() and folding.exception() is None:
            self.count(folding.result())

    async def _poll(self) -> Polled:
        try:
            return await self.source.poll()
        except OffsetGoneError as gone:
            await self._go_on_after(gone)
            return Polled(self.source.generation)

    async def _go_on_after(self, gone: OffsetGoneError) -> None:
        """Find out what it means that an offset is gone, and go on where the policy says."""
        partition = Partition(gone.topic, gone.partition)
        held, generation = self.holding.partitions.get(partition), self.holding.generation
        beginnings = await self._beginnings([partition])
        start = resume_at(
            self.restorer.offset_policy, partition, gone.offset, beginnings[partition]
        )
        await self.restorer.note_gap(partition, start)
        if held is not None and generation == self.source.generation:
            held.next_offset = start.offset
            self.source.seek(partition, start.offset)

    async def _take_up(self) -> None:
        """Restore the partitions that the group has assigned, if they are not held yet."""
        assignment = self.source.assignment
        if assignment is None or assignment.generation == self.holding.generation:
            return

        def may_go_on() -> bool:
            self.turned_s = clock.monotonic_s()
            return self.source.generation == assignment.generation

        async with self._restoring:
            beginnings = await self._beginnings(assignment.partitions)
            held = await self.restorer.restore(beginnings, may_go_on)
            if held is None or not may_go_on():
                return
            self.holding.take(assignment.generation, held)
            for partition, one in held.items():
                self.source.seek(partition, one.next_offset)
            self.source.resume()
            self._is_paused = False
        self.metrics.count_rebalance()
        self.on_stored()

    async def _beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return await retried(
            lambda: self.source.beginnings(partitions),
            name="first_offsets",
            within_s=self.policy.start_within_s,
        )

    def _keep_flow(self) -> None:
        """Pause while memory is full and the checkpoint that empties it cannot begin yet."""
        is_full = self.policy.checkpoint.is_full(self.holding.waiting(), self._share)
        if is_full:
            self._full.set()
        must_wait = is_full and self.checkpointer.is_storing
        if must_wait != self._is_paused and self.is_restored:
            self._is_paused = must_wait
            (self.source.pause if must_wait else self.source.resume)()

    async def _store_when_due(self) -> None:
        policy = self.policy.checkpoint
        while True:
            wait_s = policy.wait_s(self.holding.partitions.values(), clock.monotonic_s())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._full.wait()
            is_full = self._full.is_set()
            self._full.clear()
            await self._store(partial(policy.turn, now_s=clock.monotonic_s(), is_full=is_full))

    async def _store(self, turn: Turn[E] = everything) -> None:
        generation, began_s = self.source.generation, clock.monotonic_s()
        try:
            offsets = await self.checkpointer.store(turn)
        except FencedError as error:
            _log.warning("fenced", error=str(error))
            self.metrics.count_fenced()
            self._n_fenced += 1
            if self.source.generation == generation:
                self.source.invalidate()
                self._must_rejoin = True
        except StoreError as error:
            if self.source.generation == generation:
                raise
            _log.warning("not_stored", error=repr(error))  # the next owner reads it again
        else:
            if offsets:
                took_s = clock.monotonic_s() - began_s
                self._share = self.policy.checkpoint.next_share(self._share, took_s)
                self._n_fenced = 0
                self.on_stored()
                await self.source.tell(offsets)

    async def _rejoin(self) -> None:
        """Leave the group and join it again; ever slower while others take what is ours."""
        self._must_rejoin = False
        await self.source.stop()
        await asyncio.sleep(min(_FENCED_PAUSE_MAX_S, 2.0 ** (self._n_fenced - 1) - 1.0))
        await self._join()
