"""Our minutes of a day against those that a meter or a voltage monitor counted itself: each difference, explained.

Devices count {monitored, over, under, qualified} by limits and habits of their own. So the same day is counted again
in each of the ways that devices are known to count, and the way that comes closest says what the difference is.

Source: DL/T 645 (DI 0310), DL/T 698.45 (OI 2130): what devices freeze daily; the wider assessment band (考核)
beside the qualified one (合格).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, EXEMPT, INTERRUPTED, OVER, PASS, UNDER

Step = Literal["limits", "exempt", "assessment", "interrupted", "missing", "method"]
STEPS: Final = get_args(Step)  # in the order in which a difference is taken apart
OutageHabit = Literal["excluded", "qualified", "under"]
MissingHabit = Literal["excluded", "qualified"]

_CELLS_PER_NOMINAL: Final = 10_000
_DAY_MINUTES_MAX: Final = 1500  # of a day on which clocks go back by an hour
_NEAR_CELLS: Final = (
    100  # 1 % of nominal; how far a minute's mean may be from a second of it that a device judged
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Minutes of a day, as one party counted them."""

    monitored: int
    over: int
    under: int
    qualified: int

    def __sub__(self, other: "Counted") -> "Counted":
        """Return how much more each of them is."""
        return Counted(
            self.monitored - other.monitored,
            self.over - other.over,
            self.under - other.under,
            self.qualified - other.qualified,
        )

    def __add__(self, other: "Counted") -> "Counted":
        """Return both together."""
        return self - (NOTHING - other)

    @property
    def size(self) -> int:
        """Minutes that the counters differ from 0 by, all together."""
        return abs(self.monitored) + abs(self.over) + abs(self.under) + abs(self.qualified)

    @property
    def rate(self) -> Fraction | None:
        """The pass rate; None where nothing was monitored."""
        return Fraction(self.qualified, self.monitored) if self.monitored else None


NOTHING: Final = Counted(0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Edges that a device judges by, cells (0.01 % of nominal from nominal), inclusive."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorDay:
    """What a device says of one day of a point, or of one phase of it."""

    point: str
    day: date
    phase: int | None  # 1 to 3; None: the point, where any phase outside is outside
    counted: Counted
    qualified_v: tuple[Fraction, Fraction] | None  # 合格下限, 合格上限; None: it does not say
    assessment_v: tuple[Fraction, Fraction] | None  # 考核下限, 考核上限


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDay:
    """The minutes of the same day in the ledger, those that are due, in the order of time."""

    cell: NDArray[np.int16]  # (n_phases, n_minutes); CELL_NONE where no voltage is known
    verdict: NDArray[np.uint8]  # (n_minutes,) of the point, or of the phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A day of a device beside ours."""

    told: MonitorDay
    ours: Counted
    steps: dict[
        Step, Counted
    ]  # what each reason adds to ours; ours + all of them + unexplained = theirs
    unexplained: Counted
    outages: OutageHabit
    missing: MissingHabit
    remarks: tuple[str, ...]  # what is wrong with the device's own row

    @property
    def is_explained(self) -> bool:
        """Whether no minute is left over."""
        return self.unexplained == NOTHING


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to count a day."""

    limits: Limits | None  # None: our verdicts
    has_exempt: bool
    has_assessment: bool
    outages: OutageHabit
    missing: MissingHabit

    @property
    def n_departures(self) -> int:
        """How many of our habits it does not share."""
        return (
            (self.limits is not None)
            + self.has_exempt
            + self.has_assessment
            + (self.outages != "excluded")
            + (self.missing != "excluded")
        )


def limits_of(edges_v: tuple[Fraction, Fraction], nominal_mv: int) -> Limits:
    """Return limits in volts as cells, outward: a cell is rounded away from nominal, so a limit has to be, too."""
    lower, upper = ((edge * 1000 / nominal_mv - 1) * _CELLS_PER_NOMINAL for edge in edges_v)
    return Limits(lower=lower.__floor__(), upper=upper.__ceil__())


def counted_by_verdicts(verdict: NDArray[np.uint8]) -> Counted:
    """Return our own counters of minutes with these verdicts."""
    qualified, over, under = (int((verdict == code).sum()) for code in (PASS, OVER, UNDER))
    return Counted(qualified + over + under, over, under, qualified)


def reconcile(told: MonitorDay, ledger: LedgerDay, nominal_mv: int) -> Reconciled:
    """Return both counts of a day, and what each reason contributes to their difference.

    The device is taken to count in that way, of all known ones, which leaves least over; of equally good ones in the
    one that is most like ours. What remains is put down to the way that a minute is judged (one of its seconds
    instead of its mean) as far as there are minutes within 1 % of the limits, and else is unexplained.
    """
    theirs = told.counted
    ours = counted_by_verdicts(ledger.verdict)
    qualified = None if told.qualified_v is None else limits_of(told.qualified_v, nominal_mv)
    assessment = None if told.assessment_v is None else limits_of(told.assessment_v, nominal_mv)
    day = _Day(ledger, assessment)
    way = min(
        _ways(qualified, assessment),
        key=lambda one: ((theirs - day.count(one)).size, one.n_departures),
    )
    steps: dict[Step, Counted] = {}
    taken = _Way(None, False, False, "excluded", "excluded")
    before = ours
    for step, then in _one_by_one(taken, way):
        after = day.count(then)
        if after != before:
            steps[step] = after - before
        before = after
    left = theirs - before
    if left != NOTHING and left.monitored == 0 and _moved(left) <= day.n_near(qualified):
        steps["method"] = left
        left = NOTHING
    return Reconciled(
        told=told,
        ours=ours,
        steps=steps,
        unexplained=left,
        outages=way.outages,
        missing=way.missing,
        remarks=tuple(_remarks(told, left)),
    )


class _Day:
    """A day of the ledger, to be counted in several ways."""

    def __init__(self, ledger: LedgerDay, assessment: Limits | None) -> None:
        self._verdict = ledger.verdict
        known = ledger.cell != CELL_NONE
        self._highest = np.where(known, ledger.cell, np.iinfo(np.int16).min).max(axis=0)
        self._lowest = np.where(known, ledger.cell, np.iinfo(np.int16).max).min(axis=0)
        self._judged = np.isin(ledger.verdict, (PASS, OVER, UNDER))
        self._dark = ledger.verdict == INTERRUPTED
        self._exempt = (ledger.verdict == EXEMPT) & known.any(axis=0)
        self._silent = ~(self._judged | self._dark | self._exempt)
        self._outside = np.zeros(ledger.verdict.size, np.bool_)
        if assessment is not None:
            self._outside = (self._highest > assessment.upper) | (self._lowest < assessment.lower)

    def count(self, way: _Way) -> Counted:
        """Return the counters of a device that counts in this way."""
        measured = self._judged | self._exempt if way.has_exempt else self._judged
        if way.has_assessment:
            measured = measured & ~self._outside
        over, under = (int(one.sum()) for one in self._sides(measured, way.limits))
        monitored = int(measured.sum())
        n_dark, n_silent = int(self._dark.sum()), int(self._silent.sum())
        if way.outages != "excluded":
            monitored += n_dark
            under += n_dark if way.outages == "under" else 0
        if way.missing == "qualified":
            monitored += n_silent
        return Counted(monitored, over, under, monitored - over - under)

    def n_near(self, limits: Limits | None) -> int:
        """Return how many measured minutes lie within 1 % of nominal of a limit; of unknown limits none is known to."""
        if limits is None:
            return 0
        measured = self._judged | self._exempt
        near = (np.abs(self._highest.astype(np.int32) - limits.upper) <= _NEAR_CELLS) | (
            np.abs(self._lowest.astype(np.int32) - limits.lower) <= _NEAR_CELLS
        )
        return int((measured & near).sum())

    def _sides(
        self, measured: NDArray[np.bool_], limits: Limits | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which minutes are over and which under; of both the greater excess, at a tie under."""
        if limits is None:
            return measured & (self._verdict == OVER), measured & (self._verdict == UNDER)
        above = self._highest.astype(np.int32) - limits.upper
        below = limits.lower - self._lowest.astype(np.int32)
        return measured & (above > 0) & (above > below), measured & (below > 0) & (below >= above)


def _ways(qualified: Limits | None, assessment: Limits | None) -> Iterator[_Way]:
    """Yield every way that devices are known to count in."""
    for limits, exempt, outside, outages, missing in product(
        (None,) if qualified is None else (None, qualified),
        (False, True),
        (False,) if assessment is None else (False, True),
        get_args(OutageHabit),
        get_args(MissingHabit),
    ):
        if not (limits is None and (exempt or outside)):  # verdicts of exempt minutes say no side
            yield _Way(limits, exempt, outside, outages, missing)


def _one_by_one(start: _Way, end: _Way) -> Iterator[tuple[Step, _Way]]:
    """Yield the ways between two, one habit after the other."""
    at = start
    at = _Way(end.limits, at.has_exempt, at.has_assessment, at.outages, at.missing)
    yield "limits", at
    at = _Way(at.limits, end.has_exempt, at.has_assessment, at.outages, at.missing)
    yield "exempt", at
    at = _Way(at.limits, at.has_exempt, end.has_assessment, at.outages, at.missing)
    yield "assessment", at
    at = _Way(at.limits, at.has_exempt, at.has_assessment, end.outages, at.missing)
    yield "interrupted", at
    yield "missing", end


def _moved(left: Counted) -> int:
    """Return how many minutes have to be judged otherwise to make up a difference without one in the total."""
    return (abs(left.over) + abs(left.under) + abs(left.qualified) + 1) // 2


def _remarks(told: MonitorDay, left: Counted) -> Iterator[str]:
    counted = told.counted
    total = counted.over + counted.under + counted.qualified
    if total != counted.monitored:
        yield f"over + under + qualified = {total} min, monitored = {counted.monitored} min"
    if counted.monitored > _DAY_MINUTES_MAX:
        yield f"monitored = {counted.monitored} min, more than a day has"
    if left != NOTHING and told.qualified_v is None:
        yield "the row does not say which limits the device judges by"
    if told.qualified_v is not None and told.assessment_v is not None:
        (lower, upper), (outer_lower, outer_upper) = told.qualified_v, told.assessment_v
        if not outer_lower <= lower < upper <= outer_upper:
            yield "the assessment limits do not lie outside the qualified ones"
