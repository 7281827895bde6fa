"""A point's week as minutes, and its percentiles.

A week goes from Monday 00:00 to Monday 00:00 on the clocks of a zone: 10080 minutes, an hour more or
less where clocks change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import (
    CELL_NONE,
    INTERRUPTED,
    MINUTES_PER_HOUR,
    RANK_GOOD,
    RANK_MASK,
    RANK_SHIFT,
    VERDICT_MASK,
)
from service.domain.instants import edge_minute
from service.domain.periods import day_start

TEN_MINUTES: Final = 10
_PERCENTS: Final = (1, 5, 95, 99)


@dataclass(frozen=True, slots=True)
class Week:
    """A week of a zone; make it with ``week_of``."""

    monday: date
    from_at: datetime  # inclusive, UTC
    to_at: datetime  # exclusive, UTC

    @property
    def complete_at(self) -> datetime:
        """The end of the last ten minutes (of UTC) that begin in the week: from here on it can be counted."""
        seconds = -int(self.to_at.timestamp()) % (TEN_MINUTES * 60)
        return self.to_at + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCells:
    """One stored hour of a point."""

    hour: int  # hours since the Unix epoch, UTC
    cell: NDArray[np.int16]  # (n_phases, 60), 0.01 % from nominal
    mark: NDArray[np.uint8]  # (n_phases, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekMinutes:
    """The minutes of a point from the start of a week to the end of its last ten minutes."""

    first_minute: int  # since the Unix epoch, UTC, of column 0
    n_in_week: int  # columns that lie in the week; up to nine more complete its last ten minutes
    cell: NDArray[np.int16]  # (n_phases, n_minutes)
    mark: NDArray[np.uint8]  # (n_phases, n_minutes)
    due: NDArray[np.bool_]  # (n_minutes,): the point is in service, and the data have reached it

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which minutes have a good cell, interrupted ones included, ``(n_phases, n_minutes)``."""
        is_good: NDArray[np.bool_] = ((self.mark >> RANK_SHIFT & RANK_MASK) == RANK_GOOD) & self.due
        return is_good

    def interrupted(self, below: int) -> NDArray[np.bool_]:
        """Return which minutes were without supply: measured below a cell, or known without a measurement."""
        dark = self.measured & (self.cell < below)
        told = (self.mark & VERDICT_MASK) == INTERRUPTED
        found: NDArray[np.bool_] = dark | (told & ~self.measured & self.due)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Voltages that a share of the measured minutes of all phases do not exceed; cells of 0.01 %."""

    n_values: int
    v1: int | None  # None where nothing was measured
    v5: int | None
    v95: int | None
    v99: int | None


def week_of(day: date, zone: ZoneInfo) -> Week:
    """Return the week in which a day of ``zone`` lies."""
    monday = day - timedelta(days=day.weekday())
    return Week(monday, day_start(monday, zone), day_start(monday + timedelta(days=7), zone))


def week_minutes(
    week: Week, hours: Iterable[HourCells], n_phases: int, in_service: tuple[datetime, datetime]
) -> WeekMinutes:
    """Return the minutes of ``week`` in some stored hours; those outside it are passed over.

    Args:
        week: Which.
        hours: Of one point, each hour at most once; an hour that is not there is silent.
        n_phases: Of the point.
        in_service: The part of the point's validity that the data have reached, half-open.
    """
    first, last = edge_minute(week.from_at), edge_minute(week.complete_at)
    cell = np.full((n_phases, last - first), CELL_NONE, np.int16)
    mark = np.zeros((n_phases, last - first), np.uint8)
    for one in hours:
        start = one.hour * MINUTES_PER_HOUR - first
        into = slice(max(start, 0), max(0, min(start + MINUTES_PER_HOUR, last - first)))
        part = slice(into.start - start, into.stop - start)
        if into.start < into.stop:
            cell[:, into], mark[:, into] = one.cell[:, part], one.mark[:, part]
    minute = np.arange(first, last)
    served_from, served_to = (edge_minute(at) for at in in_service)
    return WeekMinutes(
        first_minute=first,
        n_in_week=edge_minute(week.to_at) - first,
        cell=cell,
        mark=mark,
        due=(minute >= served_from) & (minute < served_to),
    )


def percentiles(minutes: WeekMinutes) -> Percentiles:
    """Return V1, V5, V95 and V99 of the minutes of the week, all phases together.

    By nearest rank: Vp is the measured value at place ``ceil(p / 100 * n)`` in ascending order, so
    it is a voltage that was measured, exact. Interrupted minutes (as the pages judge them) take no part.
    """
    live = minutes.measured & ((minutes.mark & VERDICT_MASK) != INTERRUPTED)
    values = np.sort(minutes.cell[:, : minutes.n_in_week][live[:, : minutes.n_in_week]])
    n = int(values.size)
    if not n:
        return Percentiles(n_values=0, v1=None, v5=None, v95=None, v99=None)
    v1, v5, v95, v99 = (int(values[-(-percent * n // 100) - 1]) for percent in _PERCENTS)
    return Percentiles(n_values=n, v1=v1, v5=v5, v95=v95, v99=v99)
