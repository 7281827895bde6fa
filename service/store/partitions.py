"""Where each partition stands, who owns it, and what its owner needs to go on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NO_TIME
from service.domain.lane_book import LAYOUT_VERSION
from service.domain.pages import PageColumns
from service.errors import SchemaError
from service.store.page_rows import STREAMED_COLUMNS, pages_from_rows, pages_from_stream
from service.store.pool import Connection
from service.store.statements import statement

_TAKE_OVER = statement(
    "partition_take_over",
    """
    INSERT INTO partition_progress (topic, partition, epoch, owner)
    SELECT $1::text, number, 1, $3::text
      FROM unnest($2::integer[]) AS number
     ORDER BY number
        ON CONFLICT (topic, partition) DO UPDATE
       SET epoch = partition_progress.epoch + 1,
           owner = EXCLUDED.owner
    RETURNING partition, epoch, next_offset, data_through
    """,
)

_BLOCKS = statement(
    "lane_blocks_of_partitions",
    """
    SELECT partition, block, layout_version, device_ids, states
      FROM lane_block
     WHERE topic = $1                      -- text
       AND partition = ANY($2::integer[])
     ORDER BY partition, block
    """,
)

_READ_PAGES = statement(
    "pages_of_points_and_hours",
    f"""
    SELECT {STREAMED_COLUMNS}
      FROM unnest($1::integer[], $2::bigint[]) AS wanted (of_point, epoch_s)
      JOIN page ON point_id = of_point
                AND hour = to_timestamp(epoch_s)
     WHERE hour >= to_timestamp($3::bigint)   -- oldest hour wanted: lets chunks be left out
       AND hour <= to_timestamp($4::bigint)
    """,  # noqa: S608 (column names of ours)
)

_STORED_KEYS = statement(
    "page_keys_stored",
    """
    SELECT page.point_id, (extract(epoch FROM page.hour) / 3600)::integer AS hour
      FROM unnest($1::integer[], $2::bigint[]) AS wanted (point_id, epoch_s)
      JOIN page ON page.point_id = wanted.point_id
                AND page.hour = to_timestamp(wanted.epoch_s)
     WHERE page.hour >= to_timestamp($3::bigint)   -- oldest hour wanted: lets chunks be left out
       AND page.hour <= to_timestamp($4::bigint)
    """,
)

_RECORD_GAP = statement(
    "data_gap_record",
    """
    INSERT INTO data_gap (topic, partition, from_offset, to_offset)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStart:
    """Where a new owner goes on."""

    topic: str
    partition: int
    epoch: int  # of this owner
    next_offset: int | None  # None: nothing was ever stored of this partition
    data_through_ms: int  # NO_TIME before the first reading
    blocks: list[tuple[int, bytes, bytes]]  # for PartitionEngine.restore


async def take_over(
    connection: Connection, topic: str, numbers: Sequence[int], owner: str
) -> list[PartitionStart]:
    """Raise the epochs of partitions and return where each one goes on, in the order of their numbers.

    Raises:
        SchemaError: Their states were written by a version with another layout.
    """
    rows = await connection.fetch(_TAKE_OVER, topic, list(numbers), owner)
    blocks: dict[int, list[tuple[int, bytes, bytes]]] = {number: [] for number in numbers}
    for block in await connection.fetch(_BLOCKS, topic, list(numbers)):
        if block["layout_version"] != LAYOUT_VERSION:
            message = f"lane states have layout {block['layout_version']}, this version reads {LAYOUT_VERSION}"
            raise SchemaError(message)
        blocks[block["partition"]].append((block["block"], block["device_ids"], block["states"]))
    return [
        PartitionStart(
            topic=topic,
            partition=row["partition"],
            epoch=row["epoch"],
            next_offset=row["next_offset"],
            data_through_ms=_epoch_ms(row["data_through"]),
            blocks=blocks[row["partition"]],
        )
        for row in sorted(rows, key=lambda row: row["partition"])
    ]


async def read_pages(
    connection: Connection, points: NDArray[np.int32], hours: NDArray[np.int32]
) -> PageColumns:
    """Return the stored pages among the given pairs of point and hour, in no order."""
    if not points.size:
        return pages_from_rows([])
    stream = BytesIO()
    await connection.copy_from_query(
        _READ_PAGES, *_scope(points, hours), output=stream, format="binary"
    )
    return await asyncio.to_thread(pages_from_stream, stream.getvalue())


async def stored_keys(
    connection: Connection, points: NDArray[np.int32], hours: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return points and hours of the stored pages among the given ones, in no order."""
    if not points.size:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    rows = await connection.fetch(_STORED_KEYS, *_scope(points, hours))
    return np.array([row[0] for row in rows], np.int32), np.array(
        [row[1] for row in rows], np.int32
    )


async def record_gap(
    connection: Connection, topic: str, partition: int, offsets: tuple[int, int]
) -> None:
    """Note that offsets ``offsets[0]`` to ``offsets[1]`` (exclusive) were gone."""
    await connection.execute(_RECORD_GAP, topic, partition, *offsets)


def _scope(
    points: NDArray[np.int32], hours: NDArray[np.int32]
) -> tuple[list[int], list[int], int, int]:
    """Return the wanted points, their hours, and the first and last hour: in seconds since the epoch."""
    seconds = hours.astype(np.int64) * 3600
    return points.tolist(), seconds.tolist(), int(seconds.min()), int(seconds.max())


def _epoch_ms(at: datetime | None) -> int:
    return NO_TIME if at is None else round(at.timestamp() * 1000)
