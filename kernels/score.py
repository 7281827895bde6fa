"""Counting a judged page: minutes by verdict and the extremes of its voltage."""

from kernels._cells import in_mask, rank_of
from kernels._jit import inline_always, kernel, signed
from kernels.layout import (
    CELL_MAX,
    CELL_NONE,
    INTERRUPTED,
    MINUTES_PER_HOUR,
    N_VERDICTS,
    NO_BAND,
    RANK_GOOD,
    VERDICT_MASK,
    Int16s,
    PagePlanes,
    PageRules,
    PageScores,
)


@kernel
def score(pages: PagePlanes, rules: PageRules, scores: PageScores) -> int:
    """Count the minutes due by verdict, for each point and phase, and find the lowest and highest cells.

    Shapes: as ``judge``; ``scores.counter`` ``(n_pages, 7)``, ``scores.phase_counter`` ``(n_planes, 7)``.
    Units: minutes; 0.01 % of nominal, CELL_NONE where no cell counts.
    Requires: ``judge`` has written the verdicts.

    Returns:
        Number of minutes due, over all pages; each row of ``counter`` sums to its page's share of it.

    Source: design, sections 2 and 4; GB/T 12325 (day's spread, leaving out abnormal and exempt minutes).
    """
    n_due = 0
    for page in range(pages.first.size):
        first = pages.first[page]
        last = first + signed(pages.n_phases[page])
        _clear(scores, page, first, last)
        outer_lower, outer_upper = signed(rules.assessment_lower[page]), CELL_MAX
        if outer_lower != NO_BAND:
            outer_upper = signed(rules.assessment_upper[page])
        for m in range(MINUTES_PER_HOUR):
            if not in_mask(rules.due, page, m):
                continue
            n_due += 1
            scores.counter[page, scores.verdict[page, m]] += 1
            ordinary = not in_mask(rules.abnormal, page, m) and not in_mask(rules.exempt, page, m)
            for plane in range(first, last):
                mark = signed(pages.mark[plane, m])
                verdict = mark & VERDICT_MASK
                scores.phase_counter[plane, verdict] += 1
                if rank_of(mark) == RANK_GOOD and verdict != INTERRUPTED:
                    cell = signed(pages.cell[plane, m])
                    _stretch(scores.cell_min, scores.cell_max, page, cell)
                    if ordinary and outer_lower <= cell <= outer_upper:
                        _stretch(scores.spread_min, scores.spread_max, page, cell)
    return n_due


@inline_always
def _clear(scores: PageScores, page: int, first: int, last: int) -> None:
    for verdict in range(N_VERDICTS):
        scores.counter[page, verdict] = 0
        for plane in range(first, last):
            scores.phase_counter[plane, verdict] = 0
    scores.cell_min[page] = CELL_NONE
    scores.cell_max[page] = CELL_NONE
    scores.spread_min[page] = CELL_NONE
    scores.spread_max[page] = CELL_NONE


@inline_always
def _stretch(lowest: Int16s, highest: Int16s, page: int, cell: int) -> None:
    if lowest[page] == CELL_NONE or cell < lowest[page]:
        lowest[page] = cell
    if highest[page] == CELL_NONE or cell > highest[page]:
        highest[page] = cell
