"""Letting go of what is no longer kept."""

from typing import Final

import structlog

from service.errors import StoreTimeoutError
from service.store.device_clocks import drop_delays
from service.store.pool import Pool
from service.store.retention import drop_late_readings, drop_meter_events, drop_pages, repack_pages

log = structlog.get_logger(__name__)

_CLOCK_DAYS: Final = 35  # a month to look back on, for who asks since when a clock is wrong


async def keep_to_retention(pool: Pool, lateness_window_s: int, retention_days: int) -> None:
    """Drop merged late readings beyond the lateness window and, if asked to, pages and meter events beyond their days.

    Both are counted back from the newest data, not from the clock, so a replay keeps what it needs. A day that is over
    gives back the room that was left for its changes, one day a call.
    """
    async with pool.transaction() as connection:
        await drop_late_readings(connection, lateness_window_s)
        await drop_delays(connection, _CLOCK_DAYS)
        if retention_days > 0:
            await drop_pages(connection, retention_days)
            await drop_meter_events(connection, retention_days)
    await _repack(pool)


async def _repack(pool: Pool) -> None:
    """Rewrite one day that is over, unless somebody holds on to it for longer than a writer waits."""
    try:
        async with pool.transaction() as connection:
            day = await repack_pages(connection)
    except StoreTimeoutError as error:
        log.info("repack_put_off", error=str(error))
        return
    if day is not None:
        log.info("day_repacked", day=day.isoformat())
