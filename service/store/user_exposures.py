"""Outage minutes of users over the year and the windows of a budget, by area."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from service.domain.budget import Exposure, YearService
from service.domain.budget_accounts import Account, BudgetTimes, Members
from service.domain.instants import MINUTE_US, epoch_us
from service.domain.reliability.figures import service_of
from service.domain.reliability.outages import Span
from service.domain.reliability.spells import time_within
from service.domain.reliability.users import User
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.reliability_reads import KnownNetwork, known_network


async def enter_users(
    snapshot: Snapshot, rule_set: RuleSet, times: BudgetTimes, account: Account
) -> None:
    """Enter the users whose figures a rule set publishes: minutes without supply, on evidence, are bad.

    Their service is known, evidence or not, as RS-1 has it. Users that come later are not known yet.
    """
    first = min(times.year.from_at, *times.window_starts.values())
    known = await known_network(snapshot, (first, times.through), rule_set, with_bounds=False)
    if known is not None:
        await asyncio.to_thread(_enter, known, rule_set, times, account)


def _enter(known: KnownNetwork, rule_set: RuleSet, times: BudgetTimes, account: Account) -> None:
    groups: dict[Members, list[User]] = defaultdict(list)
    for user in known.users(rule_set.reliability.users):
        groups["users", user.area or "none"].append(user)
    to_date = _span(times.year.from_at, times.through)
    rest = _span(times.through, times.year.to_at)
    for members, users in groups.items():
        of_year = [user for user in users if time_within(user.service, to_date)]
        service = YearService(
            n_members=len(of_year),
            elapsed_minutes=Fraction(service_of(of_year, to_date).user_us, MINUTE_US),
            remaining_minutes=Fraction(service_of(of_year, rest).user_us, MINUTE_US),
        )
        account.enter_service(members, service)
        account.enter(None, members, _exposure(users, to_date))
        for window, start in times.window_starts.items():
            account.enter(window, members, _exposure(users, _span(start, times.through)))


def _exposure(users: Sequence[User], span: Span) -> Exposure:
    dark_us = sum(
        time_within([outage.span(span.end)], span) for user in users for outage in user.outages
    )
    return Exposure(
        bad_minutes=Fraction(dark_us, MINUTE_US),
        known_minutes=Fraction(service_of(users, span).user_us, MINUTE_US),
    )


def _span(from_at: datetime, to_at: datetime) -> Span:
    return Span(epoch_us(from_at), epoch_us(to_at))
