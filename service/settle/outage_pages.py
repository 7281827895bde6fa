"""Pages for hours without supply in which no reading came: their minutes are INTERRUPTED, not MISSING."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.domain.instants import FOREVER_US, epoch_us
from service.domain.pages import PageColumns, empty_pages
from service.domain.registry import DarkSpans
from service.settle.knowledge import Knowledge
from service.store.interruption_rows import watermark
from service.store.page_batches import PageWriter
from service.store.partitions import stored_keys
from service.store.pool import Pool
from service.store.rescoring import points_to_rescore

PAGES_AT_ONCE: Final = 5000
SLOW_INTERVAL_S: Final = 3600  # of a point without a device
LOOK_BACK: Final = timedelta(days=30)  # of the first pass: for what ended while nobody settled
_HOUR_US: Final = 3_600_000_000
_POINT_SHIFT: Final = 32


@dataclass(slots=True)
class OutagePages:
    """Writes empty pages where a declared outage or an evidenced interruption has none."""

    _since_us: int | None = None  # all is written up to here, but where a change waits

    async def write(self, pool: Pool, writer: PageWriter, known: Knowledge) -> int:
        """Write an empty page for every hour without supply, up to where the data reach, that has none.

        Points for which a change waits to be judged are looked at as a whole; of the others the
        hours since the last time.

        Returns:
            Number of pages written.

        Raises:
            JudgementMovedError: Load the knowledge and call again.
            StoreError: The pages written before it stay; call again.
        """
        async with pool.connection() as connection:
            through_us = epoch_us(await watermark(connection))
            changed = await points_to_rescore(connection)
        since_us = self._since_us
        if since_us is None:
            since_us = through_us - epoch_us_of(LOOK_BACK)
        spans = _chosen(known, changed, since_us, is_first=self._since_us is None)
        n_written = 0
        for keys in _parts(_hours(spans, through_us)):
            async with pool.connection() as connection:
                stored = await stored_keys(connection, keys[0], keys[1])
            missing = keys[:, ~np.isin(_key(keys[0], keys[1]), _key(*stored))]
            if missing.size:
                await writer.write(_empty(known, missing), known.judge)
                n_written += missing.shape[1]
        self._since_us = max(through_us, self._since_us or through_us)
        return n_written


def epoch_us_of(span: timedelta) -> int:
    """Return a length of time in microseconds."""
    return span // timedelta(microseconds=1)


def _chosen(
    known: Knowledge, changed: set[int] | None, since_us: int, *, is_first: bool
) -> DarkSpans:
    """Return the spans to look at: whole where points have changed, else from ``since_us`` on, at first whole."""
    spans = _all_spans(known, changed, since_us)
    is_changed = np.full(spans.point_id.size, changed is None)
    if changed:
        is_changed = np.isin(spans.point_id, np.array(sorted(changed), np.int32))
    keep = is_changed | (spans.to_us > since_us)
    from_us = spans.from_us
    if not is_first:
        from_us = np.where(is_changed, from_us, np.maximum(from_us, since_us))
    return DarkSpans(spans.point_id[keep], from_us[keep], spans.to_us[keep])


def _all_spans(known: Knowledge, changed: set[int] | None, since_us: int) -> DarkSpans:
    """Return interruptions and declared outages; those that ended are left out where nothing changed."""
    dark = known.registry.dark_spans
    parts = [(dark.point_id, dark.from_us, dark.to_us)]
    for outage in known.registry.declarations:
        if outage.kind != "outage":
            continue
        to_us = FOREVER_US if outage.to_at is None else epoch_us(outage.to_at)
        point_ids = outage.point_ids
        if changed is not None and to_us <= since_us:
            point_ids = point_ids & changed
        points = np.fromiter(point_ids, np.int32, len(point_ids))
        from_us = np.full(points.size, epoch_us(outage.from_at))
        parts.append((points, from_us, np.full(points.size, to_us)))
    whole = DarkSpans(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )
    is_known = known.judge.kinds.knows(whole.point_id)
    return DarkSpans(whole.point_id[is_known], whole.from_us[is_known], whole.to_us[is_known])


def _hours(spans: DarkSpans, through_us: int) -> NDArray[np.int64]:
    """Return the hours that the spans touch up to ``through_us``, as keys, sorted and each once."""
    first = np.maximum(spans.from_us, 0) // _HOUR_US
    n_hours = np.maximum(0, -(-np.minimum(spans.to_us, through_us) // _HOUR_US) - first)
    begin = np.cumsum(n_hours) - n_hours
    hour = np.arange(int(n_hours.sum())) + np.repeat(first - begin, n_hours)
    return np.unique(np.repeat(spans.point_id.astype(np.int64), n_hours) << _POINT_SHIFT | hour)


def _parts(keys: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
    """Yield points and hours, ``(2, n)``, of sorted keys."""
    for start in range(0, keys.size, PAGES_AT_ONCE):
        part = keys[start : start + PAGES_AT_ONCE]
        yield np.stack([part >> _POINT_SHIFT, part & (2**_POINT_SHIFT - 1)]).astype(np.int32)


def _empty(known: Knowledge, keys: NDArray[np.int32]) -> PageColumns:
    points, devices = known.network.points, known.network.devices
    point_ids = keys[0].tolist()
    pages = empty_pages(np.array([points[one].n_phases for one in point_ids], np.uint8))
    pages.point[:], pages.hour[:] = keys
    pages.interval_s[:] = [
        devices[one][-1].interval_s if one in devices else SLOW_INTERVAL_S for one in point_ids
    ]
    return pages


def _key(points: NDArray[np.int32], hours: NDArray[np.int32]) -> NDArray[np.int64]:
    return points.astype(np.int64) << _POINT_SHIFT | hours
