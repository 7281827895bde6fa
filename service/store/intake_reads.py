"""What came, and what became of it: sums of the partitions, dead letters by reason, silent points, gaps of the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.store.pool import Connection
from service.store.statements import statement

LETTERS_SEEN: Final = 2000  # of each partition, the newest

_PARTITIONS = statement(
    "intake_partitions",
    """
    SELECT progress.topic, progress.partition, progress.next_offset, progress.data_through, progress.stored_at,
           progress.consumed, progress.folded, progress.duplicate, progress.late, progress.invalid,
           progress.dead_lettered,
           progress.late - coalesce(merging.merged, 0) - coalesce(merging.duplicate, 0) AS late_waiting
      FROM partition_progress AS progress
      LEFT JOIN late_progress AS merging USING (topic, partition)
     ORDER BY progress.topic, progress.partition
     LIMIT $1
    """,
)

_REASONS = statement(
    "dead_letters_by_reason",
    """
    SELECT reason,
           count(*) AS n_letters,
           count(adopted_at) AS n_adopted,
           max(record_at) AS newest_at,
           (array_agg(detail ORDER BY record_at DESC))[1] AS detail,
           (array_agg(coalesce(device, '') ORDER BY record_at DESC))[1] AS device,
           (array_agg(topic || ' / ' || partition || ' / ' || kafka_offset ORDER BY record_at DESC))[1] AS place
      FROM (
               SELECT newest.*
                 FROM partition_progress AS progress
                CROSS JOIN LATERAL (
                          SELECT topic, partition, kafka_offset, reason, detail, device, record_at, adopted_at
                            FROM dead_letter
                           WHERE dead_letter.topic = progress.topic
                             AND dead_letter.partition = progress.partition
                           ORDER BY topic DESC, partition DESC, kafka_offset DESC, index_in_message DESC
                           LIMIT $1
                      ) AS newest
           ) AS letters
     GROUP BY reason
     ORDER BY count(*) - count(adopted_at) DESC, reason
    """,
)

# Looks into the pages of the hours since only; a page of an hour may be made of declared minutes alone.
_SILENT = statement(
    "points_silent",
    """
    SELECT point, feeder, feeder_name, transformer, transformer_name,
           count(*) OVER () AS n_silent
      FROM point
     WHERE valid_from <= $1            -- timestamptz
       AND valid_to >= $2              -- timestamptz
       AND NOT EXISTS (
               SELECT
                 FROM page
                WHERE page.point_id = point.point_id
                  AND page.hour >= $1
                  AND page.hour < $2
                  AND page.n_pass + page.n_over + page.n_under + page.n_interrupted + page.n_exempt > 0
           )
     ORDER BY point
     LIMIT $3
    """,
)

_GAPS = statement(
    "data_gaps",
    """
    SELECT topic, partition, from_offset, to_offset, found_at,
           count(*) OVER () AS n_gaps
      FROM data_gap
     ORDER BY found_at DESC
     LIMIT $1
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSums:
    """Where a partition stands; readings, in topics of meter events events."""

    topic: str
    partition: int
    next_offset: int | None
    data_through: datetime | None  # None in topics of meter events
    stored_at: datetime | None
    consumed: int  # = folded + duplicate + late + invalid + dead_lettered
    folded: int
    duplicate: int
    late: int
    invalid: int
    dead_lettered: int
    late_waiting: int  # of late: not merged yet


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterReason:
    """Dead letters of one reason, among the newest ones of each partition."""

    reason: str
    n_letters: int
    n_adopted: int  # of these: taken up since, when their device was registered
    newest_at: datetime  # time of the Kafka record
    detail: str  # of the newest
    device: str  # the same; empty where it could not be read
    place: str  # the same: topic / partition / offset


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentNow:
    """A point in service of which no minute is known in some hours."""

    point: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str
    n_silent: int  # all of them, also those that are not listed


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGap:
    """Offsets that the log no longer had when they were asked for."""

    topic: str
    partition: int
    from_offset: int
    to_offset: int  # exclusive
    found_at: datetime
    n_gaps: int  # all of them


async def partition_sums(connection: Connection, limit: int) -> list[PartitionSums]:
    """Return where the partitions stand, by topic and number."""
    return [PartitionSums(**row) for row in await connection.fetch(_PARTITIONS, limit)]


async def letter_reasons(connection: Connection) -> list[LetterReason]:
    """Return the reasons of the newest ``LETTERS_SEEN`` dead letters of each partition, the most frequent first."""
    return [LetterReason(**row) for row in await connection.fetch(_REASONS, LETTERS_SEEN)]


async def silent_points(
    connection: Connection, hours: tuple[datetime, datetime], limit: int
) -> list[SilentNow]:
    """Return points in service of which no minute is known in some whole hours (UTC), half-open."""
    return [SilentNow(**row) for row in await connection.fetch(_SILENT, *hours, limit)]


async def log_gaps(connection: Connection, limit: int) -> list[LogGap]:
    """Return the gaps of the log, the newest first."""
    return [LogGap(**row) for row in await connection.fetch(_GAPS, limit)]
