"""How a week stands to the week limits of a rule set: its values, those outside, those left out.

Voltages are compared as whole numbers: a cell is 0.01 % of nominal, so 10000 + cell is the voltage,
and a root of a mean of squares is outside an edge when the mean of squares is outside its square.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.domain.bands import interruption_below, level_kv
from service.domain.registry import Point
from service.domain.rule_rows import WeekLimitRow, WeekRow, cells_of
from service.domain.rules import RuleSet
from service.domain.weeks import WeekMinutes

Standing = Literal["kept", "exceeded", "unknown"]
WeekVerdict = Literal["compliant", "not_compliant", "not_enough_data", "no_rule"]

_NOMINAL: Final = 10_000  # in cells
_MINUTE_S: Final = 60
_GRAVITY: Final[tuple[Standing, ...]] = ("kept", "unknown", "exceeded")


@dataclass(frozen=True, slots=True)
class FlagEvent:
    """A dip, swell or interruption of the point, in seconds since the Unix epoch.

    An interruption without an end goes on; a dip or swell without one flags nothing, for nobody knows
    how long it is.
    """

    kind: Literal["dip", "swell", "interruption"]
    start_s: float
    end_s: float | None  # None while open


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCounts:
    """The values of a week and one phase that one limit looks at."""

    limit_no: int  # place among the week_limits of the rule set, from 0
    n_due: int  # values that there could have been, flagged ones included
    n_values: int  # measured well enough, and not flagged
    n_outside: int
    n_flagged: int  # left out: a dip, swell or interruption lay in them

    @property
    def n_possible(self) -> int:
        """Values that would have counted, had all been measured."""
        return self.n_due - self.n_flagged

    @property
    def share_outside(self) -> Fraction | None:
        """The share of the values outside, 0..1; None without a value."""
        return Fraction(self.n_outside, self.n_values) if self.n_values else None

    @property
    def coverage(self) -> Fraction | None:
        """The share of the possible values that are there, 0..1; None where none was possible."""
        return Fraction(self.n_values, self.n_possible) if self.n_possible else None

    @property
    def bounds(self) -> tuple[Fraction, Fraction] | None:
        """The least and the greatest share outside, had all possible values been measured; None where none was."""
        if not self.n_possible:
            return None
        n_unknown = self.n_possible - self.n_values
        return (
            Fraction(self.n_outside, self.n_possible),
            Fraction(self.n_outside + n_unknown, self.n_possible),
        )


def limits_of(rule_set: RuleSet, point: Point) -> list[tuple[int, WeekLimitRow]]:
    """Return the week limits that cover ``point``, each with its place among those of the rule set."""
    level = level_kv(rule_set, point)
    return [
        (limit_no, row)
        for limit_no, row in enumerate(rule_set.week_limits)
        if point.wiring in row.wirings
        and point.point_class in row.classes
        and row.covers_level(level)
    ]


def longest_flagged_s(rule_sets: Iterable[RuleSet]) -> int:
    """Return how long a dip or swell lasts that any of the rule sets flags, in seconds, at most; 0: none does."""
    return max((one.week.flagged_s_max for one in rule_sets if one.week is not None), default=0)


def count_week(
    minutes: WeekMinutes, events: Sequence[FlagEvent], rule_set: RuleSet, point: Point
) -> list[LimitCounts]:
    """Return the counts of the phase that decides, for each week limit that covers ``point``.

    That is the phase that stands worst, among those the one with the greatest share outside. A phase
    that may be absent (the middle one of 3p3w) takes part if it was measured.

    Source: EN 50160 (N valid values, N1 outside, flagged ones not in N) with IEC 61000-4-30.
    """
    week = rule_set.week
    if week is None:
        return []
    seen = _Seen.of(minutes, interruption_below(rule_set), point)
    coverage_floor = Fraction(rule_set.coverage.floor)
    counted = []
    for limit_no, row in limits_of(rule_set, point):
        values = _values(minutes, seen, week, events, row.value_s)
        edges = week_edges(row, point.nominal_mv)
        phases = [_count(values, phase, edges, limit_no) for phase in seen.phases]
        weights = [_weight(one, row, coverage_floor) for one in phases]
        counted.append(phases[weights.index(max(weights))])
    return counted


def standing(counts: LimitCounts, row: WeekLimitRow, coverage_floor: Fraction) -> Standing:
    """Return whether a limit was kept; its share and the coverage floor (0..1) are inclusive.

    Exceeded also when so many values are outside that the missing ones could not mend it, however
    few were measured; else coverage below the floor leaves it unknown.
    """
    share_max = Fraction(row.outside_share_max)
    if counts.n_outside > share_max * counts.n_possible:
        return "exceeded"
    if not counts.n_values or counts.n_values < coverage_floor * counts.n_possible:
        return "unknown"
    return "exceeded" if counts.n_outside > share_max * counts.n_values else "kept"


def week_verdict(standings: Sequence[Standing]) -> WeekVerdict:
    """Return what a week is under all its limits: compliant only if each is kept."""
    if not standings:
        return "no_rule"
    if "exceeded" in standings:
        return "not_compliant"
    return "not_enough_data" if "unknown" in standings else "compliant"


def week_edges(row: WeekLimitRow, nominal_mv: int) -> tuple[int | None, int | None]:
    """Return the lower and upper edge of a limit, 0.01 % from nominal, both inside; None: there is none.

    Edges in volts are snapped outward to the grid, as those of bands are.
    """
    lower = _cell(row.lower_percent, row.lower_v, nominal_mv)
    upper = _cell(row.upper_percent, row.upper_v, nominal_mv)
    return None if lower is None else floor(lower), None if upper is None else ceil(upper)


def _cell(percent: Decimal | None, volts: Decimal | None, nominal_mv: int) -> Fraction | None:
    if percent is not None:
        return Fraction(cells_of(percent))
    if volts is None:
        return None
    return Fraction(volts) * 1000 * _NOMINAL / nominal_mv - _NOMINAL


class _Seen(NamedTuple):
    """What was measured of the phases that take part."""

    phases: list[int]
    known: NDArray[np.bool_]  # (n_phases, n_minutes): measured and with supply
    dark: NDArray[np.bool_]  # without supply

    @classmethod
    def of(cls, minutes: WeekMinutes, below: int, point: Point) -> "_Seen":
        dark = minutes.interrupted(below)
        known = minutes.measured & ~dark
        phases = [
            phase
            for phase in range(known.shape[0])
            if not (point.wiring == "3p3w" and phase == 1) or minutes.measured[phase].any()
        ]
        return cls(phases, known, dark)


class _Values(NamedTuple):
    """Values of one length, ``(n_phases, n_values)`` each; squares of voltages in cells."""

    n_known: NDArray[np.int64]  # minutes in the value
    square_sum: NDArray[np.int64]  # of their voltages
    is_due: NDArray[np.bool_]
    is_valid: NDArray[np.bool_]
    is_flagged: NDArray[np.bool_]


def _values(
    minutes: WeekMinutes, seen: _Seen, week: WeekRow, events: Sequence[FlagEvent], value_s: int
) -> _Values:
    """Return the values of a week: each minute, or each ten minutes of the UTC grid that begin in it."""
    n_each = value_s // _MINUTE_S
    begin = -minutes.first_minute % n_each
    end = minutes.n_in_week + -(minutes.first_minute + minutes.n_in_week) % n_each
    starts_s = (minutes.first_minute + np.arange(begin, end, n_each)) * _MINUTE_S

    def sums(of_minute: NDArray[np.int64]) -> NDArray[np.int64]:
        total: NDArray[np.int64] = (
            of_minute[:, begin:end].reshape(of_minute.shape[0], -1, n_each).sum(2)
        )
        return total

    volts = np.where(seen.known, minutes.cell.astype(np.int64) + _NOMINAL, 0)
    n_known = sums(seen.known.astype(np.int64))
    n_needed = min(week.known_minutes_min, n_each)
    n_dark = sums(seen.dark.astype(np.int64))
    n_due = sums(np.broadcast_to(minutes.due, seen.known.shape).astype(np.int64))
    is_flagged = np.zeros(n_known.shape, np.bool_)
    if week.leaves_out_flagged:
        in_event = _in_event(starts_s, value_s, events, week.flagged_s_max)
        is_flagged = (in_event | (n_dark > 0)) & (n_due > 0)
    return _Values(
        n_known=n_known,
        square_sum=sums(volts * volts),
        is_due=(n_due - n_dark >= n_needed) | is_flagged,
        is_valid=(n_known >= n_needed) & ~is_flagged,
        is_flagged=is_flagged,
    )


def _in_event(
    starts_s: NDArray[np.int64], value_s: int, events: Sequence[FlagEvent], longest_s: int
) -> NDArray[np.bool_]:
    """Return which values an event lies in. A dip or swell longer than ``longest_s`` is measured, not flagged."""
    found = np.zeros(starts_s.size, np.bool_)
    for one in events:
        end_s = np.inf if one.end_s is None else one.end_s
        if one.kind != "interruption" and end_s - one.start_s > longest_s:
            continue
        found |= (starts_s < max(end_s, one.start_s + 1)) & (starts_s + value_s > one.start_s)
    return found


def _count(
    values: _Values, phase: int, edges: tuple[int | None, int | None], limit_no: int
) -> LimitCounts:
    lower, upper = edges
    n_known, square_sum = values.n_known[phase], values.square_sum[phase]
    outside = np.zeros(n_known.size, np.bool_)
    if lower is not None:
        outside |= square_sum < n_known * (_NOMINAL + lower) ** 2
    if upper is not None:
        outside |= square_sum > n_known * (_NOMINAL + upper) ** 2
    is_valid = values.is_valid[phase]
    return LimitCounts(
        limit_no=limit_no,
        n_due=int(values.is_due[phase].sum()),
        n_values=int(is_valid.sum()),
        n_outside=int((outside & is_valid).sum()),
        n_flagged=int(values.is_flagged[phase].sum()),
    )


def _weight(
    counts: LimitCounts, row: WeekLimitRow, coverage_floor: Fraction
) -> tuple[int, Fraction, int]:
    """Return how much a phase decides; of phases that stand alike the one with the most values missing, last."""
    gravity = _GRAVITY.index(standing(counts, row, coverage_floor))
    return gravity, counts.share_outside or Fraction(0), counts.n_possible - counts.n_values
