"""Promises that are about to break, for the alerts: deadlines, notices of outages, the count of planned ones."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.api.context import ServeContext
from service.api.figures import keep_fresh
from service.domain.instants import epoch_us
from service.domain.promise_rows import NoticeRow, PlannedCountRow
from service.domain.promises.due import open_deadlines
from service.domain.promises.figures import Register
from service.domain.promises.leads import local_date
from service.domain.promises.notice import notice_case
from service.domain.promises.planned_count import works_of
from service.domain.rules import RuleSet
from service.metrics import PromiseRisk
from service.store.deployment_reads import Snapshot, reading
from service.store.promise_reads import read_open_deadlines, read_register

CLOSE_WORKING_DAYS: Final = 2  # as /v1/deadlines/due has it
AHEAD: Final = timedelta(days=30)  # outages that are looked at before they come
NOTICE_CLOSE: Final = timedelta(days=1)  # before the last instant at which a notice is in time
_NOTICE_CLOSE_US: Final = NOTICE_CLOSE // timedelta(microseconds=1)


async def keep_promise_risks(context: ServeContext) -> None:
    """Refresh the promises at risk until cancelled; while they cannot be read, none are shown."""

    async def refresh() -> None:
        async with reading(context.reader) as snapshot:
            found = await promise_risks(snapshot, context.rule_set, epoch_us(context.now()))
        context.metrics.show_promise_risks(found)

    await keep_fresh(refresh, lambda: context.metrics.show_promise_risks(None), "promise risks")


async def promise_risks(
    snapshot: Snapshot, rule_set: RuleSet, now: int
) -> Mapping[PromiseRisk, int]:
    """Return how many promises are at risk at ``now``, microseconds since the Unix epoch.

    A notice is counted as long as its outage is to come: close, within a day of the last instant at
    which it is in time; late, when that has passed. A customer that had all the planned outages of
    the year that it may have is counted until the year is over.

    Raises:
        StoreError: They cannot be read.
    """
    from_day = local_date(now, snapshot.zone)
    opened = await read_open_deadlines(snapshot.connection)
    register = await read_register(snapshot, (from_day, from_day + AHEAD), rule_set)

    def count() -> Counter[PromiseRisk]:
        due = open_deadlines(rule_set.deadlines, opened, now, snapshot.zone).due
        found: Counter[PromiseRisk] = Counter()
        for one in due:
            if one.is_overdue:
                found["deadline_overdue"] += 1
            elif one.working_days_left <= CLOSE_WORKING_DAYS:
                found["deadline_close"] += 1
        found.update(_notices(rule_set, register, now, snapshot.zone))
        found["planned_count_reached"] = _n_reached(rule_set, register)
        return found

    return await asyncio.to_thread(count)


def _notices(
    rule_set: RuleSet, register: Register, now: int, zone: ZoneInfo
) -> Iterator[PromiseRisk]:
    """Yield a risk for each outage to come whose notice is late, or has to go out within a day."""
    for row in rule_set.promises:
        if not isinstance(row, NoticeRow):
            continue
        kind = row.promise.removesuffix("_notice")
        for outage in register.outages:
            if outage.outage_kind != kind or outage.is_cancelled or outage.off_at <= now:
                continue
            if notice_case(row, outage, now, zone).is_kept is False:
                yield "notice_late"
            elif notice_case(row, outage, now + _NOTICE_CLOSE_US, zone).is_kept is False:
                yield "notice_close"


def _n_reached(rule_set: RuleSet, register: Register) -> int:
    """Return how many customers had all the planned outages of the year that they may have, or more."""
    year = register.year
    if year is None:
        return 0
    n_works = {
        (nth_row, ids): len(
            works_of(row, [year.outages[nth] for nth in ids], year.year_from).counted
        )
        for nth_row, row in enumerate(rule_set.promises)
        if isinstance(row, PlannedCountRow)
        for ids in {one.declaration_ids for one in year.touched}
    }
    return sum(
        row.covers(one.level_kv) and n_works[nth_row, one.declaration_ids] >= row.at_most
        for nth_row, row in enumerate(rule_set.promises)
        if isinstance(row, PlannedCountRow)
        for one in year.touched
    )
