"""Late readings become candidates: as the twin says, and whenever they are merged."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import CELL_NONE, DUPLICATE, FOLDED, OUTSIDE_SERVICE
from service.domain.grid import first_minutes, starts_of_minute
from service.domain.lanes import lane_directory, live_of_one
from service.domain.late import merge_late
from service.domain.pages import PageColumns
from service.domain.reading_columns import LateReadings
from service.domain.registry import Device, Point, Registry, Wiring
from tests.oracle.assignments import Assignment
from tests.oracle.late import LateRow, late_ledger
from tests.oracle.ledger import join_ledgers
from tests.oracle.words import Reading

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
HOUR_MS = 1_700_000_000_000 // 3_600_000 * 3_600_000
Plane = list[list[int]]

INTERVALS_S = (1, 10, 20, 30, 60, 300, 900)
VOLTS = (0.0, 198.0, 197.996, 220.0, 230.0, 235.4, 235.404, -1.0, 1e9, float("nan"))


class Late(NamedTuple):
    device_id: int
    start_ms: int
    volts: tuple[float, float, float]
    quality: int


def registry() -> Registry:
    """Return a registry in which device ``i`` has the ``i``-th interval; odd ones share a point."""
    points, devices = [], []
    for device_id, interval_s in enumerate(INTERVALS_S, start=1):
        point_id = 1 if device_id % 2 else device_id
        wiring: Wiring = "1p" if point_id == 1 else "3p4w"
        points.append(
            Point(
                point_id=point_id,
                point=f"P{point_id}",
                nominal_mv=220_000,
                wiring=wiring,
                point_class="D",
                valid_from=BEGIN,
            )
        )
        devices.append(
            Device(
                device_id=device_id,
                device=f"D{device_id}",
                point_id=point_id,
                interval_s=interval_s,
                stamp_at="end",
                valid_from=BEGIN,
            )
        )
    return Registry(judgement=1, points=points, devices=devices)


DIRECTORY = lane_directory(registry(), live_of_one((0, 4_000_000)))


def columns_of(rows: Sequence[Late]) -> LateReadings:
    volts = np.array([row.volts for row in rows], np.float64).reshape(-1, 3)
    volts[[row.device_id % 2 == 1 for row in rows], 1:] = np.nan
    return LateReadings(
        device_id=np.array([row.device_id for row in rows], np.int32),
        start_ms=np.array([row.start_ms for row in rows], np.int64),
        offset=np.arange(len(rows)),
        index=np.zeros(len(rows), np.int32),
        quality=np.array([row.quality for row in rows], np.uint8),
        v1=volts[:, 0].copy(),
        v2=volts[:, 1].copy(),
        v3=volts[:, 2].copy(),
        p_w=np.full(len(rows), 100.0),
        q_var=np.full(len(rows), 10.0),
    )


def twin_row(position: int, row: Late) -> LateRow:
    lane = Assignment(
        device_id=row.device_id,
        point_id=1 if row.device_id % 2 else row.device_id,
        nominal_mv=220_000,
        interval_s=INTERVALS_S[row.device_id - 1],
        n_phases=1 if row.device_id % 2 else 3,
    )
    return LateRow(position, lane, row.start_ms, Reading("", 0, 0, *row.volts, row.quality))


def pages_of(pages: PageColumns) -> dict[tuple[int, int], tuple[Plane, Plane]]:
    """Return cells and marks by point and hour."""
    return {
        (point, hour): (
            pages.planes.cell[first : first + n_phases].tolist(),
            pages.planes.mark[first : first + n_phases].tolist(),
        )
        for point, hour, first, n_phases in zip(
            pages.point.tolist(),
            pages.hour.tolist(),
            pages.planes.first.tolist(),
            pages.planes.n_phases.tolist(),
            strict=True,
        )
    }


def places(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


ROWS = st.lists(
    st.builds(
        Late,
        device_id=st.integers(1, len(INTERVALS_S)),
        # Around the end of an hour, off the grid too.
        start_ms=st.builds(
            lambda s, ms: HOUR_MS + 3_480_000 + 1000 * s + ms, places(240), places(1000)
        ),
        volts=st.tuples(*[st.sampled_from(VOLTS)] * 3),
        quality=st.sampled_from([0, 0, 0, 1, 2]),
    ),
    max_size=60,
)


@given(ROWS)
def test_late_readings_come_to_what_the_twin_says(rows: list[Late]) -> None:
    merge = merge_late(columns_of(rows), DIRECTORY)

    twin = late_ledger(twin_row(i, row) for i, row in enumerate(rows))
    by_point = join_ledgers([twin], lambda device_id: 1 if device_id % 2 else device_id)
    assert pages_of(merge.pages) == {
        (key.owner, key.hour): (page.cells(), page.marks()) for key, page in by_point.pages.items()
    }
    assert not merge.pages.power_s.any()


@given(ROWS, st.integers(0, 60))
def test_it_does_not_matter_when_they_are_merged(rows: list[Late], n_first: int) -> None:
    """What a part of the readings gives never stands against what all of them give."""
    first = pages_of(merge_late(columns_of(rows[:n_first]), DIRECTORY).pages)

    whole = pages_of(merge_late(columns_of(rows), DIRECTORY).pages)

    for key, (cells, marks) in first.items():
        for phase, cells_of_phase in enumerate(cells):
            for cell, mark, cell_now, mark_now in zip(
                cells_of_phase,
                marks[phase],
                whole[key][0][phase],
                whole[key][1][phase],
                strict=True,
            ):
                assert (mark >> 3 & 3, mark >> 5, abs(cell), cell) <= (
                    mark_now >> 3 & 3,
                    mark_now >> 5,
                    abs(cell_now),
                    cell_now,
                )


def test_half_a_minute_counts_and_less_does_not() -> None:
    half = [Late(1, HOUR_MS + 1000 * s, (220.0,) * 3, 0) for s in range(30)]

    with_half = merge_late(columns_of(half), DIRECTORY)
    with_less = merge_late(columns_of(half[1:]), DIRECTORY)

    assert with_half.pages.planes.cell[0, 0] == 0
    assert with_less.pages.n_pages == 0


def test_a_device_that_is_gone_merges_nothing() -> None:
    merge = merge_late(columns_of([Late(99, HOUR_MS, (220.0,) * 3, 0)]), DIRECTORY)

    assert merge.pages.n_pages == 0
    assert merge.outcome.tolist() == [OUTSIDE_SERVICE]


def test_no_late_readings_are_no_pages() -> None:
    merge = merge_late(columns_of([]), DIRECTORY)

    assert merge.pages.n_pages == 0


def test_readings_in_changed_minutes_count_as_merged() -> None:
    rows = [
        Late(5, HOUR_MS, (220.0,) * 3, 0),  # a minute that changes
        Late(5, HOUR_MS, (220.0,) * 3, 0),  # the same again
        Late(5, HOUR_MS + 60_000, (220.0,) * 3, 0),  # a minute that stays
        Late(7, HOUR_MS + 3_300_000, (220.0,) * 3, 0),  # 15 minutes, the last of which change
    ]
    merge = merge_late(columns_of(rows), DIRECTORY)
    is_changed = np.zeros((merge.pages.n_pages, 60), np.bool_)
    is_changed[0, 0] = True
    is_changed[1, 9] = True

    n_changed = merge.count_changed(is_changed, merge.pages)

    assert merge.outcome.tolist() == [FOLDED, DUPLICATE, FOLDED, FOLDED]
    assert n_changed == 2


@pytest.mark.parametrize("interval_s", INTERVALS_S)
def test_the_grid_is_the_one_of_the_fold(interval_s: int) -> None:
    """Readings that start at the edges of a minute fall where the kernel puts them."""
    device_id = INTERVALS_S.index(interval_s) + 1
    from_ms, to_ms = starts_of_minute(HOUR_MS // 60_000 + 7, interval_s * 1000)
    starts = np.array([from_ms - 1, from_ms, to_ms - 1, to_ms])

    minutes = first_minutes(starts, np.full(4, interval_s * 1000))

    assert (minutes - HOUR_MS // 60_000).tolist() == [6, 7, 7, 8]
    if interval_s >= 60:
        for start_ms, minute in zip(starts.tolist(), [6, 7, 7, 8], strict=True):
            late = columns_of([Late(device_id, start_ms, (220.0,) * 3, 0)])
            cell = merge_late(late, DIRECTORY).pages.planes.cell[0]
            assert np.flatnonzero(cell != CELL_NONE)[0] == minute
