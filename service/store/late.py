"""Late readings: which are new, which belong together, and how far they have been merged."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np
from numpy.typing import NDArray

from service.domain.reading_columns import LateReadings
from service.errors import StoreConflictError
from service.store.pool import Connection
from service.store.statements import statement

_COLUMNS = """late_reading.device_id, (extract(epoch FROM late_reading.start_at) * 1000)::bigint AS start_ms,
           late_reading.kafka_offset, late_reading.index_in_message, late_reading.quality,
           late_reading.v1, late_reading.v2, late_reading.v3, late_reading.p_w, late_reading.q_var"""

_SPANS = statement(
    "late_spans",
    """
    SELECT progress.topic, progress.partition, coalesce(late.next_offset, 0) AS from_offset,
           progress.next_offset AS to_offset
      FROM partition_progress AS progress
      LEFT JOIN late_progress AS late USING (topic, partition)
     WHERE progress.next_offset > coalesce(late.next_offset, 0)
     ORDER BY progress.topic, progress.partition
    """,
)

_FRESH = statement(
    "late_fresh",
    f"""
    SELECT {_COLUMNS}
      FROM late_reading
     WHERE topic = $1                 -- text
       AND partition = $2             -- integer
       AND kafka_offset >= $3         -- bigint, inclusive
       AND kafka_offset < $4          -- bigint, exclusive
     ORDER BY kafka_offset, index_in_message
     LIMIT $5
    """,  # noqa: S608 (column names of ours)
)

_NEAR = statement(
    "late_near",
    f"""
    SELECT {_COLUMNS}
      FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS span (device_id, from_ms, to_ms)
      JOIN late_reading ON late_reading.device_id = span.device_id
                       AND late_reading.start_at >= to_timestamp(span.from_ms / 1000.0)
                       AND late_reading.start_at < to_timestamp(span.to_ms / 1000.0)
     WHERE late_reading.topic = $1
       AND late_reading.partition = $2
       AND late_reading.kafka_offset < $6   -- only what was committed with the span, so that the order stays
     ORDER BY late_reading.kafka_offset, late_reading.index_in_message
    """,  # noqa: S608 (column names of ours)
)

_ADVANCE = statement(
    "late_advance",
    """
    INSERT INTO late_progress AS stands (topic, partition, next_offset, merged, duplicate)
    VALUES ($1, $2, $4, $5, $6)
        ON CONFLICT (topic, partition) DO UPDATE
       SET next_offset = EXCLUDED.next_offset,
           merged = stands.merged + EXCLUDED.merged,
           duplicate = stands.duplicate + EXCLUDED.duplicate
     WHERE stands.next_offset = $3        -- bigint, where the merger found it
    """,
)

_PENDING = statement(
    "late_pending",
    """
    SELECT coalesce(sum(progress.late), 0)::bigint - coalesce(sum(late.merged + late.duplicate), 0)::bigint
      FROM partition_progress AS progress
      LEFT JOIN late_progress AS late USING (topic, partition)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSpan:
    """Offsets of one partition whose late readings, if any, are not merged yet."""

    topic: str
    partition: int
    from_offset: int  # inclusive
    to_offset: int  # exclusive


async def late_spans(connection: Connection) -> list[LateSpan]:
    """Return the spans that checkpoints have stored and nobody has merged."""
    return [LateSpan(**row) for row in await connection.fetch(_SPANS)]


async def fresh_readings(
    connection: Connection, span: LateSpan, limit: int
) -> tuple[LateReadings, LateSpan]:
    """Return the late readings of a span in the order of the log, and the part of the span that they cover.

    At most ``limit`` readings come back, and never a part of a message, unless one message alone has more.
    """
    rows = await connection.fetch(
        _FRESH, span.topic, span.partition, span.from_offset, span.to_offset, limit + 1
    )
    to_offset = span.to_offset
    if len(rows) > limit:
        to_offset = rows[-1]["kafka_offset"]
        whole = [row for row in rows if row["kafka_offset"] < to_offset]
        if not whole:
            to_offset += 1
            whole = await connection.fetch(
                _FRESH, span.topic, span.partition, span.from_offset, to_offset, 2**31 - 1
            )
        rows = whole
    part = LateSpan(
        topic=span.topic,
        partition=span.partition,
        from_offset=span.from_offset,
        to_offset=to_offset,
    )
    return columns_of(rows), part


async def readings_near(
    connection: Connection,
    span: LateSpan,
    device_ids: NDArray[np.int32],
    from_ms: NDArray[np.int64],
    to_ms: NDArray[np.int64],
) -> LateReadings:
    """Return every late reading of a partition, merged or not, that starts in one of the devices' spans of time."""
    rows = await connection.fetch(
        _NEAR,
        span.topic,
        span.partition,
        device_ids.tolist(),
        from_ms.tolist(),
        to_ms.tolist(),
        span.to_offset,
    )
    return columns_of(rows)


async def advance(
    connection: Connection, span: LateSpan, *, n_merged: int, n_duplicate: int
) -> None:
    """Note that a span is merged, and what became of its readings.

    Raises:
        StoreConflictError: Another process merged it; nothing was written.
    """
    status = await connection.execute(
        _ADVANCE,
        span.topic,
        span.partition,
        span.from_offset,
        span.to_offset,
        n_merged,
        n_duplicate,
    )
    if status.endswith(" 0"):
        raise StoreConflictError(
            f"late readings of {span.topic}/{span.partition} were merged by another process"
        )


async def n_pending(connection: Connection) -> int:
    """Return the number of late readings that wait to be merged."""
    return int(await connection.fetchval(_PENDING))


def columns_of(rows: Sequence[asyncpg.Record]) -> LateReadings:
    """Return rows of late readings as columns."""
    return LateReadings(
        device_id=np.array([row["device_id"] for row in rows], np.int32),
        start_ms=np.array([row["start_ms"] for row in rows], np.int64),
        offset=np.array([row["kafka_offset"] for row in rows], np.int64),
        index=np.array([row["index_in_message"] for row in rows], np.int32),
        quality=np.array([row["quality"] for row in rows], np.uint8),
        v1=_floats(rows, "v1"),
        v2=_floats(rows, "v2"),
        v3=_floats(rows, "v3"),
        p_w=_floats(rows, "p_w"),
        q_var=_floats(rows, "q_var"),
    )


def _floats(rows: Sequence[asyncpg.Record], name: str) -> NDArray[np.float64]:
    return np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)
