"""The partitions that this process holds: their engines, and how far each is folded and stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from service import clock
from service.domain.batch import Refusal
from service.domain.engine import PartitionEngine
from service.ingest.polled import Partition

E = TypeVar("E")

NO_GENERATION = -1


@dataclass(slots=True)
class Waiting:
    """What is kept in memory until the next image; bounds of it are bounds of memory."""

    n_readings: int = 0  # folded since the last image; an undecodable message is one
    n_pages: int = 0  # opened since the last image
    n_late: int = 0  # readings
    n_events: int = 0  # meter events
    n_letters: int = 0
    n_payload_bytes: int = 0  # of messages that could not be decoded


@dataclass(slots=True, kw_only=True)
class HeldOf(Generic[E]):
    """One partition. Only the fold thread changes it, and only there its parts agree."""

    partition: Partition
    epoch: int  # of this owner
    engine: E  # what its messages are folded into
    stored_offset: int | None  # next offset as the database has it; None before the first
    next_offset: int  # first offset that is not folded yet
    refusals: list[Refusal] = field(default_factory=list)
    waiting: Waiting = field(default_factory=Waiting)
    n_pages_at_image: int = 0
    n_readings_in_image: int = 0  # of the one that is being stored
    turned_s: float = field(default_factory=clock.monotonic_s)  # when its turn to be stored was

    @property
    def is_changed(self) -> bool:
        """Whether there is something to store."""
        return self.next_offset != self.stored_offset

    @property
    def n_unstored(self) -> int:
        """Readings that were folded and are not known to be in the database."""
        return self.n_readings_in_image + self.waiting.n_readings


@dataclass(slots=True)
class HoldingOf(Generic[E]):
    """Every partition of one assignment; empty while there is none."""

    generation: int = NO_GENERATION  # of the source, for which the partitions were restored
    partitions: Mapping[Partition, HeldOf[E]] = field(default_factory=dict)

    def take(self, generation: int, partitions: Mapping[Partition, HeldOf[E]]) -> None:
        """Hold these partitions and no others."""
        self.generation, self.partitions = generation, partitions

    def drop(self) -> None:
        """Hold nothing; what was not stored is read again by the next owner."""
        self.generation, self.partitions = NO_GENERATION, {}

    def waiting(self) -> Waiting:
        """Return what waits in all partitions together."""
        each = [held.waiting for held in self.partitions.values()]
        return Waiting(
            n_readings=sum(one.n_readings for one in each),
            n_pages=sum(one.n_pages for one in each),
            n_late=sum(one.n_late for one in each),
            n_events=sum(one.n_events for one in each),
            n_letters=sum(one.n_letters for one in each),
            n_payload_bytes=sum(one.n_payload_bytes for one in each),
        )

    def n_unstored(self) -> int:
        """Return how many readings were folded and are not known to be in the database."""
        return sum(held.n_unstored for held in self.partitions.values())


HeldPartition: TypeAlias = HeldOf[PartitionEngine]  # of readings
Holding: TypeAlias = HoldingOf[PartitionEngine]
