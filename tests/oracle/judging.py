"""What the minutes of a page are, and how many of each there are."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from tests.oracle.ledger import Page
from tests.oracle.words import HOUR_MINUTES, Candidate, Rank, Verdict

Band = tuple[int, int]  # 0.01 % of nominal, both edges inside
WHOLE_HOUR = frozenset(range(HOUR_MINUTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What applies to a point."""

    band: Band | None  # None: no rule covers the point
    abnormal_band: Band = (-1000, 1000)  # in abnormal grid state
    assessment_band: Band | None = None  # minutes with a live phase outside leave the rate
    interruption_below: int = -9000
    optional: Set[int] = frozenset()  # phases that may be absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What applies to the minutes of one hour."""

    due: Set[int] = WHOLE_HOUR  # the point is in service
    abnormal: Set[int] = frozenset()  # declared abnormal grid state
    interrupted: Set[int] = frozenset()  # inside an interruption known without a measurement
    exempt: Set[int] = frozenset()  # the customer is below the required power factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a page amounts to. A span is the lowest and the highest cell, None if no cell counts."""

    verdicts: list[Verdict]  # of the point, by minute
    phases: list[list[Verdict]]  # by phase and minute
    counter: list[int]  # minutes of the point by verdict
    phase_counters: list[list[int]]
    measured: Band | None  # of all good cells that are not interrupted
    spread: (
        Band | None
    )  # of those outside abnormal grid state and exemption, inside the assessment band


def judge_minute(
    phases: Sequence[Candidate], rules: Rules, masks: Masks, minute: int
) -> tuple[Verdict, list[Verdict]]:
    """Return the verdict of the point and of each phase."""
    if minute not in masks.due:
        return Verdict.MISSING, [Verdict.MISSING] * len(phases)
    wired = {
        number: phase
        for number, phase in enumerate(phases)
        if not (number in rules.optional and phase.rank == Rank.MISSING)
    }
    measured = {number for number, phase in wired.items() if phase.rank == Rank.GOOD}
    live = {number for number in measured if wired[number].cell >= rules.interruption_below}
    is_dark = not live and (bool(measured) or minute in masks.interrupted)
    is_exempt = minute in masks.exempt
    beyond = {number for number in live if is_beyond(wired[number].cell, rules.assessment_band)}
    band = rules.abnormal_band if rules.band and minute in masks.abnormal else rules.band

    verdicts = [Verdict.MISSING] * len(phases)
    for number, phase in wired.items():
        if is_dark or number in measured - live:
            verdicts[number] = Verdict.INTERRUPTED
        else:
            is_out = is_exempt or number in beyond
            verdicts[number] = Verdict.EXEMPT if is_out else _lit_verdict(phase, band)
    if is_dark:
        return Verdict.INTERRUPTED, verdicts
    if is_exempt or beyond or (live and band is None):
        return Verdict.EXEMPT, verdicts
    excesses = [_excess(wired[number].cell, band) for number in live if band is not None]
    return _worst(max(excesses, default=None), [verdicts[number] for number in wired]), verdicts


def _worst(excess: tuple[int, Verdict] | None, verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of a point from its greatest excess and the verdicts of its wired phases.

    Without an excess no phase is alive.
    """
    if excess is not None and excess[0] > 0:
        return excess[1]
    if Verdict.INVALID in verdicts:
        return Verdict.INVALID
    if excess is None or Verdict.MISSING in verdicts:
        return Verdict.MISSING
    return Verdict.PASS


def judge_page(page: Page, rules: Rules, masks: Masks) -> Scores:
    """Return what a page amounts to; every counter sums to the minutes due."""
    minutes = [
        judge_minute([phase[minute] for phase in page.minutes], rules, masks, minute)
        for minute in range(HOUR_MINUTES)
    ]
    verdicts = [point for point, _ in minutes]
    phases = [[of[phase] for _, of in minutes] for phase in range(len(page.minutes))]
    cells = [
        (minute, found.cell)
        for phase, by_phase in zip(page.minutes, phases, strict=True)
        for minute, (found, verdict) in enumerate(zip(phase, by_phase, strict=True))
        if minute in masks.due and found.rank == Rank.GOOD and verdict != Verdict.INTERRUPTED
    ]
    unusual = masks.abnormal | masks.exempt
    return Scores(
        verdicts=verdicts,
        phases=phases,
        counter=_count(verdicts, masks),
        phase_counters=[_count(phase, masks) for phase in phases],
        measured=_span([cell for _, cell in cells]),
        spread=_span(
            [
                cell
                for minute, cell in cells
                if minute not in unusual and not is_beyond(cell, rules.assessment_band)
            ]
        ),
    )


def is_beyond(cell: int, assessment_band: Band | None) -> bool:
    """Return whether a cell lies outside the assessment band, if there is one."""
    return assessment_band is not None and not (assessment_band[0] <= cell <= assessment_band[1])


def _lit_verdict(phase: Candidate, band: Band | None) -> Verdict:
    """Return the verdict of one phase that is not dark, alone."""
    if phase.rank == Rank.INVALID:
        return Verdict.INVALID
    if phase.rank != Rank.GOOD:
        return Verdict.MISSING
    if band is None:
        return Verdict.EXEMPT
    lower, upper = band
    return (
        Verdict.OVER
        if phase.cell > upper
        else Verdict.UNDER
        if phase.cell < lower
        else Verdict.PASS
    )


def _excess(cell: int, band: Band) -> tuple[int, Verdict]:
    """Return by how much a cell is outside, and where; of two alike, UNDER is the greater."""
    lower, upper = band
    return max((cell - upper, Verdict.OVER), (lower - cell, Verdict.UNDER))


def _count(verdicts: Sequence[Verdict], masks: Masks) -> list[int]:
    due = [verdicts[minute] for minute in masks.due]
    return [due.count(verdict) for verdict in Verdict]


def _span(cells: Sequence[int]) -> Band | None:
    return (min(cells), max(cells)) if cells else None
