"""Weeks: how a point stood under the week limits of a rule set, and what share of points and customers complied."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from service.api.context import Context, ServeContext
from service.api.few_members import Fewest
from service.api.parameters import From, Text, To, check_length, days_of, instant
from service.api.routes.points import PointName, known_point
from service.api.shapes import basis_of
from service.api.table_routes import TableRoute
from service.api.week_shapes import (
    Compliance,
    PointWeeks,
    WeekShape,
    compliance_shape,
    region_shape,
    told_of,
    week_shape,
)
from service.domain.few_members import remainder_tells, without_few
from service.domain.periods import day_start
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.domain.week_limits import LimitCounts, count_week, longest_flagged_s
from service.domain.weeks import Percentiles, Week, percentiles, week_minutes, week_of
from service.errors import RequestError, UnknownRuleSetError
from service.store.deployment_reads import Snapshot, newest_day, reading
from service.store.week_reads import compliance, is_kept, stored_weeks
from service.store.week_rows import WeekSource, week_sources

router = APIRouter(tags=["pass rates"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)
_WEEK: Final = timedelta(days=7)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

RuleSetName = Annotated[
    Text,
    Query(description="a rule set with week limits, see /v1/rule-sets", examples=["en-50160"]),
]


@router.get("/v1/points/{point:path}/weeks", summary="Weekly verdicts of one point")
async def point_weeks(
    context: Context,
    point: PointName,
    rule_set: RuleSetName,
    from_: From = None,
    to: To = None,
) -> PointWeeks:
    """Return each week that the days reach into: its verdict, how it stands to each limit, its percentiles.

    A week that is not over is judged as far as the data reach and is `provisional`. Weeks are those
    of the deployment's zone, from Monday to Monday; at most 400 days are answered. A limit is kept
    if the share of values outside does not exceed its greatest share and enough values are there.
    """
    rules = _rules(context, rule_set)
    async with reading(context.reader) as snapshot:
        days = days_of(from_, to, snapshot, context.now())
        first, last = (day_start(day, snapshot.zone) for day in days)
        check_length(first, last, LONGEST)
        found = await known_point(snapshot, point)
        weeks = await _weeks(snapshot, found, days, rules)
    return PointWeeks(
        **basis_of(context, snapshot, rules),
        point=found.point,
        coverage_floor=float(rules.coverage.floor),
        weeks=weeks,
    )


@router.get("/v1/compliance", summary="Share of points and customers that keep the week limits")
async def week_compliance(
    context: Context,
    fewest: Fewest,
    rule_set: RuleSetName,
    week: Annotated[
        str | None,
        Query(
            description="a day of the week; without it: the last week that the data have passed",
            examples=["2024-03-04"],
        ),
    ] = None,
) -> Compliance:
    """Return the share of points and of customers that kept every week limit of a rule set, by region.

    Only points that a limit covers take part, and only of weeks that are over. Below the coverage
    floor a week is `not_enough_data`, never compliant, unless what was measured exceeds a limit
    whatever the rest was.
    """
    rules = _rules(context, rule_set)
    async with reading(context.reader) as snapshot:
        asked = _over(snapshot, context.now(), week)
        if not await is_kept(snapshot.connection, rules.name):
            raise RequestError(
                f"the weeks of {rules.name} are not kept: name it in VOLTPASS_RULE_SETS_BESIDE",
                "query",
                "rule_set",
            )
        regions = await compliance(snapshot.connection, asked.monday, rules)
    shown, n_withheld = without_few(regions, told_of, fewest)
    few = [told_of(one) for one in regions if told_of(one) < fewest]
    return Compliance(
        **basis_of(context, snapshot, rules),
        week=asked.monday,
        from_at=asked.from_at.astimezone(snapshot.zone),
        to_at=asked.to_at.astimezone(snapshot.zone),
        total=compliance_shape(shown if remainder_tells(few, fewest) else regions),
        regions=[region_shape(one) for one in shown],
        withheld_groups=n_withheld,
    )


def _rules(context: ServeContext, name: str) -> RuleSet:
    """Return the rule set of a request.

    Raises:
        RequestError: There is none of that name, or it has no week limits.
    """
    with_limits = [
        one for one in context.catalogue.names() if context.catalogue.load(one).week_limits
    ]
    there_are = f"those with week limits are: {', '.join(with_limits)}"
    try:
        found = context.catalogue.load(name)
    except UnknownRuleSetError as error:
        raise RequestError(
            f"there is no rule set {name!r}; {there_are}", "query", "rule_set"
        ) from error
    if not found.week_limits:
        raise RequestError(
            f"the rule set {name} has no week limits; {there_are}", "query", "rule_set"
        )
    return found


def _over(snapshot: Snapshot, now: datetime, day: str | None) -> Week:
    """Return the week of a day.

    Raises:
        RequestError: It is no day, or the data have not reached the end of its week.
    """
    through = snapshot.data_through or _NEVER
    if day is None:
        found = week_of(newest_day(snapshot, now), snapshot.zone)
        if through < found.complete_at:
            found = week_of(found.monday - _WEEK, snapshot.zone)
    else:
        at = instant(day, "week", snapshot.zone)
        found = week_of(at.astimezone(snapshot.zone).date(), snapshot.zone)
    if through < found.complete_at:
        raise RequestError(
            f"the week of {found.monday} is not over: the data reach {through.astimezone(snapshot.zone).isoformat()}; "
            "/v1/points/{point}/weeks shows weeks that are not",
            "query",
            "week",
        )
    return found


async def _weeks(
    snapshot: Snapshot, point: Point, days: tuple[date, date], rules: RuleSet
) -> list[WeekShape]:
    """Return the weeks that days reach into: those stored and up to date, the others counted here and now."""
    zone, through = snapshot.zone, snapshot.data_through or _NEVER
    first, end = week_of(days[0], zone).monday, days[1]
    stored = await stored_weeks(snapshot.connection, point, (first, end), rules)
    shown = []
    for monday in (first + nth * _WEEK for nth in range(-(-(end - first).days // 7))):
        week = week_of(monday, zone)
        known = stored.get(monday)
        counted: tuple[Percentiles, list[LimitCounts], int | None]
        if known is not None:
            counted = (known.percentiles, known.limits, known.interval_s)
        else:
            sources = await week_sources(
                snapshot.connection, [point.point_id], week, longest_flagged_s([rules])
            )
            counted = await asyncio.to_thread(
                _count, week, sources[point.point_id], point, rules, through
            )
        shown.append(
            week_shape(week, counted, point, rules, is_provisional=through < week.complete_at)
        )
    return [
        one.model_copy(
            update={"from_at": one.from_at.astimezone(zone), "to_at": one.to_at.astimezone(zone)}
        )
        for one in shown
    ]


def _count(
    week: Week, source: WeekSource, point: Point, rules: RuleSet, through: datetime
) -> tuple[Percentiles, list[LimitCounts], int | None]:
    in_service = (point.valid_from, min(through, point.valid_to or through))
    minutes = week_minutes(week, source.hours, point.n_phases, in_service)
    return percentiles(minutes), count_week(minutes, source.events, rules, point), source.interval_s
