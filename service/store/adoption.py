"""Dead letters of devices that were unknown when they came and are registered by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.reading_columns import LateReadings
from service.store.pool import Connection
from service.store.statements import statement

_ADOPTABLE = statement(
    "dead_letters_adoptable",
    """
    SELECT letter.topic, letter.partition, letter.kafka_offset, letter.index_in_message, letter.device, letter.reading,
           letter.record_at
      FROM dead_letter AS letter
     WHERE letter.reason = 'unknown_device'
       AND letter.adopted_at IS NULL
       AND letter.reading ? $2            -- text: what readings, or meter events, alone have
       AND EXISTS (SELECT FROM device WHERE device.device = letter.device)
     ORDER BY letter.topic, letter.partition, letter.kafka_offset, letter.index_in_message
     LIMIT $1
    """,
)

_MARK = statement(
    "dead_letters_mark_adopted",
    """
    UPDATE dead_letter
       SET adopted_at = CASE WHEN taken.reason = 'unknown_device' THEN now() END,
           reason = taken.reason
      FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::integer[], $5::text[])
        AS taken (topic, partition, kafka_offset, index_in_message, reason)
     WHERE dead_letter.topic = taken.topic
       AND dead_letter.partition = taken.partition
       AND dead_letter.kafka_offset = taken.kafka_offset
       AND dead_letter.index_in_message = taken.index_in_message
    """,
)

_INSERT = statement(
    "late_reading_insert",
    """
    INSERT INTO late_reading (start_at, topic, partition, kafka_offset, index_in_message, device_id, quality,
                              v1, v2, v3, p_w, q_var)
    SELECT to_timestamp(start_ms / 1000.0), $1, $2, kafka_offset, index_in_message, device_id, quality,
           NULLIF(v1, 'NaN'), NULLIF(v2, 'NaN'), NULLIF(v3, 'NaN'), NULLIF(p_w, 'NaN'), NULLIF(q_var, 'NaN')
      FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::integer[], $7::smallint[], $8::float8[], $9::float8[],
                  $10::float8[], $11::float8[], $12::float8[])
        AS late (start_ms, kafka_offset, index_in_message, device_id, quality, v1, v2, v3, p_w, q_var)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanLetter:
    """A dead letter whose device is registered by now."""

    topic: str
    partition: int
    offset: int
    index: int
    device: str
    reading: dict[str, Any]  # or meter event
    record_at: datetime


async def adoptable_letters(connection: Connection, limit: int) -> list[OrphanLetter]:
    """Return readings of devices that were unknown and are registered by now, in the order of their logs."""
    return await _adoptable(connection, limit, "ts")


async def adoptable_event_letters(connection: Connection, limit: int) -> list[OrphanLetter]:
    """Return the meter events of such devices, in the order of their logs."""
    return await _adoptable(connection, limit, "at")


async def _adoptable(connection: Connection, limit: int, key: str) -> list[OrphanLetter]:
    return [
        OrphanLetter(
            topic=row["topic"],
            partition=row["partition"],
            offset=row["kafka_offset"],
            index=row["index_in_message"],
            device=row["device"],
            reading=row["reading"],
            record_at=row["record_at"],
        )
        for row in await connection.fetch(_ADOPTABLE, limit, key)
    ]


async def mark_adopted(
    connection: Connection, letters: Sequence[OrphanLetter], reasons: Sequence[str]
) -> None:
    """Note for each letter that it was taken up (``unknown_device``), or the reason why it still cannot be."""
    await connection.execute(
        _MARK,
        [letter.topic for letter in letters],
        [letter.partition for letter in letters],
        [letter.offset for letter in letters],
        [letter.index for letter in letters],
        list(reasons),
    )


async def insert_late(
    connection: Connection, topic: str, partition: int, late: LateReadings
) -> None:
    """Store late readings that no checkpoint brought."""
    columns = (
        late.start_ms, late.offset, late.index, late.device_id, late.quality,
        late.v1, late.v2, late.v3, late.p_w, late.q_var,
    )  # fmt: skip
    await connection.execute(_INSERT, topic, partition, *(column.tolist() for column in columns))
