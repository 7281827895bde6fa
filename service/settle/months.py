"""Adding up months of points once they are over, and again where days of them were counted anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import structlog

from service.domain.periods import next_month
from service.store.beside_rows import open_day
from service.store.month_rows import add_due, add_month, added_months, first_month
from service.store.pool import Pool

log = structlog.get_logger(__name__)

POINTS_AT_ONCE: Final = 20_000  # of a month, in one statement
DUE_AT_ONCE: Final = 5_000  # months of points, in one transaction


@dataclass(slots=True)
class Months:
    """Adds up what is over; looks for months that are not added yet where a new one is over, and at its first run."""

    _looked_before: date | None = None  # all months before it are added

    async def run(self, pool: Pool) -> int:
        """Add up months that are over, then months of points that are due again; return how many of points.

        Raises:
            StoreError: What was added before it stays; call again.
        """
        async with pool.connection() as connection:
            open_month = (await open_day(connection)).replace(day=1)
        n_added = 0
        if open_month not in {self._looked_before, date.min}:
            n_added += await _add_missing(pool, open_month)
            self._looked_before = open_month
        while True:
            async with pool.transaction() as connection:
                n_due = await add_due(connection, DUE_AT_ONCE)
            n_added += n_due
            if n_due < DUE_AT_ONCE:
                return n_added


async def _add_missing(pool: Pool, open_month: date) -> int:
    """Add every month before the open one that has days, each in a transaction; return of how many points."""
    async with pool.connection() as connection:
        first = await first_month(connection) or open_month
        added = await added_months(connection) or (first, first)
    n_added = 0
    for month in _missing(first, added, open_month):
        async with pool.transaction() as connection:
            n_points = await add_month(connection, month, POINTS_AT_ONCE)
        log.info("month_added", month=f"{month:%Y-%m}", points=n_points)
        n_added += n_points
    return n_added


def _missing(first: date, added: tuple[date, date], before: date) -> Iterator[date]:
    """Yield months from ``first`` on and ``before`` another that are not added, each next to those that are then."""
    from_month, month = added
    while month < before:
        yield month
        month = next_month(month)
    while from_month > first:
        from_month = (from_month - timedelta(days=1)).replace(day=1)
        yield from_month
