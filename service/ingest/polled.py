"""What a poll of the source gives: messages by partition, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

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

    position: int | None  # next offset to fetch
    high_water: int | None  # end of the log, as of the last answer; None before the first
    answered_ms: int | None  # when the broker last answered, milliseconds since the Unix epoch
    is_paused: bool
