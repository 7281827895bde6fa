"""Minutes of history in which points of a feeder were outside their band, as the notification policy takes them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, MINUTES_PER_HOUR, VERDICT_MASK
from service.domain.alerts.breaches import FeederMinutes, MinuteCount, in_breach
from service.domain.alerts.darkness import DeclaredWindow, windows_of
from service.domain.alerts.rows import AlertsRow
from service.domain.bands import band_of
from service.domain.instants import MINUTE_US, edge_minute, epoch_us
from service.domain.registry import Point
from service.domain.rule_rows import cells_of
from service.domain.rules import RuleSet
from service.store.alert_reads import (
    PhasePage,
    alert_minutes,
    alert_windows,
    feeder_sizes,
    feeders_outside,
)
from service.store.point_reads import points_of_ids
from service.store.pool import Connection
from service.terminal.backtest_outages import windows_from

_CELLS_PER_NOMINAL: Final = 10_000
_HOUR: Final = timedelta(hours=1)
_SECOND_US: Final = 1_000_000
_EVERY_CELL: Final = (-(2**15), 2**15 - 1)


@dataclass(slots=True)
class BreachHistory:
    """The minutes that may raise an alert, by organisation and feeder; spans are added in order."""

    rules: RuleSet
    row: AlertsRow
    counts: defaultdict[tuple[str, str], list[MinuteCount]] = field(
        default_factory=lambda: defaultdict(list)
    )

    async def add(
        self, connection: Connection, span: tuple[datetime, datetime], organisation: str | None
    ) -> None:
        """Add the minutes of a span of whole hours, half-open."""
        high = cells_of(self.rules.events.high_voltage.percent) - _CELLS_PER_NOMINAL
        for one in await feeders_outside(connection, span, high, organisation):
            points = await points_of_ids(connection, one.point_ids)
            around = (span[0] - _HOUR, span[1] + _HOUR)  # what a minute is, its neighbours say, too
            windows = windows_from(await alert_windows(connection, around, one.point_ids))
            pages = await alert_minutes(connection, around, one.point_ids)
            first = epoch_us(around[0]) // MINUTE_US
            n_minutes = (around[1] - around[0]) // _HOUR * MINUTES_PER_HOUR
            outside, above = np.zeros((2, n_minutes), np.int64)
            for point_id, mine in groupby(pages, key=lambda page: page.point_id):
                is_in_breach, is_high = self._of_point(
                    points[point_id], list(mine), first, n_minutes
                )
                free = ~_held(windows_of(point_id, windows), first, n_minutes, self.row)
                outside += is_in_breach & free
                above += is_high & free
            is_kept = (outside >= self.row.breach_points_min) | (above > 0)
            is_kept[:MINUTES_PER_HOUR] = is_kept[-MINUTES_PER_HOUR:] = False
            self.counts[one.organisation, one.feeder] += [
                MinuteCount(first + minute, int(outside[minute]), int(above[minute]))
                for minute in np.flatnonzero(is_kept).tolist()
            ]

    async def feeders(
        self, connection: Connection, span: tuple[datetime, datetime], through: datetime
    ) -> list[FeederMinutes]:
        """Return the feeders with what was added, in a span that holds all of it."""
        sizes = await feeder_sizes(connection, span, [feeder for _, feeder in self.counts])
        return [
            FeederMinutes(
                organisation=key[0],
                feeder=key[1],
                n_points=sizes[key].n_points,
                n_customers=sizes[key].n_customers,
                delay=sizes[key].delay_s * _SECOND_US,
                counts=tuple(counts),
                through=edge_minute(through),
            )
            for key, counts in sorted(self.counts.items())
            if counts
        ]

    def _of_point(
        self, point: Point, pages: Sequence[PhasePage], first: int, n_minutes: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return in which minutes any phase of a point was in breach, and in which dangerously high."""
        events = self.rules.events
        high = cells_of(events.high_voltage.percent) - _CELLS_PER_NOMINAL
        inner = self._inner(point)
        is_in_breach, is_high = np.zeros((2, n_minutes), np.bool_)
        for phase in range(point.n_phases):
            cells = np.full(n_minutes, CELL_NONE, np.int16)
            verdicts = np.zeros(n_minutes, np.uint8)
            for page in pages:
                if phase >= page.n_phases:
                    continue
                start = page.hour * MINUTES_PER_HOUR - first
                part = slice(start, start + MINUTES_PER_HOUR)
                cells[part] = _row(page.cells, "<i2", phase)
                verdicts[part] = _row(page.marks, "u1", phase) & VERDICT_MASK
            is_in_breach |= in_breach(cells, verdicts, inner)
            is_high |= (cells > high) & (cells != CELL_NONE)
        return is_in_breach, is_high

    def _inner(self, point: Point) -> tuple[int, int]:
        """Return the lowest and the highest cell that end a breach of a point."""
        band = band_of(self.rules, point)
        if band is None:
            return _EVERY_CELL
        inside = cells_of(self.rules.events.breach_hysteresis.percent)
        return band.lower + inside, band.upper - inside


def _row(stored: bytes, kind: str, phase: int) -> NDArray[np.int64]:
    """Return one phase of a page."""
    rows = np.frombuffer(stored, kind).reshape(-1, MINUTES_PER_HOUR)
    row: NDArray[np.int64] = rows[phase].astype(np.int64)
    return row


def _held(
    windows: Iterable[DeclaredWindow], first: int, n_minutes: int, row: AlertsRow
) -> NDArray[np.bool_]:
    """Return the minutes of a point that lie in a declared window that was known by then."""
    held = np.zeros(n_minutes, np.bool_)
    minute_us = (first + np.arange(n_minutes)) * MINUTE_US
    for one in windows:
        from_us = max(one.entered, one.begins - row.declared_early_s * _SECOND_US)
        to_us = min(end for end in (one.ends, one.withdrawn, 2**62) if end is not None)
        held |= (minute_us >= from_us) & (minute_us < to_us)
    return held
