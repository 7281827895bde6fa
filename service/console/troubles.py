"""What is wrong now: what an operator has to look at first."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from service.console.page import Page
from service.domain.instants import epoch_us
from service.domain.live_breaches import stale_after
from service.domain.promises.due import open_deadlines
from service.store.communication_reads import IncidentFilter, StoredIncident, list_incidents
from service.store.deployment_reads import Snapshot
from service.store.intake_reads import (
    letter_reasons,
    log_gaps,
    partition_sums,
    silent_points,
)
from service.store.interruption_reads import PlaceFilter
from service.store.outage_reads import OutageFilter, StoredOutage, list_outages
from service.store.outside_now import OutsideNow, points_outside_now
from service.store.promise_reads import read_open_deadlines
from service.store.supply_now import n_open_outages

_SHOWN: Final = 5  # of each kind
_PARTITIONS_MAX: Final = 1000
_RECENT: Final = timedelta(days=1)
_CLOSE_WORKING_DAYS: Final = 2
SILENT_HOURS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePromises:
    """Deadlines of files that are not answered."""

    n_overdue: int
    n_close: int  # due within two working days


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How well readings come in."""

    is_whole: bool  # of the deployment; a territory has its silent points and dead letters alone
    has_begun: bool  # readings have come, as far as is seen
    n_silent: int | None  # points of a territory without a minute for hours; None: not for who asks
    n_late_waiting: int  # readings that are not merged yet
    n_letters: int  # dead letters among the newest that nothing has taken up
    n_gaps: int
    stale_since: datetime | None  # oldest newest reading of a partition, where that lags

    @property
    def is_good(self) -> bool:
        """Return whether all that came is known, and nothing of it is wrong."""
        seen = self.is_whole and self.has_begun
        return seen and not (
            self.n_gaps or self.stale_since or self.n_letters or self.n_late_waiting
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """All of it."""

    n_open_outages: int
    outages: Sequence[StoredOutage]  # open ones, else those of the last day; the newest first
    outside: Sequence[OutsideNow]  # by feeder, the most first
    incidents: Sequence[StoredIncident]  # open, or of the last day
    n_open_incidents: int
    due: DuePromises | None  # None where deadlines are for others to read
    intake: Intake


async def read_troubles(page: Page, snapshot: Snapshot) -> Troubles:
    """Return what is wrong as far as the data reach; lists have some rows of each kind only."""
    connection, now = snapshot.connection, page.context.now()
    through = snapshot.data_through or now
    span = (through - _RECENT, max(through, now))
    is_local = page.access.may("read:customer")
    outages = await _outages(snapshot, span) if is_local else []
    incidents = await list_incidents(connection, span, IncidentFilter(), None, _SHOWN)
    still = await list_incidents(
        connection, (through, span[1]), IncidentFilter(is_open=True), None, 100
    )
    hour = (through - timedelta(microseconds=1)).replace(minute=0, second=0, microsecond=0)
    return Troubles(
        n_open_outages=await n_open_outages(connection),
        outages=outages,
        outside=await _outside(page, snapshot, hour - timedelta(hours=1)),
        incidents=incidents,
        n_open_incidents=len(still),
        due=await _due(page, snapshot) if is_local else None,
        intake=await _intake(page, snapshot),
    )


async def _outside(page: Page, snapshot: Snapshot, hour: datetime) -> Sequence[OutsideNow]:
    """Return feeders with points outside; for who may read sums only, without those of few points, also in the sum."""
    found = await points_outside_now(snapshot.connection, hour, _SHOWN)
    seen = [one for one in found if one.n_points >= page.fewest]
    n_in_all = sum(one.n_outside for one in seen)
    if page.fewest <= 1:
        return found
    return [replace(one, n_outside_in_all=n_in_all) for one in seen]


async def _outages(snapshot: Snapshot, span: tuple[datetime, datetime]) -> Sequence[StoredOutage]:
    anywhere = PlaceFilter()
    for is_open in (True, None):
        wanted = OutageFilter(where=anywhere, is_open=is_open)
        found = await list_outages(snapshot.connection, span, wanted, None, _SHOWN)
        if found:
            return found
    return []


async def _due(page: Page, snapshot: Snapshot) -> DuePromises:
    found = await read_open_deadlines(snapshot.connection)
    rows, now_us = page.context.rule_set.deadlines, epoch_us(page.context.now())
    known = await asyncio.to_thread(open_deadlines, rows, found, now_us, snapshot.zone)
    n_overdue = sum(one.is_overdue for one in known.due)
    n_close = sum(
        not one.is_overdue and one.working_days_left <= _CLOSE_WORKING_DAYS for one in known.due
    )
    return DuePromises(n_overdue=n_overdue, n_close=n_close)


async def _intake(page: Page, snapshot: Snapshot) -> Intake:
    """Return what is wrong with the intake.

    Partitions hold readings of every region, so what counts them is for who sees all regions. Of a territory there
    are its silent points.
    """
    is_whole = page.access.territory.is_whole
    connection, now = snapshot.connection, page.context.now()
    partitions = await partition_sums(connection, _PARTITIONS_MAX) if is_whole else []
    letters = await letter_reasons(connection)
    gaps = await log_gaps(connection, 1) if is_whole else []
    reached = [one.data_through for one in partitions if one.data_through is not None]
    oldest, newest = min(reached, default=None), max(reached, default=None)
    stale = stale_after(page.context.rule_set)
    lags = oldest is not None and newest is not None and max(newest, now) - oldest > stale
    n_silent = None
    if not is_whole and page.access.may("read:customer"):
        silent = await silent_points(connection, silent_hours(snapshot, now), 1)
        n_silent = silent[0].n_silent if silent else 0
    return Intake(
        is_whole=is_whole,
        has_begun=bool(reached),
        n_silent=n_silent,
        n_late_waiting=sum(one.late_waiting for one in partitions),
        n_letters=sum(one.n_letters - one.n_adopted for one in letters),
        n_gaps=gaps[0].n_gaps if gaps else 0,
        stale_since=oldest if lags else None,
    )


def silent_hours(snapshot: Snapshot, now: datetime) -> tuple[datetime, datetime]:
    """Return the whole hours (UTC) in which a point that works has reported: the last three that are over."""
    through = snapshot.data_through or now
    end = through.replace(minute=0, second=0, microsecond=0)
    return end - timedelta(hours=SILENT_HOURS), end
