"""The progress supervisor: that nothing moves is the only sign of a client that hangs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.ingest.offsets import beyond_end
from service.ingest.polled import LogPosition, Partition

Since = dict[Partition, tuple[int | None, float]]  # what is unchanged, and since when


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressPolicy:
    """How long nothing may move, seconds."""

    stall_s: float  # then the process leaves
    suspect_s: float  # then it says so
    beyond_end_s: float  # a new leader may know less of its log, for a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What is seen of the consumer at one moment; times are monotonic seconds."""

    turned_s: float  # when the loop last had an answer of the client
    trying_since_s: float | None  # begin of the try to store that is under way
    stored_s: float  # when everything folded by then was last stored
    has_unstored: bool
    positions: Mapping[Partition, LogPosition]


@dataclass(frozen=True, slots=True)
class Stall:
    """What does not move, and since when."""

    what: str
    since_s: float
    ends_process: bool = True  # False: it is known why, and a new process would do no better


@dataclass(slots=True)
class ProgressState:
    """What was seen before."""

    standing: Since = field(default_factory=dict)  # by position, while messages wait
    unanswered: Since = field(default_factory=dict)  # by time of the last answer
    beyond: Since = field(default_factory=dict)  # by position, while that is beyond the end


def look(
    policy: ProgressPolicy, state: ProgressState, glance: Glance, now_s: float
) -> Stall | None:
    """Return what stands still for suspiciously long, what would end the process first.

    Raises:
        TopicRecreatedError: The log of a partition ends before the offset that is to be read.
    """
    _note(state, glance.positions, now_s)
    _refuse_beyond_end(policy, state, glance.positions, now_s)
    stalls = [Stall("the client does not return", glance.turned_s)]
    if glance.trying_since_s is not None:
        stalls.append(Stall("a checkpoint neither fails nor ends", glance.trying_since_s))
    if glance.has_unstored:  # tries that fail are repeated, from memory: leaving helps nobody
        stalls.append(Stall("nothing could be stored", glance.stored_s, ends_process=False))
    for partition, (position, since_s) in state.standing.items():
        stalls.append(Stall(f"{partition} stands at offset {position}", since_s))
    for partition, (_, since_s) in state.unanswered.items():
        stalls.append(Stall(f"no broker answers for {partition}", since_s))
    suspicious = [stall for stall in stalls if now_s - stall.since_s >= policy.suspect_s]
    return min(suspicious, key=lambda stall: (not stall.ends_process, stall.since_s), default=None)


def ends_process(policy: ProgressPolicy, stall: Stall, now_s: float) -> bool:
    """Return whether the process has to leave because of ``stall``."""
    return stall.ends_process and now_s - stall.since_s >= policy.stall_s


def _note(state: ProgressState, positions: Mapping[Partition, LogPosition], now_s: float) -> None:
    running = {partition: at for partition, at in positions.items() if not at.is_paused}
    waiting = {partition: at for partition, at in running.items() if at.n_behind > 0}
    beyond = {partition: at for partition, at in running.items() if at.n_behind < 0}
    state.standing = _since(state.standing, waiting, lambda at: at.position, now_s)
    state.unanswered = _since(state.unanswered, running, lambda at: at.answered_ms, now_s)
    state.beyond = _since(state.beyond, beyond, lambda at: at.position, now_s)


def _since(
    before: Since,
    positions: Mapping[Partition, LogPosition],
    value_of: Callable[[LogPosition], int | None],
    now_s: float,
) -> Since:
    """Return since when each value is what it is; for a new value that is now."""
    since = {partition: (value_of(at), now_s) for partition, at in positions.items()}
    for partition, (value, _) in since.items():
        known = before.get(partition)
        if known is not None and known[0] == value:
            since[partition] = known
    return since


def _refuse_beyond_end(
    policy: ProgressPolicy,
    state: ProgressState,
    positions: Mapping[Partition, LogPosition],
    now_s: float,
) -> None:
    """Raise for a position that stays beyond the end of its log; some brokers only wait there."""
    for partition, (position, since_s) in state.beyond.items():
        if position is not None and now_s - since_s >= policy.beyond_end_s:
            raise beyond_end(partition, position, positions[partition].high_water)
