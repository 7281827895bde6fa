"""Pages for hours of declared outages in which no reading came: their minutes are INTERRUPTED, not MISSING."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from service.domain.pages import PageColumns, empty_pages
from service.domain.registry import Declaration
from service.settle.knowledge import Knowledge
from service.store.interruption_rows import watermark
from service.store.page_batches import PageWriter
from service.store.partitions import stored_keys
from service.store.pool import Pool
from service.store.rescoring import n_open_changes

PAGES_AT_ONCE = 5000
SLOW_INTERVAL_S = 3600  # of a point without a device


async def write_outage_pages(pool: Pool, writer: PageWriter, known: Knowledge) -> int:
    """Write an empty page for every hour of a declared outage, up to where the data reach, that has none.

    Outages that have ended are looked at only while a change waits to be judged; the open ones always.

    Returns:
        Number of pages written.

    Raises:
        JudgementMovedError: Load the knowledge and call again.
        StoreError: The pages written before it stay; call again.
    """
    async with pool.connection() as connection:
        through = await watermark(connection)
        everything = await n_open_changes(connection) > 0
    n_written = 0
    for keys in _parts(known, through, everything=everything):
        async with pool.connection() as connection:
            stored = await stored_keys(connection, keys[0], keys[1])
        missing = keys[:, ~np.isin(_key(keys[0], keys[1]), _key(*stored))]
        if missing.size:
            await writer.write(_empty(known, missing), known.judge)
            n_written += missing.shape[1]
    return n_written


def _parts(known: Knowledge, through: datetime, *, everything: bool) -> Iterator[NDArray[np.int32]]:
    """Yield points and hours, ``(2, n)``, ordered and each once, of the outages to look at."""
    keys = [
        _keys_of(outage, through)
        for outage in known.registry.declarations
        if outage.kind == "outage" and (everything or outage.to_at is None)
    ]
    whole = np.unique(np.concatenate([np.zeros((2, 0), np.int32), *keys], axis=1), axis=1)
    for start in range(0, whole.shape[1], PAGES_AT_ONCE):
        yield whole[:, start : start + PAGES_AT_ONCE]


def _keys_of(outage: Declaration, through: datetime) -> NDArray[np.int32]:
    end = through if outage.to_at is None else min(outage.to_at, through)
    first, last = int(outage.from_at.timestamp()) // 3600, -(-int(end.timestamp()) // 3600)
    hours = np.arange(first, max(first, last), dtype=np.int32)
    points = np.array(sorted(outage.point_ids), np.int32)
    return np.stack([np.repeat(points, hours.size), np.tile(hours, points.size)])


def _empty(known: Knowledge, keys: NDArray[np.int32]) -> PageColumns:
    n_phases = {point.point_id: point.n_phases for point in known.registry.points}
    interval_s = {device.point_id: device.interval_s for device in known.registry.devices}
    points = keys[0].tolist()
    pages = empty_pages(np.array([n_phases[point] for point in points], np.uint8))
    pages.point[:], pages.hour[:] = keys
    pages.interval_s[:] = [interval_s.get(point, SLOW_INTERVAL_S) for point in points]
    return pages


def _key(points: NDArray[np.int32], hours: NDArray[np.int32]) -> NDArray[np.int64]:
    return points.astype(np.int64) << 32 | hours
