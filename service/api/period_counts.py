"""Minutes by verdict of one point and each period, from its pages: whole numbers, counted once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from kernels.layout import MINUTES_PER_HOUR, N_VERDICTS
from service.domain.periods import Period, minutes_due
from service.domain.rates import VerdictCounts
from service.domain.registry import Point
from service.store.page_reads import PageVerdicts

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCounts:
    """What the pages say of one period."""

    period: Period
    counts: VerdictCounts
    interval_s: int | None  # of the slowest readings; None without a page


def period_counts(
    pages: PageVerdicts, periods: Sequence[Period], point: Point, data_through: datetime | None
) -> Iterator[PeriodCounts]:
    """Yield the counts of each period; MISSING is what is due and has no other verdict.

    Args:
        pages: All pages of the point that have minutes in the periods.
        periods: Of which minutes are counted.
        point: Its validity bounds the minutes due.
        data_through: Minutes from here on are not due yet, and nothing that is known of them ahead
            (a declared outage) counts; None before the first reading.
    """
    verdicts = pages.verdict.reshape(-1)
    for period in periods:
        begin = max(period.from_at, point.valid_from)
        end = min(period.to_at, data_through or begin, point.valid_to or period.to_at)
        first, last = _place(pages, begin), _place(pages, end)
        counted = np.bincount(verdicts[first : max(first, last)], minlength=N_VERDICTS)
        n_due = minutes_due(period, (point.valid_from, point.valid_to), data_through or begin)
        yield PeriodCounts(
            period=period,
            counts=VerdictCounts.of_due(n_due, counted.tolist()),
            interval_s=_slowest(pages, period),
        )


def _place(pages: PageVerdicts, at: datetime) -> int:
    """Return how many minutes of the pages lie before ``at``."""
    hour, minute = divmod(int(at.timestamp()) // _MINUTE_S, MINUTES_PER_HOUR)
    n_pages = int(np.searchsorted(pages.hour, hour))
    has_page = n_pages < pages.hour.size and int(pages.hour[n_pages]) == hour
    return n_pages * MINUTES_PER_HOUR + (minute if has_page else 0)


def _slowest(pages: PageVerdicts, period: Period) -> int | None:
    """Return the longest interval of the pages that have minutes in ``period``."""
    first = np.searchsorted(pages.hour, int(period.from_at.timestamp()) // 3600)
    last = np.searchsorted(pages.hour, -(-int(period.to_at.timestamp()) // 3600))
    chosen = pages.interval_s[first:last]
    return int(chosen.max()) if chosen.size else None


def sum_of(parts: Sequence[PeriodCounts]) -> tuple[VerdictCounts, int | None]:
    """Return the counts of all periods together, and the longest interval."""
    total = VerdictCounts()
    for part in parts:
        total = total + part.counts
    intervals = [part.interval_s for part in parts if part.interval_s is not None]
    return total, max(intervals, default=None)
