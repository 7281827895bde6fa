"""How many short-duration events a monitored point saw: SARFI of groups of points."""

from datetime import date
from fractions import Fraction
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.context import Context
from service.api.few_members import WITHHELD, Fewest
from service.api.parameters import FrequencyHz, From, Text, To, check_length, days_of
from service.api.routes.group_rates import GROUPS_MAX, LONGEST
from service.api.shapes import METHOD, Basis, Shape, basis_of
from service.api.table_routes import TableRoute
from service.domain.event_tables import load_event_tables
from service.domain.few_members import fewest_seen, without_few
from service.domain.periods import day_start
from service.domain.rates import Method, method_of
from service.domain.sarfi import SarfiIndex, sarfi_index, sarfi_names, sarfi_of
from service.errors import RequestError, TooMuchError
from service.store.deployment_reads import reading
from service.store.sarfi_reads import SarfiCounts, SarfiGroupBy, SarfiGroups, sarfi_counts

router = APIRouter(tags=["interruptions and events"], route_class=TableRoute)

SINGLE_EVENT_METHOD: Final = (
    "voltage: lowest (x above 100: highest) RMS of a reading over the phases; duration: the readings that showed it; "
    "events of a point that touch or overlap are one; thresholds with hysteresis"
)
_MINUTES_OF_A_DAY: Final = 1440


class SarfiShape(Shape):
    """SARFI of a region, feeder or area."""

    group: str = Field(
        description="code of the region or feeder, or area; area none: the point supplies no customer"
    )
    name: str = Field(description="of the region or feeder")
    points: int = Field(description="points with minutes due")
    monitored: int = Field(
        description="points whose minutes are known, measured or interrupted, for the coverage floor or more"
    )
    method: Method | None = Field(
        description=METHOD + "; of a group: that of its slowest monitored point"
    )
    interval_s: int | None = Field(
        description="the longest interval of the monitored points' readings, seconds"
    )
    events: int = Field(
        description="events of monitored points that the index counts, by the duration that the readings show"
    )
    events_certain: int = Field(
        description="those that count whatever the readings leave open of the duration"
    )
    events_possible: int = Field(description="those that may count")
    sarfi: float | None = Field(
        description="events / monitored points, over the days asked for; null without a monitored point"
    )
    lower: float | None = Field(description="the same of the certain events")
    upper: float | None = Field(description="the same of the possible events")
    per_30_days: float | None = Field(
        description="events x 30 / days of the monitored points (GB/T 30137)"
    )
    per_365_days: float | None = Field(description="events x 365 / days of the monitored points")


class SarfiAnswer(Basis):
    """SARFI of groups of points over days of the deployment's zone."""

    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")
    group_by: SarfiGroupBy
    index: str = Field(examples=["SARFI-90"])
    single_event_method: str = Field(description="how an event's voltage and duration are found")
    coverage_floor: float = Field(description="of the rule set, for `monitored`")
    groups: list[SarfiShape] = Field(description="in the order of their codes")
    withheld_groups: int = Field(description=WITHHELD)


def _index(
    x: Annotated[
        Text,
        Query(
            description="the index: 140, 120, 110, 90, 80, 70, 50, 10 percent of nominal, or the curve ITIC or SEMI"
        ),
    ] = "90",
    frequency: FrequencyHz = "50",
) -> SarfiIndex:
    tables = load_event_tables()
    try:
        return sarfi_index(x, tables, int(frequency))
    except KeyError as error:
        allowed = ", ".join(sarfi_names(tables))
        raise RequestError(f"x must be one of {allowed}, not {x!r}", "query", "x") from error


def _groups_asked(
    group_by: Annotated[SarfiGroupBy, Query(description="what makes a group")],
    region: Annotated[Text | None, Query(description="only points of this region")] = None,
) -> SarfiGroups:
    return SarfiGroups(by=group_by, region=region, limit=GROUPS_MAX + 1)


@router.get("/v1/sarfi", summary="SARFI of regions, feeders or areas")
async def group_sarfi(
    context: Context,
    asked: Annotated[SarfiGroups, Depends(_groups_asked)],
    index: Annotated[SarfiIndex, Depends(_index)],
    fewest: Fewest,
    from_: From = None,
    to: To = None,
) -> SarfiAnswer:
    """Return how many short-duration events (IEEE 1159: half a cycle to a minute) a monitored point saw.

    Events are what readings of a second or more show, so short and deep ones are missed or look milder: compare such
    figures with one another, not with those of instruments that measure each cycle. `lower` and `upper` hold what the
    readings leave open of the durations. An event that lasts counts by its duration so far.
    """
    async with reading(context.reader) as snapshot:
        days = days_of(from_, to, snapshot, context.now())
        first, last = (day_start(day, snapshot.zone) for day in days)
        check_length(first, last, LONGEST)
        groups = await sarfi_counts(
            snapshot.connection,
            asked,
            days,
            index,
            context.rule_set.coverage.floor,
        )
    if len(groups) > GROUPS_MAX:
        raise TooMuchError(
            f"there are more than {GROUPS_MAX} groups; give a region, or group by region",
            "query",
            "group_by",
        )
    shown, n_withheld = without_few(
        groups, lambda one: fewest_seen(one.n_points, one.n_monitored), fewest
    )
    return SarfiAnswer(
        **basis_of(context, snapshot),
        from_day=days[0],
        to_day=days[1],
        group_by=asked.by,
        index=f"SARFI-{index.name}",
        single_event_method=SINGLE_EVENT_METHOD,
        coverage_floor=float(context.rule_set.coverage.floor),
        groups=[_group(one) for one in shown],
        withheld_groups=n_withheld,
    )


def _group(one: SarfiCounts) -> SarfiShape:
    days = Fraction(one.n_minutes, _MINUTES_OF_A_DAY)
    lower, seen, upper = (
        sarfi_of(n_events, one.n_monitored, days, (30, 365))
        for n_events in (one.n_certain, one.n_events, one.n_possible)
    )
    return SarfiShape(
        group=one.group,
        name=one.name,
        points=one.n_points,
        monitored=one.n_monitored,
        method=None if one.interval_s is None else method_of(one.interval_s),
        interval_s=one.interval_s,
        events=one.n_events,
        events_certain=one.n_certain,
        events_possible=one.n_possible,
        sarfi=_number(seen.per_point),
        lower=_number(lower.per_point),
        upper=_number(upper.per_point),
        per_30_days=_number(seen.per_days[30]),
        per_365_days=_number(seen.per_days[365]),
    )


def _number(figure: Fraction | None) -> float | None:
    return None if figure is None else float(figure)
