"""The export of minutes: points a few at a time, paced, and never slower for the database than one small batch.

Nothing of the database is held while a client takes what was read: each batch is read in a transaction of its own, so
a client that is slow for hours holds no snapshot and no connection. The price is that an export is no single
snapshot; each row therefore has the judgement number of its hour, and minutes are due up to where the data reached
when the export began.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from service.api.export_encoding import MinuteEncoder
from service.api.export_pace import ExportPace, PaceState
from service.api.lasting_access import ASK_AGAIN_S
from service.api.refusals import BusyError
from service.clock import monotonic_s
from service.domain.access import EVERYWHERE
from service.domain.minute_columns import ExportPoint, HourPages, minute_columns
from service.errors import ServiceError
from service.logs import logger
from service.store.deployment_reads import reading
from service.store.export_reads import ExportFilter, export_pages, export_points, ingest_lag_s
from service.store.pool import Pool, retrying

log = logger(__name__)

_RETRY_WITHIN_S: Final = 60.0  # a batch, while the database is away
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class ExportDesk:
    """The exports of this process: how many there may be, and whose turn it is to work."""

    n_max: int
    pace: ExportPace = field(default_factory=ExportPace)
    state: PaceState = field(default_factory=PaceState)
    ask_again_s: float = ASK_AGAIN_S  # for the access of whoever takes an export
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

    def size(self, lag_s: float) -> int:
        """Return how many points the next batch may have, whichever export it is of."""
        return self.state.size(self.pace, lag_s=lag_s, n_open=max(1, self._n_open))

    def rest(self, work_s: float, lag_s: float) -> None:
        """Let the next batch wait as long as this one's work asks for."""
        n_open = max(1, self._n_open)
        pause_s = self.state.pause_s(self.pace, work_s, lag_s=lag_s, n_open=n_open)
        self.rests_until_s = monotonic_s() + pause_s

    @property
    def turn(self) -> asyncio.Lock:
        """Return what an export holds while it works and rests: exports together keep the pace of one."""
        return self._turn


async def _stays() -> None:
    """Nobody is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export."""

    pool: Pool
    desk: ExportDesk
    chosen: ExportFilter
    from_at: datetime  # whole minutes
    to_at: datetime  # not beyond where the data reach
    confirm: Callable[[], Awaitable[None]] = _stays  # raises once who takes it may no longer

    async def parts(self, encoder: MinuteEncoder) -> AsyncIterator[bytes]:
        """Yield the bytes of all minutes, day by day and in each point by point.

        Raises:
            UnauthenticatedError, ScopeMissingError: Who takes it may no longer; the last bytes say so.
            StoreError: A batch could not be read, also not when it was tried again for a minute.
        """
        sent_s = monotonic_s()
        for span in self._days():
            after: int | None = 0
            while after is not None:
                try:
                    await self.confirm()
                except ServiceError as error:
                    log.warning("export_ended_early", code=error.code, error=str(error))
                    yield await asyncio.to_thread(encoder.end_early, str(error))
                    raise
                after, part = await self._batch(encoder, span, after, sent_s)
                if part:
                    yield part
                    sent_s = monotonic_s()
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
        self,
        encoder: MinuteEncoder,
        span: tuple[datetime, datetime],
        after: int,
        sent_s: float,
    ) -> tuple[int | None, bytes]:
        """Read and encode the minutes of a few points in a day, once the rest after the batch before is over.

        Where nothing was sent since long before, ``sent_s``, the bytes do not wait for more: the next rest follows.

        Returns:
            The last point of the batch, None where none are left, and the bytes that are ready.
        """
        async with self.desk.turn:
            await asyncio.sleep(max(0.0, self.desk.rests_until_s - monotonic_s()))
            started_s = monotonic_s()
            lag_s = await self._lag_s()
            n_points = self.desk.size(lag_s)
            points, pages = await self._read(span, after, n_points)
            part = b""
            if points:
                minutes = await asyncio.to_thread(minute_columns, points, pages, *span)
                is_awaited = monotonic_s() - sent_s > self.desk.pace.silence_s / 2
                part = await asyncio.to_thread(
                    encoder.encode, minutes, points, is_awaited=is_awaited
                )
            work_s = monotonic_s() - started_s
            self.desk.state.learn(work_s, n_points, len(points))
            self.desk.rest(work_s, lag_s)
        return (points[-1].point_id if len(points) == n_points else None), part

    async def _lag_s(self) -> float:
        """Return the lag of ingestion, of the whole deployment: it is not seen from inside a territory."""
        async for attempt in retrying(within_s=_RETRY_WITHIN_S):
            with attempt:
                async with self.pool.within(EVERYWHERE).connection() as connection:
                    return await ingest_lag_s(connection)
        raise AssertionError  # the last attempt raises

    async def _read(
        self, span: tuple[datetime, datetime], after: int, n_points: int
    ) -> tuple[list[ExportPoint], list[HourPages]]:
        """Return the next few points, and their pages; again if the failure may pass."""
        hours = (span[0].replace(minute=0), span[1])
        async for attempt in retrying(within_s=_RETRY_WITHIN_S):
            with attempt:
                async with reading(self.pool) as snapshot:
                    connection = snapshot.connection
                    points = await export_points(connection, self.chosen, span, after, n_points)
                    pages = await export_pages(connection, points, hours) if points else []
                    return points, pages
        raise AssertionError  # the last attempt raises
