"""Accounts of a year: what is known of each population and area, and the budgets that targets give over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

from service.domain.budget import (
    WINDOWS,
    Budget,
    Exposure,
    Window,
    YearService,
    budget_of,
    window_start,
    year_of,
)
from service.domain.periods import Period
from service.domain.scorecard import MemberArea
from service.domain.target_rows import Population, TargetRow

Members: TypeAlias = tuple[Population, MemberArea]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetTimes:
    """The times that a budget is about; all of them end at ``through``."""

    year: Period
    through: datetime  # up to where everything is counted, UTC
    window_starts: Mapping[Window, datetime]


@dataclass(slots=True)
class Account:
    """What is known of members; entries add up, whatever their order."""

    service: dict[Members, YearService] = field(default_factory=dict)
    year_to_date: dict[Members, Exposure] = field(default_factory=dict)
    windows: dict[Window, dict[Members, Exposure]] = field(
        default_factory=lambda: {name: {} for name in WINDOWS}
    )

    def enter_service(self, members: Members, service: YearService) -> None:
        """Add members in service."""
        self.service[members] = self.service.get(members, YearService()) + service

    def enter(self, window: Window | None, members: Members, exposure: Exposure) -> None:
        """Add what is known of members over a window; None: over the year to date."""
        entries = self.year_to_date if window is None else self.windows[window]
        entries[members] = entries.get(members, Exposure()) + exposure


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBudget:
    """The budget that a target gives, of all regions of its area together."""

    target: TargetRow
    service: YearService
    windows: Mapping[Window, Exposure]
    budget: Budget


def budget_times(through: datetime, zone: ZoneInfo) -> BudgetTimes:
    """Return the year and the windows that end at ``through``, in the deployment's zone."""
    return BudgetTimes(
        year=year_of(through, zone),
        through=through,
        window_starts={name: window_start(name, through, zone) for name in WINDOWS},
    )


def target_budget(target: TargetRow, account: Account) -> TargetBudget | None:
    """Return the budget of a target, None where it has no number or is about no minutes."""
    if target.at_least is None or target.figure not in {"pass_rate", "supply_reliability"}:
        return None

    def total(entries: Mapping[Members, Exposure]) -> Exposure:
        return sum((one for key, one in entries.items() if _is_about(target, key)), Exposure())

    service = sum(
        (one for key, one in account.service.items() if _is_about(target, key)), YearService()
    )
    windows = {name: total(entries) for name, entries in account.windows.items()}
    return TargetBudget(
        target=target,
        service=service,
        windows=windows,
        budget=budget_of(Fraction(target.at_least), service, total(account.year_to_date), windows),
    )


def _is_about(target: TargetRow, members: Members) -> bool:
    population, area = members
    return population == target.population and target.area in {"any", area}
