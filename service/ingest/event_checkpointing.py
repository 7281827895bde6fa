"""Checkpoints of meter events: taken and stored like those of readings, and apart from them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from service import clock
from service.domain.event_checkpoint import EventCheckpoint
from service.ingest.event_folding import EventHolding, EventsHeld, HeldEvents
from service.ingest.folding import FoldThread
from service.ingest.holding import Waiting
from service.ingest.retrying import retried
from service.ingest.storing import Image, Storing
from service.metrics.meter_events import MeterEventMetrics


class StoredEvents(Protocol):
    """What became of a checkpoint's events, by their words."""

    @property
    def said(self) -> Counter[str]:
        """Events of known points, copies included."""
        ...

    @property
    def folded(self) -> Counter[str]:
        """Of these, the ones that nobody had stored before."""
        ...

    @property
    def refused(self) -> Counter[tuple[str, str]]:
        """Dead letters, by event and reason."""
        ...


class EventLedger(Protocol):
    """Where meter events are stored."""

    async def commit(self, partitions: Sequence[EventCheckpoint]) -> StoredEvents:
        """Store a checkpoint, whole or not at all."""
        ...


class EventCheckpointer(Storing[EventsHeld, EventCheckpoint]):
    """Stores meter events and dead letters."""

    def __init__(
        self,
        ledger: EventLedger,
        thread: FoldThread,
        holding: EventHolding,
        metrics: MeterEventMetrics,
    ) -> None:
        super().__init__(thread, holding)
        self._ledger = ledger
        self._metrics = metrics

    def part_of(self, held: HeldEvents) -> EventCheckpoint:
        """Return what a partition has to store, and begin anew; runs on the fold thread."""
        part = EventCheckpoint(
            topic=held.partition.topic,
            partition=held.partition.number,
            epoch=held.epoch,
            from_offset=held.stored_offset,
            next_offset=held.next_offset,
            said=held.engine.said,
            refusals=held.refusals,
        )
        held.n_readings_in_image = held.waiting.n_readings
        held.engine.said, held.refusals, held.waiting = [], [], Waiting()
        return part

    async def commit(
        self, image: Image[EventsHeld, EventCheckpoint], unless: Callable[[], bool]
    ) -> None:
        """Store an image, whole or not at all; no try begins once ``unless`` is true."""
        stored = await retried(lambda: self._try(image.parts), name="meter_events", unless=unless)
        await self._thread.run(_acknowledge, image)
        self._metrics.count(stored.said, stored.folded, stored.refused)

    async def _try(self, parts: Sequence[EventCheckpoint]) -> StoredEvents:
        self.trying_since_s = clock.monotonic_s()
        try:
            return await self._ledger.commit(parts)
        finally:
            self.trying_since_s = None


def _acknowledge(image: Image[EventsHeld, EventCheckpoint]) -> None:
    for held, part in image.pairs():
        held.stored_offset = part.next_offset
        held.n_readings_in_image = 0
