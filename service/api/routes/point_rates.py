"""The voltage pass rate of one point, period by period."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.columns import ROWS
from service.api.context import Context
from service.api.parameters import From, To, check_length, span_of
from service.api.period_counts import PeriodCounts, period_counts, sum_of
from service.api.point_verdicts import PointVerdicts, point_verdicts, undeclared_verdicts
from service.api.routes.points import PointName, known_point
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, PointRates, Shape, basis_of, point_rates
from service.api.table_routes import TableRoute
from service.domain.periods import By, periods
from service.domain.rates import VerdictCounts
from service.domain.registry import DeclarationKind, Point
from service.store.deployment_reads import reading

router = APIRouter(tags=["pass rates"], route_class=TableRoute)

LONGEST: Final[dict[By, timedelta]] = {
    "hour": timedelta(days=31),
    "day": timedelta(days=400),
    "month": timedelta(days=1830),
}
LONGEST_WITHOUT: Final = timedelta(days=400)


class _Period(Shape):
    period: str = Field(
        description="local name: 2024-03-01T08:00+08:00, 2024-03-01 or 2024-03",
        examples=["2024-03-01"],
    )
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")


class PeriodRates(PointRates, _Period):
    """The rate of one hour, day or month, or of the part of it that was asked for."""


class PhaseRates(PointRates):
    """The rate of one phase."""

    phase: int = Field(
        description="1 to 3: a, b, c, or between lines ab, bc, ca where the wiring is 3p3w"
    )


class Exemption(Shape):
    """Months in which the customer was below its required power factor at peak hours."""

    months: list[date] = Field(
        description="first days; in them every measured minute with supply is exempt"
    )
    total_without: PointRates | None = Field(
        description="the total as if nobody were exempt; null: no month is exempt, it would be the same"
    )


class Undeclared(Shape):
    """The total as if nobody had made declarations of some kinds."""

    left_out: list[DeclarationKind]
    total: PointRates = Field(
        description="without abnormal_state all minutes are judged by the normal band; without outage those that "
        "only a declared outage explains are missing"
    )


class _Asked(Shape):
    point: str
    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(alias="to", description="exclusive")
    by: By


class PointPassRate(Basis, _Asked):
    """The pass rate of one point, in total and period by period."""

    total: PointRates
    phases: list[PhaseRates] = Field(
        description="the total phase by phase; a phase that may be absent and is, is left out"
    )
    exemption: Exemption
    undeclared: Undeclared | None = Field(description="null unless asked for by `without`")
    periods: Annotated[list[PeriodRates], ROWS]


class RatesAsked(NamedTuple):
    """Which rates are meant."""

    by: By
    without: frozenset[DeclarationKind]


def _rates_asked(
    by: Annotated[
        By, Query(description="an hour at most over 31 days, a day over 400, a month over 1830")
    ] = "day",
    without: Annotated[
        list[DeclarationKind] | None,
        Query(
            description="kinds of declarations: also return the total as if nobody had made any of them; "
            "at most over 400 days"
        ),
    ] = None,
) -> RatesAsked:
    return RatesAsked(by, frozenset(without or ()))


@router.get("/v1/points/{point:path}/pass-rate", summary="Pass rate of one point")
async def point_pass_rate(
    context: Context,
    point: PointName,
    asked: Annotated[RatesAsked, Depends(_rates_asked)],
    from_: From = None,
    to: To = None,
    rule_set: RuleSetName = None,
) -> PointPassRate:
    """Return the share of time in which the voltage of a point was good, from its minutes.

    A minute of the point is good if all its phases are; `phases` says it of each. Days and months
    are those of the deployment's zone: a day has 1380, 1440 or 1500 minutes. Estimated minutes
    count as missing. Hours without data count as missing while the point is in service. Under
    another rule set than the one in force the minutes are judged as they are read, today's too.
    """
    by = asked.by
    rules = rules_of(context, rule_set)
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST[by])
        if asked.without:
            check_length(*span, LONGEST_WITHOUT)
        found = await known_point(snapshot, point)
        parts = list(periods(*span, by, snapshot.zone))
        verdicts = await point_verdicts(context, snapshot, found, span, rules)
        untold = None
        if asked.without:
            untold = await undeclared_verdicts(snapshot, found, span, rules, asked.without)
    counted = list(period_counts(verdicts.total, parts, found, snapshot.data_through))
    without = None
    if verdicts.unexempted is not None:
        plain = period_counts(verdicts.unexempted, parts, found, snapshot.data_through)
        without = sum_of(list(plain))
    floor = Fraction(rules.coverage.floor)
    undeclared = None
    if untold is not None:
        parts_of_it = list(period_counts(untold, parts, found, snapshot.data_through))
        undeclared = Undeclared(
            left_out=sorted(asked.without), total=point_rates(*sum_of(parts_of_it), floor)
        )
    total, interval_s = sum_of(counted)
    from_at, to_at = (at.astimezone(snapshot.zone) for at in span)
    return PointPassRate(
        **basis_of(context, snapshot, rules),
        point=found.point,
        from_at=from_at,
        to_at=to_at,
        by=by,
        periods=[_period(part, floor, snapshot.zone) for part in counted],
        total=point_rates(total, interval_s, floor),
        phases=_phases(verdicts, found, interval_s, floor),
        exemption=Exemption(
            months=verdicts.months,
            total_without=None if without is None else point_rates(*without, floor),
        ),
        undeclared=undeclared,
    )


def _phases(
    verdicts: PointVerdicts, point: Point, interval_s: int | None, floor: Fraction
) -> list[PhaseRates]:
    """Return the rates of the phases of a point over the part of a span that is due."""
    if not verdicts.n_due:
        return []
    return [
        PhaseRates(
            phase=phase + 1,
            **dict(point_rates(VerdictCounts.of_due(verdicts.n_due, minutes), interval_s, floor)),
        )
        for phase, minutes in enumerate(verdicts.phases.tolist())
        if not (point.wiring == "3p3w" and phase == 1 and not any(minutes[1:]))
    ]


def _period(part: PeriodCounts, floor: Fraction, zone: ZoneInfo) -> PeriodRates:
    return PeriodRates(
        **dict(point_rates(part.counts, part.interval_s, floor)),
        period=part.period.label,
        from_at=part.period.from_at.astimezone(zone),
        to_at=part.period.to_at.astimezone(zone),
    )
