"""A device whose row in the registry names another point: a correction, or a meter carried elsewhere."""

import json
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, FOLDED
from service.domain.bands import event_limits
from service.domain.batch import Message
from service.domain.engine import FoldPolicy, PartitionEngine, PartitionImage
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import LaneDirectory, lane_directory
from service.domain.pages import PageColumns
from service.domain.registry import Device, Point, Registry
from service.domain.rules import load_rule_set
from service.wire import Decoder

RULES = load_rule_set("sgcc-2003")
T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS = 1_767_225_600_000
HOUR = T0_MS // 3_600_000


def directory(*homes: int | None) -> LaneDirectory:
    """Make a directory: device i serves point ``homes[i]``; None: it is not registered any more.

    Point 3 has three phases.
    """
    points = [
        Point(
            point_id=i,
            point=f"P{i}",
            nominal_mv=220_000,
            wiring="3p4w" if i == 3 else "1p",
            point_class="D",
            valid_from=T0,
        )
        for i in (1, 2, 3)
    ]
    devices = [
        Device(device_id=10 + i, device=f"M{i}", point_id=home, interval_s=60, valid_from=T0)
        for i, home in enumerate(homes)
        if home is not None
    ]
    known = Registry(judgement=1, points=points, devices=devices)
    return lane_directory(known, make_judge(known, RULES).live_bands)


def engine_of(known: LaneDirectory) -> PartitionEngine:
    return PartitionEngine(book=LaneBook(known), policy=FoldPolicy(events=event_limits(RULES)))


def fold(engine: PartitionEngine, device: str, minute: int, *volts: float) -> NDArray[np.int64]:
    stamp_ms = T0_MS + 60_000 * minute
    values = {f"v{i}": value for i, value in enumerate(volts, 1)}
    value = json.dumps({"device": device, "ts": stamp_ms, **values}).encode()
    return engine.fold(Decoder().decode([Message(minute, stamp_ms + 60_000, value)]).batches)


def minutes_of(pages: PageColumns) -> dict[tuple[int, int], list[int]]:
    """Return, for each point and hour, the minutes that have a cell in the first phase."""
    found = {}
    for i, (point, hour) in enumerate(zip(pages.point.tolist(), pages.hour.tolist(), strict=True)):
        cells = pages.planes.cell[int(pages.planes.first[i])]
        found[point, hour - HOUR] = np.flatnonzero(cells != CELL_NONE).tolist()
    return found


def acknowledge(engine: PartitionEngine, image: PartitionImage) -> None:
    n_pages = image.pages.n_pages
    none = np.full(n_pages, -1, np.int64)
    engine.acknowledge(image, np.ones(n_pages, np.int32), image.pages, none)


def test_what_it_measured_stays_at_the_point_where_it_was() -> None:
    engine = engine_of(directory(1, 1))
    fold(engine, "M0", 0, 220.0)
    fold(engine, "M1", 0, 220.0)

    engine.apply(directory(2, 1))
    fold(engine, "M0", 1, 230.0)
    fold(engine, "M1", 1, 220.0)
    pages = engine.take_image().pages

    found = sorted(zip(pages.point.tolist(), pages.hour.tolist(), strict=True))
    assert found == [(1, HOUR), (1, HOUR), (2, HOUR)]  # one of M0 as it was, one of M1
    assert minutes_of(pages)[2, 0] == [1]


def test_a_stored_page_is_not_carried_to_the_other_point() -> None:
    engine = engine_of(directory(1))
    fold(engine, "M0", 0, 220.0)
    acknowledge(engine, engine.take_image())

    engine.apply(directory(2))
    fold(engine, "M0", 1, 230.0)
    pages = engine.take_image().pages

    assert minutes_of(pages) == {(2, 0): [1]}
    assert pages.revision.tolist() == [0]


def test_a_device_that_moves_to_more_phases_writes_into_no_other_page() -> None:
    engine = engine_of(directory(1, 2))
    fold(engine, "M0", 0, 220.0)
    fold(engine, "M1", 0, 210.0)

    engine.apply(directory(3, 2))
    counts = fold(engine, "M0", 1, 230.0, 240.0, 250.0)
    pages = engine.take_image().pages

    assert counts[FOLDED] == 1
    assert minutes_of(pages) == {(1, 0): [0], (2, 0): [0], (3, 0): [1]}
    assert sorted(pages.planes.n_phases.tolist()) == [1, 1, 3]


def test_a_device_that_leaves_the_registry_leaves_its_pages_behind() -> None:
    engine = engine_of(directory(1))
    fold(engine, "M0", 0, 220.0)

    engine.apply(directory(None))
    pages = engine.take_image().pages

    assert minutes_of(pages) == {(1, 0): [0]}


def test_events_stay_at_the_point_where_they_were_seen() -> None:
    engine = engine_of(directory(1))
    fold(engine, "M0", 0, 220.0)
    fold(engine, "M0", 1, 0.0)  # dark

    engine.apply(directory(2))
    fold(engine, "M0", 2, 220.0)
    image = engine.take_image()

    assert set(image.edge_point_id.tolist()) == {1}
    assert not engine.book.events["open_kinds"].any()


def test_what_was_seen_at_the_point_of_before_does_not_come_back_with_a_restart() -> None:
    engine = engine_of(directory(1))
    fold(engine, "M0", 0, 220.0)
    fold(engine, "M0", 1, 0.0)  # dark
    stored = {block[0]: block for block in engine.take_image().blocks}

    engine.apply(directory(2))
    stored |= {block[0]: block for block in engine.take_image().blocks}
    restarted = engine_of(directory(2))
    restarted.restore(stored.values())

    assert restarted.book.n_lanes == 1
    assert not restarted.book.events["open_kinds"].any()


def test_pages_of_before_are_let_go_like_others() -> None:
    engine = engine_of(directory(1))
    fold(engine, "M0", 0, 220.0)
    engine.apply(directory(2))
    for minute in range(0, 600, 2):
        fold(engine, "M0", minute + 1, 220.0)
        acknowledge(engine, engine.take_image())

    fold(engine, "M0", 602, 220.0)

    assert minutes_of(engine.take_image().pages).keys() == {(2, 10)}
    assert engine.pool.n_pages < 5
    assert not engine.pool.pages.head["former_point"].any()
