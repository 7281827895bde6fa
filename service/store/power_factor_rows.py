"""Months of power factors as rows: which are to be looked at, the energy they are found from, and who is exempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.domain.power_factor import ExemptPoint, HourlyEnergy
from service.domain.registry import Customer
from service.store.pool import Connection
from service.store.rollups import PointDay
from service.store.statements import statement

_ROWS_AT_ONCE: Final = 10_000  # the event loop gets a turn in between

_MARK = statement(
    "power_factors_mark",
    """
    INSERT INTO power_factor_due (month)
    SELECT DISTINCT date_trunc('month', day::timestamp)::date
      FROM unnest($1::date[]) AS days (day)
        ON CONFLICT DO NOTHING
    """,
)

_DUE = statement(
    "power_factors_due",
    """
    SELECT month
      FROM power_factor_due
     WHERE month < $1                     -- date
     ORDER BY month
     LIMIT $2
    """,
)

_UNMARK = statement("power_factors_unmark", "DELETE FROM power_factor_due WHERE month = $1")

_CUSTOMERS = statement(
    "power_factor_customers",
    """
    SELECT customer_id, customer, array_agg(point.point ORDER BY point_id) AS points,
           array_agg(point_id ORDER BY point_id) AS point_ids, voltage_level_mv, residential, important, user_class,
           required_power_factor, capacity_kva, target_area, response_area,
           customer.valid_from, nullif(customer.valid_to, 'infinity') AS valid_to
      FROM customer
      JOIN customer_point USING (customer_id)
      JOIN point USING (point_id)
     WHERE customer_id IN (
               SELECT others.customer_id
                 FROM customer AS bound
                 JOIN customer_point AS supply USING (customer_id)
                 JOIN customer_point AS others USING (point_id)
                WHERE bound.required_power_factor IS NOT NULL
                  AND NOT bound.residential
           )
     GROUP BY customer_id, customer, voltage_level_mv, residential, important, user_class, required_power_factor,
              capacity_kva, target_area, response_area, customer.valid_from, customer.valid_to
     ORDER BY customer_id
    """,
)

_ENERGY = statement(
    "power_factor_energy",
    """
    SELECT point_id, (extract(epoch FROM hour) / 3600)::integer AS hour, active_ws, reactive_vars, power_s
      FROM page
     WHERE point_id = ANY($1::integer[])
       AND hour >= $2                     -- timestamptz, inclusive
       AND hour < $3                      -- timestamptz, exclusive
       AND (extract(epoch FROM hour) / 3600)::integer = ANY($4::integer[])
       AND power_s IS NOT NULL
     ORDER BY point_id, hour
    """,
)

_EXEMPT = statement(
    "power_factor_exempt_points",
    """
    SELECT point_id, month, power_factor, required
      FROM power_factor_exemption
     WHERE month = $1                     -- date
     ORDER BY point_id
    """,
)

_WRITE = statement(
    "power_factor_exemptions_write",
    """
    INSERT INTO power_factor_exemption (point_id, month, power_factor, required)
    SELECT *
      FROM unnest($1::integer[], $2::date[], $3::numeric[], $4::numeric[])
        ON CONFLICT (point_id, month) DO UPDATE
       SET power_factor = EXCLUDED.power_factor,
           required = EXCLUDED.required
    """,
)

_DROP = statement(
    "power_factor_exemptions_drop",
    """
    DELETE FROM power_factor_exemption
     WHERE month = $1                     -- date
       AND point_id = ANY($2::integer[])
    """,
)


@dataclass(frozen=True, slots=True)
class Bound:
    """The customers that may be exempt, and whoever shares a point with one of them."""

    customers: Sequence[Customer]
    point_ids: dict[str, int]  # of all their points, by the operator's identifier

    @property
    def measured(self) -> dict[int, str]:
        """Points of those with a requirement, by id: their energy counts."""
        return {
            self.point_ids[point]: point
            for customer in self.customers
            if customer.required_power_factor is not None and not customer.residential
            for point in customer.points
        }


async def mark_power_factors(
    connection: Connection, days: Sequence[PointDay], point_ids: frozenset[int]
) -> None:
    """Note that the months of those ``days`` that are of ``point_ids`` are to be looked at.

    Call it in the transaction that counted the days.
    """
    found = sorted({one.day for one in days if one.point_id in point_ids})
    if found:
        await connection.execute(_MARK, found)


async def due_months(connection: Connection, before: date, limit: int) -> list[date]:
    """Return marked months before the month that begins with ``before``, ``limit`` at most, oldest first."""
    return [row["month"] for row in await connection.fetch(_DUE, before, limit)]


async def unmark_month(connection: Connection, month: date) -> None:
    """Take the mark of a month away, in the transaction that looks at it."""
    await connection.execute(_UNMARK, month)


async def bound_customers(connection: Connection) -> Bound:
    """Return the customers whose power factor counts, with those that share their points."""
    customers: list[Customer] = []
    point_ids: dict[str, int] = {}
    for row in await connection.fetch(_CUSTOMERS):
        fields = dict(row)
        fields["points"] = tuple(fields["points"])
        point_ids.update(zip(fields["points"], fields.pop("point_ids"), strict=True))
        customers.append(Customer(**fields))
    return Bound(customers, point_ids)


async def energy_of_points(
    connection: Connection,
    points: dict[int, str],
    span: tuple[datetime, datetime],
    hours: NDArray[np.int32],
) -> dict[str, HourlyEnergy]:
    """Return the known energy of points in some hours, by point; some 80 bytes an hour are held for it.

    Args:
        connection: Inside a transaction.
        points: The operator's identifiers, by id.
        span: In which the hours lie, half-open.
        hours: Since the Unix epoch, UTC.
    """
    cursor = await connection.cursor(_ENERGY, list(points), *span, hours.tolist())
    parts = [np.zeros((0, 5), np.int64)]
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        parts.append(np.array([tuple(row) for row in rows], np.int64))
    found = np.concatenate(parts)
    ids, first = np.unique(found[:, 0], return_index=True)
    return {
        points[point_id]: HourlyEnergy(
            hour=rows[:, 1].astype(np.int32),
            active_ws=rows[:, 2],
            reactive_vars=rows[:, 3],
            power_s=rows[:, 4].astype(np.int32),
        )
        for point_id, rows in zip(ids.tolist(), np.split(found, first[1:]), strict=False)
    }


async def exempt_points(connection: Connection, month: date) -> list[ExemptPoint]:
    """Return the points that are stored as exempt in a month, in the order of their ids."""
    return [ExemptPoint(**row) for row in await connection.fetch(_EXEMPT, month)]


async def write_exempt_points(connection: Connection, points: Sequence[ExemptPoint]) -> None:
    """Store points as exempt, in the place of what is stored of them and their months."""
    await connection.execute(
        _WRITE,
        [one.point_id for one in points],
        [one.month for one in points],
        [one.power_factor for one in points],
        [one.required for one in points],
    )


async def drop_exempt_points(connection: Connection, month: date, point_ids: Sequence[int]) -> None:
    """Take the exemptions of points in a month away."""
    await connection.execute(_DROP, month, list(point_ids))
