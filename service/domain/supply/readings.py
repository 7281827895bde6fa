"""What the judged minutes of a point say: when it was dark, when it was live, when nobody knows.

A mean speaks for its interval. A meter with a supply of its own gives 0 V for an interval that was
dark (almost) throughout, so a live mean only says that some of it was not. A self-powered one gives
a mean if it was live for half of the interval and at its end, and nothing otherwise. An instant
speaks for the begin of the interval that it stands for, and for no other time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED, MINUTES_PER_HOUR, RANK_GOOD, RANK_MASK, RANK_SHIFT
from service.domain.instants import MINUTE_US
from service.domain.registry import ReadingKind
from service.domain.supply.pieces import Hole

SECONDS_PER_MINUTE: Final = 60


class Ledger(NamedTuple):
    """Minutes of one point, ``(n_minutes,)`` each; one that is not in it was not measured."""

    minute: NDArray[np.int64]  # minutes since the Unix epoch, sorted, each once
    verdict: NDArray[np.uint8]  # of the point
    measured: NDArray[np.bool_]  # at least one phase has a good cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """How the devices of a point read; of several the coarsest."""

    interval_s: int  # the longest
    reading_kind: ReadingKind = "mean"
    self_powered: bool = False  # all of them

    @property
    def step(self) -> int:
        """Microseconds for which a reading or a minute speaks, the longer of the two."""
        return max(self.interval_s * 1_000_000, MINUTE_US)

    @property
    def is_instant(self) -> bool:
        """Whether a minute is one instant; of faster ones it is made of many, and is a mean."""
        return self.reading_kind == "instant" and self.interval_s >= SECONDS_PER_MINUTE


class Run(NamedTuple):
    """Measured minutes without a gap, all dark or none; microseconds since the Unix epoch."""

    start: int
    end: int
    is_dark: bool


class Edge(NamedTuple):
    """When supply went, or came back: not before the first, not after the second; microseconds."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The measured minutes of a point as runs, and those of live ones by themselves."""

    meter: Meter
    through: int  # microseconds since the Unix epoch; nothing from here on counts
    runs: tuple[Run, ...]  # in order, disjoint
    live_from: tuple[int, ...]  # starts of runs of live minutes without a gap, sorted
    live_to: tuple[int, ...]  # their ends

    def has_live_within(self, start: int, end: int) -> bool:
        """Return whether the whole interval of a live reading lies in ``start .. end``."""
        step = self.meter.step
        for place in range(bisect_right(self.live_to, start), bisect_left(self.live_from, end)):
            a, b = self.live_from[place], self.live_to[place]
            first = a + -(-max(start - a, 0) // step) * step
            if first + step <= min(b, end):
                return True
        return False

    def live_holes(self, start: int, end: int) -> list[Hole]:
        """Return the times in ``start .. end`` that live readings fill whose interval is inside."""
        step, holes = self.meter.step, []
        for place in range(bisect_right(self.live_to, start), bisect_left(self.live_from, end)):
            a, b = self.live_from[place], self.live_to[place]
            first = a + -(-max(start - a, 0) // step) * step
            last = a + (min(b, end) - a) // step * step
            if first < last:
                holes.append(Hole(first, last, step))
        return holes

    def is_live_at(self, at: int) -> bool:
        """Return whether a live reading covers ``at``."""
        place = bisect_right(self.live_from, at) - 1
        return place >= 0 and at < self.live_to[place]

    def back_after(self, dark_at: int) -> Edge | None:
        """Return when supply came back that was away at ``dark_at``; None: no reading says that it did.

        A self-powered meter is taken to be dark while it is silent, however long.
        """
        step, mean = self.meter.step, not self.meter.is_instant
        place = bisect_right(self.live_from, dark_at) - 1
        if place >= 0 and dark_at < self.live_to[place]:
            a, b = self.live_from[place], self.live_to[place]
            ends = min(a + ((dark_at - a) // step + 1) * step, b)
            if mean and self.meter.self_powered:
                return Edge(dark_at, ends)
            if ends < b:
                return Edge(dark_at, ends + step if mean else ends)
        if place + 1 == len(self.live_from):
            return None
        first = self.live_from[place + 1]
        if not self.meter.self_powered:
            return Edge(dark_at, first + step if mean else first)
        low, high = (first - step // 2, first + step // 2) if mean else (first - step, first)
        return Edge(max(dark_at, low), high)

    def gone_before(self, dark_at: int) -> Edge:
        """Return when supply went that was away at ``dark_at``; at most a reading before, if none tells.

        A self-powered meter is taken to be dark while it is silent, however long.
        """
        step, mean = self.meter.step, not self.meter.is_instant
        self_powered = self.meter.self_powered
        place = bisect_left(self.live_from, dark_at) - 1
        if place >= 0 and dark_at <= self.live_to[place]:
            a = self.live_from[place]
            begins = a + (dark_at - a - 1) // step * step
            if begins > a or not mean:
                return Edge(begins - step if mean and not self_powered else begins, dark_at)
            place -= (
                1  # it may have gone before this reading, which tells of a part of its interval
            )
        if place < 0:
            return Edge(dark_at - step, dark_at)
        last = self.live_to[place]
        if not self_powered:
            return Edge(last - step, dark_at)
        low, high = (last, last + step) if mean else (last - step, last)
        return Edge(low, min(high, dark_at))


def ledger_of(
    hours: NDArray[np.int32], verdicts: NDArray[np.uint8], marks: NDArray[np.uint8]
) -> Ledger:
    """Return the ledger in the judged pages of one point.

    Args:
        hours: Of the pages, sorted, ``(n_pages,)``.
        verdicts: Of the point, ``(n_pages, 60)``.
        marks: Of each phase, ``(n_pages, n_phases, 60)``.
    """
    minute = hours.astype(np.int64)[:, None] * MINUTES_PER_HOUR + np.arange(MINUTES_PER_HOUR)
    measured = (((marks >> RANK_SHIFT) & RANK_MASK) == RANK_GOOD).any(axis=1)
    return Ledger(minute.reshape(-1), verdicts.reshape(-1), measured.reshape(-1))


def empty_ledger() -> Ledger:
    """Return the ledger of a point that measured nothing."""
    return Ledger(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.bool_))


def readings_of(ledger: Ledger, meter: Meter, through: int) -> Readings:
    """Return the measured minutes of ``ledger`` that end before ``through``."""
    chosen = ledger.measured & (ledger.minute < through // MINUTE_US)
    minute, is_dark = ledger.minute[chosen], ledger.verdict[chosen] == INTERRUPTED
    changes = (minute[1:] - minute[:-1] != 1) | (is_dark[1:] != is_dark[:-1])
    last = np.append(np.flatnonzero(changes), minute.size - 1)[: minute.size]
    first = np.append(0, last[:-1] + 1)[: minute.size]
    runs = tuple(
        map(
            Run,
            (minute[first] * MINUTE_US).tolist(),
            ((minute[last] + 1) * MINUTE_US).tolist(),
            is_dark[first].tolist(),
        )
    )
    return Readings(
        meter=meter,
        through=through,
        runs=runs,
        live_from=tuple(run.start for run in runs if not run.is_dark),
        live_to=tuple(run.end for run in runs if not run.is_dark),
    )


def bridged(runs: Sequence[Run], silence: int, *, is_dark: bool) -> list[tuple[int, int]]:
    """Return first and last place of the runs of one kind; silences up to ``silence`` between them do not count."""
    found: list[tuple[int, int]] = []
    for place, run in enumerate(runs):
        if run.is_dark != is_dark:
            continue
        if found and found[-1][1] == place - 1 and run.start - runs[place - 1].end <= silence:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
