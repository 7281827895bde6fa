"""Keeping the gauges of areas, classes and budgets fresh: from SQL, in the background, never while they are scraped."""

import asyncio
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Final

from service.api.context import ServeContext
from service.api.running import running_days
from service.clock import monotonic_s
from service.domain.budget_accounts import TargetBudget
from service.errors import StoreError
from service.logs import logger
from service.metrics import BudgetFigure, Figure
from service.store.budget_reads import read_budgets_alike
from service.store.deployment_reads import reading
from service.store.figure_reads import area_figures

log = logger(__name__)

PAUSE_S: Final = 30.0
_PAUSE_PER_WORK: Final = 30.0  # a thirtieth of the time, however large the registry


async def keep_figures(context: ServeContext) -> None:
    """Refresh the figures until cancelled; while they cannot be read, none are shown."""

    async def refresh() -> None:
        context.metrics.show_figures(await read_figures(context))

    await keep_fresh(refresh, lambda: context.metrics.show_figures([]), "figures")


async def keep_budgets(context: ServeContext) -> None:
    """Refresh the budgets until cancelled; while they cannot be read, none are shown."""

    async def refresh() -> None:
        context.metrics.show_budgets(await read_budget_figures(context))

    await keep_fresh(refresh, lambda: context.metrics.show_budgets([]), "budgets")


async def keep_fresh(
    refresh: Callable[[], Awaitable[None]], show_none: Callable[[], None], what: str
) -> None:
    """Refresh something until cancelled, a thirtieth of the time at most; while it fails, show none of it."""
    while True:
        started_s = monotonic_s()
        try:
            await refresh()
        except StoreError as error:
            show_none()
            log.warning("figures_not_refreshed", what=what, code=error.code, error=str(error))
        except Exception:
            show_none()
            log.exception("figures_failed", what=what)
        await asyncio.sleep(max(PAUSE_S, _PAUSE_PER_WORK * (monotonic_s() - started_s)))


async def read_figures(context: ServeContext) -> list[Figure]:
    """Return the figures of the running day and month.

    Raises:
        StoreError: They cannot be read.
    """
    rule_set = context.rule_set
    async with reading(context.reader) as snapshot:
        return [
            Figure(
                area=one.area,
                point_class=one.point_class,
                rule_set=rule_set.name,
                period=period,
                pass_ratio=one.pass_ratio,
                coverage_ratio=one.coverage_ratio,
                interruption_minutes=one.interrupted_s / 60,
            )
            for period, days in running_days(snapshot, context.now()).items()
            for one in await area_figures(
                snapshot.connection, days, coverage_floor=rule_set.coverage.floor
            )
        ]


async def read_budget_figures(context: ServeContext) -> list[BudgetFigure]:
    """Return the budgets of the statutory rule set, and of those beside it that judge minutes alike.

    Raises:
        StoreError: They cannot be read.
    """
    statutory = context.rule_set
    async with reading(context.reader) as snapshot:
        found = await read_budgets_alike(snapshot, (statutory, *context.beside), statutory)
    return [
        _budget_figure(one, rule_set.name) for rule_set, budgets in found for one in budgets.targets
    ]


def _budget_figure(one: TargetBudget, rule_set: str) -> BudgetFigure:
    budget, target = one.budget, one.target
    return BudgetFigure(
        figure=target.figure,
        area=target.area,
        population=target.population,
        rule_set=rule_set,
        target_ratio=float(target.at_least or 0),
        used_ratio=_number(budget.used_ratio),
        projected_ratio=_number(budget.projected_ratio),
        burn_rates={window: _number(rate) for window, rate in budget.burn_rates.items()},
    )


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
