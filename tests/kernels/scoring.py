"""Pages of the twin, judged and scored by the kernels."""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from kernels import judge, score
from kernels.layout import (
    CELL_NONE,
    MINUTES_PER_HOUR,
    N_VERDICTS,
    NO_BAND,
    VERDICT_MASK,
    PagePlanes,
    PageRules,
    PageScores,
)
from tests.oracle.judging import Band, Masks, Rules, Scores
from tests.oracle.ledger import Page
from tests.oracle.words import Verdict

Judged = tuple[Page, Rules, Masks]


def kernel_scores(judged: Sequence[Judged]) -> tuple[int, list[Scores]]:
    """Return the number of minutes due, and what the kernels make of each page."""
    planes = page_planes([page for page, _, _ in judged])
    rules = page_rules(judged)
    scores = page_scores(len(judged), planes.cell.shape[0])
    n_judged = judge(planes, rules, scores)
    n_due = score(planes, rules, scores)
    assert n_judged == len(judged)
    return n_due, [_scores_of(planes, scores, number) for number in range(len(judged))]


def page_planes(pages: Sequence[Page]) -> PagePlanes:
    """Return the pages as arrays; the marks come with verdicts of before."""
    n_phases = np.array([len(page.minutes) for page in pages], np.uint8)
    cells = [plane for page in pages for plane in page.cells()]
    marks = [plane for page in pages for plane in page.marks()]
    return PagePlanes(
        first=(np.cumsum(n_phases, dtype=np.int64) - n_phases).astype(np.int32),
        n_phases=n_phases,
        cell=np.array(cells, np.int16).reshape(-1, MINUTES_PER_HOUR),
        mark=np.array(marks, np.uint8).reshape(-1, MINUTES_PER_HOUR) | np.uint8(Verdict.OVER),
    )


def page_rules(judged: Sequence[Judged]) -> PageRules:
    """Return what applies to each page as arrays."""
    rules = [rules for _, rules, _ in judged]
    masks = [masks for _, _, masks in judged]
    bands = [each.band or (NO_BAND, NO_BAND) for each in rules]
    outer = [each.assessment_band or (NO_BAND, NO_BAND) for each in rules]
    return PageRules(
        lower=np.array([lower for lower, _ in bands], np.int16),
        upper=np.array([upper for _, upper in bands], np.int16),
        abnormal_lower=np.array([each.abnormal_band[0] for each in rules], np.int16),
        abnormal_upper=np.array([each.abnormal_band[1] for each in rules], np.int16),
        assessment_lower=np.array([lower for lower, _ in outer], np.int16),
        assessment_upper=np.array([upper for _, upper in outer], np.int16),
        interruption_below=np.array([each.interruption_below for each in rules], np.int16),
        optional_phases=np.array([bits(each.optional) for each in rules], np.uint8),
        due=np.array([bits(each.due) for each in masks], np.uint64),
        abnormal=np.array([bits(each.abnormal) for each in masks], np.uint64),
        interrupted=np.array([bits(each.interrupted) for each in masks], np.uint64),
        exempt=np.array([bits(each.exempt) for each in masks], np.uint64),
    )


def page_scores(n_pages: int, n_planes: int) -> PageScores:
    """Return room for scores, which is not clean."""
    return PageScores(
        verdict=np.full((n_pages, MINUTES_PER_HOUR), 77, np.uint8),
        counter=np.full((n_pages, N_VERDICTS), 77, np.int16),
        phase_counter=np.full((n_planes, N_VERDICTS), 77, np.int16),
        cell_min=np.full(n_pages, 77, np.int16),
        cell_max=np.full(n_pages, 77, np.int16),
        spread_min=np.full(n_pages, 77, np.int16),
        spread_max=np.full(n_pages, 77, np.int16),
    )


def bits(members: Set[int]) -> int:
    """Return a set as a mask."""
    return sum(1 << member for member in members)


def _scores_of(planes: PagePlanes, scores: PageScores, number: int) -> Scores:
    first = int(planes.first[number])
    rows = slice(first, first + int(planes.n_phases[number]))
    return Scores(
        verdicts=[Verdict(code) for code in scores.verdict[number].tolist()],
        phases=[
            [Verdict(code) for code in plane]
            for plane in (planes.mark[rows] & VERDICT_MASK).tolist()
        ],
        counter=scores.counter[number].tolist(),
        phase_counters=scores.phase_counter[rows].tolist(),
        measured=_span(scores.cell_min, scores.cell_max, number),
        spread=_span(scores.spread_min, scores.spread_max, number),
    )


def _span(lowest: NDArray[np.int16], highest: NDArray[np.int16], number: int) -> Band | None:
    span = int(lowest[number]), int(highest[number])
    assert (span[0] == CELL_NONE) == (span[1] == CELL_NONE)
    return None if span[0] == CELL_NONE else span
