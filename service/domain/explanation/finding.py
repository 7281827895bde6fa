"""What the minutes of a point come to: kept or failed, and when neither may be said."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from service.domain.bands import Band, band_of, level_kv
from service.domain.rates import (
    Method,
    Rate,
    VerdictCounts,
    is_monitored,
    method_of,
    rate_of,
)
from service.domain.registry import Point, TargetArea
from service.domain.rules import RuleSet
from service.domain.target_rows import TargetRow

Outcome = Literal[
    "kept",
    "failed",
    "no_target",
    "not_monitored",
    "nothing_judged",
    "no_readings",
    "no_rule",
    "not_due",
]
_FROM_KV: Final = 10  # of points_from_10kv


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the minutes of a point come to, and by which numbers."""

    counts: VerdictCounts  # of the minutes due
    rate: Rate
    floor: Decimal  # of coverage, 0..1
    band: Band | None  # in normal state; None: no rule covers the point
    target: TargetRow | None  # the highest that its rate is held against
    method: Method | None  # None without a reading
    outcome: Outcome

    @property
    def is_sampled(self) -> bool:
        """Whether readings came more slowly than once a minute: then no rate is statutory."""
        return self.method == "sampled"


def finding_of(
    counts: VerdictCounts,
    interval_s: int | None,
    point: Point,
    rule_set: RuleSet,
    target: TargetRow | None,
) -> Finding:
    """Return what minutes come to under a rule set.

    Args:
        counts: Of the minutes due.
        interval_s: Of the slowest readings; None without one.
        point: Whose.
        rule_set: The one that judged them.
        target: See ``target_of``.
    """
    band, rate = band_of(rule_set, point), rate_of(counts)
    floor = rule_set.coverage.floor
    return Finding(
        counts=counts,
        rate=rate,
        floor=floor,
        band=band,
        target=target,
        method=None if interval_s is None else method_of(interval_s),
        outcome=_outcome(counts, rate, band, (floor, target), has_pages=interval_s is not None),
    )


def target_of(
    rule_set: RuleSet, point: Point, area: TargetArea | None, *, is_residential: bool
) -> TargetRow | None:
    """Return the highest pass-rate target that a point is a member of, None where there is none.

    A target is for an area's figure; the rate of one point is held against it as `below` counts points.

    Args:
        rule_set: Whose targets.
        point: Its level decides about targets from 10 kV on.
        area: Of its customers, the strictest; None: it has none.
        is_residential: It supplies a residential customer.
    """
    has = {
        "residential_points": is_residential,
        "points_from_10kv": level_kv(rule_set, point) >= _FROM_KV,
        "all_points": True,
    }
    return _highest(
        row
        for row in rule_set.targets
        if row.figure == "pass_rate"
        and row.area in {"any", area}
        and has.get(row.population, False)
    )


def _highest(rows: Iterable[TargetRow]) -> TargetRow | None:
    return max(
        (row for row in rows if row.at_least is not None),
        key=lambda row: row.at_least or Decimal(0),
        default=None,
    )


def _outcome(
    counts: VerdictCounts,
    rate: Rate,
    band: Band | None,
    bounds: tuple[Decimal, TargetRow | None],
    *,
    has_pages: bool,
) -> Outcome:
    floor, target = bounds
    if not counts.n_due:
        return "not_due"
    if not has_pages:
        return "no_readings"
    if band is None:
        return "no_rule"
    if not counts.n_to_judge:
        return "nothing_judged"
    if rate.rate is None or not is_monitored(counts, Fraction(floor)):
        return "not_monitored"
    return _against(rate.rate, target)


def _against(rate: Fraction, target: TargetRow | None) -> Outcome:
    if target is None or target.at_least is None:
        return "no_target"
    return "kept" if rate >= Fraction(target.at_least) else "failed"
