"""Pages in memory: loaded some at a time they are as if they had come at once, and those of before are let go of."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.layout import NONE, PAGE
from service.domain.checkpoint import chosen_pages, merged_pages
from service.domain.engine import PartitionEngine
from service.domain.pages import PageColumns, page_keys
from tests.domain.test_rehomed_device import acknowledge, directory, engine_of, fold

KNOWN = directory(1, 1, 2, 3)  # two meters at one point: both want its pages
MINUTES = range(57, 62)  # so that the hour before can still be written to


def folded() -> PartitionEngine:
    engine = engine_of(KNOWN)
    for minute in MINUTES:
        for device in ("M0", "M1", "M2"):
            fold(engine, device, minute, 160.0 + minute)
        fold(engine, "M3", minute, 220.0, 221.0, 222.0)
    return engine


def stored_of(
    pages: PageColumns, points: NDArray[np.int32], hours: NDArray[np.int32]
) -> PageColumns:
    """Return pages as the database gives them: one for each time that it is asked for."""
    wanted = points.astype(np.int64) << 32 | hours
    return chosen_pages(pages, np.searchsorted(page_keys(pages), wanted))


def in_memory(engine: PartitionEngine) -> list[list[tuple[int, bytes]]]:
    """Return, for each lane, hours and cells of its pages, the newest first."""
    found: list[list[tuple[int, bytes]]] = []
    pages = engine.pool.pages
    for lane in range(engine.book.n_lanes):
        found.append([])
        slot = int(engine.book.state[lane, PAGE])
        while slot != NONE:
            head = pages.head[slot]
            planes = slice(int(head["plane"]), int(head["plane"]) + int(head["n_phases"]))
            found[lane].append((int(head["hour"]), pages.cell[planes].tobytes()))
            slot = int(head["older"])
    return found


@pytest.mark.parametrize("n_at_once", [1, 3, 100])
def test_each_lane_has_its_pages_once_however_many_are_loaded_at_a_time(n_at_once: int) -> None:
    image = folded().take_image()
    stored, _ = merged_pages(image.pages)
    engine = engine_of(KNOWN)
    engine.restore(image.blocks, image.data_through_ms)
    points, hours = engine.open_pages()

    for first in range(0, points.size, n_at_once):
        some = slice(first, first + n_at_once)
        engine.load_pages(stored_of(stored, points[some], hours[some]), some)

    assert points.size == 2 * engine.book.n_lanes == engine.pool.n_pages
    for its_pages, lane in zip(in_memory(engine), range(engine.book.n_lanes), strict=True):
        point = int(engine.book.settings["point"][lane])
        mine = np.flatnonzero(stored.point == point)[::-1].tolist()
        assert its_pages == [(int(stored.hour[i]), _cells(stored, i)) for i in mine]


def test_the_room_of_an_hour_that_is_over_is_given_back() -> None:
    n_lanes = 70
    engine = engine_of(directory(*[1] * n_lanes))
    for lane in range(n_lanes):
        fold(engine, f"M{lane}", 10, 220.0)
    acknowledge(engine, engine.take_image())
    for lane in range(n_lanes):
        fold(engine, f"M{lane}", 100, 221.0 + lane / 10)  # far ahead: the next one confirms it
        fold(engine, f"M{lane}", 101, 221.0)
    before, n_room = in_memory(engine), engine.pool.pages.cell.shape[0]

    engine.take_image()

    assert [len(pages) for pages in before] == [2] * n_lanes
    assert in_memory(engine) == [pages[:1] for pages in before]
    assert engine.pool.n_pages == n_lanes
    assert engine.pool.pages.cell.shape[0] < 2 * n_lanes <= n_room


def _cells(pages: PageColumns, page: int) -> bytes:
    first, n_phases = int(pages.planes.first[page]), int(pages.planes.n_phases[page])
    return pages.planes.cell[first : first + n_phases].tobytes()
