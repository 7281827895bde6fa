"""Merging late readings into the pages, at a bounded rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE
from service.domain.checkpoint import join_pages
from service.domain.grid import first_minutes
from service.domain.late import merge_late
from service.domain.pages import PageColumns, page_keys, plane_indices
from service.domain.reading_columns import LateReadings, chosen_late, joined_late
from service.settle.knowledge import Knowledge
from service.store.late import LateSpan, advance, fresh_readings, late_spans, readings_near
from service.store.page_batches import PageWriter
from service.store.partitions import read_pages
from service.store.pool import Connection, Pool

MINUTE_MS = 60_000
BRIDGED_MINUTES = 2  # between minutes that are asked for at once


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of late readings."""

    n_merged: int = 0  # changed a cell
    n_duplicate: int = 0  # changed none

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(self.n_merged + other.n_merged, self.n_duplicate + other.n_duplicate)


async def merge_late_readings(
    pool: Pool, writer: PageWriter, known: Knowledge, limit: int
) -> Merged:
    """Merge late readings that no pass has merged yet, ``limit`` at most; return what became of them.

    Raises:
        JudgementMovedError: Load the knowledge and call again.
        StoreError: What was merged before it stays; call again.
    """
    done = Merged()
    async with pool.connection() as connection:
        spans = await late_spans(connection)
    for span in spans:
        left = limit - done.n_merged - done.n_duplicate
        if left <= 0:
            break
        done += await _merge_span(pool, writer, known, span, left)
    return done


async def _merge_span(
    pool: Pool, writer: PageWriter, known: Knowledge, span: LateSpan, limit: int
) -> Merged:
    async with pool.connection() as connection:
        fresh, part = await fresh_readings(connection, span, limit)
        near = await readings_of_minutes(connection, known, part, fresh)
        merge = merge_late(near, known.directory)
        pages, is_changed = await joined_with_stored(connection, merge.pages)
    n_merged = merge.only(near.offset >= part.from_offset).count_changed(is_changed, pages)
    merged = Merged(n_merged, fresh.offset.size - n_merged)

    async def note(connection: Connection) -> None:
        await advance(connection, part, n_merged=merged.n_merged, n_duplicate=merged.n_duplicate)

    await writer.write(pages, known.judge, note)
    return merged


async def joined_with_stored(
    connection: Connection, pages: PageColumns
) -> tuple[PageColumns, NDArray[np.bool_]]:
    """Join the stored rows into candidate pages, one a point and hour, ordered by them.

    Returns:
        The same pages, and ``(n_pages, 60)``: the minutes in which they differ from the stored rows.
    """
    stored = await read_pages(connection, pages.point, pages.hour)
    into = np.searchsorted(page_keys(pages), page_keys(stored))
    planes = plane_indices(pages, into)
    before_cell = np.full_like(pages.planes.cell, CELL_NONE)
    before_mark = np.zeros_like(pages.planes.mark)
    before_cell[planes], before_mark[planes] = stored.planes.cell, stored.planes.mark
    join_pages(pages, into, stored)
    differs = (before_cell != pages.planes.cell) | (before_mark != pages.planes.mark)
    if not pages.n_pages:
        return pages, differs
    return pages, np.logical_or.reduceat(differs, pages.planes.first, axis=0)


async def readings_of_minutes(
    connection: Connection, known: Knowledge, span: LateSpan, fresh: LateReadings
) -> LateReadings:
    """Return every late reading of the devices and minutes of ``fresh``, these included, in the order of the log."""
    device, minute = np.unique(_groups(fresh, known), axis=1)
    if not device.size:
        return fresh
    # Neighbouring minutes of a device are asked for at once, with a minute more on each side: readings may stand
    # off the grid.
    is_first = np.ones(device.size, np.bool_)
    is_first[1:] = (np.diff(device) != 0) | (np.diff(minute) > BRIDGED_MINUTES)
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], device.size) - 1
    from_ms, to_ms = (minute[first] - 1) * MINUTE_MS, (minute[last] + 2) * MINUTE_MS
    found = await readings_near(connection, span, device[first].astype(np.int32), from_ms, to_ms)
    near = joined_late([found, fresh])
    groups = _groups(near, known)
    return chosen_late(near, np.isin(groups[0] << 34 | groups[1], device << 34 | minute))


def _groups(late: LateReadings, known: Knowledge) -> NDArray[np.int64]:
    """Return device and first minute of each reading, ``(2, n_readings)``."""
    directory = known.directory
    row = directory.rows_of(late.device_id)
    minutes = first_minutes(late.start_ms, directory.intervals_ms(row))
    return np.stack([late.device_id.astype(np.int64), minutes])
