"""Judging: what each minute is, for every phase and for the point, under the rules in force."""

from typing import NamedTuple

from kernels._cells import in_mask, rank_of
from kernels._jit import inline_always, kernel, signed
from kernels.layout import (
    CELL_MAX,
    CELL_MIN,
    EXEMPT,
    INTERRUPTED,
    INVALID,
    MINUTES_PER_HOUR,
    MISSING,
    NO_BAND,
    OVER,
    PASS,
    RANK_GOOD,
    RANK_INVALID,
    RANK_MISSING,
    UNDER,
    VERDICT_MASK,
    PagePlanes,
    PageRules,
    PageScores,
)


@kernel
def judge(pages: PagePlanes, rules: PageRules, scores: PageScores) -> int:
    """Write the verdict of every minute: of each phase into its mark, of the point into ``scores.verdict``.

    Shapes: pages and rules ``(n_pages,)``; planes ``(n_planes, 60)``; ``scores.verdict`` ``(n_pages, 60)``.
    Units: 0.01 % of nominal; both edges of a band are inside it.
    Order: pages do not influence each other.
    Requires: ``first[i] + n_phases[i] <= n_planes``; ``n_phases`` 1 or 3.

    Returns:
        Number of pages judged.

    Source: design, section 4, "Verdict of a point's minute".
    """
    for page in range(pages.first.size):
        for m in range(MINUTES_PER_HOUR):
            scores.verdict[page, m] = _judge_minute(pages, rules, page, m)
    return pages.first.size


class _Minute(NamedTuple):
    """What is known of a point's minute before its phases are judged one by one; cells in 0.01 %."""

    lower: int  # band in force
    upper: int
    outer_lower: int  # assessment band; everything lies in it where there is none
    outer_upper: int
    dark_below: int
    has_rule: bool
    exempt: bool
    all_dark: bool  # interrupted on every measured phase, or known to be without any measurement


@inline_always
def _judge_minute(pages: PagePlanes, rules: PageRules, page: int, m: int) -> int:
    """Judge the phases of one minute, write their marks, return the point's verdict."""
    first = pages.first[page]
    n_phases = signed(pages.n_phases[page])
    if not in_mask(rules.due, page, m):
        for plane in range(first, first + n_phases):
            _write(pages, plane, m, MISSING)
        return MISSING
    n_measured, n_dark, n_beyond = _n_measured_dark_and_beyond(pages, rules, page, m)
    minute = _minute(rules, page, m, n_measured, n_dark)
    n_invalid, n_missing = 0, 0
    for phase in range(n_phases):
        plane = first + phase
        may_be_absent = (signed(rules.optional_phases[page]) >> phase) & 1 == 1
        verdict = _phase_verdict(pages, plane, m, may_be_absent, minute)
        _write(pages, plane, m, verdict)
        n_invalid += verdict == INVALID
        absent = may_be_absent and _rank(pages, plane, m) == RANK_MISSING
        n_missing += verdict == MISSING and not absent
    if minute.all_dark:
        return INTERRUPTED
    if minute.exempt or n_beyond > 0 or (not minute.has_rule and n_measured > n_dark):
        return EXEMPT
    outside = _worst(pages, page, m, minute)
    if outside != PASS:
        return outside
    if n_invalid > 0:
        return INVALID
    return MISSING if n_missing > 0 or n_measured == 0 else PASS


@inline_always
def _n_measured_dark_and_beyond(
    pages: PagePlanes, rules: PageRules, page: int, m: int
) -> tuple[int, int, int]:
    """Return how many phases have a good cell, how many of these are dark, and how many live but beyond assessment."""
    first = pages.first[page]
    outer_lower, outer_upper = _outer_band(rules, page)
    n_measured, n_dark, n_beyond = 0, 0, 0
    for plane in range(first, first + signed(pages.n_phases[page])):
        if _rank(pages, plane, m) == RANK_GOOD:
            n_measured += 1
            cell = signed(pages.cell[plane, m])
            if cell < rules.interruption_below[page]:
                n_dark += 1
            elif cell < outer_lower or cell > outer_upper:
                n_beyond += 1
    return n_measured, n_dark, n_beyond


@inline_always
def _outer_band(rules: PageRules, page: int) -> tuple[int, int]:
    """Return the assessment band of a page, the band of all cells where there is none."""
    lower, upper = signed(rules.assessment_lower[page]), signed(rules.assessment_upper[page])
    return (lower, upper) if lower != NO_BAND else (CELL_MIN, CELL_MAX)


@inline_always
def _minute(rules: PageRules, page: int, m: int, n_measured: int, n_dark: int) -> _Minute:
    lower, upper = signed(rules.lower[page]), signed(rules.upper[page])
    has_rule = lower != NO_BAND
    if has_rule and in_mask(rules.abnormal, page, m):
        lower = signed(rules.abnormal_lower[page])
        upper = signed(rules.abnormal_upper[page])
    all_dark = n_dark == n_measured
    if n_measured == 0:
        all_dark = in_mask(rules.interrupted, page, m)
    dark_below = signed(rules.interruption_below[page])
    outer_lower, outer_upper = _outer_band(rules, page)
    return _Minute(
        lower=lower,
        upper=upper,
        outer_lower=outer_lower,
        outer_upper=outer_upper,
        dark_below=dark_below,
        has_rule=has_rule,
        exempt=in_mask(rules.exempt, page, m),
        all_dark=all_dark,
    )


@inline_always
def _phase_verdict(
    pages: PagePlanes, plane: int, m: int, may_be_absent: bool, minute: _Minute
) -> int:
    """Judge one phase; an estimated minute counts as missing."""
    rank = _rank(pages, plane, m)
    if rank == RANK_GOOD:
        return _measured_verdict(signed(pages.cell[plane, m]), minute)
    if may_be_absent and rank == RANK_MISSING:
        return MISSING
    if minute.all_dark:
        return INTERRUPTED
    if minute.exempt:
        return EXEMPT
    return INVALID if rank == RANK_INVALID else MISSING


@inline_always
def _measured_verdict(cell: int, minute: _Minute) -> int:
    if cell < minute.dark_below:
        return INTERRUPTED
    if minute.exempt or not minute.has_rule:
        return EXEMPT
    if cell < minute.outer_lower or cell > minute.outer_upper:
        return EXEMPT
    if cell > minute.upper:
        return OVER
    if cell < minute.lower:
        return UNDER
    return PASS


@inline_always
def _worst(pages: PagePlanes, page: int, m: int, minute: _Minute) -> int:
    """Return OVER or UNDER, whichever phase is further outside the band, PASS if none is."""
    first = pages.first[page]
    over, under = 0, 0
    for plane in range(first, first + signed(pages.n_phases[page])):
        verdict = signed(pages.mark[plane, m]) & VERDICT_MASK
        if verdict == OVER:
            over = max(over, signed(pages.cell[plane, m]) - minute.upper)
        elif verdict == UNDER:
            under = max(under, minute.lower - signed(pages.cell[plane, m]))
    if over > under:
        return OVER
    return UNDER if under > 0 else PASS


@inline_always
def _rank(pages: PagePlanes, plane: int, m: int) -> int:
    return rank_of(signed(pages.mark[plane, m]))


@inline_always
def _write(pages: PagePlanes, plane: int, m: int, verdict: int) -> None:
    pages.mark[plane, m] = (signed(pages.mark[plane, m]) & ~VERDICT_MASK) | verdict
