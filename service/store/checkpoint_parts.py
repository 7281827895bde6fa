"""What a checkpoint writes beside its pages: lane states, late readings, events, dead letters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernels.layout import EVENT_KINDS, NO_TIME
from service.domain.checkpoint import PartitionCheckpoint
from service.domain.lane_book import LAYOUT_VERSION
from service.domain.letters import Letter, letters_of
from service.domain.reading_columns import LateReadings
from service.store.pool import Connection
from service.store.statements import statement

# Without the storage of its columns, a temporary table compresses the states: most of what a checkpoint took.
_PREPARE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS voltpass_next_block (LIKE lane_block INCLUDING STORAGE) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS voltpass_next_event (LIKE event) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS voltpass_next_letter (LIKE dead_letter) ON COMMIT DELETE ROWS;
    ALTER TABLE voltpass_next_letter ALTER COLUMN dead_letter_id DROP NOT NULL;
    CREATE TEMPORARY TABLE IF NOT EXISTS voltpass_next_late (
        LIKE late_reading, start_ms bigint NOT NULL
    ) ON COMMIT DELETE ROWS;
    ALTER TABLE voltpass_next_late ALTER COLUMN start_at DROP NOT NULL;
"""

_BLOCK_COLUMNS = ("topic", "partition", "block", "layout_version", "device_ids", "states")
_LATE_COLUMNS = (
    "topic", "partition", "kafka_offset", "index_in_message", "device_id", "start_ms", "quality",
    "v1", "v2", "v3", "p_w", "q_var",
)  # fmt: skip
_EVENT_COLUMNS = (
    "point_id", "kind", "start_at", "earliest_at", "end_at", "latest_at", "extreme_ppm", "phases", "device_id",
)  # fmt: skip
_LETTER_COLUMNS = (
    "topic", "partition", "kafka_offset", "index_in_message", "reason", "detail", "device", "record_at", "reading",
    "payload", "payload_size",
)  # fmt: skip

_TAKE_OVER = {
    "lane_block": """
        INSERT INTO lane_block (topic, partition, block, layout_version, device_ids, states)
        SELECT topic, partition, block, layout_version, device_ids, states
          FROM voltpass_next_block
         ORDER BY topic, partition, block
            ON CONFLICT (topic, partition, block) DO UPDATE
           SET layout_version = EXCLUDED.layout_version,
               device_ids = EXCLUDED.device_ids,
               states = EXCLUDED.states
    """,
    "late_reading": """
        INSERT INTO late_reading (start_at, kafka_offset, partition, index_in_message, device_id, quality, topic,
                                  v1, v2, v3, p_w, q_var)
        SELECT to_timestamp(start_ms / 1000.0), kafka_offset, partition, index_in_message, device_id, quality, topic,
               NULLIF(v1, 'NaN'), NULLIF(v2, 'NaN'), NULLIF(v3, 'NaN'), NULLIF(p_w, 'NaN'), NULLIF(q_var, 'NaN')
          FROM voltpass_next_late
    """,
    "event": """
        INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)
        SELECT point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id
          FROM voltpass_next_event
         ORDER BY point_id, kind, start_at
            ON CONFLICT (point_id, kind, start_at) DO UPDATE
           SET earliest_at = EXCLUDED.earliest_at,
               end_at = EXCLUDED.end_at,
               latest_at = EXCLUDED.latest_at,
               extreme_ppm = EXCLUDED.extreme_ppm,
               phases = EXCLUDED.phases,
               device_id = EXCLUDED.device_id
         WHERE event.end_at IS NULL OR EXCLUDED.end_at IS NOT NULL
    """,
    "dead_letter": """
        INSERT INTO dead_letter (topic, partition, kafka_offset, index_in_message, reason, detail, device, record_at,
                                 reading, payload, payload_size)
        SELECT topic, partition, kafka_offset, index_in_message, reason, detail, device, record_at, reading, payload,
               payload_size
          FROM voltpass_next_letter
         ORDER BY topic, partition, kafka_offset, index_in_message
            ON CONFLICT (topic, partition, kafka_offset, index_in_message) DO NOTHING
    """,
}

_UNPUBLISHED = statement(
    "dead_letters_unpublished",
    """
    SELECT topic, partition, kafka_offset, index_in_message, reason, detail, device, record_at, reading, payload
      FROM dead_letter
     WHERE topic = $1
       AND partition = $2
       AND published_at IS NULL
     ORDER BY kafka_offset, index_in_message
     LIMIT $3
    """,
)

_MARK_PUBLISHED = statement(
    "dead_letters_mark_published",
    """
    UPDATE dead_letter
       SET published_at = now()
      FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::integer[])
        AS sent (topic, partition, kafka_offset, index_in_message)
     WHERE dead_letter.topic = sent.topic
       AND dead_letter.partition = sent.partition
       AND dead_letter.kafka_offset = sent.kafka_offset
       AND dead_letter.index_in_message = sent.index_in_message
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """A dead letter that waits to be copied to the dead-letter topic."""

    topic: str
    partition: int
    offset: int
    index: int
    reason: str
    detail: str
    device: str | None
    record_at: datetime
    reading: dict[str, Any] | None
    payload: bytes | None


async def prepare(connection: Connection) -> None:
    """Make a connection ready for ``copy_parts``; call it outside a transaction."""
    await connection.execute(_PREPARE)


async def copy_parts(connection: Connection, partitions: Sequence[PartitionCheckpoint]) -> None:
    """Copy everything but the pages into the connection's temporary rows; nothing shared is locked."""
    await _copy(connection, "voltpass_next_block", _BLOCK_COLUMNS, _blocks(partitions))
    await _copy(connection, "voltpass_next_late", _LATE_COLUMNS, _late(partitions))
    await _copy(connection, "voltpass_next_event", _EVENT_COLUMNS, _events(partitions))
    await copy_letters(connection, _letters(partitions))


async def copy_letters(
    connection: Connection, letters: Iterable[tuple[tuple[str, int], Iterable[Letter]]]
) -> None:
    """Copy the dead letters of topics and partitions into the connection's temporary rows."""
    rows = (
        (
            *home, letter.offset, letter.index, letter.reason, letter.detail, letter.device, letter.record_at,
            letter.reading, letter.payload, letter.payload_size,
        )
        for home, some in letters
        for letter in some
    )  # fmt: skip
    await _copy(connection, "voltpass_next_letter", _LETTER_COLUMNS, rows)


async def take_over_letters(connection: Connection) -> None:
    """Write the copied dead letters into their table."""
    await connection.execute(_TAKE_OVER["dead_letter"])


async def take_over_parts(connection: Connection) -> dict[str, int]:
    """Write the copied rows into their tables; return how many, by table."""
    n_rows = {}
    for table, sql in _TAKE_OVER.items():
        status = await connection.execute(sql)
        n_rows[table] = int(status.rsplit(" ", 1)[1])
    return n_rows


async def unpublished_letters(
    connection: Connection, topic: str, partition: int, limit: int
) -> list[StoredLetter]:
    """Return the oldest letters of a partition that were not copied to the dead-letter topic yet."""
    rows = await connection.fetch(_UNPUBLISHED, topic, partition, limit)
    return [
        StoredLetter(
            topic=row["topic"],
            partition=row["partition"],
            offset=row["kafka_offset"],
            index=row["index_in_message"],
            reason=row["reason"],
            detail=row["detail"],
            device=row["device"],
            record_at=row["record_at"],
            reading=row["reading"],
            payload=row["payload"],
        )
        for row in rows
    ]


async def mark_published(connection: Connection, letters: Sequence[StoredLetter]) -> None:
    """Note that these letters were copied to the dead-letter topic."""
    await connection.execute(
        _MARK_PUBLISHED,
        [letter.topic for letter in letters],
        [letter.partition for letter in letters],
        [letter.offset for letter in letters],
        [letter.index for letter in letters],
    )


async def _copy(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    records: Iterable[tuple[object, ...]],
) -> None:
    rows = list(records)
    if rows:
        await connection.copy_records_to_table(table, records=rows, columns=columns)


def _blocks(partitions: Sequence[PartitionCheckpoint]) -> Iterable[tuple[object, ...]]:
    for one in partitions:
        for block, device_ids, states in one.image.blocks:
            yield one.topic, one.partition, block, LAYOUT_VERSION, device_ids, states


def _late(partitions: Sequence[PartitionCheckpoint]) -> Iterable[tuple[object, ...]]:
    for one in partitions:
        for late in one.image.late:
            for values in _late_rows(late):
                yield one.topic, one.partition, *values


def _late_rows(late: LateReadings) -> Iterable[tuple[object, ...]]:
    columns = (
        late.offset, late.index, late.device_id, late.start_ms, late.quality,
        late.v1, late.v2, late.v3, late.p_w, late.q_var,
    )  # fmt: skip
    return zip(*(column.tolist() for column in columns), strict=True)


def _events(partitions: Sequence[PartitionCheckpoint]) -> Iterable[tuple[object, ...]]:
    """Return one row an event: its last edge, which says the most."""
    rows: dict[tuple[object, ...], tuple[object, ...]] = {}
    for one in partitions:
        points, devices = one.image.edge_point_id.tolist(), one.image.edge_device_id.tolist()
        for edge, point_id, device_id in zip(one.image.edges, points, devices, strict=True):
            kind, start_at = EVENT_KINDS[edge["kind"]], _time(edge["start_ms"])
            rows[point_id, kind, start_at] = (
                point_id, kind, start_at, _time(edge["earliest_ms"]), _time(edge["end_ms"]), _time(edge["latest_ms"]),
                int(edge["extreme_ppm"]), int(edge["phases"]), device_id,
            )  # fmt: skip
    return rows.values()


def _letters(
    partitions: Sequence[PartitionCheckpoint],
) -> Iterable[tuple[tuple[str, int], list[Letter]]]:
    for one in partitions:
        dead = [reading for readings in one.image.dead for reading in readings]
        yield (one.topic, one.partition), letters_of(one.refusals, dead)


def _time(epoch_ms: int) -> datetime | None:
    return None if epoch_ms == NO_TIME else datetime.fromtimestamp(int(epoch_ms) / 1000, UTC)
