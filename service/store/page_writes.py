"""Writing pages: into temporary rows first, then one ordered upsert that notices when a stored row has moved on."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import asyncpg
import numpy as np
from numpy.typing import NDArray

from service.domain.checkpoint import chosen_pages, join_pages
from service.domain.pages import PageColumns, page_keys, part_of
from service.store.page_rows import (
    COPY_BEGIN,
    COPY_COLUMNS,
    COPY_END,
    READ_PAGE,
    copy_rows,
    pages_from_rows,
)
from service.store.pool import Connection

T = TypeVar("T")

_TRIES: Final = 5  # within one transaction
_PART: Final = 8192  # pages that are judged and encoded at a time: 20 ms
_NEXT_PAGE = "voltpass_next_page"  # temporary, one a connection

_COLUMNS = ", ".join(COPY_COLUMNS)
_CHANGED = ", ".join(
    f"{name} = EXCLUDED.{name}" for name in COPY_COLUMNS if name not in {"point_id", "hour"}
)
_NULLABLE = {
    "cell_min": "NULLIF(cell_min, -32768)",
    "cell_max": "NULLIF(cell_max, -32768)",
    "spread_min": "NULLIF(spread_min, -32768)",
    "spread_max": "NULLIF(spread_max, -32768)",
    "active_ws": "CASE WHEN power_s > 0 THEN active_ws END",
    "reactive_vars": "CASE WHEN power_s > 0 THEN reactive_vars END",
    "power_s": "NULLIF(power_s, 0)",
    "marks": "CASE WHEN is_short THEN short_marks(marks) ELSE marks END",
    "verdicts": "CASE WHEN is_short THEN short_marks(NULLIF(verdicts, '')) ELSE NULLIF(verdicts, '') END",
    "phase_counts": "NULLIF(phase_counts, '')",
}
_VALUES = ", ".join(_NULLABLE.get(name, name) for name in COPY_COLUMNS)

_PREPARE = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS {_NEXT_PAGE} (LIKE page) ON COMMIT DELETE ROWS
"""

_UPSERT = f"""
    INSERT INTO page ({_COLUMNS})
    SELECT {_VALUES}
      FROM {_NEXT_PAGE}
     CROSS JOIN (SELECT short_marks_from <= now() AS is_short FROM deployment) AS deployment
     ORDER BY point_id, hour
        ON CONFLICT (point_id, hour) DO UPDATE
       SET {_CHANGED}
     WHERE page.revision = EXCLUDED.revision - 1
"""  # noqa: S608 (column names of ours)

# LIMIT keeps the server at one lookup a page: left to choose, it reads and sorts every page there ever was.
# The bounds that do not depend on the page let it leave chunks out once, and not for each page.
_MOVED_ON = f"""
    SELECT {READ_PAGE}
      FROM {_NEXT_PAGE} AS next_page
     CROSS JOIN LATERAL (
               SELECT *
                 FROM page
                WHERE page.point_id = next_page.point_id
                  AND page.hour = next_page.hour
                  AND page.hour >= to_timestamp($1::bigint)  -- oldest hour there is
                  AND page.hour <= to_timestamp($2::bigint)
                LIMIT 1
           ) AS page
     WHERE page.revision <> next_page.revision - 1
     ORDER BY page.point_id, page.hour
"""  # noqa: S608 (column names of ours)


class PageJudge(Protocol):
    """Judges pages under one judgement number."""

    @property
    def judgement(self) -> int:
        """The number."""

    def judge(self, pages: PageColumns) -> None:
        """Write verdicts, counters and extremes of ``pages``."""

    def nominal_mv(self, point_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the nominal voltage of each point, millivolts."""


async def prepare(connection: Connection) -> None:
    """Make a connection ready for ``copy_pages``; call it once, outside a transaction."""
    await connection.execute("SET client_min_messages = warning")
    await connection.execute(_PREPARE)


async def copy_pages(connection: Connection, pages: PageColumns, judge: PageJudge) -> None:
    """Judge pages and copy them into the connection's temporary rows; nothing shared is locked.

    While the server takes one part in, the next one is judged and encoded in a thread.

    Raises:
        UnknownPointError: As ``judge`` does; nothing is kept of the transaction.
    """
    # Left only when nothing writes to the pages any more, whatever happened: it waits for two parts at most.
    with ThreadPoolExecutor(max_workers=1) as encoder:
        await connection.copy_to_table(
            _NEXT_PAGE,
            source=_encoded(pages, judge, encoder),
            columns=COPY_COLUMNS,
            format="binary",
        )
    pages.judgement = judge.judgement


async def _encoded(pages: PageColumns, judge: PageJudge, encoder: Executor) -> AsyncIterator[bytes]:
    """Yield a COPY stream of pages; one part more than is asked for is under way."""
    yield COPY_BEGIN
    coming: deque[Future[bytes]] = deque()
    for first in range(0, pages.n_pages, _PART):
        coming.append(encoder.submit(_encode, part_of(pages, first, first + _PART), judge))
        if len(coming) > 1:
            yield await asyncio.wrap_future(coming.popleft())
    for one in coming:
        yield await asyncio.wrap_future(one)
    yield COPY_END


async def upsert_pages(
    connection: Connection,
    pages: PageColumns,
    is_mixed: NDArray[np.bool_],
    judge: PageJudge,
    lock: Callable[[], Awaitable[T]],
) -> T:
    """Do ``lock``, then write the copied pages in the order of their key; return what ``lock`` returns.

    Call it inside a transaction, after ``copy_pages`` of the same pages. Where a stored row has moved on, everything
    that was locked is let go of, the row is joined, judged and copied anew, and it begins again: while the server
    waits for a COPY of a process that is frozen, no timeout ends it, so nothing shared may be locked then. ``pages``
    then holds what was stored, under its revision plus one, and ``is_mixed`` is true for every page that was joined
    with a stored row: both stay so when the transaction fails, and serve the next try.

    Args:
        connection: With the copied pages.
        pages: As they were copied, ordered by point and hour.
        is_mixed: One a page.
        judge: Judges the pages that have to be joined.
        lock: Takes what else the transaction locks, in the database only: it may be undone and done again.

    Raises:
        asyncpg.SerializationError: Rows moved on again and again; roll back and try again.
    """
    for _ in range(_TRIES):
        savepoint = connection.transaction()
        await savepoint.start()
        locked = await lock()
        if not pages.n_pages or await _upsert(connection) == pages.n_pages:
            await savepoint.commit()
            return locked
        await savepoint.rollback()
        await _join_moved(connection, pages, is_mixed, judge)
    raise asyncpg.SerializationError(f"pages moved on {_TRIES} times")


async def _join_moved(
    connection: Connection, pages: PageColumns, is_mixed: NDArray[np.bool_], judge: PageJudge
) -> None:
    """Join the stored rows that have moved on into ``pages``, and copy those anew."""
    bounds_s = (int(hour) * 3600 for hour in (pages.hour.min(), pages.hour.max()))
    stored = pages_from_rows(await connection.fetch(_MOVED_ON, *bounds_s))
    moved = _positions(pages, stored)
    is_mixed[moved] = True
    part = await asyncio.to_thread(_joined, pages, moved, stored)
    await connection.execute(
        f"DELETE FROM {_NEXT_PAGE} USING unnest($1::integer[], $2::integer[]) AS moved (point_id, epoch_hour)"  # noqa: S608
        f" WHERE {_NEXT_PAGE}.point_id = moved.point_id AND hour = to_timestamp(moved.epoch_hour * 3600.0)",
        part.point.tolist(),
        part.hour.tolist(),
    )
    await copy_pages(connection, part, judge)


def _encode(pages: PageColumns, judge: PageJudge) -> bytes:
    judge.judge(pages)
    return copy_rows(pages, judge.nominal_mv(pages.point))


async def _upsert(connection: Connection) -> int:
    status = await connection.execute(_UPSERT)
    return int(status.rsplit(" ", 1)[1])


def _positions(pages: PageColumns, stored: PageColumns) -> NDArray[np.int64]:
    """Return where each stored page stands in ``pages``, which is ordered by point and hour."""
    return np.searchsorted(page_keys(pages), page_keys(stored))


def _joined(pages: PageColumns, moved: NDArray[np.int64], stored: PageColumns) -> PageColumns:
    """Join stored rows into ``pages`` and return copies of the pages that changed by it."""
    join_pages(pages, moved, stored)
    return chosen_pages(pages, moved)
