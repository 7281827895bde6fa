"""Merging late readings into the pages, at a bounded rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.checkpoint import join_pages, plane_indices
from service.domain.late import LatePlaces, changes_a_cell, late_pages, places_of
from service.domain.pages import PageColumns
from service.domain.reading_columns import LateReadings, chosen_late, joined_late
from service.settle.knowledge import Knowledge
from service.store.late import LateSpan, advance, fresh_readings, late_spans, readings_near
from service.store.page_batches import PageWriter
from service.store.partitions import read_pages
from service.store.pool import Connection, Pool

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of late readings."""

    n_merged: int = 0  # changed a cell
    n_duplicate: int = 0  # changed none

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(self.n_merged + other.n_merged, self.n_duplicate + other.n_duplicate)


async def merge_late_readings(pool: Pool, writer: PageWriter, known: Knowledge, limit: int) -> Merged:
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


async def _merge_span(pool: Pool, writer: PageWriter, known: Knowledge, span: LateSpan, limit: int) -> Merged:
    async with pool.connection() as connection:
        fresh, part = await fresh_readings(connection, span, limit)
        places = places_of(fresh, known.directory)
        pages, changed = await merged_with_stored(connection, known, part, places)
    is_merged = changes_a_cell(places, pages, changed)
    merged = Merged(int(is_merged.sum()), int(is_merged.size - is_merged.sum()))

    async def note(connection: Connection) -> None:
        await advance(connection, part, n_merged=merged.n_merged, n_duplicate=merged.n_duplicate)

    await writer.write(pages, known.judge, note)
    return merged


async def merged_with_stored(
    connection: Connection, known: Knowledge, span: LateSpan, places: LatePlaces, more: LateReadings | None = None
) -> tuple[PageColumns, NDArray[np.bool_]]:
    """Return the stored pages with everything joined that came late for the minutes of ``places``.

    Args:
        connection: To read from.
        known: Where devices belong.
        span: Of which partition, and up to which offset.
        places: The minutes and devices.
        more: Late readings of that partition that are not stored yet.

    Returns:
        Pages, one a point and hour, ordered by them; and ``(n_pages, 60)``, the minutes that changed by it.
    """
    near = await _readings_of_minutes(connection, known, span, places)
    near = near if more is None else joined_late([near, more])
    pages = late_pages(near, places_of(near, known.directory), known.directory)
    stored = await read_pages(connection, pages.point, pages.hour)
    key = pages.point.astype(np.int64) << 32 | pages.hour
    into = np.searchsorted(key, stored.point.astype(np.int64) << 32 | stored.hour)
    before_cell = np.full_like(pages.planes.cell, np.iinfo(np.int16).min)
    before_mark = np.zeros_like(pages.planes.mark)
    planes = plane_indices(pages, into)
    before_cell[planes], before_mark[planes] = stored.planes.cell, stored.planes.mark
    join_pages(pages, into, stored)
    plane_changed = (before_cell != pages.planes.cell) | (before_mark != pages.planes.mark)
    changed = np.logical_or.reduceat(plane_changed, pages.planes.first, axis=0) if pages.n_pages else plane_changed
    return pages, changed


async def _readings_of_minutes(
    connection: Connection, known: Knowledge, span: LateSpan, places: LatePlaces
) -> LateReadings:
    """Return every late reading of the devices and minutes of ``places``, in the order of the log."""
    rows = places.row[places.row >= 0]
    groups = np.unique(np.stack([rows, places.minute[places.row >= 0]]), axis=1)
    # Neighbouring minutes of a device are asked for at once, with a minute more on each side: readings may stand
    # off the grid.
    is_first = np.ones(groups.shape[1], np.bool_)
    is_first[1:] = (np.diff(groups[0]) != 0) | (np.diff(groups[1]) > 2)
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], groups.shape[1]) - 1
    near = await readings_near(
        connection,
        span,
        known.directory.device_id[groups[0, first]],
        (groups[1, first] - 1) * MINUTE_MS,
        (groups[1, last] + 2) * MINUTE_MS,
    )
    near = joined_late([near])  # spans of time may overlap
    places_near = places_of(near, known.directory)
    keys = places_near.row << 34 | places_near.minute
    return chosen_late(near, np.isin(keys, groups[0] << 34 | groups[1]))
