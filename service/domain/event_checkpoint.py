"""One checkpoint of meter events: what partitions have to store, and each event with its point."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.domain.batch import Refusal
from service.domain.event_letters import event_letters_of
from service.domain.letters import Letter
from service.domain.meter_event_codes import event_of
from service.domain.meter_events import (
    Assignment,
    EventPolicy,
    EventRefusal,
    PlacedEvent,
    SaidEvent,
    placed,
)

NO_EVENT: Final = "none"  # of what could not be decoded

_NOBODY: Final[Sequence[Assignment]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCheckpoint:
    """What one partition has to store, and the offsets that it stands for."""

    topic: str
    partition: int
    epoch: int  # of this owner
    from_offset: int | None  # as stored now; None before the first checkpoint
    next_offset: int  # first offset that is not part of it
    said: Sequence[SaidEvent]
    refusals: Sequence[Refusal]


@dataclass(slots=True)
class Copies:
    """An event as it came once or more."""

    partition: int  # place in the checkpoint's partitions of the one that brought it first
    record_ms: int  # of the earliest record
    n_copies: int


@dataclass(slots=True)
class PlacedCheckpoint:
    """The events of all partitions of a checkpoint, each once."""

    events: dict[PlacedEvent, Copies] = field(default_factory=dict)
    letters: list[list[Letter]] = field(default_factory=list)  # of each partition
    n_placed: list[int] = field(default_factory=list)  # of each partition, copies included
    said: Counter[str] = field(default_factory=Counter)  # placed, copies included; by event
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # by event and reason


def placed_checkpoint(
    partitions: Sequence[EventCheckpoint],
    assignments: Mapping[str, Sequence[Assignment]],
    policy: EventPolicy,
) -> PlacedCheckpoint:
    """Return the events of a checkpoint with their points; what has none becomes a letter.

    Args:
        partitions: In the order in which they are to be counted.
        assignments: By device; one that is not there is not registered.
        policy: How far an event may lie from its record.
    """
    whole = PlacedCheckpoint()
    for number, one in enumerate(partitions):
        refused: list[tuple[SaidEvent, EventRefusal]] = []
        for said in one.said:
            event = placed(said, assignments.get(said.device, _NOBODY), policy)
            if isinstance(event, EventRefusal):
                refused.append((said, event))
                whole.refused[event_of(said.word, self_powered=False), event.reason] += 1
            else:
                whole.said[event.event] += 1
                count_event(whole.events, event, number, said.record_ms)
        whole.refused.update((NO_EVENT, refusal.reason) for refusal in one.refusals)
        whole.letters.append(event_letters_of(one.refusals, refused))
        whole.n_placed.append(len(one.said) - len(refused))
    return whole


def count_event(
    events: dict[PlacedEvent, Copies], event: PlacedEvent, number: int, record_ms: int
) -> None:
    """Add one event of partition ``number`` to ``events``; the order in which they come is no matter."""
    copies = events.get(event)
    if copies is None:
        events[event] = Copies(number, record_ms, 1)
    else:
        copies.n_copies += 1
        copies.record_ms = min(copies.record_ms, record_ms)
