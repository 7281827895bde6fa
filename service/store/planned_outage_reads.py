"""Planned and temporary outages of the register: what was announced, what came, and whom it touched."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
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
    ), scope AS MATERIALIZED (
        SELECT DISTINCT place, code
          FROM declaration_scope
          JOIN chosen USING (declaration_id)
    ), its_region AS MATERIALIZED (
        SELECT DISTINCT place, code, region
          FROM scope
          JOIN v_place_point USING (place, code)
          JOIN point USING (point_id)
    ), its_important AS MATERIALIZED (
        SELECT DISTINCT place, code, customer, valid_from, valid_to
          FROM scope
          JOIN v_place_point USING (place, code)
          JOIN important USING (point_id)
    ), regions AS (
        SELECT declaration_id, array_agg(DISTINCT region ORDER BY region) AS regions
          FROM chosen
          JOIN declaration_scope USING (declaration_id)
          JOIN its_region USING (place, code)
         GROUP BY declaration_id
    ), to_tell AS (
        SELECT declaration_id, array_agg(DISTINCT customer) AS important
          FROM chosen
          JOIN declaration_scope USING (declaration_id)
          JOIN its_important USING (place, code)
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

_SCOPES = statement(
    "scopes_of_outages",
    """
    SELECT declaration_id, place, code
      FROM declaration_scope
     WHERE declaration_id = ANY($1::bigint[])
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
                GROUP BY customer_id
           ) AS placed
     GROUP BY region, level_mv
    """,
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
    customers = await connection.fetch(_CUSTOMERS, year_from, to_at)
    return PlannedYear(
        year_from=epoch_us(year_from),
        outages=outages,
        touched=await _touched(connection, outages, int(lowest_kv * _MV_PER_KV)),
        n_customers={
            (row["region"], _kv(row["level_mv"])): row["n_customers"] for row in customers
        },
    )


async def _touched(
    connection: Connection, outages: Mapping[int, AnnouncedOutage], lowest_mv: int
) -> list[TouchedCustomer]:
    """Return the customers of a level or above that were in the scope of outages while they were supplied.

    Customers of the same scopes share their set of outages: a feeder has many, and few outages.
    """
    in_scope: dict[tuple[str, str], set[int]] = {}
    for row in await connection.fetch(_SCOPES, list(outages)):
        in_scope.setdefault((row["place"], row["code"]), set()).add(row["declaration_id"])
    places = list(in_scope)
    rows = await connection.fetch(
        _TOUCHED, [place for place, _ in places], [code for _, code in places], lowest_mv
    )

    @cache
    def outages_of(scopes: tuple[int, ...]) -> frozenset[int]:
        return frozenset[int]().union(*(in_scope[places[nth - 1]] for nth in scopes))

    found = []
    for row in rows:
        ids = outages_of(tuple(row["scopes"]))
        supplied = _while_supplied(ids, outages, epoch_us(row["valid_from"]), _us(row["valid_to"]))
        if supplied:
            found.append(
                TouchedCustomer(
                    customer_id=row["customer_id"],
                    customer=row["customer"],
                    region=row["region"],
                    level_kv=_kv(row["level_mv"]),
                    declaration_ids=supplied,
                )
            )
    return found


def _while_supplied(
    ids: frozenset[int],
    outages: Mapping[int, AnnouncedOutage],
    valid_from: int,
    valid_to: int | None,
) -> frozenset[int]:
    """Return the outages that began while a customer was supplied; the same set where all did."""
    kept = [
        one
        for one in ids
        if valid_from <= outages[one].at and (valid_to is None or outages[one].at < valid_to)
    ]
    return ids if len(kept) == len(ids) else frozenset(kept)


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
