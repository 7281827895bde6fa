"""Pages written outside a checkpoint: merged late readings, and pages judged again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from service.domain.judging import Judge
from service.domain.pages import PageColumns
from service.errors import JudgementMovedError
from service.store import page_writes
from service.store.dirty_days import DirtyMarks
from service.store.judgement import read_for_share
from service.store.pool import Connection, Pool

Also = Callable[[Connection], Awaitable[None]]


@dataclass(slots=True)
class PageWriter:
    """Writes pages of any partition; their rows are joined like a checkpoint's."""

    pool: Pool
    zone: str  # of the deployment
    _marks: DirtyMarks = field(default_factory=DirtyMarks)

    async def write(self, pages: PageColumns, judge: Judge, also: Also | None = None) -> None:
        """Judge and store pages, ordered by point and hour, and do ``also`` in the same transaction.

        ``also`` may be undone and done again: it writes to the database and does nothing else.

        Raises:
            JudgementMovedError: Nothing was written; load the registry and call again with a new judge.
            StoreError: Nothing was written, or nobody knows; a second call changes nothing more.
        """
        days = self._marks.days_of(pages, self.zone)
        is_mixed = np.zeros(pages.n_pages, np.bool_)
        async with self.pool.connection() as connection:
            await page_writes.prepare(connection)
            async with connection.transaction():
                await page_writes.copy_pages(connection, pages, judge)

                async def lock() -> int:
                    number, generation = await read_for_share(connection)
                    if number != pages.judgement:
                        raise JudgementMovedError(number)
                    if also is not None:
                        await also(connection)
                    return generation

                generation = await page_writes.upsert_pages(
                    connection, pages, is_mixed, judge, lock
                )
                await self._marks.write(connection, generation, self.zone)
        self._marks.confirm(days)
