"""The source of messages, as the loop sees it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from service.domain.batch import Message


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """The partitions that the group gave to this process, and when."""

    generation: int  # of the source; another one makes every batch of this one stale
    partitions: frozenset[Partition]


@dataclass(frozen=True, slots=True)
class Polled:
    """Messages in the order of each partition's log."""

    generation: int  # in which they were fetched
    messages: Mapping[Partition, Sequence[Message]] = field(default_factory=dict)
    has_returned: bool = True  # False: the client hangs, or waits for the group


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """How far one partition has been fetched."""

    position: int | None  # next offset to fetch; None before the first answer
    high_water: int | None  # end of the log, as of the last answer
    answered_ms: int | None  # of the last answer, milliseconds since the Unix epoch
    is_paused: bool

    @property
    def n_behind(self) -> int:
        """Messages that are not fetched yet; below zero where the position is beyond the end."""
        if self.position is None or self.high_water is None:
            return 0
        return self.high_water - self.position


class Source(Protocol):
    """A member of the consumer group. ``generation`` rises whenever partitions come or go."""

    generation: int
    assignment: Assignment | None  # None while partitions come or go

    async def start(self, let_go: Callable[[], Awaitable[None]]) -> None:
        """Join the group."""
        ...

    async def stop(self) -> None:
        """Leave the group."""
        ...

    def invalidate(self) -> None:
        """Make everything fetched so far stale."""
        ...

    async def poll(self) -> Polled:
        """Return the next messages."""
        ...

    def seek(self, partition: Partition, offset: int) -> None:
        """Go on at ``offset``."""
        ...

    def pause(self) -> None:
        """Fetch nothing."""
        ...

    def resume(self) -> None:
        """Fetch again."""
        ...

    async def beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset that each log still has."""
        ...

    async def positions(self) -> dict[Partition, LogPosition]:
        """Return how far each assigned partition has been fetched."""
        ...

    async def tell(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka how far readings are stored."""
        ...
