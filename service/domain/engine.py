"""The engine of one partition: batches in, pages and events out, and a state that survives a restart."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import EventLimits, account, fold, watch
from kernels.layout import (
    EVENT_EDGE,
    FOLDED,
    LATE,
    N_OUTCOMES,
    NO_TIME,
    NONE,
    UNKNOWN_DEVICE,
    Folded,
    Lanes,
    Readings,
    StampLimits,
)
from service.domain.batch import Batch
from service.domain.clock_watch import ClockWatch
from service.domain.lane_book import LaneBook
from service.domain.lanes import LaneDirectory
from service.domain.page_pool import PagePool, page_pool
from service.domain.pages import PageColumns, page_keys
from service.domain.reading_columns import DeadReadings, LateReadings, dead_readings, late_readings
from service.domain.whole_readings import part_of, whole_readings

N_EDGES = 4096
BATCHES_AT_ONCE = 64
_ALL: Final = slice(0, sys.maxsize)
READINGS_AT_ONCE = 50_000  # or one batch; so that what is written of each stays in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldPolicy:
    """What is refused and what counts as an event."""

    stamp_ahead_ms: int = 300_000  # a reading may end this much after its record
    oldest_reading_ms: int = 864_000_000  # and start this much before it; 0 is no limit
    events: EventLimits


@dataclass(slots=True, kw_only=True)
class PartitionImage:
    """What one partition has to store: a copy, so that folding goes on meanwhile."""

    counts: NDArray[np.int64]  # readings by outcome since the last image, (N_OUTCOMES,)
    data_through_ms: int  # end of the newest reading folded; NO_TIME before the first
    slots: NDArray[np.int64]  # of the pages, in the pool
    pages: PageColumns
    blocks: list[tuple[int, bytes, bytes]]  # number, device ids, states
    late: list[LateReadings]
    dead: list[DeadReadings]
    edges: NDArray[np.void]  # EVENT_EDGE, in the order in which they happened
    edge_device_id: NDArray[np.int32]
    edge_point_id: NDArray[np.int32]


@dataclass(slots=True)
class PartitionEngine:
    """Folds the log of one partition. Not safe for threads: one fold thread calls everything here."""

    book: LaneBook
    policy: FoldPolicy
    pool: PagePool = field(default_factory=page_pool)
    data_through_ms: int = NO_TIME
    clocks: ClockWatch = field(default_factory=ClockWatch)
    _counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(N_OUTCOMES, np.int64))
    _late: list[LateReadings] = field(default_factory=list)
    _dead: list[DeadReadings] = field(default_factory=list)
    _edges: list[NDArray[np.void]] = field(default_factory=list)
    _edge_points: list[NDArray[np.int32]] = field(default_factory=list)
    _edge_room: NDArray[np.void] = field(default_factory=lambda: np.zeros(N_EDGES, EVENT_EDGE))

    def fold(self, batches: Sequence[Batch]) -> NDArray[np.int64]:
        """Fold batches in the order of the log; return the number of their readings by outcome, ``(N_OUTCOMES,)``."""
        total = np.zeros(N_OUTCOMES, np.int64)
        for some in _portions(batches):
            total += self._fold(some)
        return total

    def _fold(self, batches: Sequence[Batch]) -> NDArray[np.int64]:
        """Fold some batches at once: a call costs as much as some hundred readings."""
        book = self.book
        lanes = [book.lanes_of(one.names, one.names_key, one.device) for one in batches]
        readings = whole_readings(batches, lanes, book.zone_of)
        folded = _room_for(readings.lane.size)
        self._run(readings, folded)
        self.clocks.observe(readings, folded, book.settings, book.device_id)
        counts = np.zeros(N_OUTCOMES, np.int64)
        newest_ms = account(book.settings, folded, counts, book.touched())
        self.data_through_ms = max(self.data_through_ms, newest_ms)
        if counts[LATE:].any():
            self._set_aside(batches, readings, folded)
        self._counts += counts
        return counts

    def take_image(self) -> PartitionImage:
        """Return a copy of everything that the database does not have yet; the engine calls it stored."""
        self.pool.let_go(self.book.state[: self.book.n_lanes], self.book.oldest_hour())
        slots, pages = self.pool.take_dirty()
        lanes = self.pool.pages.head["lane"][slots]
        former = self.pool.pages.head["former_point"][slots]
        pages.point[:] = np.where(former != 0, former, self.book.settings["point"][lanes])
        pages.interval_s[:] = self.book.settings["interval_ms"][lanes] // 1000
        edges = np.concatenate([*self._edges, np.zeros(0, EVENT_EDGE)])
        image = PartitionImage(
            counts=self._counts,
            data_through_ms=self.data_through_ms,
            slots=slots,
            pages=pages,
            blocks=self.book.take_touched_blocks(),
            late=self._late,
            dead=self._dead,
            edges=edges,
            edge_device_id=self.book.device_id[edges["lane"]],
            edge_point_id=np.concatenate([*self._edge_points, np.zeros(0, np.int32)]),
        )
        self._counts = np.zeros(N_OUTCOMES, np.int64)
        self._late, self._dead, self._edges, self._edge_points = [], [], [], []
        return image

    def acknowledge(
        self,
        image: PartitionImage,
        revision: NDArray[np.int32],
        stored: PageColumns,
        mixed: NDArray[np.int64],
    ) -> None:
        """Take note that ``image`` is stored: page ``i`` of it now is row ``revision[i]``.

        Args:
            image: As ``take_image`` gave it.
            revision: One a page of the image.
            stored: Pages as they were stored.
            mixed: Page of ``stored`` for each page of the image to which others contributed, NONE for the rest.
        """
        self.pool.pages.head["revision"][image.slots] = revision
        chosen = np.flatnonzero(mixed != NONE)
        if chosen.size:
            self.pool.absorb(image.slots[chosen], stored, mixed[chosen])

    def restore(
        self, blocks: Iterable[tuple[int, bytes, bytes]], data_through_ms: int = NO_TIME
    ) -> None:
        """Take up lanes as they were stored; call it once, on a fresh engine, before ``load_pages``."""
        self.book.restore(blocks)
        self.data_through_ms = data_through_ms

    def open_pages(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return points and hours of the pages that the restored lanes may still write to."""
        lanes, hours = self.book.open_hours()
        return self.book.settings["point"][lanes].astype(np.int32), hours

    def load_pages(self, stored: PageColumns, some: "slice[int, int, None]" = _ALL) -> None:
        """Put the stored rows of ``some`` of ``open_pages`` into memory, each of those once and in their order."""
        if not stored.n_pages:
            return
        lanes, hours = self.book.open_hours()
        lanes, hours = lanes[some], hours[some]
        wanted = self.book.settings["point"][lanes].astype(np.int64) << 32 | hours
        known = page_keys(stored)
        order = np.argsort(known, kind="stable")
        at = np.searchsorted(known, wanted, sorter=order)
        rows = order[np.minimum(at, known.size - 1)]
        fits = known[rows] == wanted
        fits &= stored.planes.n_phases[rows] == self.book.settings["n_phases"][lanes]
        self.pool.put(lanes[fits], stored, rows[fits], self.book.state)

    def apply(self, directory: LaneDirectory) -> None:
        """Go on with another registry: new devices are known, changed ones change their lanes.

        A device that serves another point now begins anew there; what it has measured stays where it was.
        """
        served = self.book.settings["point"][: self.book.n_lanes].copy()
        self.book.apply(directory)
        moved = np.flatnonzero(self.book.settings["point"][: served.size] != served)
        if moved.size:
            self.pool.part_from(moved, served[moved], self.book.state)
            self.book.begin_anew(moved)

    def _run(self, readings: Readings, folded: Folded) -> None:
        n_readings = readings.lane.size
        limits = StampLimits(
            ahead_ms=self.policy.stamp_ahead_ms, oldest_ms=self.policy.oldest_reading_ms
        )
        lanes = Lanes(state=self.book.state, settings=self.book.settings)
        done = fold(lanes, self.pool.pages, readings, limits, 0, folded)
        while done < n_readings:
            self.pool.grow()
            done = fold(lanes, self.pool.pages, readings, limits, done, folded)
        seen = watch(
            self.book.events,
            self.book.settings,
            folded,
            self.policy.events,
            0,
            n_readings,
            self._edge_room,
        )
        while seen < n_readings:
            self._take_edges()
            seen = watch(
                self.book.events,
                self.book.settings,
                folded,
                self.policy.events,
                seen,
                n_readings,
                self._edge_room,
            )
        self._take_edges()

    def _take_edges(self) -> None:
        n_edges = int(self._edge_room["start_ms"][0])
        if n_edges:
            edges = self._edge_room[1 : n_edges + 1].copy()
            self._edges.append(edges)
            self._edge_points.append(self.book.settings["point"][edges["lane"]])
            self._edge_room["start_ms"][0] = 0

    def _set_aside(self, batches: Sequence[Batch], readings: Readings, folded: Folded) -> None:
        """Keep what is late, and what no lane takes, for the next image."""
        ends = np.cumsum([one.device.size for one in batches])
        for batch, end in zip(batches, ends.tolist(), strict=True):
            mine = slice(end - batch.device.size, end)
            outcome = folded.outcome[mine]
            if outcome.max(initial=FOLDED) < LATE:
                continue
            part = Folded(outcome, folded.lane[mine], folded.start_ms[mine], folded.ppm[mine])
            own = part_of(readings, mine)
            late = np.flatnonzero(outcome == LATE)
            if late.size:
                self._late.append(late_readings(batch, own, part, late, self.book.device_id))
            dead = np.flatnonzero(outcome >= UNKNOWN_DEVICE)
            if dead.size:
                self._dead.append(dead_readings(batch, own, part, dead))


def _portions(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Yield the batches in their order, as many at once as are folded best."""
    some: list[Batch] = []
    n_readings = 0
    for batch in batches:
        if some and (
            len(some) == BATCHES_AT_ONCE or n_readings + batch.device.size > READINGS_AT_ONCE
        ):
            yield some
            some, n_readings = [], 0
        some.append(batch)
        n_readings += batch.device.size
    if some:
        yield some


def _room_for(n_readings: int) -> Folded:
    return Folded(
        outcome=np.zeros(n_readings, np.uint8),
        lane=np.full(n_readings, NONE, np.int32),
        start_ms=np.zeros(n_readings, np.int64),
        ppm=np.empty((n_readings, 3), np.int32),
    )
