"""Planned and temporary outages of the register: what was announced, what came, and whom it touched."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.figures import PlannedYear
from service.domain.promises.notice import AnnouncedOutage
from service.domain.promises.planned_count import TouchedCustomer
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.pool import Connection
from service.store.row_batches import rows_of
from service.store.statements import statement

_BEFORE_THE_YEAR: Final = timedelta(days=31)  # works that began then may reach into the year
_MV_PER_KV: Final = 1_000_000

# Planned and temporary outages by when they came, or were to. $1, $2: half-open; $3: number before.
_OUTAGES = statement(
    "promised_outages",
    """
    WITH chosen AS MATERIALIZED (
        SELECT declaration_id, ticket, outage_kind, cause, window_from, window_to, from_at, to_at,
               notice_at, notice_fields, cancelled_at IS NOT NULL AS is_cancelled,
               coalesce(window_from, from_at) AS off_at
          FROM declaration
         WHERE outage_kind IN ('planned', 'temporary')
           AND withdrawn_at IS NULL
           AND coalesce(from_at, window_from) >= $1  -- timestamptz
           AND coalesce(from_at, window_from) < $2   -- timestamptz
           AND declaration_id > $3                   -- bigint
         ORDER BY declaration_id
         LIMIT $4
    ), important AS MATERIALIZED (
        SELECT customer, point_id, valid_from, valid_to
          FROM customer
          JOIN customer_point USING (customer_id)
         WHERE important
    ), placed AS MATERIALIZED (
        SELECT DISTINCT declaration_id, off_at, point_id
          FROM chosen
          JOIN declaration_scope USING (declaration_id)
          JOIN v_place_point USING (place, code)
    ), regions AS (
        SELECT declaration_id, array_agg(DISTINCT region ORDER BY region) AS regions
          FROM placed
          JOIN point USING (point_id)
         GROUP BY declaration_id
    ), to_tell AS (
        SELECT declaration_id, array_agg(DISTINCT customer) AS important
          FROM placed
          JOIN important USING (point_id)
         WHERE valid_from <= off_at
           AND valid_to > off_at
         GROUP BY declaration_id
    ), told AS (
        SELECT declaration_id, array_agg(customer) AS told, array_agg(told_at) AS told_at
          FROM declaration_told
          JOIN chosen USING (declaration_id)
         GROUP BY declaration_id
    )
    SELECT chosen.*, regions, important, told, told_at
      FROM chosen
      LEFT JOIN regions USING (declaration_id)
      LEFT JOIN to_tell USING (declaration_id)
      LEFT JOIN told USING (declaration_id)
     ORDER BY declaration_id
    """,
)

# Outages that a customer may count as planned ones, once they came. $1, $2: half-open.
_CAME = statement(
    "planned_outages_that_came",
    """
    SELECT declaration_id, ticket, outage_kind, cause, from_at, to_at
      FROM declaration
     WHERE outage_kind IN ('planned', 'temporary', 'customer_request')
       AND withdrawn_at IS NULL
       AND from_at >= $1        -- timestamptz
       AND from_at < $2         -- timestamptz
       AND declaration_id > $3  -- bigint
     ORDER BY declaration_id
     LIMIT $4
    """,
)

# Customers in the scope of some of them. $1: numbers; $2: the lowest level that is asked for.
_TOUCHED = statement(
    "customers_of_planned_outages",
    """
    WITH placed AS MATERIALIZED (
        SELECT DISTINCT declaration_id, declaration.from_at, point_id
          FROM declaration
          JOIN declaration_scope USING (declaration_id)
          JOIN v_place_point USING (place, code)
         WHERE declaration_id = ANY($1::bigint[])
    )
    SELECT customer_id,
           min(customer) AS customer,
           min(voltage_level_mv) AS level_mv,
           array_agg(DISTINCT declaration_id) AS declaration_ids
      FROM placed
      JOIN customer_point USING (point_id)
      JOIN customer USING (customer_id)
     WHERE voltage_level_mv >= $2::bigint
       AND valid_from <= from_at
       AND valid_to > from_at
     GROUP BY customer_id
    """,
)

# Where customers are and how many of each level: each once, in the first of its regions.
_PLACED: Final = """
    SELECT customer_id, voltage_level_mv, min(region) AS region
      FROM customer
      JOIN customer_point USING (customer_id)
      JOIN point USING (point_id)
"""
_CUSTOMERS = statement(
    "customers_by_level",
    f"""
    SELECT region, voltage_level_mv AS level_mv, count(*) AS n_customers
      FROM (
               {_PLACED}
                WHERE customer.valid_from < $2  -- timestamptz
                  AND customer.valid_to > $1    -- timestamptz
                GROUP BY customer_id
           ) AS placed
     GROUP BY region, voltage_level_mv
    """,  # noqa: S608 (SQL of ours)
)
_REGIONS = statement(
    "regions_of_customers",
    f"{_PLACED} WHERE customer_id = ANY($1::integer[]) GROUP BY customer_id",
)


async def read_outages(
    connection: Connection, span: tuple[datetime, datetime]
) -> list[AnnouncedOutage]:
    """Return the planned and temporary outages that came, or were to come, in a half-open span."""
    return [_outage(row) async for row in rows_of(connection, _OUTAGES, "declaration_id", *span)]


async def read_planned_year(
    snapshot: Snapshot, to_day: date, rule_set: RuleSet
) -> PlannedYear | None:
    """Return the planned outages of the calendar year that ends with ``to_day``, or is cut by it.

    Days are of the deployment's zone, ``to_day`` is exclusive. None where no rule counts them.
    """
    rows = [row for row in rule_set.promises if isinstance(row, PlannedCountRow)]
    if not rows:
        return None
    connection, zone = snapshot.connection, snapshot.zone
    first = (to_day - timedelta(days=1)).replace(month=1, day=1)
    year_from, to_at = day_start(first, zone), day_start(to_day, zone)
    outages = {
        row["declaration_id"]: _outage(row)
        async for row in rows_of(
            connection, _CAME, "declaration_id", year_from - _BEFORE_THE_YEAR, to_at
        )
    }
    lowest_kv = min(row.from_kv or Decimal(0) for row in rows)
    touched = await connection.fetch(_TOUCHED, list(outages), int(lowest_kv * _MV_PER_KV))
    regions = await connection.fetch(_REGIONS, [row["customer_id"] for row in touched])
    region_of = {row["customer_id"]: row["region"] for row in regions}
    customers = await connection.fetch(_CUSTOMERS, year_from, to_at)
    return PlannedYear(
        year_from=epoch_us(year_from),
        outages=outages,
        touched=[
            TouchedCustomer(
                customer_id=row["customer_id"],
                customer=row["customer"],
                region=region_of[row["customer_id"]],
                level_kv=_kv(row["level_mv"]),
                declaration_ids=frozenset(row["declaration_ids"]),
            )
            for row in touched
        ],
        n_customers={
            (row["region"], _kv(row["level_mv"])): row["n_customers"] for row in customers
        },
    )


def _outage(row: Any) -> AnnouncedOutage:
    fields = dict(row)
    told = dict(
        zip(fields.get("told") or (), map(epoch_us, fields.get("told_at") or ()), strict=True)
    )
    return AnnouncedOutage(
        declaration_id=fields["declaration_id"],
        ticket=fields["ticket"],
        outage_kind=fields["outage_kind"],
        cause=fields["cause"],
        regions=tuple(fields.get("regions") or ()),
        window_from=_us(fields.get("window_from")),
        window_to=_us(fields.get("window_to")),
        from_at=_us(fields["from_at"]),
        to_at=_us(fields["to_at"]),
        notice_at=_us(fields.get("notice_at")),
        notice_fields=frozenset(fields.get("notice_fields") or ()),
        is_cancelled=bool(fields.get("is_cancelled")),
        important=frozenset(fields.get("important") or ()),
        told=told,
    )


def _us(at: datetime | None) -> int | None:
    return None if at is None else epoch_us(at)


def _kv(level_mv: int) -> Decimal:
    return Decimal(level_mv) / _MV_PER_KV
