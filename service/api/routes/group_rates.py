"""The voltage pass rate of groups of points."""

from datetime import date, timedelta
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.context import Context
from service.api.few_members import WITHHELD, Fewest
from service.api.parameters import From, Text, To, check_length, days_of
from service.api.rule_choice import KeptRuleSetName, kept_rules_of
from service.api.shapes import METHOD, Basis, Minutes, Rates, Shape, basis_of, local, rates
from service.api.table_routes import TableRoute
from service.domain.few_members import fewest_seen, without_few
from service.domain.periods import day_start
from service.domain.rates import Method, method_of
from service.errors import TooMuchError
from service.store.beside_reads import beside_through, n_days_waiting
from service.store.deployment_reads import reading
from service.store.group_reads import GroupBy, GroupCounts, GroupsAsked, group_counts

router = APIRouter(tags=["pass rates"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)
GROUPS_MAX: Final = 5000


class GroupShape(Shape):
    """A region, feeder, area or class. Points without minutes due in the range take no part."""

    group: str = Field(
        description="code of the region or feeder, area or class; area none: the point supplies no customer"
    )
    name: str = Field(description="of the region or feeder")
    rate: float | None = Field(
        description="unweighted mean of the rates of the monitored points, 0..1; null without one"
    )
    lower: float | None = Field(description="unweighted mean of their lower bounds")
    upper: float | None = Field(description="unweighted mean of their upper bounds")
    coverage: float | None = Field(description="unweighted mean of their coverages")
    method: Method | None = Field(
        description=METHOD + "; of a group: sampled, if any monitored point is"
    )
    points: int = Field(description="points with minutes due")
    monitored: int = Field(description="points that have a rate and reach the coverage floor")
    not_monitored: int = Field(description="the others; they are in `pooled` only")
    not_monitored_share: float = Field(description="their share of the points, 0..1")
    sampled: int = Field(description="monitored points that give less than a value a minute")
    pooled: Rates = Field(description="all minutes of all points together, monitored or not")
    minutes: Minutes = Field(description="the same minutes, by verdict")


class _Asked(Shape):
    group_by: GroupBy
    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")


class GroupPassRate(Basis, _Asked):
    """The pass rates of groups of points over days of the deployment's zone."""

    coverage_floor: float = Field(
        description="below this coverage a point is not monitored, of the rule set"
    )
    days_waiting: int = Field(
        description="days of points that count as they were counted last, or not yet, as `settle` is about to "
        "count them; 0 under the rule set in force, whose days are counted as they are read"
    )
    groups: list[GroupShape] = Field(description="in the order of their codes")
    withheld_groups: int = Field(description=WITHHELD)


class _Chosen(NamedTuple):
    by: GroupBy
    region: str | None


def _chosen(
    group_by: Annotated[GroupBy, Query(description="what makes a group")],
    region: Annotated[Text | None, Query(description="only points of this region")] = None,
) -> _Chosen:
    return _Chosen(group_by, region)


@router.get("/v1/pass-rate", summary="Pass rates of regions, feeders, areas or classes")
async def group_pass_rate(
    context: Context,
    chosen: Annotated[_Chosen, Depends(_chosen)],
    fewest: Fewest,
    from_: From = None,
    to: To = None,
    rule_set: KeptRuleSetName = None,
) -> GroupPassRate:
    """Return the rate of each group: the unweighted mean of its monitored points, the pooled rate beside it.

    Days are those of the deployment's zone, at most 400. A point below the coverage floor is "not
    monitored", never "compliant". Under a rule set beside the one in force days count that are over,
    as `data_through` says.
    """
    async with reading(context.reader) as snapshot:
        days = days_of(from_, to, snapshot, context.now())
        first, last = (day_start(day, snapshot.zone) for day in days)
        check_length(first, last, LONGEST)
        rules = await kept_rules_of(context, snapshot, rule_set)
        is_beside = rules.name != context.rule_set.name
        asked = GroupsAsked(
            by=chosen.by,
            days=days,
            coverage_floor=rules.coverage.floor,
            region=chosen.region,
            beside=rules.name if is_beside else None,
        )
        groups = await group_counts(snapshot.connection, asked, GROUPS_MAX + 1)
        through, n_waiting = snapshot.data_through, 0
        if is_beside:
            through = await beside_through(snapshot.connection)
            n_waiting = await n_days_waiting(snapshot.connection, days)
    if len(groups) > GROUPS_MAX:
        raise TooMuchError(
            f"there are more than {GROUPS_MAX} groups; give a region, or group by region",
            "query",
            "group_by",
        )
    shown, n_withheld = without_few(
        groups, lambda one: fewest_seen(one.n_points, one.n_monitored), fewest
    )
    return GroupPassRate(
        **(basis_of(context, snapshot, rules) | {"data_through": local(through, snapshot.zone)}),
        from_day=days[0],
        to_day=days[1],
        group_by=chosen.by,
        coverage_floor=float(rules.coverage.floor),
        days_waiting=n_waiting,
        groups=[_group(one) for one in shown],
        withheld_groups=n_withheld,
    )


def _group(one: GroupCounts) -> GroupShape:
    n_not_monitored = one.n_points - one.n_monitored
    return GroupShape(
        group=one.group,
        name=one.name,
        rate=one.mean.rate,
        lower=one.mean.lower,
        upper=one.mean.upper,
        coverage=one.mean.coverage,
        method=_method(one),
        points=one.n_points,
        monitored=one.n_monitored,
        not_monitored=n_not_monitored,
        not_monitored_share=n_not_monitored / one.n_points,
        sampled=one.n_sampled,
        pooled=rates(one.counts),
        minutes=Minutes.of(one.counts),
    )


def _method(one: GroupCounts) -> Method | None:
    if one.n_monitored:
        return "sampled" if one.n_sampled else "continuous"
    return None if one.interval_s is None else method_of(one.interval_s)
