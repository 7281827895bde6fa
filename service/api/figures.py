"""Keeping the gauges of areas and classes fresh: from SQL, in the background, never while they are scraped."""

import asyncio
from typing import Final

from service.api.context import ServeContext
from service.api.running import running_days
from service.clock import monotonic_s
from service.errors import StoreError
from service.logs import logger
from service.metrics import Figure
from service.store.deployment_reads import reading
from service.store.figure_reads import area_figures

log = logger(__name__)

PAUSE_S: Final = 30.0
_PAUSE_PER_WORK: Final = (
    10.0  # at most a tenth of the time is spent on it, however large the registry
)


async def keep_figures(context: ServeContext) -> None:
    """Refresh the figures until cancelled; while they cannot be read, none are shown."""
    while True:
        started_s = monotonic_s()
        try:
            context.metrics.show_figures(await read_figures(context))
        except StoreError as error:
            context.metrics.show_figures([])
            log.warning("figures_not_refreshed", code=error.code, error=str(error))
        except Exception:
            context.metrics.show_figures([])
            log.exception("figures_failed")
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
