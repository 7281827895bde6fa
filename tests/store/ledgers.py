"""Made-up ledgers for the views: pages as rows, and what is true of each minute in them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kernels.layout import (
    CELL_NONE,
    INTERRUPTED,
    MISSING,
    N_VERDICTS,
    RANK_GOOD,
    RANK_SHIFT,
    VERDICT_NAMES,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
COUNTERS = tuple(f"n_{name}" for name in VERDICT_NAMES)


@dataclass(kw_only=True)
class Ledger:
    """The minutes of one point, in pages of an hour; verdicts and cells are drawn, not judged."""

    point_id: int
    n_phases: int
    from_at: datetime  # first page
    n_hours: int
    valid_from: datetime
    valid_to: datetime
    seed: int
    pages: list[dict[str, object]] = field(default_factory=list)
    verdict: dict[datetime, int] = field(default_factory=dict)  # of each minute in a page
    cells: dict[datetime, list[int]] = field(default_factory=dict)  # measured and not dark

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        for nth in range(self.n_hours):
            if draw.random() < 0.8:  # the other hours are silent
                self._add_page(self.from_at + nth * HOUR, draw)

    def is_due(self, at: datetime) -> bool:
        return self.valid_from <= at < self.valid_to

    def _add_page(self, hour: datetime, draw: random.Random) -> None:
        marks = np.zeros((self.n_phases, 60), np.uint8)
        cells = np.full((self.n_phases, 60), CELL_NONE, "<i2")
        verdicts = np.zeros(60, np.uint8)
        for m in range(60):
            at = hour + m * MINUTE
            of_phases = []
            for phase in range(self.n_phases):
                rank, verdict = draw.randrange(4), draw.randrange(N_VERDICTS)
                marks[phase, m] = verdict | rank << RANK_SHIFT | draw.randrange(8) << 5
                cells[phase, m] = draw.randrange(-9000, 9000) if rank else CELL_NONE
                if rank == RANK_GOOD and verdict != INTERRUPTED:
                    of_phases.append(int(cells[phase, m]))
            drawn = draw.randrange(N_VERDICTS) if self.n_phases > 1 else int(marks[0, m]) & 7
            verdicts[m] = drawn if self.is_due(at) else MISSING
            self.verdict[at] = int(verdicts[m])
            self.cells[at] = of_phases
        due = [m for m in range(60) if self.is_due(hour + m * MINUTE)]
        known = [cell for m in due for cell in self.cells[hour + m * MINUTE]]
        self.pages.append(
            {
                "hour": hour,
                "judgement": 1,
                "point_id": self.point_id,
                "nominal_mv": 220_000,
                "revision": 1,
                "interval_s": 60,
                "n_phases": self.n_phases,
                **{
                    name: sum(int(verdicts[m]) == code for m in due)
                    for code, name in enumerate(COUNTERS)
                },
                "cell_min": min(known, default=None),
                "cell_max": max(known, default=None),
                "spread_min": None,  # set by whoever knows what is ordinary
                "spread_max": None,
                "cells": cells.tobytes(),
                "marks": marks.tobytes(),
                "verdicts": verdicts.tobytes() if self.n_phases > 1 else None,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Ordinary:
    """Which minutes count for the spread of a day: outside abnormal state, outside exempt months."""

    abnormal: tuple[datetime, datetime]
    exempt_months: frozenset[tuple[int, date]]  # point, first day
    zone: ZoneInfo

    def is_ordinary(self, point_id: int, at: datetime) -> bool:
        month = at.astimezone(self.zone).date().replace(day=1)
        midpoint = at + MINUTE / 2
        return (
            not self.abnormal[0] <= midpoint < self.abnormal[1]
            and (point_id, month) not in self.exempt_months
        )

    def settle(self, ledger: Ledger) -> None:
        """Write the spreads of whole pages."""
        for page in ledger.pages:
            hour = page["hour"]
            assert isinstance(hour, datetime)
            cells = list(self.spread(ledger, (hour + m * MINUTE for m in range(60))))
            page["spread_min"], page["spread_max"] = (
                min(cells, default=None),
                max(cells, default=None),
            )

    def spread(self, ledger: Ledger, minutes: Iterator[datetime]) -> Iterator[int]:
        """Yield the cells that count."""
        for at in minutes:
            if ledger.is_due(at) and self.is_ordinary(ledger.point_id, at):
                yield from ledger.cells.get(at, [])


def expected_days(
    ledger: Ledger, ordinary: Ordinary, data_through: datetime
) -> dict[date, dict[str, int | None]]:
    """Return what is true of each local day of a point, minute by minute."""
    minutes_of: dict[date, list[datetime]] = {}
    at = ledger.valid_from
    while at < min(ledger.valid_to, data_through):
        minutes_of.setdefault(at.astimezone(ordinary.zone).date(), []).append(at)
        at += MINUTE
    days = {}
    for day, minutes in minutes_of.items():
        verdicts = [ledger.verdict.get(at, MISSING) for at in minutes]
        cells = [cell for at in minutes for cell in ledger.cells.get(at, [])]
        spread = list(ordinary.spread(ledger, iter(minutes)))
        days[day] = {
            "n_due": len(minutes),
            **{name: verdicts.count(code) for code, name in enumerate(COUNTERS)},
            "cell_min": min(cells, default=None),
            "cell_max": max(cells, default=None),
            "spread_min": min(spread, default=None),
            "spread_max": max(spread, default=None),
        }
    return days


def utc(text: str) -> datetime:
    """Return a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
