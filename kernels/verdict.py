"""Judging: what each minute is, for every phase and for the point, under the rules in force."""

import numpy as np

from kernels._jit import inline, kernel
from kernels.layout import (
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
    RANK_MASK,
    RANK_MISSING,
    RANK_SHIFT,
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


@inline
def _bit(masks, page, m):  # type: ignore[no-untyped-def]
    return (masks[page] >> np.uint64(m)) & np.uint64(1) != np.uint64(0)


@inline
def _judge_minute(pages, rules, page, m):  # type: ignore[no-untyped-def]
    """Judge the phases of one minute, write their marks, return the point's verdict."""
    first = pages.first[page]
    n_phases = np.int64(pages.n_phases[page])
    lower, upper = np.int64(rules.lower[page]), np.int64(rules.upper[page])
    has_rule = lower != NO_BAND
    if has_rule and _bit(rules.abnormal, page, m):
        lower, upper = np.int64(rules.abnormal_lower[page]), np.int64(rules.abnormal_upper[page])
    dark_below = np.int64(rules.interruption_below[page])
    exempt = _bit(rules.exempt, page, m)
    known_dark = _bit(rules.interrupted, page, m)
    due = _bit(rules.due, page, m)

    n_measured = 0
    n_dark = 0
    for plane in range(first, first + n_phases):
        if _rank(pages, plane, m) == RANK_GOOD:
            n_measured += 1
            if pages.cell[plane, m] < dark_below:
                n_dark += 1
    all_dark = (n_measured > 0 and n_dark == n_measured) or (n_measured == 0 and known_dark)

    excess_over, excess_under = 0, 0
    n_invalid, n_missing = 0, 0
    for phase in range(n_phases):
        plane = first + phase
        rank = _rank(pages, plane, m)
        optional = (np.int64(rules.optional_phases[page]) >> phase) & 1 == 1
        verdict = _phase_verdict(rank, np.int64(pages.cell[plane, m]), lower, upper, dark_below)
        if not due:
            verdict = MISSING
        elif rank != RANK_GOOD and all_dark and not (optional and rank == RANK_MISSING):
            verdict = INTERRUPTED
        elif rank == RANK_GOOD and verdict != INTERRUPTED and (exempt or not has_rule):
            verdict = EXEMPT
        elif exempt and not (optional and rank == RANK_MISSING):
            verdict = EXEMPT if verdict != INTERRUPTED else verdict
        pages.mark[plane, m] = (np.int64(pages.mark[plane, m]) & ~VERDICT_MASK) | verdict
        if verdict == OVER:
            excess_over = max(excess_over, np.int64(pages.cell[plane, m]) - upper)
        elif verdict == UNDER:
            excess_under = max(excess_under, lower - np.int64(pages.cell[plane, m]))
        elif verdict == INVALID:
            n_invalid += 1
        elif verdict == MISSING and not (optional and rank == RANK_MISSING):
            n_missing += 1

    if not due:
        return MISSING
    if all_dark:
        return INTERRUPTED
    if exempt or (not has_rule and n_measured > n_dark):
        return EXEMPT
    if excess_over > excess_under:
        return OVER
    if excess_under > 0:
        return UNDER
    if n_invalid > 0:
        return INVALID
    if n_missing > 0 or n_measured == 0:
        return MISSING
    return PASS


@inline
def _rank(pages, plane, m):  # type: ignore[no-untyped-def]
    return (np.int64(pages.mark[plane, m]) >> RANK_SHIFT) & RANK_MASK


@inline
def _phase_verdict(rank, cell, lower, upper, dark_below):  # type: ignore[no-untyped-def]
    """Judge one phase alone; an estimated minute counts as missing."""
    if rank == RANK_INVALID:
        return INVALID
    if rank != RANK_GOOD:
        return MISSING
    if cell < dark_below:
        return INTERRUPTED
    if cell > upper:
        return OVER
    if cell < lower:
        return UNDER
    return PASS
