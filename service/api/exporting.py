"""The export of minutes: points a few at a time, paced, and never slower for the database than one small batch.

Nothing of the database is held while a client takes what was read: each batch is read in a transaction of its own, so
a client that is slow for hours holds no snapshot and no connection. The price is that an export is no single
snapshot; each row therefore has the judgement number of its hour, and minutes are due up to where the data reached
when the export began.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from service.api.export_encoding import MinuteEncoder
from service.api.export_pace import ExportPace
from service.api.refusals import BusyError
from service.clock import monotonic_s
from service.domain.access import EVERYWHERE
from service.domain.minute_columns import ExportPoint, HourPages, minute_columns
from service.logs import logger
from service.store.deployment_reads import reading
from service.store.export_reads import ExportFilter, export_pages, export_points, is_behind
from service.store.pool import Pool, retrying

log = logger(__name__)

POINTS_IN_BATCH: Final = 200  # 288 000 minutes of a day
_RETRY_WITHIN_S: Final = 60.0  # a batch, while the database is away
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class ExportDesk:
    """The exports of this process: how many there may be, and whose turn it is to work."""

    n_max: int
    pace: ExportPace = field(default_factory=ExportPace)
    rests_until_s: float = 0.0  # monotonic
    _n_open: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let an export be under way as long as the block lasts.

        Raises:
            BusyError: There are as many as may be.
        """
        if self._n_open >= self.n_max:
            raise BusyError(
                f"{self._n_open} exports are under way, as many as VOLTPASS_EXPORTS_MAX allows"
            )
        self._n_open += 1
        try:
            yield
        finally:
            self._n_open -= 1

    @property
    def turn(self) -> asyncio.Lock:
        """Return what an export holds while it works and rests: exports together keep the pace of one."""
        return self._turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export."""

    pool: Pool
    desk: ExportDesk
    chosen: ExportFilter
    from_at: datetime  # whole minutes
    to_at: datetime  # not beyond where the data reach
    points_in_batch: int = POINTS_IN_BATCH

    async def parts(self, encoder: MinuteEncoder) -> AsyncIterator[bytes]:
        """Yield the bytes of all minutes, day by day and in each point by point.

        Raises:
            StoreError: A batch could not be read, also not when it was tried again for a minute.
        """
        for span in self._days():
            after = 0
            while True:
                points, part = await self._batch(encoder, span, after)
                if part:
                    yield part
                if len(points) < self.points_in_batch:
                    break
                after = points[-1].point_id
        yield await asyncio.to_thread(encoder.finish)

    def _days(self) -> list[tuple[datetime, datetime]]:
        """Return the span in pieces that end with the days of UTC, as pages lie in chunks."""
        found, at = [], self.from_at
        while at < self.to_at:
            end = min(at.replace(hour=0, minute=0) + _DAY, self.to_at)
            found.append((at, end))
            at = end
        return found

    async def _batch(
        self, encoder: MinuteEncoder, span: tuple[datetime, datetime], after: int
    ) -> tuple[list[ExportPoint], bytes]:
        """Read and encode the minutes of a few points in a day, once the rest after the batch before is over."""
        async with self.desk.turn:
            await asyncio.sleep(max(0.0, self.desk.rests_until_s - monotonic_s()))
            started_s = monotonic_s()
            points, pages, behind = await self._read(span, after)
            part = b""
            if points:
                minutes = await asyncio.to_thread(minute_columns, points, pages, *span)
                part = await asyncio.to_thread(encoder.encode, minutes, points)
            work_s = monotonic_s() - started_s
            pause_s = self.desk.pace.pause_s(work_s, is_behind=behind)
            self.desk.rests_until_s = monotonic_s() + pause_s
        return points, part

    async def _read(
        self, span: tuple[datetime, datetime], after: int
    ) -> tuple[list[ExportPoint], list[HourPages], bool]:
        """Return the next few points, their pages, and whether ingestion is behind; again if the failure may pass."""
        hours = (span[0].replace(minute=0), span[1])
        async for attempt in retrying(within_s=_RETRY_WITHIN_S):
            with attempt:
                async with reading(self.pool) as snapshot:
                    connection = snapshot.connection
                    points = await export_points(
                        connection, self.chosen, span, after, self.points_in_batch
                    )
                    pages = await export_pages(connection, points, hours) if points else []
                # Ingestion is the whole deployment's, and it is not seen from inside a territory.
                async with self.pool.within(EVERYWHERE).connection() as connection:
                    return points, pages, await is_behind(connection, self.desk.pace.behind_s)
        raise AssertionError  # the last attempt raises
