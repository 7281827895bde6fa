"""Watching who is without supply: what of it people are told, and what is held back, a few seconds after the other.

Beside the passes, so that a long one does not keep what is known already from being shown. By the
clock: an alert is about now. What was decided is kept, so that a process that starts again goes on
with it, and nothing is told twice.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.standing import AlertState, Look, Standing, standing_of
from service.domain.alerts.words import OutageReason
from service.domain.instants import epoch_us
from service.errors import StoreError
from service.logs import logger
from service.metrics import OutageAlertMetrics, Storm, ToldOutage
from service.store.alert_rows import (
    end_alerts,
    note_alerts,
    read_known_alerts,
    read_ready_times,
)
from service.store.interruption_rows import reached
from service.store.outage_part_reads import read_outage_parts
from service.store.pool import Pool

LOOK_EVERY_S: Final = 5.0
_LONGEST_STORM: Final = timedelta(days=30)
_US: Final = 1_000_000

log = logger(__name__)


@dataclass(slots=True, kw_only=True)
class OutageWatch:
    """Looks at the outages that last. One of it works on a database at a time."""

    pool: Pool
    rule: AlertsRow
    zone: ZoneInfo
    metrics: OutageAlertMetrics
    now: Callable[[], datetime]
    _held: dict[tuple[int, str], OutageReason] = field(default_factory=dict)  # counted already

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until told to stop; while the database is away, what was shown stays.

        An alert that vanished with the database would tell that supply is back.
        """
        while not stop.is_set():
            try:
                await self.look()
            except StoreError as error:
                if not error.retryable:
                    raise
                log.warning("outages_not_looked_at", error=str(error), code=error.code)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def look(self) -> Standing:
        """Look once: store how each alert stands, and show it.

        Raises:
            StoreError: Nothing was changed; call again.
        """
        now = self.now()
        over = timedelta(seconds=self.rule.storm_over_s)
        async with self.pool.transaction() as connection:
            through = await reached(connection)
            look = Look(
                now=epoch_us(now),
                through=epoch_us(through),
                parts=await read_outage_parts(connection, self.rule, now, through),
                known=await read_known_alerts(connection),
                ready=await read_ready_times(connection, now - _LONGEST_STORM, over),
            )
            standing = standing_of(self.rule, look)
            await note_alerts(connection, standing.alerts)
            await end_alerts(connection, standing.over, now)
        self._show(standing, now)
        return standing

    def _show(self, standing: Standing, now: datetime) -> None:
        self.metrics.show_told(_told(one) for one in standing.alerts if one.told is not None)
        self.metrics.show_storms(_storm(name, standing.alerts) for name in sorted(standing.storms))
        held = {one.key: one.reason for one in standing.alerts if one.reason is not None}
        self.metrics.show_held(Counter(held.values()))
        offset = now.astimezone(self.zone).utcoffset() or timedelta(0)
        # Last: it says that the rest is there.
        self.metrics.show_zone_offset(offset.total_seconds())
        for key, reason in held.items():
            if self._held.get(key) != reason:
                self.metrics.count_held(reason)
        self._held = {(key.outage_id, key.kind): reason for key, reason in held.items()}


def _told(one: AlertState) -> ToldOutage:
    part = one.part
    return ToldOutage(
        organisation=part.organisation,
        region=part.region,
        feeder=part.feeder,
        feeder_name=part.feeder_name or part.feeder,
        outage=part.outage_id,
        kind=one.kind,
        n_points=part.n_points,
        n_transformers=part.n_transformers,
        n_customers=part.n_customers,
        start_s=part.start / _US,
    )


def _storm(organisation: str, alerts: Iterable[AlertState]) -> Storm:
    """Return the extent of a storm: all that could have been told, whether it was or not."""
    of_it = [
        one.part
        for one in alerts
        if one.part.organisation == organisation
        and one.ready is not None
        and one.reason in {None, "storm"}
    ]
    return Storm(
        organisation=organisation,
        n_feeders=len({part.feeder for part in of_it}),
        n_points=sum(part.n_points for part in of_it),
        n_customers=sum(part.n_customers for part in of_it),
    )
