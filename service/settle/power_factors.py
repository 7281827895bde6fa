"""Finding who was below the required power factor in a month that is over, and exempting their points."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.periods import month_start, next_month
from service.domain.power_factor import ExemptPoint, PeakMonth, exemptions
from service.domain.rule_rows import PowerFactorRow
from service.settle.knowledge import Knowledge
from service.store.interruption_rows import watermark
from service.store.judgement import Change, be_only_writer, raise_judgement
from service.store.pool import Connection, Pool
from service.store.power_factor_rows import (
    bound_customers,
    drop_exempt_points,
    due_months,
    energy_of_points,
    exempt_points,
    unmark_month,
    write_exempt_points,
)

MONTHS_PER_PASS: Final = 3  # the energy of one at a time is in memory


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of the months that were due."""

    n_months: int = 0  # looked at
    n_changed: int = 0  # points and months that became exempt or ceased to be


async def decide_due_months(
    pool: Pool, known: Knowledge, zone: ZoneInfo, retention_days: int
) -> Decided:
    """Exempt the points of months that are over and were marked, a bounded number of months.

    Where a point became exempt or ceased to be, the judgement number rises: load the knowledge
    again. Judging those pages again marks the month once more; then nothing differs and the number
    stays. Of a month whose first pages retention may have dropped, what was found before stands.

    Args:
        pool: Of writers.
        known: Gives the rule set; one without a power factor exempts nobody.
        zone: Of the deployment.
        retention_days: How long pages are kept; 0 is for ever.

    Raises:
        StoreError: The months done before it stay; call again.
    """
    async with pool.connection() as connection:
        through = await watermark(connection)
        this_month = through.astimezone(zone).date().replace(day=1)
        months = await due_months(connection, this_month, MONTHS_PER_PASS)
    n_changed = 0
    for month in months:
        async with pool.transaction() as connection:
            await unmark_month(connection, month)
            if _is_whole(month, zone, through, retention_days):
                rule = known.judge.rule_set.power_factor
                n_changed += await _decide(connection, month, zone, rule)
    return Decided(len(months), n_changed)


async def _decide(
    connection: Connection, month: date, zone: ZoneInfo, rule: PowerFactorRow | None
) -> int:
    """Bring the stored exemptions of a month in line with its energy; return how many points changed sides."""
    await be_only_writer(connection)
    stored = {one.point_id: one for one in await exempt_points(connection, month)}
    found = {}
    if rule is not None:
        peak = PeakMonth(month=month, zone=zone, rule=rule)
        found = {one.point_id: one for one in await _found(connection, peak)}
    gone = sorted(stored.keys() - found.keys())
    differing = [one for point_id, one in found.items() if stored.get(point_id) != one]
    await drop_exempt_points(connection, month, gone)
    await write_exempt_points(connection, differing)
    changed = sorted(stored.keys() ^ found.keys())
    if changed:
        from_at, to_at = _span(month, zone)
        changes = [Change(point_id=one, from_at=from_at, to_at=to_at) for one in changed]
        await raise_judgement(connection, changes, f"power factors of {month:%Y-%m}")
    return len(changed)


async def _found(connection: Connection, peak: PeakMonth) -> list[ExemptPoint]:
    """Return who is exempt by the registry and the energy that are stored."""
    bound = await bound_customers(connection)
    measured = bound.measured
    if not measured:
        return []
    hours = await asyncio.to_thread(peak.hours)
    # An hour that straddles the start of the month counts by its middle.
    from_at, to_at = _span(peak.month, peak.zone)
    span = (from_at - timedelta(hours=1), to_at)
    energy = await energy_of_points(connection, measured, span, hours)
    return await asyncio.to_thread(exemptions, bound.customers, energy, bound.point_ids, peak)


def _span(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return month_start(month, zone), month_start(next_month(month), zone)


def _is_whole(month: date, zone: ZoneInfo, through: datetime, retention_days: int) -> bool:
    """Whether retention has not reached into the month."""
    kept_from = through - timedelta(days=retention_days)
    return retention_days == 0 or kept_from <= month_start(month, zone)
