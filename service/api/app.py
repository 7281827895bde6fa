"""The application: its routes, what they share, and how it begins and ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from service import clock
from service.api import description, problem
from service.api.access import AccessOf, check_access, everybody_is_local
from service.api.context import ServeContext
from service.api.exporting import ExportDesk
from service.api.figures import keep_budgets, keep_figures
from service.api.leaving import Leaving
from service.api.live_desk import LiveDesk
from service.api.promise_risks import keep_promise_risks
from service.api.routes import (
    communication,
    deadlines,
    declarations,
    device_clocks,
    due_deadlines,
    exports,
    fault_calls,
    group_rates,
    held_alerts,
    interruption_evidence,
    interruptions,
    live,
    major_event_days,
    minutes,
    operations,
    outages,
    point_metrics,
    point_rates,
    points,
    promises,
    reliability,
    reports,
    rule_sets,
    sarfi,
    scorecard,
    target_rates,
    weeks,
    worst_served,
)
from service.api.validators import Validators
from service.api.watch import RequestWatch
from service.domain.catalogue import ChosenRuleSets, chosen_rule_sets
from service.domain.live_breaches import stale_after
from service.metrics import ServeMetrics, new_registry
from service.settings import Settings
from service.store.pool import Pool

_WRITERS: Final = 2  # connections for the register
# The order of the documentation; and of matching, where the last takes every path below /v1/points/.
_ROUTERS: Final = (
    points.router,
    point_rates.router,
    group_rates.router,
    target_rates.router,
    weeks.router,
    worst_served.router,
    minutes.router,
    exports.router,
    interruptions.router,
    live.router,
    interruption_evidence.router,
    outages.router,
    communication.router,
    device_clocks.router,
    held_alerts.router,
    reliability.router,
    major_event_days.router,
    sarfi.router,
    scorecard.router,
    reports.router,
    promises.router,
    due_deadlines.router,
    declarations.router,
    fault_calls.router,
    deadlines.router,
    rule_sets.router,
    operations.router,
    point_metrics.router,
    points.by_name,
)


def create_app(
    settings: Settings,
    *,
    chosen: ChosenRuleSets | None = None,
    metrics: ServeMetrics | None = None,
    now: Callable[[], datetime] = clock.now,
    access_of: AccessOf = everybody_is_local,
    beside: Mapping[str, FastAPI] = MappingProxyType({}),
) -> FastAPI:
    """Return the application; its connections live from its start to its end.

    Args:
        settings: The database, the rule sets, and how much is answered at once.
        chosen: The rule sets that the settings name; by default read now.
        metrics: By default on a registry of its own.
        now: The present instant.
        access_of: Says who asks, and what they may have; by default everybody may do everything.
        beside: Applications that are answered with it, by path; they begin and end with it. People are sent to the
            first of them.

    Raises:
        RuleSetError: A rule set that the settings name is not there, or cannot be read.
    """
    found = chosen or chosen_rule_sets(settings)
    metrics = metrics or ServeMetrics(new_registry())

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with (
            Pool(settings, "reader", max_size=settings.reader_pool_size) as reader,
            Pool(settings, "writer", max_size=_WRITERS) as writer,
            AsyncExitStack() as others,
            asyncio.TaskGroup() as tasks,
        ):
            context = ServeContext(
                rule_set=found.statutory,
                beside=found.beside,
                catalogue=found.catalogue,
                reader=reader,
                writer=writer,
                metrics=metrics,
                now=now,
                point_series_max=settings.point_series_max,
                exports=ExportDesk(settings.exports_max),
                live=LiveDesk(settings.listeners_max, stale_after(found.statutory)),
                fewest_in_group=settings.fewest_in_group,
                month_start_day=settings.month_start_day,
                report_font=settings.report_font,
            )
            app.state.context = context
            for other in beside.values():
                await others.enter_async_context(other.router.lifespan_context(other))
            keepers = [
                tasks.create_task(keep(context))
                for keep in (keep_figures, keep_budgets, keep_promise_risks)
            ]
            keepers.append(tasks.create_task(context.live.keep(reader)))
            yield
            for keeper in keepers:
                keeper.cancel()

    app = FastAPIOffline(
        redoc_url=None,  # its page fetches a logo from the internet
        title="Voltpass",
        version=version("voltpass"),
        summary="Voltage pass rate and supply reliability from the minute ledger.",
        description=description.TEXT,
        openapi_tags=description.TAGS,
        swagger_ui_parameters={"validatorUrl": None, "defaultModelsExpandDepth": 0},
        responses=description.RESPONSES,
        lifespan=life,
        dependencies=[Depends(check_access)],
    )
    app.state.access_of = access_of
    for router in _ROUTERS:
        app.include_router(router)
    for path, other in beside.items():
        app.mount(path, other)
    app.state.start = next((f"{path}/" for path in beside), "/docs")
    app.get("/", include_in_schema=False)(_start)
    problem.install(app)
    description.install(app)
    app.add_middleware(Validators)
    app.add_middleware(Leaving)
    app.add_middleware(RequestWatch, metrics=metrics)
    return app


async def _start(request: Request) -> RedirectResponse:
    """Send people to the console; where there is none, to the documentation."""
    return RedirectResponse(request.app.state.start)
