"""Scorecards and budgets read from the database: what the routes answer, and the command line shows."""

from datetime import date, datetime

from service.api.promises import block_of
from service.api.scorecard_shapes import (
    BudgetShape,
    CommitmentShape,
    Scorecard,
    YearBudget,
)
from service.api.shapes import local
from service.domain.rules import RuleSet
from service.store.budget_reads import read_budgets
from service.store.deployment_reads import Snapshot
from service.store.promise_figures import promise_figures_of
from service.store.scorecard_reads import counts_beside, read_scorecard


async def scorecard_of(
    snapshot: Snapshot,
    days: tuple[date, date],
    rule_set: RuleSet,
    statutory: RuleSet,
    now: datetime,
) -> Scorecard:
    """Return the scorecard of a half-open range of days in the deployment's zone.

    Promises that go on are judged as they stand at ``now``.

    Raises:
        RuleSetNotJudgedError: The stored verdicts do not stand for those of ``rule_set``.
    """
    commitments = await read_scorecard(snapshot, days, rule_set, statutory)
    promises = await promise_figures_of(snapshot, days, rule_set, now)
    is_beside = await counts_beside(snapshot, rule_set, statutory)
    return Scorecard(
        rule_set=rule_set.name,
        title=rule_set.title,
        judged_by=rule_set.name if is_beside else statutory.name,
        zone=snapshot.zone.key,
        data_through=local(snapshot.data_through, snapshot.zone),
        from_day=days[0],
        to_day=days[1],
        commitments=[CommitmentShape.of_commitment(one) for one in commitments],
        promises=block_of(promises),
    )


async def budget_of_year(
    snapshot: Snapshot, rule_set: RuleSet, statutory: RuleSet, to_at: datetime | None = None
) -> YearBudget:
    """Return the budgets of the year that the data have reached, or that ``to_at`` ends in.

    Raises:
        RuleSetNotJudgedError: The stored verdicts do not stand for those of ``rule_set``.
    """
    found = await read_budgets(snapshot, rule_set, statutory, to_at)
    zone = snapshot.zone
    times = None if found is None else found.times
    return YearBudget(
        rule_set=rule_set.name,
        title=rule_set.title,
        judged_by=statutory.name,
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        year=None if times is None else int(times.year.label),
        through=None if times is None else local(times.through, zone),
        year_to=None if times is None else local(times.year.to_at, zone),
        budgets=[]
        if found is None
        else [BudgetShape.of_budget(one, found.times, zone) for one in found.targets],
    )
