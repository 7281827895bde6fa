"""The console as an application of its own, which `serve` puts beside the API."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from fastapi import FastAPI

from service import clock
from service.console import packaged, problems, sign_in
from service.console.context import AccessOf, ConsoleContext, everybody_is_local
from service.console.pages import (
    feeders,
    minutes,
    outages,
    overview,
    point,
    points,
    promises,
    quality,
)
from service.console.target_desk import TargetDesk
from service.domain.catalogue import ChosenRuleSets, chosen_rule_sets
from service.settings import Settings
from service.store.pool import Pool

PATH: Final = "/console"  # where it stands beside the API
_READERS: Final = 4  # connections: a page holds one while it reads
ROUTERS: Final = (
    packaged.router,
    sign_in.router,
    overview.router,
    feeders.router,
    quality.router,
    outages.router,
    promises.router,
    minutes.router,
    points.router,
    point.router,
)


def create_console(
    settings: Settings,
    *,
    chosen: ChosenRuleSets | None = None,
    now: Callable[[], datetime] = clock.now,
    access_of: AccessOf = everybody_is_local,
) -> FastAPI:
    """Return the application, to be mounted; its connections live from its start to its end.

    Args:
        settings: The database, and the rule sets.
        chosen: The rule sets that the settings name; by default read now.
        now: The present instant.
        access_of: Says who asks, and what they may have; by default everybody may do everything.

    Raises:
        RuleSetError: A rule set that the settings name is not there, or cannot be read.
    """
    found = chosen or chosen_rule_sets(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with Pool(settings, "reader", max_size=_READERS) as reader:
            app.state.context = ConsoleContext(
                rule_set=found.statutory,
                beside=found.beside,
                catalogue=found.catalogue,
                reader=reader,
                now=now,
                access_of=access_of,
                public_url=settings.public_url,
                fewest_in_group=settings.fewest_in_group,
                targets=TargetDesk(found.statutory),
            )
            yield

    app = FastAPI(lifespan=life, openapi_url=None)
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    return app
