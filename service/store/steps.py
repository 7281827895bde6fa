"""How far a checkpoint takes partitions: their offsets and sums, under their owner's epoch alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from kernels.layout import DUPLICATE, FOLDED, INVALID_READING, LATE, NO_TIME, UNKNOWN_DEVICE
from service.domain.checkpoint import PartitionCheckpoint
from service.errors import FencedError
from service.store.pool import Connection
from service.store.statements import statement

_ADVANCE = statement(
    "partition_advance",
    """
    WITH wanted AS (
        SELECT *
          FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                      $8::bigint[], $9::bigint[], $10::bigint[], $11::timestamptz[])
            AS wanted (topic, partition, epoch, from_offset, next_offset, folded, duplicate, late, invalid,
                       dead_lettered, data_through)
    ), mine AS (
        SELECT topic, partition
          FROM partition_progress AS stands
          JOIN wanted USING (topic, partition)
         WHERE stands.epoch = wanted.epoch
           AND stands.next_offset IS NOT DISTINCT FROM wanted.from_offset
         ORDER BY topic, partition
           FOR UPDATE OF stands
    )
    UPDATE partition_progress AS stands
       SET next_offset = wanted.next_offset,
           consumed = stands.consumed + wanted.folded + wanted.duplicate + wanted.late + wanted.invalid
                    + wanted.dead_lettered,
           folded = stands.folded + wanted.folded,
           duplicate = stands.duplicate + wanted.duplicate,
           late = stands.late + wanted.late,
           invalid = stands.invalid + wanted.invalid,
           dead_lettered = stands.dead_lettered + wanted.dead_lettered,
           data_through = greatest(stands.data_through, wanted.data_through),
           stored_at = now()
      FROM wanted
      JOIN mine USING (topic, partition)
     WHERE stands.topic = wanted.topic
       AND stands.partition = wanted.partition
    """,
)

_STAND_AT = statement(
    "partitions_stand_at",
    """
    SELECT count(*)
      FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
        AS wanted (topic, partition, epoch, next_offset)
      JOIN partition_progress USING (topic, partition, epoch, next_offset)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far one partition is taken, and what became of its readings or events on the way."""

    topic: str
    partition: int
    epoch: int  # of this owner
    from_offset: int | None  # as stored now; None before the first checkpoint
    next_offset: int
    folded: int
    duplicate: int
    late: int = 0
    invalid: int = 0
    dead_lettered: int
    data_through_ms: int = NO_TIME


class Owned(Protocol):
    """Anything that takes a partition of its owner to an offset."""

    @property
    def topic(self) -> str:
        """The topic."""
        ...

    @property
    def partition(self) -> int:
        """Its number."""
        ...

    @property
    def epoch(self) -> int:
        """Of its owner."""
        ...

    @property
    def next_offset(self) -> int:
        """Where it goes on."""
        ...


def step_of(checkpoint: PartitionCheckpoint) -> Step:
    """Return how far a checkpoint of readings takes its partition."""
    counts = checkpoint.image.counts
    return Step(
        topic=checkpoint.topic,
        partition=checkpoint.partition,
        epoch=checkpoint.epoch,
        from_offset=checkpoint.from_offset,
        next_offset=checkpoint.next_offset,
        folded=int(counts[FOLDED]),
        duplicate=int(counts[DUPLICATE]),
        late=int(counts[LATE]),
        invalid=int(counts[INVALID_READING]),
        dead_lettered=int(counts[UNKNOWN_DEVICE:].sum()) + checkpoint.n_refused,
        data_through_ms=checkpoint.image.data_through_ms,
    )


async def advance(connection: Connection, steps: Iterable[Step]) -> None:
    """Move the offsets of partitions on, if they stand where their owner left them.

    Raises:
        FencedError: One of them has another owner by now.
    """
    ordered = sorted(steps, key=lambda one: (one.topic, one.partition))
    status = await connection.execute(
        _ADVANCE,
        [one.topic for one in ordered],
        [one.partition for one in ordered],
        [one.epoch for one in ordered],
        [one.from_offset for one in ordered],
        [one.next_offset for one in ordered],
        [one.folded for one in ordered],
        [one.duplicate for one in ordered],
        [one.late for one in ordered],
        [one.invalid for one in ordered],
        [one.dead_lettered for one in ordered],
        [_time(one.data_through_ms) for one in ordered],
    )
    if int(status.rsplit(" ", 1)[1]) != len(ordered):
        names = ", ".join(f"{one.topic}/{one.partition}" for one in ordered)
        raise FencedError(f"another consumer has taken one of {names}")


async def stand_at(connection: Connection, checkpoints: Sequence[Owned]) -> bool:
    """Return whether every partition stands where these checkpoints put it, under their owner's epoch."""
    n_standing = await connection.fetchval(
        _STAND_AT,
        [one.topic for one in checkpoints],
        [one.partition for one in checkpoints],
        [one.epoch for one in checkpoints],
        [one.next_offset for one in checkpoints],
    )
    return bool(n_standing == len(checkpoints))


def _time(epoch_ms: int) -> datetime | None:
    return None if epoch_ms == NO_TIME else datetime.fromtimestamp(epoch_ms / 1000, UTC)
