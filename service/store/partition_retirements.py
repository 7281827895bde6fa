"""Partitions that have not passed an instant, and who said that nothing comes from one any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.store.pool import Connection
from service.store.statements import statement

# Meter events have no common time, and a partition of them may be quiet for long: their topic has passed an instant
# when one of its partitions was written after it.
_BEHIND = statement(
    "partitions_behind",
    """
    WITH reached AS (
        SELECT topic,
               partition,
               next_offset,
               CASE WHEN count(data_through) OVER by_topic > 0 THEN data_through
                    ELSE max(stored_at) FILTER (WHERE next_offset IS NOT NULL) OVER by_topic END AS reached_at
          FROM partition_progress
        WINDOW by_topic AS (PARTITION BY topic)
    )
    SELECT topic, partition, reached_at,
           count(*) OVER () AS n_behind
      FROM reached
     WHERE (reached_at IS NULL OR reached_at < $1)   -- timestamptz
       AND NOT EXISTS (
               SELECT
                 FROM (
                          SELECT is_retired, said.next_offset
                            FROM partition_retirement AS said
                           WHERE said.topic = reached.topic
                             AND said.partition = reached.partition
                           ORDER BY retirement_id DESC
                           LIMIT 1
                      ) AS newest
                WHERE is_retired
                  AND newest.next_offset IS NOT DISTINCT FROM reached.next_offset
           )
     ORDER BY reached_at NULLS FIRST, topic, partition
     LIMIT $2
    """,
)

_RETIRE = statement(
    "partitions_retire",
    """
    INSERT INTO partition_retirement (topic, partition, is_retired, next_offset, made_by, reason)
    SELECT topic, partition, $3, next_offset, $4, $5
      FROM partition_progress
     WHERE topic = $1
       AND ($2::integer[] IS NULL OR partition = ANY ($2))
     ORDER BY partition
    RETURNING partition
    """,
)

_KNOWN = statement(
    "partitions_known",
    """
    SELECT topic, partition
      FROM partition_progress
     ORDER BY topic, partition
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionBehind:
    """A partition that has not passed an instant."""

    topic: str
    partition: int
    reached_at: datetime | None  # end of its newest reading; None: nothing came yet
    n_behind: int  # all of them, also those that are not listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Who says that nothing comes from partitions any more, or that this does not hold."""

    topic: str
    partitions: Sequence[int] | None  # None: all that the topic has
    is_retired: bool  # False takes it back
    made_by: str
    reason: str


async def partitions_behind(
    connection: Connection, instant: datetime, limit: int
) -> list[PartitionBehind]:
    """Return partitions that have not passed an instant, retired ones left out, the farthest behind first."""
    return [PartitionBehind(**row) for row in await connection.fetch(_BEHIND, instant, limit)]


async def known_partitions(connection: Connection) -> dict[str, list[int]]:
    """Return the numbers of the partitions of every topic that was ever read."""
    found: dict[str, list[int]] = {}
    for row in await connection.fetch(_KNOWN):
        found.setdefault(row["topic"], []).append(row["partition"])
    return found


async def add_retirement(connection: Connection, new: Retirement) -> list[int]:
    """Store what somebody says of partitions that were ever read; return the numbers of those."""
    partitions = None if new.partitions is None else list(new.partitions)
    rows = await connection.fetch(
        _RETIRE, new.topic, partitions, new.is_retired, new.made_by, new.reason
    )
    return sorted(row["partition"] for row in rows)
