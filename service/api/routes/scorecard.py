"""Whether the targets of a rule set are kept, and how much of a year's budget is used."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from service.api.context import Context
from service.api.few_members import Fewest
from service.api.parameters import From, To, check_length, day_of, days_of
from service.api.rule_choice import RuleSetName, rules_of
from service.api.scorecard_shapes import Scorecard, YearBudget
from service.api.scorecards import budget_of_year, scorecard_of
from service.api.table_routes import TableRoute
from service.domain.periods import day_start
from service.store.deployment_reads import reading

router = APIRouter(tags=["targets"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)


@router.get("/v1/scorecard", summary="Targets of a rule set, and whether they are kept")
async def scorecard(
    context: Context,
    fewest: Fewest,
    from_: From = None,
    to: To = None,
    rule_set: RuleSetName = None,
) -> Scorecard:
    """Return each target with what was reached, its bounds, its margin and a verdict, by region.

    Judged unrounded: exactly at the target is kept. Points below the coverage floor take no part; where none is left,
    there is not enough data. Days are those of the deployment's zone, at most 400. Under a rule set that
    judges minutes otherwise than the one in force, days that are over count in pass rates if it is judged beside
    that one; else it is refused. Promises to customers are judged as they stand now. Who may read sums only gets
    no numbers of fewer than five members, or as many as are set.
    """
    rules = rules_of(context, rule_set)
    async with reading(context.reader) as snapshot:
        now = context.now()
        days = days_of(from_, to, snapshot, now)
        first, last = (day_start(day, snapshot.zone) for day in days)
        check_length(first, last, LONGEST)
        found = await scorecard_of(snapshot, days, rules, context.rule_set, now)
    commitments = [one.without_few(fewest) for one in found.commitments]
    promises = found.promises.without_few(fewest)
    return found.model_copy(update={"commitments": commitments, "promises": promises})


@router.get("/v1/budget", summary="A year's allowed bad minutes: used, burn rates, projection")
async def budget(
    context: Context,
    fewest: Fewest,
    to: Annotated[
        str | None,
        Query(
            description="As it stood at this start of a day of the zone. Without it: where the data reach.",
            examples=["2024-12-31"],
        ),
    ] = None,
    rule_set: RuleSetName = None,
) -> YearBudget:
    """Return how much of what each target allows in a year is used, how fast, and where that leads.

    A target of 95 % allows 5 % of the minutes that its members are in service in the year. The burn rate of a window
    is the share of bad minutes over the share that is allowed: 1 is exactly on budget, 10 uses a year's budget in a
    tenth of a year. The year is that of the deployment's zone, leap days and changes of clocks included.
    """
    rules = rules_of(context, rule_set)
    async with reading(context.reader) as snapshot:
        to_at = None if to is None else day_of(to, "to", snapshot.zone)
        found = await budget_of_year(snapshot, rules, context.rule_set, to_at)
    return found.without_few(fewest)
