"""Planned outages of a calendar year, those that took place and those to come, and the customers in their scope."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from service.domain.instants import epoch_us, epoch_us_or_none
from service.domain.periods import day_start
from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.figures import PlannedYear
from service.domain.promises.notice import AnnouncedOutage
from service.domain.promises.planned_count import PlannedAhead, TouchedCustomer
from service.domain.rules import RuleSet
from service.store.announced_outages import OUTAGE, outage_of, scopes_of
from service.store.deployment_reads import Snapshot
from service.store.pool import Connection
from service.store.row_batches import rows_of
from service.store.statements import statement

_BEFORE_THE_YEAR: Final = timedelta(days=31)  # works that began then may reach into the year
_MV_PER_KV: Final = 1_000_000

# Outages that a customer may count as planned ones, once they came. $1, $2: half-open.
_CAME = statement(
    "planned_outages_that_came",
    f"""
    {OUTAGE}
     WHERE outage_kind IN ('planned', 'temporary', 'customer_request')
       AND from_at >= $1        -- timestamptz
       AND from_at < $2         -- timestamptz
       AND declaration_id > $3  -- bigint
     ORDER BY declaration_id
     LIMIT $4
    """,
)

# Planned outages that are announced and have not come. $1, $2: half-open.
_TO_COME = statement(
    "planned_outages_to_come",
    f"""
    {OUTAGE}
     WHERE outage_kind = 'planned'
       AND NOT is_cancelled
       AND from_at IS NULL
       AND window_from >= $1    -- timestamptz
       AND window_from < $2     -- timestamptz
       AND declaration_id > $3  -- bigint
     ORDER BY declaration_id
     LIMIT $4
    """,
)

# Customers in some scopes, with the numbers of these in the list. $3: the lowest level that is asked for.
_TOUCHED = statement(
    "customers_in_scopes",
    """
    WITH scope AS MATERIALIZED (
        SELECT place, code, nth
          FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (place, code, nth)
    ), touched AS MATERIALIZED (
        SELECT customer_id, array_agg(DISTINCT nth) AS scopes
          FROM scope
          JOIN v_place_point USING (place, code)
          JOIN customer_point USING (point_id)
          JOIN customer USING (customer_id)
         WHERE voltage_level_mv >= $3::bigint
         GROUP BY customer_id
    ), placed AS (
        SELECT customer_id, min(region) AS region
          FROM touched
          JOIN customer_point USING (customer_id)
          JOIN point USING (point_id)
         GROUP BY customer_id
    )
    SELECT customer_id, customer, voltage_level_mv AS level_mv, valid_from,
           nullif(valid_to, 'infinity') AS valid_to, scopes, region
      FROM touched
      JOIN placed USING (customer_id)
      JOIN customer USING (customer_id)
    """,
)

# Customers by where they are and their level: each once, in the first of its regions.
_CUSTOMERS = statement(
    "customers_by_level",
    """
    SELECT region, level_mv, count(*) AS n_customers
      FROM (
               SELECT customer_id, voltage_level_mv AS level_mv, min(region) AS region
                 FROM customer
                 JOIN customer_point USING (customer_id)
                 JOIN point USING (point_id)
                WHERE customer.valid_from < $2  -- timestamptz
                  AND customer.valid_to > $1    -- timestamptz
                GROUP BY customer_id, voltage_level_mv
           ) AS placed
     GROUP BY region, level_mv
    """,
)


async def read_planned_year(
    snapshot: Snapshot, to_day: date, rule_set: RuleSet
) -> PlannedYear | None:
    """Return the planned outages of the calendar year that ends with ``to_day``, or is cut by it.

    Days are of the deployment's zone, ``to_day`` is exclusive. An outage without actual times took
    place where meters saw interruptions of it. None where no rule counts them.
    """
    rows = [row for row in rule_set.promises if isinstance(row, PlannedCountRow)]
    if not rows:
        return None
    connection, zone = snapshot.connection, snapshot.zone
    first = (to_day - timedelta(days=1)).replace(month=1, day=1)
    year_from, to_at = day_start(first, zone), day_start(to_day, zone)
    outages = await _outages(connection, _CAME, year_from - _BEFORE_THE_YEAR, to_at)
    customers = await connection.fetch(_CUSTOMERS, year_from, to_at)
    return PlannedYear(
        year_from=epoch_us(year_from),
        outages=outages,
        touched=await _touched(connection, outages, _lowest_mv(rows)),
        n_customers={
            (row["region"], _kv(row["level_mv"])): row["n_customers"] for row in customers
        },
    )


async def read_planned_ahead(
    snapshot: Snapshot, span: tuple[datetime, datetime], rule_set: RuleSet
) -> list[PlannedAhead]:
    """Return the planned outages that are announced for a span, by the calendar year that they would count in.

    A year without one is left out; so are all where no rule counts them.

    Args:
        snapshot: To read in.
        span: From now on, half-open; years are those of the deployment's zone.
        rule_set: Whose rows count.
    """
    rows = [row for row in rule_set.promises if isinstance(row, PlannedCountRow)]
    if not rows:
        return []
    connection, zone = snapshot.connection, snapshot.zone
    found = []
    from_at, end_at = span
    while from_at < end_at:
        first = from_at.astimezone(zone).date().replace(month=1, day=1)
        year_from = day_start(first, zone)
        to_at = min(end_at, day_start(first.replace(year=first.year + 1), zone))
        to_come = await _outages(connection, _TO_COME, from_at, to_at)
        if to_come:
            came = await _outages(connection, _CAME, year_from - _BEFORE_THE_YEAR, to_at)
            outages = came | to_come
            found.append(
                PlannedAhead(
                    year_from=epoch_us(year_from),
                    came=came,
                    to_come=to_come,
                    touched=await _touched(connection, outages, _lowest_mv(rows)),
                )
            )
        from_at = to_at
    return found


def _lowest_mv(rows: Iterable[PlannedCountRow]) -> int:
    """Return the lowest level of supply that any of some rows counts for, millivolts."""
    return int(min(row.from_kv or Decimal(0) for row in rows) * _MV_PER_KV)


async def _outages(
    connection: Connection, query: str, from_at: datetime, to_at: datetime
) -> dict[int, AnnouncedOutage]:
    return {
        row["declaration_id"]: outage_of(row)
        async for row in rows_of(connection, query, "declaration_id", from_at, to_at)
    }


async def _touched(
    connection: Connection, outages: Mapping[int, AnnouncedOutage], lowest_mv: int
) -> list[TouchedCustomer]:
    """Return the customers of a level or above that were in the scope of outages while they were supplied.

    Customers of the same scopes share their set of outages: a feeder has many, and few outages.
    """
    scopes = await scopes_of(connection, list(outages))
    in_scope: list[set[int]] = [set() for _ in scopes.places]
    for number, of_it in scopes.of_outage.items():
        for nth in of_it:
            in_scope[nth].add(number)
    rows = await connection.fetch(_TOUCHED, scopes.places, scopes.codes, lowest_mv)

    starts = [one.at for one in outages.values()]
    first, last = min(starts, default=0), max(starts, default=0)

    @cache
    def outages_of(numbers: tuple[int, ...], valid_from: int, valid_to: int) -> frozenset[int]:
        ids = frozenset[int]().union(*(in_scope[nth - 1] for nth in numbers))
        return frozenset(one for one in ids if valid_from <= outages[one].at < valid_to)

    found = []
    for row in rows:
        ends = epoch_us_or_none(row["valid_to"])
        ids = outages_of(  # most customers are there throughout
            tuple(row["scopes"]),
            max(first, epoch_us(row["valid_from"])),
            last + 1 if ends is None else min(last + 1, ends),
        )
        if ids:
            found.append(
                TouchedCustomer(
                    customer_id=row["customer_id"],
                    customer=row["customer"],
                    region=row["region"],
                    level_kv=_kv(row["level_mv"]),
                    declaration_ids=ids,
                )
            )
    return found


def _kv(level_mv: int) -> Decimal:
    return Decimal(level_mv) / _MV_PER_KV
