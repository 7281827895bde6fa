"""Budgets of the database: how much of a year's bad minutes and outage minutes its targets leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.domain.budget_accounts import (
    Account,
    BudgetTimes,
    TargetBudget,
    budget_times,
    target_budget,
)
from service.domain.judging_alike import judge_alike
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.point_exposures import enter_points
from service.store.scorecard_reads import has_reliability, populations_of, require_judged
from service.store.user_exposures import enter_users


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The budgets of a year, as they stand at an instant."""

    times: BudgetTimes
    targets: Sequence[TargetBudget]  # in the order of the rule set


async def read_budgets(
    snapshot: Snapshot, rule_set: RuleSet, statutory: RuleSet, to_at: datetime | None = None
) -> Budgets | None:
    """Return the budget of each target that has a number, of the year that the data have reached.

    Args:
        snapshot: Of the database.
        rule_set: Whose targets.
        statutory: By which the pages are judged.
        to_at: As they stood at this start of a day in the zone; None: where the data reach.

    Returns:
        None before the first reading.

    Raises:
        RuleSetNotJudgedError: It has targets of the pass rate, and judges minutes otherwise.
    """
    require_judged(rule_set, statutory)
    if snapshot.data_through is None:
        return None
    through = min(snapshot.data_through, to_at or snapshot.data_through)
    times = budget_times(through, snapshot.zone)
    return _budgets(rule_set, times, await _account(snapshot, rule_set, times))


async def read_budgets_alike(
    snapshot: Snapshot, rule_sets: Sequence[RuleSet], statutory: RuleSet
) -> list[tuple[RuleSet, Budgets]]:
    """Return the budgets of those of some rule sets that judge minutes as ``statutory`` does.

    Nothing is read twice for rule sets that also count users alike. Empty before the first reading.
    """
    if snapshot.data_through is None:
        return []
    times = budget_times(snapshot.data_through, snapshot.zone)
    accounts: dict[object, Account] = {}
    found = []
    for rule_set in rule_sets:
        if not judge_alike(rule_set, statutory):
            continue
        row = rule_set.reliability
        key = (
            bool(populations_of(rule_set)),
            has_reliability(rule_set),
            (row.users, row.transformer_share_min, row.merge_within_s, row.momentary_event_s),
        )
        if key not in accounts:
            accounts[key] = await _account(snapshot, rule_set, times)
        found.append((rule_set, _budgets(rule_set, times, accounts[key])))
    return found


async def _account(snapshot: Snapshot, rule_set: RuleSet, times: BudgetTimes) -> Account:
    account = Account()
    if populations_of(rule_set):
        await enter_points(snapshot, rule_set, times, account)
    if has_reliability(rule_set):
        await enter_users(snapshot, rule_set, times, account)
    return account


def _budgets(rule_set: RuleSet, times: BudgetTimes, account: Account) -> Budgets:
    found = [target_budget(target, account) for target in rule_set.targets]
    return Budgets(times=times, targets=[one for one in found if one is not None])
