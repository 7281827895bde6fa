"""Weeks as parts of answers."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Self

from pydantic import Field

from service.api.few_members import WITHHELD
from service.api.shapes import METHOD, Basis, Shape
from service.domain.rates import Method, method_of
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.domain.week_limits import (
    LimitCounts,
    Standing,
    WeekVerdict,
    limits_of,
    standing,
    week_edges,
    week_verdict,
)
from service.domain.weeks import Percentiles, Week
from service.store.week_reads import RegionCompliance, Standings

_CELLS = 10_000  # of nominal


class LimitShape(Shape):
    """How the values of a week stand to one limit, in the phase that stands worst."""

    value_s: int = Field(
        description="of which means: 60, minutes; 600, ten minutes (root mean square)"
    )
    lower_percent: float | None = Field(description="edge, inside, percent from nominal")
    upper_percent: float | None = Field(description="edge, inside, percent from nominal")
    outside_share_max: float = Field(
        description="share that may lie outside, inclusive, 0..1", examples=[0.05]
    )
    standing: Standing = Field(
        description="unknown: too few values, and the missing ones could decide it"
    )
    values: int = Field(description="values that count", examples=[1008])
    outside: int = Field(description="those of them outside")
    flagged: int = Field(description="left out: a dip, swell or interruption lay in them")
    due: int = Field(description="values that there could have been, flagged ones included")
    outside_share: float | None = Field(description="outside / values; null without a value")
    lower: float | None = Field(description="the least share, as if all missing values were inside")
    upper: float | None = Field(
        description="the greatest share, as if all missing values were outside"
    )
    coverage: float | None = Field(description="values / (due - flagged), 0..1")
    source: str = Field(description="standard and clause")


class PercentilesShape(Shape):
    """Voltages that a share of the measured minutes of all phases do not exceed, by nearest rank; null without any."""

    minutes: int = Field(description="measured minutes of all phases, interrupted ones left out")
    v1: float | None = Field(description="volts", examples=[215.27])
    v5: float | None = Field(description="volts")
    v95: float | None = Field(description="volts")
    v99: float | None = Field(description="volts")

    @classmethod
    def of(cls, found: Percentiles, nominal_mv: int) -> Self:
        """Return percentiles as part of an answer."""

        def volts(cell: int | None) -> float | None:
            return None if cell is None else nominal_mv * (_CELLS + cell) / (1000 * _CELLS)

        return cls(
            minutes=found.n_values,
            v1=volts(found.v1),
            v5=volts(found.v5),
            v95=volts(found.v95),
            v99=volts(found.v99),
        )


class _WeekSpan(Shape):
    week: date = Field(description="its Monday", examples=["2024-03-04"])
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")


class WeekShape(_WeekSpan):
    """A week of a point, from Monday to Monday on the clocks of the deployment's zone."""

    provisional: bool = Field(description="the data have not reached the end of the week yet")
    verdict: WeekVerdict = Field(
        description="compliant: every limit is kept; no_rule: no limit covers the point"
    )
    method: Method | None = Field(description=METHOD)
    limits: list[LimitShape]
    percentiles: PercentilesShape


class PointWeeks(Basis):
    """The weeks of a point under the week limits of a rule set."""

    point: str
    coverage_floor: float = Field(description="of the values of a week, of the rule set")
    weeks: list[WeekShape]


class StandingsShape(Shape):
    """Points or customers by how they stood in a week, and the share of them that complied."""

    compliant: int
    not_compliant: int
    not_enough_data: int
    share: float | None = Field(
        description="compliant / (compliant + not_compliant), 0..1; null without either"
    )
    lower: float | None = Field(
        description="compliant / all: as if all others had not complied; null without any"
    )
    upper: float | None = Field(description="as if all those without enough data had complied")
    coverage: float | None = Field(description="(compliant + not_compliant) / all")

    @classmethod
    def of(cls, found: Standings) -> Self:
        """Return standings as part of an answer."""
        n_decided = found.n_compliant + found.n_not_compliant
        n_all = n_decided + found.n_unknown
        return cls(
            compliant=found.n_compliant,
            not_compliant=found.n_not_compliant,
            not_enough_data=found.n_unknown,
            share=_share(found.n_compliant, n_decided),
            lower=_share(found.n_compliant, n_all),
            upper=_share(found.n_compliant + found.n_unknown, n_all),
            coverage=_share(n_decided, n_all),
        )


class ComplianceShape(Shape):
    """Points and customers that the week limits cover."""

    points: StandingsShape
    customers: StandingsShape = Field(
        description="a customer complies if all its points do, and does not if one does not"
    )
    pending: int = Field(description="points whose week is to be counted anew: late data came")
    method: Method | None = Field(
        description=METHOD + "; of a group: sampled, if any point with data is"
    )


class RegionShape(ComplianceShape):
    """The points of one region; a customer with points in several belongs to the first by code."""

    region: str = Field(description="code of the region")
    name: str


class Compliance(Basis, _WeekSpan):
    """What share of points and customers kept the week limits of a rule set."""

    total: ComplianceShape = Field(
        description="all regions together; of those that are shown, where the rest are too few to be told of"
    )
    regions: list[RegionShape]
    withheld_groups: int = Field(description=WITHHELD)


def week_shape(
    week: Week,
    counted: tuple[Percentiles, Sequence[LimitCounts], int | None],
    point: Point,
    rule_set: RuleSet,
    *,
    is_provisional: bool,
) -> WeekShape:
    """Return a counted week as part of an answer; its instants are UTC."""
    found, limits, interval_s = counted
    floor = Fraction(rule_set.coverage.floor)
    rows = dict(limits_of(rule_set, point))
    standings = [standing(one, rows[one.limit_no], floor) for one in limits]
    return WeekShape(
        week=week.monday,
        from_at=week.from_at,
        to_at=week.to_at,
        provisional=is_provisional,
        verdict=week_verdict(standings),
        method=None if interval_s is None else method_of(interval_s),
        limits=[
            _limit(one, how, point, rule_set) for one, how in zip(limits, standings, strict=True)
        ],
        percentiles=PercentilesShape.of(found, point.nominal_mv),
    )


def _limit(counts: LimitCounts, how: Standing, point: Point, rule_set: RuleSet) -> LimitShape:
    row = rule_set.week_limits[counts.limit_no]
    lower, upper = week_edges(row, point.nominal_mv)
    bounds = counts.bounds
    return LimitShape(
        value_s=row.value_s,
        lower_percent=None if lower is None else lower / 100,
        upper_percent=None if upper is None else upper / 100,
        outside_share_max=float(row.outside_share_max),
        standing=how,
        values=counts.n_values,
        outside=counts.n_outside,
        flagged=counts.n_flagged,
        due=counts.n_due,
        outside_share=_number(counts.share_outside),
        lower=None if bounds is None else float(bounds[0]),
        upper=None if bounds is None else float(bounds[1]),
        coverage=_number(counts.coverage),
        source=row.source,
    )


def told_of(one: RegionCompliance) -> int:
    """Return of how few the figures of a region tell: of its points, or of its customers where it has any."""
    points, customers = (
        its.n_compliant + its.n_not_compliant or its.n_unknown
        for its in (one.points, one.customers)
    )
    return min(points, customers or points)


def region_shape(one: RegionCompliance) -> RegionShape:
    """Return a region as part of an answer."""
    return RegionShape(region=one.region, name=one.region_name, **dict(compliance_shape([one])))


def compliance_shape(regions: Sequence[RegionCompliance]) -> ComplianceShape:
    """Return some regions together as part of an answer."""
    none = Standings(n_compliant=0, n_not_compliant=0, n_unknown=0)
    known = [one.is_sampled for one in regions if one.is_sampled is not None]
    method: Method = "sampled" if any(known) else "continuous"
    return ComplianceShape(
        points=StandingsShape.of(sum((one.points for one in regions), none)),
        customers=StandingsShape.of(sum((one.customers for one in regions), none)),
        pending=sum(one.n_pending for one in regions),
        method=method if known else None,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
