"""Where to begin reading a partition, and what it means when the log does not reach there."""

from dataclasses import dataclass
from typing import Literal

from service.errors import DataGapError, TopicRecreatedError
from service.ingest.polled import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetPolicy:
    """What is done when messages were deleted before they were read."""

    data_gap: Literal["refuse", "record"]


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin."""

    offset: int
    gap: tuple[int, int] | None = None  # first missing offset, first one that is there again


def start_of(
    policy: OffsetPolicy, partition: Partition, stored: int | None, beginning: int
) -> Start:
    """Return where to begin, given the next offset as stored and the first one of the log.

    A partition that was never stored begins with what the log still has. Whether a stored offset
    lies beyond the end is not known before the first fetch (see ``beyond_end``): a broker's word
    for the end of its log is not always right.

    Raises:
        DataGapError: The log begins after the stored offset, and the policy is to refuse.
    """
    if stored is None or stored == beginning:
        return Start(beginning)
    if stored > beginning:
        return Start(stored)
    if policy.data_gap == "refuse":
        raise DataGapError(
            f"{partition}: offsets {stored} to {beginning - 1} were deleted before they were read;"
            " VOLTPASS_DATA_GAP=record notes the gap and goes on"
        )
    return Start(beginning, gap=(stored, beginning))


def resume_at(policy: OffsetPolicy, partition: Partition, wanted: int, beginning: int) -> Start:
    """Return where to go on, when the broker says that the log does not have offset ``wanted``.

    Raises:
        DataGapError: As ``start_of``.
        TopicRecreatedError: The log has an earlier offset, so ``wanted`` is beyond its end.
    """
    if wanted > beginning:
        raise beyond_end(partition, wanted)
    return start_of(policy, partition, wanted, beginning)


def beyond_end(
    partition: Partition, wanted: int, high_water: int | None = None
) -> TopicRecreatedError:
    """Return the error for an offset that the log has not reached."""
    end = "" if high_water is None else f", which ends at {high_water}"
    return TopicRecreatedError(
        f"{partition}: offset {wanted} is beyond the end of the log{end}: the topic was made anew"
        " or lost its end. Read it under another name, or delete its rows of partition_progress"
        " and lane_block"
    )
