"""Promises that are about to break, for the alerts: deadlines, notices of outages, the count of planned ones."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.api.context import ServeContext
from service.api.figures import keep_fresh
from service.domain.instants import at_us, epoch_us
from service.domain.promise_rows import NoticeRow, PlannedCountRow
from service.domain.promises.due import open_deadlines
from service.domain.promises.notice import AnnouncedOutage, notice_case
from service.domain.promises.planned_count import PlannedAhead, would_be_too_often
from service.domain.rules import RuleSet
from service.metrics import PromiseRisk
from service.store.announced_outages import read_outages
from service.store.deployment_reads import Snapshot, reading
from service.store.planned_years import read_planned_ahead
from service.store.promise_reads import read_open_deadlines

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
    which it is in time; late, when that has passed. A customer is counted while a planned outage is
    announced that would be one too many in its calendar year.

    Raises:
        StoreError: They cannot be read.
    """
    span = (at_us(now), at_us(now) + AHEAD)
    opened = await read_open_deadlines(snapshot.connection)
    has_notices = any(isinstance(row, NoticeRow) for row in rule_set.promises)
    announced = await read_outages(snapshot.connection, span) if has_notices else []
    planned = await read_planned_ahead(snapshot, span, rule_set)

    def count() -> Counter[PromiseRisk]:
        due = open_deadlines(rule_set.deadlines, opened, now, snapshot.zone).due
        found: Counter[PromiseRisk] = Counter()
        for one in due:
            if one.is_overdue:
                found["deadline_overdue"] += 1
            elif one.working_days_left <= CLOSE_WORKING_DAYS:
                found["deadline_close"] += 1
        found.update(_notices(rule_set, announced, now, snapshot.zone))
        found["planned_too_often"] = sum(_n_too_often(rule_set, year) for year in planned)
        return found

    return await asyncio.to_thread(count)


def _notices(
    rule_set: RuleSet, announced: Sequence[AnnouncedOutage], now: int, zone: ZoneInfo
) -> Iterator[PromiseRisk]:
    """Yield a risk for each outage to come whose notice is late, or has to go out within a day."""
    for row in rule_set.promises:
        if not isinstance(row, NoticeRow):
            continue
        kind = row.promise.removesuffix("_notice")
        for outage in announced:
            if outage.outage_kind != kind or outage.is_cancelled or outage.off_at <= now:
                continue
            if notice_case(row, outage, now, zone).is_kept is False:
                yield "notice_late"
            elif notice_case(row, outage, now + _NOTICE_CLOSE_US, zone).is_kept is False:
                yield "notice_close"


def _n_too_often(rule_set: RuleSet, year: PlannedAhead) -> int:
    """Return how many customers planned outages that are announced would touch more often than a year allows."""
    rows = [row for row in rule_set.promises if isinstance(row, PlannedCountRow)]
    is_too_often = {
        (nth, ids): would_be_too_often(
            row,
            [year.came[one] for one in ids & year.came.keys()],
            [year.to_come[one] for one in ids & year.to_come.keys()],
            year.year_from,
        )
        for nth, row in enumerate(rows)
        for ids in {one.declaration_ids for one in year.touched}
    }
    return sum(
        row.covers(one.level_kv) and is_too_often[nth, one.declaration_ids]
        for nth, row in enumerate(rows)
        for one in year.touched
    )
