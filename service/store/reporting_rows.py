"""Counts of who reported, slot by slot and place by place: how they are made from pages, and kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kernels.layout import RANK_MASK, RANK_SHIFT
from service.domain.reporting import Cell, KeptCount, PartitionReach, Place, SlotCount
from service.store.pool import Connection
from service.store.statements import statement

# Marks of minutes of which nothing came, whatever was made of them (missing, exempt, of an outage).
SILENT_MARKS: Final = bytes(mark for mark in range(256) if (mark >> RANK_SHIFT) & RANK_MASK == 0)

# Points with a device that is quick enough, throughout a slot, whether anything of them came in it, and whether they
# are known to have been without supply. The page is asked for by point: a scan would read the whole day. Of several
# devices the newest one's concentrator counts, so that each point is in one cell.
SEEN: Final = """
    SELECT due.*,
           coalesce(
               (
                   SELECT length(btrim(substring(whole FROM due.first_minute + 1 FOR due.n_minutes), $5)) > 0
                       OR n_phases > 1 AND (
                              length(btrim(substring(whole FROM due.first_minute + 61 FOR due.n_minutes), $5)) > 0
                           OR length(btrim(substring(whole FROM due.first_minute + 121 FOR due.n_minutes), $5)) > 0
                          )
                     FROM (
                              SELECT n_phases, full_marks(marks, n_phases * 60) AS whole
                                FROM page
                               WHERE page.point_id = due.point_id
                                 AND page.hour = due.hour
                          ) AS page
               ),
               false
           ) AS is_reporting,
           EXISTS (
               SELECT
                 FROM interruption
                WHERE interruption.point_id = due.point_id
                  AND interruption.earliest_at < due.slot_end
                  AND coalesce(interruption.latest_at, 'infinity') > due.slot_at
           ) AS is_interrupted
      FROM (
               SELECT DISTINCT ON (slot.slot_at, point.point_id)
                      slot.slot_at,
                      slot.slot_end,
                      date_trunc('hour', slot.slot_at, 'UTC') AS hour,
                      extract(minute FROM slot.slot_at AT TIME ZONE 'UTC')::integer AS first_minute,
                      $3::integer / 60 AS n_minutes,
                      point.point_id,
                      point.feeder,
                      point.transformer,
                      device.concentrator
                 FROM (
                          SELECT slot_at, slot_at + $3::integer * interval '1 s' AS slot_end
                            FROM generate_series(
                                     $1::timestamptz,                  -- inclusive
                                     $2::timestamptz - interval '1 us',  -- exclusive
                                     $3::integer * interval '1 s'
                                 ) AS slot_at
                      ) AS slot
                 JOIN point
                   ON point.valid_from <= slot.slot_at
                  AND point.valid_to >= slot.slot_end
                 JOIN device
                   ON device.point_id = point.point_id
                  AND device.valid_from <= slot.slot_at
                  AND device.valid_to >= slot.slot_end
                  AND device.interval_s + device.delivery_delay_s <= $4::integer
                ORDER BY slot.slot_at, point.point_id, device.valid_from DESC, device.device_id DESC
           ) AS due
    OFFSET 0  -- each of the two is asked once a point, not wherever it is used
"""

_CELLS = statement(
    "reporting_cells",
    f"""
    SELECT slot_at, feeder, transformer, concentrator,
           count(*) FILTER (WHERE NOT is_interrupted) AS n_due,
           count(*) FILTER (WHERE NOT is_interrupted AND is_reporting) AS n_reporting,
           count(*) FILTER (WHERE is_interrupted) AS n_interrupted
      FROM ({SEEN}) AS seen
     GROUP BY slot_at, feeder, transformer, concentrator
     ORDER BY slot_at, feeder, transformer, concentrator
    """,  # noqa: S608 (SQL of ours)
)

# Only partitions with lanes carry readings; what else is read from Kafka has its own pace.
_MOVED = statement(
    "reporting_partitions_moved",
    """
    INSERT INTO reporting_partition (topic, partition, data_through, moved_at)
    SELECT topic, partition, data_through, max(data_through) OVER ()
      FROM partition_progress
     WHERE data_through IS NOT NULL
       AND EXISTS (
               SELECT
                 FROM lane_block
                WHERE lane_block.topic = partition_progress.topic
                  AND lane_block.partition = partition_progress.partition
           )
     ORDER BY topic, partition
        ON CONFLICT (topic, partition) DO UPDATE
       SET data_through = EXCLUDED.data_through,
           moved_at = EXCLUDED.moved_at
     WHERE reporting_partition.data_through <> EXCLUDED.data_through
    """,
)

_REACHES = statement(
    "reporting_partition_reaches", "SELECT data_through, moved_at FROM reporting_partition"
)

_LONGEST_WAIT = statement(
    "reporting_longest_wait",
    """
    SELECT coalesce(max(interval_s + delivery_delay_s), 0)
      FROM device
     WHERE valid_from < $1              -- timestamptz
       AND valid_to > $1
       AND interval_s + delivery_delay_s <= $2::integer
    """,
)

_N_POINTS = statement("reporting_n_points", "SELECT count(*) FROM point")

_KEPT_EDGES = statement(
    "reporting_kept_edges",
    """
    SELECT min(slot_at) AS first_at, max(slot_at) AS last_at
      FROM reporting
     WHERE place = 'deployment'
       AND code = ''
    """,
)

_KEPT = statement(
    "reporting_kept",
    """
    SELECT slot_at, place, code, n_due, n_reporting, n_interrupted, is_short
      FROM reporting
     WHERE slot_at = ANY($1::timestamptz[])
    """,
)

_KEEP = statement(
    "reporting_keep",
    """
    INSERT INTO reporting (slot_at, place, code, n_due, n_reporting, n_interrupted, is_short)
    SELECT $1, counted.*
      FROM unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::boolean[]) AS counted
    """,
)

_DROP = statement(
    "reporting_drop",
    """
    DELETE FROM reporting
     WHERE slot_at < $1                 -- timestamptz
    """,
)

_LOCK = statement("reporting_lock", "SELECT pg_advisory_xact_lock(1987014513)")

_DEPLOYMENT: Final = ("deployment", "")


async def hold_reporting(connection: Connection) -> None:
    """Wait until no other process closes slots, and keep it so to the end of the transaction."""
    await connection.execute(_LOCK)


async def read_reaches(connection: Connection) -> list[PartitionReach]:
    """Note which partitions have moved, and return how far those with readings have come."""
    await connection.execute(_MOVED)
    return [PartitionReach(**row) for row in await connection.fetch(_REACHES)]


async def longest_wait(connection: Connection, at: datetime, delay_max_s: int) -> timedelta:
    """Return interval and delivery delay of the slowest device in service at ``at``, among those within the limit."""
    return timedelta(seconds=await connection.fetchval(_LONGEST_WAIT, at, delay_max_s))


async def n_points(connection: Connection) -> int:
    """Return the number of points of the registry."""
    return int(await connection.fetchval(_N_POINTS))


async def kept_edges(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return the starts of the first and the last slot that is kept; None before the first one."""
    row = await connection.fetchrow(_KEPT_EDGES)
    if row is None or row["last_at"] is None:
        return None
    return row["first_at"], row["last_at"]


async def count_cells(
    connection: Connection, from_at: datetime, to_at: datetime, slot_s: int, delay_max_s: int
) -> Mapping[datetime, Sequence[Cell]]:
    """Return the counts of the slots in ``[from_at, to_at)``, by their starts; of a slot without points none.

    Args:
        connection: Any.
        from_at: Start of a slot.
        to_at: End of a slot.
        slot_s: Their length, seconds; a divisor of an hour, whole minutes.
        delay_max_s: Interval and delivery delay of the slowest device that counts, seconds.
    """
    found: defaultdict[datetime, list[Cell]] = defaultdict(list)
    for row in await connection.fetch(_CELLS, from_at, to_at, slot_s, delay_max_s, SILENT_MARKS):
        found[row["slot_at"]].append(
            Cell(
                concentrator=row["concentrator"],
                transformer=row["transformer"],
                feeder=row["feeder"],
                count=SlotCount(
                    n_due=row["n_due"],
                    n_reporting=row["n_reporting"],
                    n_interrupted=row["n_interrupted"],
                ),
            )
        )
    return found


async def read_kept(
    connection: Connection, slots: Sequence[datetime]
) -> dict[datetime, dict[Place, KeptCount]]:
    """Return what is kept of ``slots``; those that were never counted are not there."""
    found: dict[datetime, dict[Place, KeptCount]] = {}
    for row in await connection.fetch(_KEPT, slots):
        places = found.setdefault(row["slot_at"], {})
        if row["place"] == _DEPLOYMENT[0]:
            continue
        places[Place(row["place"], row["code"])] = KeptCount(
            count=SlotCount(
                n_due=row["n_due"],
                n_reporting=row["n_reporting"],
                n_interrupted=row["n_interrupted"],
            ),
            is_short=row["is_short"],
        )
    return found


async def keep_counts(
    connection: Connection, slot_at: datetime, whole: SlotCount, kept: Mapping[Place, KeptCount]
) -> None:
    """Store the counts of a slot that closes; they are never counted again."""
    rows = [(*_DEPLOYMENT, KeptCount(count=whole, is_short=False))]
    rows += [(place.kind, place.code, one) for place, one in sorted(kept.items())]
    places, codes, counts = zip(*rows, strict=True)
    await connection.execute(
        _KEEP,
        slot_at,
        places,
        codes,
        [one.count.n_due for one in counts],
        [one.count.n_reporting for one in counts],
        [one.count.n_interrupted for one in counts],
        [one.is_short for one in counts],
    )


async def drop_counts(connection: Connection, before: datetime) -> None:
    """Drop the counts of slots that start before ``before``."""
    await connection.execute(_DROP, before)
