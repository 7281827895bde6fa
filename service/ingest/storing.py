"""One checkpoint after another: an image taken between two folds, stored while folding goes on."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from service import clock
from service.ingest.folding import FoldThread
from service.ingest.holding import E, HeldOf, HoldingOf
from service.ingest.polled import Partition


class Part(Protocol):
    """What is to be stored of one partition."""

    @property
    def next_offset(self) -> int:
        """Where the partition goes on."""
        ...


P = TypeVar("P", bound=Part)
Turn: TypeAlias = Callable[[Iterable[HeldOf[E]]], Iterable[HeldOf[E]]]


def everything(held: Iterable[HeldOf[E]]) -> Iterable[HeldOf[E]]:
    """Return all: whoever lets go stores everything."""
    return held


@dataclass(frozen=True, slots=True)
class Image(Generic[E, P]):
    """What is to be stored, and of whom it was taken."""

    held: Sequence[HeldOf[E]]
    parts: Sequence[P]

    def offsets(self) -> dict[Partition, int]:
        """Return where each partition goes on; empty: there is nothing to store."""
        return {held.partition: part.next_offset for held, part in self.pairs()}

    def pairs(self) -> Iterable[tuple[HeldOf[E], P]]:
        """Return each partition with what is stored of it."""
        return zip(self.held, self.parts, strict=True)


class Storing(ABC, Generic[E, P]):
    """Stores what the held partitions have folded, one checkpoint at a time.

    Once its image is taken, a checkpoint is stored or its partitions are dropped: an engine that
    went on without would have lost what was folded into it.
    """

    def __init__(self, thread: FoldThread, holding: HoldingOf[E]) -> None:
        self.began_s = clock.monotonic_s()  # of the last one
        self.stored_s = clock.monotonic_s()  # when the last one was stored
        self.trying_since_s: float | None = None  # of the try under way
        self._thread = thread
        self._holding = holding
        self._one_at_a_time = asyncio.Lock()

    @abstractmethod
    def part_of(self, held: HeldOf[E]) -> P:
        """Return what a partition has to store, and begin anew; runs on the fold thread."""

    @abstractmethod
    async def commit(self, image: Image[E, P], unless: Callable[[], bool]) -> None:
        """Store an image, whole or not at all; no try begins once ``unless`` is true."""

    async def store(self, turn: Turn[E] = everything) -> dict[Partition, int]:
        """Store what the partitions whose turn it is have folded; return the next offset of each that moved on.

        What may pass is tried again, from memory, as long as the partitions are held. If this does
        not return, nothing is held any more.

        Raises:
            FencedError: Another process owns one of the partitions.
            StoreError: The database refuses for good; or it may pass, but the partitions are gone.
        """
        async with self._one_at_a_time:
            generation, partitions = self._holding.generation, self._holding.partitions
            self.began_s = clock.monotonic_s()
            try:
                image = await self._thread.run(self._take_image, partitions, turn)
                offsets = image.offsets()
                if offsets:
                    await self.commit(image, lambda: self._holding.generation != generation)
            except BaseException:
                if self._holding.generation == generation:
                    self._holding.drop()
                raise
            self.stored_s = clock.monotonic_s()
            return offsets

    def _take_image(self, partitions: Mapping[Partition, HeldOf[E]], turn: Turn[E]) -> Image[E, P]:
        now_s = clock.monotonic_s()
        changed = []
        for held in turn(partitions.values()):
            held.turned_s = now_s
            if held.is_changed:
                changed.append(held)
        return Image(changed, [self.part_of(held) for held in changed])

    @property
    def is_storing(self) -> bool:
        """Whether a checkpoint is under way."""
        return self._one_at_a_time.locked()
