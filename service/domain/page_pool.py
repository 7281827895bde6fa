"""The pages that lanes of one partition hold in memory: room, growth, and letting go of what is stored."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import join_into
from kernels.layout import MINUTES_PER_HOUR, NONE, PAGE, PAGE_HEAD, LaneStates, Pages
from service.domain.pages import PageColumns, empty_pages, plane_indices
from service.domain.room import enlarged, room_for

# What one reading can open: its own page, and those of two minutes that it closes, of three phases each.
_PAGES_OF_A_READING: Final = 3
_PLANES_OF_A_READING: Final = 9
_ROOM: Final = 64  # pages to begin with


@dataclass(slots=True)
class PagePool:
    """Pages in memory, in the order in which they were opened."""

    pages: Pages

    @property
    def n_pages(self) -> int:
        """Number of pages in memory."""
        return int(self.pages.used[0])

    def grow(self) -> None:
        """Make room for the pages of at least one more reading."""
        n_pages, n_planes = self.pages.used.tolist()
        self._reserve(n_pages + _PAGES_OF_A_READING, n_planes + _PLANES_OF_A_READING)

    def take_dirty(self) -> tuple[NDArray[np.int64], PageColumns]:
        """Return the slots and copies of the pages that differ from their stored rows, and call them clean.

        Points and intervals of the copies are left to the caller, who knows the lanes.
        """
        heads = self.pages.head[: self.n_pages]
        slots = np.flatnonzero(heads["dirty"])
        chosen = heads[slots]
        columns = empty_pages(chosen["n_phases"])
        planes = self._planes(chosen)
        columns.planes.cell[:] = self.pages.cell[planes]
        columns.planes.mark[:] = self.pages.mark[planes]
        columns.hour[:] = chosen["hour"]
        columns.revision[:] = chosen["revision"]
        columns.power_s[:] = chosen["power_s"]
        columns.active_ws[:] = chosen["active_ws"]
        columns.reactive_vars[:] = chosen["reactive_vars"]
        heads["dirty"][slots] = 0
        return slots, columns

    def absorb(
        self, slots: NDArray[np.int64], columns: PageColumns, chosen: NDArray[np.int64]
    ) -> None:
        """Join pages ``chosen`` of ``columns`` into ``slots``, one to one: what others stored is now known here."""
        into = self._planes(self.pages.head[slots]).astype(np.int32)
        source = plane_indices(columns, chosen)
        join_into(
            self.pages.cell,
            self.pages.mark,
            into,
            columns.planes.cell[source],
            columns.planes.mark[source],
        )
        for slot, page in zip(slots.tolist(), chosen.tolist(), strict=True):
            head = self.pages.head[slot]
            mine = (int(head["power_s"]), int(head["active_ws"]), int(head["reactive_vars"]))
            theirs = (
                int(columns.power_s[page]),
                int(columns.active_ws[page]),
                int(columns.reactive_vars[page]),
            )
            if theirs > mine:
                head["power_s"], head["active_ws"], head["reactive_vars"] = theirs

    def let_go(self, state: LaneStates, oldest_hour: NDArray[np.int64]) -> None:
        """Drop clean pages older than ``oldest_hour`` of their lane, and their memory, when they are a quarter of all.

        After the turn of an hour a lane has two pages for some minutes, and one for the others.
        """
        heads = self.pages.head[: self.n_pages]
        keep = (heads["dirty"] != 0) | (heads["hour"] >= oldest_hour[heads["lane"]])
        n_dropped = int(heads.size - np.count_nonzero(keep))
        if n_dropped * 4 < max(heads.size, 4):
            return
        moved_to = np.full(heads.size + 1, NONE, np.int32)  # the last entry is for NONE itself
        moved_to[:-1][keep] = np.arange(heads.size - n_dropped, dtype=np.int32)
        kept = heads[keep]
        planes = self._planes(kept)
        kept["older"] = moved_to[kept["older"]]
        kept["plane"] = (np.cumsum(kept["n_phases"], dtype=np.int32) - kept["n_phases"]).astype(
            np.int32
        )
        before, self.pages = self.pages, _room(kept.size + _ROOM, planes.size + _ROOM)
        self.pages.head[: kept.size] = kept
        for old, new in ((before.cell, self.pages.cell), (before.mark, self.pages.mark)):
            np.take(old, planes, axis=0, out=new[: planes.size], mode="clip")  # else by a copy
        self.pages.used[:] = (kept.size, planes.size)
        state[:, PAGE] = moved_to[state[:, PAGE]]

    def part_from(
        self, lanes: NDArray[np.int64], former_point: NDArray[np.int32], state: LaneStates
    ) -> None:
        """Part lanes from their pages, which stay what they are: pages of the points of before."""
        point_of = dict(zip(lanes.tolist(), former_point.tolist(), strict=True))
        heads = self.pages.head[: self.n_pages]
        for slot in np.flatnonzero(np.isin(heads["lane"], lanes)).tolist():
            if heads["former_point"][slot] == 0:
                heads["former_point"][slot] = point_of[int(heads["lane"][slot])]
        state[lanes, PAGE] = NONE

    def put(
        self,
        lanes: NDArray[np.int32],
        columns: PageColumns,
        rows: NDArray[np.int64],
        state: LaneStates,
    ) -> None:
        """Put stored pages in front of their lanes' pages, one to one; those of one lane come with rising hours."""
        n_phases = columns.planes.n_phases[rows].astype(np.int64)
        first_slot, first_plane = int(self.pages.used[0]), int(self.pages.used[1])
        n_slots, n_planes = first_slot + rows.size, first_plane + int(n_phases.sum())
        self._reserve(n_slots, n_planes)
        head = np.zeros(rows.size, PAGE_HEAD)
        head["lane"], head["hour"] = lanes, columns.hour[rows]
        head["plane"] = first_plane + np.cumsum(n_phases) - n_phases
        head["revision"], head["n_phases"] = columns.revision[rows], n_phases
        head["power_s"] = columns.power_s[rows]
        head["active_ws"] = columns.active_ws[rows]
        head["reactive_vars"] = columns.reactive_vars[rows]
        slots = np.arange(first_slot, n_slots)
        head["older"] = state[lanes, PAGE]
        follows = np.flatnonzero(lanes[1:] == lanes[:-1]) + 1
        head["older"][follows] = slots[follows - 1]
        planes = plane_indices(columns, rows)
        self.pages.cell[first_plane:n_planes] = columns.planes.cell[planes]
        self.pages.mark[first_plane:n_planes] = columns.planes.mark[planes] & 0b1111_1000
        self.pages.head[first_slot:n_slots] = head
        self.pages.used[:] = (n_slots, n_planes)
        state[lanes, PAGE] = slots  # of a lane's pages the last one counts

    def _reserve(self, n_heads: int, n_planes: int) -> None:
        """Make room for so many heads and planes together; where there is some, it stays as it is."""
        pages = self.pages
        n_heads = room_for(n_heads, pages.head.size)
        n_planes = room_for(n_planes, pages.cell.shape[0])
        if n_heads > pages.head.size:
            pages = pages._replace(head=enlarged(pages.head, n_heads))
        if n_planes > pages.cell.shape[0]:
            pages = pages._replace(
                cell=enlarged(pages.cell, n_planes), mark=enlarged(pages.mark, n_planes)
            )
        self.pages = pages

    def _planes(self, heads: NDArray[np.void]) -> NDArray[np.int64]:
        """Return the indices of the planes of some pages, one page after another."""
        n_phases = heads["n_phases"].astype(np.int64)
        starts = np.cumsum(n_phases) - n_phases
        within = np.arange(int(n_phases.sum())) - np.repeat(starts, n_phases)
        return np.repeat(heads["plane"].astype(np.int64), n_phases) + within


def page_pool(n_pages: int = _ROOM) -> PagePool:
    """Return an empty pool with room for ``n_pages`` pages to begin with."""
    return PagePool(_room(n_pages, n_pages + _PLANES_OF_A_READING))


def _room(n_heads: int, n_planes: int) -> Pages:
    return Pages(
        head=np.zeros(n_heads, PAGE_HEAD),
        cell=np.zeros((n_planes, MINUTES_PER_HOUR), np.int16),
        mark=np.zeros((n_planes, MINUTES_PER_HOUR), np.uint8),
        used=np.zeros(2, np.int64),
    )
