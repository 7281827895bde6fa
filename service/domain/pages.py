"""Hour pages as columns: what goes from the engine to the store, and from the store to judging and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, MINUTES_PER_HOUR, N_VERDICTS, PagePlanes, PageScores


@dataclass(slots=True)
class PageColumns:
    """Pages of any points and hours, one entry a page; page ``i`` owns planes ``first[i] : first[i] + n_phases[i]``."""

    point: NDArray[np.int32]  # point_id
    hour: NDArray[np.int32]  # hours since the Unix epoch, UTC
    revision: NDArray[np.int32]  # of the stored row these pages start from; 0 where there is none
    interval_s: NDArray[np.int16]
    planes: PagePlanes
    power_s: NDArray[np.int32]  # seconds of known power, 0 where none is kept
    active_ws: NDArray[np.int64]
    reactive_vars: NDArray[np.int64]
    scores: PageScores  # valid after judging
    judgement: int = 0  # the number under which they were judged, 0 before

    @property
    def n_pages(self) -> int:
        """Number of pages."""
        return int(self.point.size)


def empty_scores(n_pages: int, n_planes: int) -> PageScores:
    """Return room for the scores of ``n_pages`` pages with ``n_planes`` planes."""
    return PageScores(
        verdict=np.zeros((n_pages, MINUTES_PER_HOUR), np.uint8),
        counter=np.zeros((n_pages, N_VERDICTS), np.int16),
        phase_counter=np.zeros((n_planes, N_VERDICTS), np.int16),
        cell_min=np.full(n_pages, CELL_NONE, np.int16),
        cell_max=np.full(n_pages, CELL_NONE, np.int16),
        spread_min=np.full(n_pages, CELL_NONE, np.int16),
        spread_max=np.full(n_pages, CELL_NONE, np.int16),
    )


def empty_pages(n_phases: NDArray[np.uint8]) -> PageColumns:
    """Return one empty page for each entry of ``n_phases`` (1 or 3 each); points, hours and revisions are 0."""
    n_pages = n_phases.size
    ends = np.cumsum(n_phases, dtype=np.int32)
    n_planes = int(ends[-1]) if n_pages else 0
    return PageColumns(
        point=np.zeros(n_pages, np.int32),
        hour=np.zeros(n_pages, np.int32),
        revision=np.zeros(n_pages, np.int32),
        interval_s=np.zeros(n_pages, np.int16),
        planes=PagePlanes(
            first=(ends - n_phases).astype(np.int32),
            n_phases=np.ascontiguousarray(n_phases, np.uint8),
            cell=np.full((n_planes, MINUTES_PER_HOUR), CELL_NONE, np.int16),
            mark=np.zeros((n_planes, MINUTES_PER_HOUR), np.uint8),
        ),
        power_s=np.zeros(n_pages, np.int32),
        active_ws=np.zeros(n_pages, np.int64),
        reactive_vars=np.zeros(n_pages, np.int64),
        scores=empty_scores(n_pages, n_planes),
    )


def page_keys(pages: PageColumns) -> NDArray[np.int64]:
    """Return a number of each page by which pages are ordered by point and hour; hours are those since 1970."""
    return pages.point.astype(np.int64) << 32 | pages.hour


def plane_indices(pages: PageColumns, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices of the planes of the chosen pages, one page after another."""
    n_phases = pages.planes.n_phases[chosen].astype(np.int64)
    starts = np.cumsum(n_phases) - n_phases
    within = np.arange(int(n_phases.sum())) - np.repeat(starts, n_phases)
    return np.repeat(pages.planes.first[chosen].astype(np.int64), n_phases) + within


def part_of(pages: PageColumns, first: int, last: int) -> PageColumns:
    """Return pages ``first : last``, or to the end, as a view: what is written to it is written to ``pages``."""
    those = slice(first, min(last, pages.n_pages))
    n_phases = pages.planes.n_phases[those]
    plane = int(pages.planes.first[first]) if n_phases.size else 0
    planes = slice(plane, plane + int(n_phases.sum()))
    scores = pages.scores
    return PageColumns(
        point=pages.point[those],
        hour=pages.hour[those],
        revision=pages.revision[those],
        interval_s=pages.interval_s[those],
        planes=PagePlanes(
            first=pages.planes.first[those] - np.int32(plane),
            n_phases=n_phases,
            cell=pages.planes.cell[planes],
            mark=pages.planes.mark[planes],
        ),
        power_s=pages.power_s[those],
        active_ws=pages.active_ws[those],
        reactive_vars=pages.reactive_vars[those],
        scores=PageScores(
            verdict=scores.verdict[those],
            counter=scores.counter[those],
            phase_counter=scores.phase_counter[planes],
            cell_min=scores.cell_min[those],
            cell_max=scores.cell_max[those],
            spread_min=scores.spread_min[those],
            spread_max=scores.spread_max[those],
        ),
        judgement=pages.judgement,
    )
