"""What the service knows of a district, once all has settled."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import cast

import asyncpg
import httpx

from service.domain.alerts.policy import EVERY_RULE
from service.domain.instants import epoch_us
from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.planned_count import is_maintenance, starts_of_works
from service.domain.rules import load_rule_set
from service.domain.supply.interruptions import Interruption
from service.domain.supply.pieces import Grade
from service.settings import Settings
from service.store.deployment_reads import reading
from service.store.planned_years import read_planned_year
from service.store.pool import Pool
from service.terminal.backtest import Backtest, BacktestAsked, run_backtest

_INTERRUPTIONS = """
    SELECT point, point_id, earliest_at, start_at, end_at, latest_at, grades, cause, declaration_id
      FROM interruption
      JOIN point USING (point_id)
     ORDER BY point, start_at
"""
_RS_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Answers:
    """Interruptions by point, RS-1 to RS-4 of medium-voltage users, and how often each customer was planned out."""

    interruptions: Mapping[str, list[Interruption]]
    rs: Mapping[int, Fraction]
    planned_counts: Mapping[str, int]
    n_incidents: int
    backtest: Backtest  # what people would have been told


async def answers_of(settings: Settings, url: str, span: tuple[datetime, datetime]) -> Answers:
    """Ask the database, and the API where it has the figure."""
    connection = await asyncpg.connect(settings.database_dsn)
    try:
        rows = await connection.fetch(_INTERRUPTIONS)
        n_incidents = await connection.fetchval("SELECT count(*) FROM communication_incident")
    finally:
        await connection.close()
    found: defaultdict[str, list[Interruption]] = defaultdict(list)
    for row in rows:
        found[row["point"]].append(_interruption(row))
    return Answers(
        interruptions=dict(found),
        rs=await _rs(url, span),
        planned_counts=await _planned_counts(settings, span[1].date() + timedelta(days=1)),
        n_incidents=n_incidents,
        backtest=await _backtest(settings, span),
    )


async def _backtest(settings: Settings, span: tuple[datetime, datetime]) -> Backtest:
    """Run the notification policy over all of it."""
    asked = BacktestAsked(
        rules=EVERY_RULE,
        organisation=None,
        from_=span[0].isoformat(),
        to=(span[1] + timedelta(days=1)).isoformat(),
    )
    return await run_backtest(settings, asked, lambda _done, _all: None)


def _interruption(row: asyncpg.Record) -> Interruption:
    return Interruption(
        point_id=row["point_id"],
        earliest=epoch_us(row["earliest_at"]),
        start=epoch_us(row["start_at"]),
        end=None if row["end_at"] is None else epoch_us(row["end_at"]),
        latest=None if row["latest_at"] is None else epoch_us(row["latest_at"]),
        grades=cast("tuple[Grade, ...]", tuple(row["grades"])),
        declaration_id=row["declaration_id"],
        cause=row["cause"],
    )


async def _rs(url: str, span: tuple[datetime, datetime]) -> dict[int, Fraction]:
    asked = {
        "users": "MV",
        "from": span[0].astimezone(UTC).isoformat(),
        "to": span[1].astimezone(UTC).isoformat(),
    }
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        answer = (await client.get("/v1/reliability", params=asked)).raise_for_status().json()
    (group,) = answer["groups"]
    return {
        one["number"]: Fraction(one["rs"]).limit_denominator(10**_RS_DIGITS)
        for one in group["dl_t_836"]
    }


async def _planned_counts(settings: Settings, to_day: date) -> dict[str, int]:
    """Return how many planned works each customer saw in the year, at any level."""
    rules = load_rule_set(settings.rule_set)
    (row, *_) = [one for one in rules.promises if isinstance(one, PlannedCountRow)]
    everyone = row.model_copy(update={"from_kv": None, "above_kv": None})
    counting = rules.model_copy(update={"promises": (everyone,)})
    async with Pool(settings, "reader", max_size=1) as pool, reading(pool) as snapshot:
        year = await read_planned_year(snapshot, to_day, counting)
    if year is None:
        raise AssertionError  # the rule set counts them
    counts = {
        customer.customer: len(
            starts_of_works(
                [
                    year.outages[one]
                    for one in customer.declaration_ids
                    if is_maintenance(row, year.outages[one])
                ],
                year.year_from,
            )
        )
        for customer in year.touched
    }
    return {customer: n for customer, n in counts.items() if n}
