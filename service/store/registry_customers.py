"""Customers of a registry file, brought into the database."""

from typing import Any, Final

from service.domain.csv_rows import BadRow, Rows
from service.domain.registry import Customer
from service.store.judgement import Change
from service.store.pool import Connection
from service.store.staging import Merged, copy_rows

_FIELDS: Final = (
    "customer",
    "voltage_level_mv",
    "residential",
    "important",
    "user_class",
    "required_power_factor",
    "capacity_kva",
    "target_area",
    "response_area",
    "valid_from",
    "valid_to",
)
_NEXT: Final = ", ".join(f"next_customer.{field}" for field in _FIELDS)
_STORED: Final = ", ".join(f"customer.{field}" for field in _FIELDS)

_STAGE = f"""
    CREATE TEMPORARY TABLE next_customer ON COMMIT DROP AS
    SELECT 0 AS line, ARRAY[]::text[] AS points, ARRAY[]::integer[] AS point_ids, {_STORED}
      FROM customer
     WHERE false
"""  # noqa: S608

_FIND_POINTS = """
    UPDATE next_customer
       SET point_ids = named.point_ids
      FROM (
               SELECT line, array_agg(point_id ORDER BY point_id) AS point_ids
                 FROM next_customer
                CROSS JOIN unnest(points) AS name
                 JOIN point ON point.point = name
                GROUP BY line
           ) AS named
     WHERE named.line = next_customer.line
"""

_REFUSED = """
    SELECT line, name
      FROM next_customer
     CROSS JOIN unnest(points) AS name
     WHERE NOT EXISTS (SELECT FROM point WHERE point.point = name)
     ORDER BY line, name
"""

# Rows that differ from what is stored, customer_id NULL where nothing is.
_DIFFERENT = f"""
    CREATE TEMPORARY TABLE different_customer ON COMMIT DROP AS
    SELECT next_customer.*,
           customer.customer_id,
           supplied.point_ids AS old_point_ids,
           coalesce(customer.residential, false) AS was_residential,
           customer.required_power_factor IS NOT NULL AS was_bound
      FROM next_customer
      LEFT JOIN customer USING (customer)
      LEFT JOIN LATERAL (
               SELECT array_agg(point_id ORDER BY point_id) AS point_ids
                 FROM customer_point
                WHERE customer_point.customer_id = customer.customer_id
           ) AS supplied ON true
     WHERE customer.customer_id IS NULL
        OR ({_NEXT}) IS DISTINCT FROM ({_STORED})
        OR next_customer.point_ids IS DISTINCT FROM supplied.point_ids
"""  # noqa: S608

# Who is residential says whether an exemption of the point holds.
_CHANGES = """
    SELECT DISTINCT point.point_id, point.valid_from AS from_at, nullif(point.valid_to, 'infinity') AS to_at
      FROM different_customer
     CROSS JOIN unnest(point_ids || old_point_ids) AS supplied
      JOIN point ON point.point_id = supplied
     WHERE (residential OR was_residential)
       AND (residential <> was_residential OR point_ids IS DISTINCT FROM old_point_ids)
       AND EXISTS (SELECT FROM power_factor_exemption AS exemption WHERE exemption.point_id = supplied)
"""

_UPDATE = f"""
    UPDATE customer
       SET {", ".join(f"{field} = next_customer.{field}" for field in _FIELDS)}
      FROM different_customer AS next_customer
     WHERE next_customer.customer_id = customer.customer_id
"""  # noqa: S608

_INSERT = f"""
    INSERT INTO customer ({", ".join(_FIELDS)})
    SELECT {_NEXT}
      FROM different_customer AS next_customer
     WHERE customer_id IS NULL
     ORDER BY line
"""  # noqa: S608

_LET_GO = """
    DELETE FROM customer_point
     USING different_customer
     WHERE different_customer.customer_id = customer_point.customer_id
       AND customer_point.point_id <> ALL (different_customer.point_ids)
"""

_SUPPLY = """
    INSERT INTO customer_point (customer_id, point_id)
    SELECT customer.customer_id, supplied
      FROM different_customer
      JOIN customer USING (customer)
     CROSS JOIN unnest(point_ids) AS supplied
     ORDER BY customer.customer_id, supplied
        ON CONFLICT DO NOTHING
"""

# Months that are counted may have been found with another requirement, or with other points or neighbours.
_MARK_MONTHS = """
    INSERT INTO power_factor_due (month)
    SELECT DISTINCT date_trunc('month', day::timestamp)::date
      FROM point_day
     WHERE point_id IN (
               SELECT supplied
                 FROM different_customer
                CROSS JOIN unnest(point_ids || old_point_ids) AS supplied
                WHERE was_bound
                   OR EXISTS (
                          SELECT
                            FROM customer_point
                            JOIN customer USING (customer_id)
                           WHERE customer_point.point_id = supplied
                             AND customer.required_power_factor IS NOT NULL
                      )
           )
        ON CONFLICT DO NOTHING
"""


async def merge_customers(connection: Connection, found: Rows[Customer]) -> Merged:
    """Bring customers into the database, in the caller's transaction; with bad rows it changes nothing."""
    await connection.execute(_STAGE)
    rows = ((line, *_row(customer)) for line, customer in zip(found.lines, found.rows, strict=True))
    await copy_rows(connection, "next_customer", ("line", "points", *_FIELDS), rows)
    refused = [
        BadRow(row["line"], "points", row["name"], "points of the registry")
        for row in await connection.fetch(_REFUSED)
    ]
    if refused:
        return Merged(bad_rows=refused)
    await connection.execute(_FIND_POINTS)
    await connection.execute(_DIFFERENT)
    changes = [Change(**row) for row in await connection.fetch(_CHANGES)]
    n_changed = await connection.execute(_UPDATE)
    n_new = await connection.execute(_INSERT)
    await connection.execute(_LET_GO)
    await connection.execute(_SUPPLY)
    await connection.execute(_MARK_MONTHS)
    return Merged.of(n_new, n_changed, changes)


def _row(customer: Customer) -> tuple[Any, ...]:
    return (list(customer.points), *(getattr(customer, field) for field in _FIELDS))
