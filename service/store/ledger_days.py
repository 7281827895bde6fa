"""Days of a point as arrays of minutes, for who counts them again in another way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, MINUTES_PER_HOUR, MISSING, VERDICT_MASK
from service.domain.reconciliation import LedgerDay
from service.domain.registry import Point
from service.store.deployment_reads import Snapshot
from service.store.page_reads import PageEvidence, read_evidence

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PointDays:
    """Minutes of a point from the start of an hour on."""

    start: datetime  # UTC
    nominal_mv: int  # of the pages; the registry's where there are none
    cell: NDArray[np.int16]  # (n_phases, n_minutes)
    verdict: NDArray[np.uint8]  # (n_minutes,), of the point
    phase_verdict: NDArray[np.uint8]  # (n_phases, n_minutes)

    def day(self, bounds: tuple[datetime, datetime], phase: int | None) -> LedgerDay:
        """Return the minutes between two instants of the point, or of one of its phases, counted from 1."""
        first, last = ((at - self.start) // _MINUTE for at in bounds)
        if phase is None:
            return LedgerDay(cell=self.cell[:, first:last], verdict=self.verdict[first:last])
        return LedgerDay(
            cell=self.cell[phase - 1 : phase, first:last],
            verdict=self.phase_verdict[phase - 1, first:last],
        )


async def read_point_days(snapshot: Snapshot, point: Point, days: Sequence[date]) -> PointDays:
    """Return the minutes of a point from the first to the end of the last of some days, in the deployment's zone."""
    from_at, to_at = (
        day_bounds(min(days), snapshot.zone)[0],
        day_bounds(max(days), snapshot.zone)[1],
    )
    pages = await read_evidence(snapshot.connection, point.point_id, from_at, to_at)
    start = from_at.replace(minute=0)
    n_minutes = -(-(to_at - start) // _HOUR) * MINUTES_PER_HOUR
    found = PointDays(
        start=start,
        nominal_mv=pages[0].nominal_mv if pages else point.nominal_mv,
        cell=np.full((point.n_phases, n_minutes), CELL_NONE, np.int16),
        verdict=np.full(n_minutes, MISSING, np.uint8),
        phase_verdict=np.full((point.n_phases, n_minutes), MISSING, np.uint8),
    )
    for page in pages:
        _lay(found, page)
    return found


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return start and end of a day on the clocks of ``zone``; it may be an hour longer or shorter than others."""
    first, last = (
        datetime(one.year, one.month, one.day, tzinfo=zone).astimezone(UTC)
        for one in (day, day + _DAY)
    )
    return first, last


def due_bounds(day: date, point: Point, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return the part of a day in which a point is in service, None where it is not."""
    first, last = day_bounds(day, zone)
    first = max(first, point.valid_from)
    last = min(last, point.valid_to or last)
    return (first, last) if first < last else None


def _lay(found: PointDays, page: PageEvidence) -> None:
    place = (page.hour - found.start) // _MINUTE
    if place < 0:
        return
    hour = slice(place, place + MINUTES_PER_HOUR)
    n_phases = min(page.cell.shape[0], found.cell.shape[0])
    found.cell[:n_phases, hour] = page.cell[:n_phases]
    found.phase_verdict[:n_phases, hour] = page.mark[:n_phases] & np.uint8(VERDICT_MASK)
    found.verdict[hour] = page.verdict
