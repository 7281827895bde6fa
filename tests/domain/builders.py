"""Points, declarations and pages for tests, with defaults for what a test does not care about."""

from datetime import UTC, datetime

import numpy as np

from kernels.layout import CELL_NONE, RANK_GOOD, RANK_SHIFT, SHARE_FULL, SHARE_SHIFT
from service.domain.pages import PageColumns, empty_pages
from service.domain.registry import Declaration, Point, PointClass, Wiring

START = datetime(2024, 3, 1, tzinfo=UTC)
START_HOUR = int(START.timestamp()) // 3600
START_MINUTE = START_HOUR * 60
GOOD = RANK_GOOD << RANK_SHIFT | SHARE_FULL << SHARE_SHIFT


def make_point(
    volts: float = 220,
    wiring: Wiring = "1p",
    point_class: PointClass = "D",
    band: tuple[int, int] | None = None,
    point_id: int = 1,
) -> Point:
    return Point(
        point_id=point_id,
        point=f"P{point_id}",
        nominal_mv=round(volts * 1000),
        wiring=wiring,
        point_class=point_class,
        band_lower=band[0] if band else None,
        band_upper=band[1] if band else None,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )


def abnormal(from_at: datetime, to_at: datetime | None, *point_ids: int) -> Declaration:
    return Declaration(
        declaration_id=7,
        kind="abnormal_state",
        point_ids=frozenset(point_ids or {1}),
        from_at=from_at,
        to_at=to_at,
    )


def outage(
    from_at: datetime,
    to_at: datetime | None,
    *point_ids: int,
    declaration_id: int = 8,
    cause: str = "",
) -> Declaration:
    return Declaration(
        declaration_id=declaration_id,
        kind="outage",
        point_ids=frozenset(point_ids or {1}),
        from_at=from_at,
        to_at=to_at,
        cause=cause,
    )


def day_pages(
    cells: list[list[int]], point_id: int = 1, first_hour: int = START_HOUR
) -> PageColumns:
    """Return the pages of one point; ``cells`` is by phase and minute, CELL_NONE is silence."""
    n_phases, n_hours = len(cells), len(cells[0]) // 60
    pages = empty_pages(np.full(n_hours, n_phases, np.uint8))
    pages.point[:] = point_id
    pages.hour[:] = first_hour + np.arange(n_hours)
    pages.interval_s[:] = 60
    by_hour = np.array(cells, np.int16).reshape(n_phases, n_hours, 60).swapaxes(0, 1)
    pages.planes.cell[:] = by_hour.reshape(n_hours * n_phases, 60)
    pages.planes.mark[:] = np.where(pages.planes.cell == CELL_NONE, 0, GOOD)
    return pages
