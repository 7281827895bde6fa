"""The minutes of one point over a span of time, side by side, those without a page among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import (
    CELL_NONE,
    INTERRUPTED,
    MINUTES_PER_HOUR,
    MISSING,
    N_VERDICTS,
    RANK_GOOD,
    RANK_MASK,
    RANK_SHIFT,
    VERDICT_MASK,
)
from service.domain.periods import Period
from service.domain.rates import VerdictCounts
from service.domain.registry import Point

MINUTE: Final = timedelta(minutes=1)
_MINUTE_S: Final = 60
_CELLS_OF_A_VOLT: Final = 10_000_000.0  # millivolts times 0.01 %


class PageMinutes(NamedTuple):
    """Pages of one point, one entry a page; each hour once, any order."""

    hour: NDArray[np.int64]  # hours since the Unix epoch, (n_pages,)
    nominal_mv: NDArray[np.int64]  # (n_pages,)
    interval_s: NDArray[np.int64]  # (n_pages,)
    verdict: NDArray[np.uint8]  # of the point, (n_pages, 60)
    cell: NDArray[
        np.int16
    ]  # 0.01 % from nominal, CELL_NONE where none is known; (n_pages, n_phases, 60)
    mark: NDArray[np.uint8]  # (n_pages, n_phases, 60)


class Part(NamedTuple):
    """A part of the minutes: places from the start of the span, half-open."""

    first: int
    end: int

    @property
    def n_minutes(self) -> int:
        """Number of minutes, not below 0."""
        return max(0, self.end - self.first)

    @property
    def places(self) -> "slice[int, int, None]":
        """The same as a slice."""
        return slice(self.first, self.first + self.n_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanMinutes:
    """Every minute of a span, in the order of time."""

    from_at: datetime  # UTC, whole minute
    due: Part  # in service, and reached by the data
    interval_s: int | None  # of the slowest readings; None without a page
    verdict: NDArray[np.uint8]  # (n_minutes,); MISSING where there is no page
    cell: NDArray[np.int16]  # (n_phases, n_minutes)
    mark: NDArray[np.uint8]  # (n_phases, n_minutes)
    nominal_mv: NDArray[np.int64]  # (n_minutes,); that of the page, else the registry's

    @property
    def n_phases(self) -> int:
        """Voltages of a reading."""
        return int(self.cell.shape[0])

    def at(self, place: int) -> datetime:
        """Return the start of a minute, UTC."""
        return self.from_at + place * MINUTE

    def part(self, period: Period) -> Part:
        """Return the minutes of a period of the span that are due; whole minutes."""
        first = (period.from_at - self.from_at) // MINUTE
        end = (period.to_at - self.from_at) // MINUTE
        return Part(max(first, self.due.first), min(end, self.due.end))

    def counts(self, part: Part) -> VerdictCounts:
        """Return the minutes of a part by verdict."""
        return VerdictCounts.of(np.bincount(self.verdict[part.places], minlength=N_VERDICTS))

    def counts_of_phase(self, phase: int, part: Part) -> VerdictCounts:
        """Return the minutes of one phase, from 0, by its own verdict."""
        marks = self.mark[phase, part.places] & np.uint8(VERDICT_MASK)
        return VerdictCounts.of(np.bincount(marks, minlength=N_VERDICTS))

    def measured_of(self, phase: int, part: Part) -> NDArray[np.bool_]:
        """Return which minutes of a part have a measured voltage of the supply, of one phase.

        Estimates are not, nor is what a meter reads while the point, or this phase, is without supply.
        """
        places = part.places
        mark = self.mark[phase, places]
        is_good = ((mark >> RANK_SHIFT) & RANK_MASK) == RANK_GOOD
        is_known = self.cell[phase, places] != CELL_NONE
        is_live = (mark & VERDICT_MASK != INTERRUPTED) & (self.verdict[places] != INTERRUPTED)
        found: NDArray[np.bool_] = is_good & is_known & is_live
        return found

    def volts(self, phase: int, part: Part) -> NDArray[np.float64]:
        """Return the voltage of each minute of a part, volts; without meaning where none is known."""
        cells = 10_000 + self.cell[phase, part.places].astype(np.int64)
        return self.nominal_mv[part.places] * cells / _CELLS_OF_A_VOLT


def span_minutes(
    pages: PageMinutes, point: Point, span: tuple[datetime, datetime], data_through: datetime | None
) -> SpanMinutes:
    """Return the minutes of a half-open span, UTC and whole minutes.

    Args:
        pages: All of the point that have minutes in the span.
        point: Its service bounds the minutes due.
        span: Half-open.
        data_through: Minutes from here on are not due yet, whatever is known of them ahead; None before the first
            reading.
    """
    from_at, to_at = span
    n_minutes = (to_at - from_at) // MINUTE
    first_minute = int(from_at.timestamp()) // _MINUTE_S
    place = (
        pages.hour[:, None] * MINUTES_PER_HOUR + np.arange(MINUTES_PER_HOUR) - first_minute
    ).reshape(-1)
    is_inside = (place >= 0) & (place < n_minutes)
    into = place[is_inside]
    verdict = np.full(n_minutes, MISSING, np.uint8)
    verdict[into] = pages.verdict.reshape(-1)[is_inside]
    cell = np.full((point.n_phases, n_minutes), CELL_NONE, np.int16)
    mark = np.zeros((point.n_phases, n_minutes), np.uint8)
    for phase in range(point.n_phases):
        cell[phase, into] = pages.cell[:, phase].reshape(-1)[is_inside]
        mark[phase, into] = pages.mark[:, phase].reshape(-1)[is_inside]
    nominal_mv = np.full(n_minutes, point.nominal_mv, np.int64)
    nominal_mv[into] = np.repeat(pages.nominal_mv, MINUTES_PER_HOUR)[is_inside]
    return SpanMinutes(
        from_at=from_at,
        due=_due(point, span, data_through),
        interval_s=int(pages.interval_s.max()) if pages.interval_s.size else None,
        verdict=verdict,
        cell=cell,
        mark=mark,
        nominal_mv=nominal_mv,
    )


def pages_together(
    rows: Sequence[tuple[int, int, int]],
    verdicts: Sequence[NDArray[np.uint8]],
    cells: Sequence[NDArray[np.int16]],
    marks: Sequence[NDArray[np.uint8]],
    n_phases: int,
) -> PageMinutes:
    """Return pages side by side; ``rows`` has the hour, the nominal in millivolts and the interval of each.

    Args:
        rows: One a page.
        verdicts: ``(60,)`` each.
        cells: ``(n_phases, 60)`` each.
        marks: The same.
        n_phases: Of the point.
    """
    numbers = np.array(rows, np.int64).reshape(-1, 3)
    shape = (-1, n_phases, MINUTES_PER_HOUR)
    none = np.zeros((0, MINUTES_PER_HOUR))
    return PageMinutes(
        hour=numbers[:, 0],
        nominal_mv=numbers[:, 1],
        interval_s=numbers[:, 2],
        verdict=np.concatenate([none.astype(np.uint8), *(one[None] for one in verdicts)]),
        cell=np.concatenate([none.astype(np.int16), *cells]).reshape(shape),
        mark=np.concatenate([none.astype(np.uint8), *marks]).reshape(shape),
    )


def _due(point: Point, span: tuple[datetime, datetime], data_through: datetime | None) -> Part:
    begin = max(span[0], point.valid_from)
    end = min(span[1], data_through or begin, point.valid_to or span[1])
    return Part((begin - span[0]) // MINUTE, (end - span[0]) // MINUTE)
