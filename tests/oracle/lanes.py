"""How one lane folds: which minute a reading belongs to, which are late, what a minute becomes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.oracle.assignments import Assignment, power_of
from tests.oracle.cells import cell_of
from tests.oracle.ledger import Ledger
from tests.oracle.words import (
    CELL_NONE,
    MINUTE_MS,
    NOT_READ,
    NOT_VALID,
    Candidate,
    Outcome,
    Quality,
    Rank,
    Reading,
    candidate,
)

SHARE_FULL = 7
EIGHTHS = 8
JUMP_MINUTES = 2


@dataclass(slots=True)
class OpenMinute:
    """The readings of a minute that is not closed: voltages in ppm, by phase."""

    n_places: int
    n_phases: int
    places: set[int] = field(default_factory=set)
    good: list[list[int]] = field(init=False)
    estimated: list[list[int]] = field(init=False)
    n_invalid: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.good = [[] for _ in range(self.n_phases)]
        self.estimated = [[] for _ in range(self.n_phases)]
        self.n_invalid = [0] * self.n_phases

    @property
    def is_complete(self) -> bool:
        """Whether every expected reading is there."""
        return len(self.places) == self.n_places

    def take(
        self, place: int, phases: Sequence[int], quality: int
    ) -> Iterator[tuple[int, Candidate]]:
        """Take the reading of a free place; yield what can be shown before the minute is closed.

        That is a phase whose good readings complete a further eighth of the minute, from the half
        on. Its share is one eighth less than it has, so that the closed minute is the greater.
        """
        self.places.add(place)
        for phase, ppm in enumerate(phases):
            if ppm == NOT_VALID:
                self.n_invalid[phase] += 1
            elif ppm != NOT_READ and quality == Quality.ESTIMATED:
                self.estimated[phase].append(ppm)
            elif ppm != NOT_READ:
                good = self.good[phase]
                good.append(ppm)
                n_eighths = EIGHTHS * len(good) // self.n_places
                is_further = n_eighths > EIGHTHS * (len(good) - 1) // self.n_places
                if is_further and EIGHTHS // 2 <= n_eighths < EIGHTHS:
                    yield phase, candidate(Rank.GOOD, n_eighths - 1, cell_of(good))

    def close(self) -> Iterator[tuple[int, Candidate]]:
        """Yield the final candidates, by phase."""
        for phase in range(self.n_phases):
            good, estimated = self.good[phase], self.estimated[phase]
            n_read = len(good) + self.n_invalid[phase]
            if self._is_half(len(good)):
                yield phase, candidate(Rank.GOOD, self._share(len(good)), cell_of(good))
            elif estimated and self._is_half(len(good) + len(estimated)):
                both = good + estimated
                yield phase, candidate(Rank.ESTIMATED, self._share(len(both)), cell_of(both))
            elif self._is_half(n_read):
                yield phase, candidate(Rank.INVALID, self._share(n_read), CELL_NONE)

    def _is_half(self, n: int) -> bool:
        return 2 * n >= self.n_places

    def _share(self, n: int) -> int:
        return min(SHARE_FULL, EIGHTHS * n // self.n_places)


@dataclass(slots=True)
class Head:
    """The last minute of a lane, which moves far ahead only when a second reading confirms it."""

    minute: int | None = None
    unconfirmed_ms: int | None = None  # start of the first reading far ahead

    def move(self, minute: int, start_ms: int, reach: int) -> bool:
        """Move to a later minute, unless it is unconfirmed; return whether the head is there.

        A reading up to ``reach`` minutes ahead needs no confirmation. Beyond that it takes two
        that start at different times, at most ``reach`` minutes apart.
        """
        if self.minute is not None and minute > self.minute + reach:
            first_ms, self.unconfirmed_ms = self.unconfirmed_ms, start_ms
            if first_ms is None or not 0 < abs(start_ms - first_ms) <= reach * MINUTE_MS:
                return False
        self.minute = minute
        self.unconfirmed_ms = None
        return True


class FastLane:
    """A lane with several readings a minute: the newest minute and the one before are open."""

    def __init__(self, assignment: Assignment, ledger: Ledger) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._head = Head()
        self._open: dict[int, OpenMinute] = {}

    def read(self, start_ms: int, phases: Sequence[int], reading: Reading) -> Outcome:
        """Fold one reading; return what became of it."""
        lane = self._assignment
        minute, place = divmod(lane.first_cell(start_ms), lane.n_places)
        opened = self._open.get(minute) or self._open_minute(minute, start_ms)
        if opened is None:
            return Outcome.LATE
        if place in opened.places:
            return Outcome.DUPLICATE
        for phase, found in opened.take(place, phases, reading.quality):
            self._ledger.put(lane, minute, phase, found)
        if opened.is_complete:
            self._close(minute)
        if max(phases) < 0:
            return Outcome.INVALID
        if lane.wants_power and (power := power_of(reading)):
            self._ledger.add_energy(lane, minute, power, lane.interval_s)
        return Outcome.FOLDED

    def _open_minute(self, minute: int, start_ms: int) -> OpenMinute | None:
        """Return a minute that now is open, None if it is out of the lane's window."""
        newest = self._head.minute
        if newest is None or minute > newest:
            if not self._head.move(minute, start_ms, JUMP_MINUTES):
                return None
            for old in [old for old in self._open if old < minute - 1]:
                self._close(old)
                del self._open[old]
        elif minute < newest - 1:
            return None
        opened = OpenMinute(self._assignment.n_places, self._assignment.n_phases)
        self._open[minute] = opened
        return opened

    def _close(self, minute: int) -> None:
        for phase, found in self._open[minute].close():
            self._ledger.put(self._assignment, minute, phase, found)


class SlowLane:
    """A lane whose readings fill whole minutes: each is final at once."""

    def __init__(self, assignment: Assignment, ledger: Ledger) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._head = Head()  # last minute that the newest reading fills
        self._read: set[int] = set()  # first minutes of the valid readings

    def read(self, start_ms: int, phases: Sequence[int], reading: Reading) -> Outcome:
        """Fold one reading; return what became of it."""
        lane = self._assignment
        first = lane.first_cell(start_ms)
        last = first + lane.n_minutes - 1
        newest = self._head.minute
        if newest is None or last > newest:
            if not self._head.move(last, start_ms, lane.n_minutes + JUMP_MINUTES):
                return Outcome.LATE
        elif first <= newest - 2 * lane.n_minutes:
            return Outcome.LATE
        power = power_of(reading) if lane.wants_power and max(phases) >= 0 else None
        for minute in range(first, last + 1):
            if power and not self._ledger.is_measured(lane, minute):
                self._ledger.add_energy(lane, minute, power, 60)
        changed = fill(self._ledger, lane, first, phases, reading.quality)
        if max(phases) < 0:
            return Outcome.INVALID
        is_repeated = first in self._read
        self._read.add(first)
        return Outcome.DUPLICATE if is_repeated and not changed else Outcome.FOLDED


def fill(ledger: Ledger, lane: Assignment, first: int, phases: Sequence[int], quality: int) -> bool:
    """Join a reading into the minutes it fills, from ``first``; return whether a cell changed."""
    found = [(phase, _whole(ppm, quality)) for phase, ppm in enumerate(phases)]
    changed = False
    for minute in range(first, first + lane.n_minutes):
        for phase, each in found:
            if each is not None and ledger.put(lane, minute, phase, each):
                changed = True
    return changed


def _whole(ppm: int, quality: int) -> Candidate | None:
    """Return the candidate of one phase of a reading that stands for a whole minute."""
    if ppm == NOT_READ:
        return None
    if ppm == NOT_VALID:
        return candidate(Rank.INVALID, SHARE_FULL, CELL_NONE)
    rank = Rank.ESTIMATED if quality == Quality.ESTIMATED else Rank.GOOD
    return candidate(rank, SHARE_FULL, cell_of((ppm,)))
