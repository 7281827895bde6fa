"""Points, and what the registry knows about each, as readers ask for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.registry import Customer, Device, Point, PointClass
from service.store.pool import Connection
from service.store.statements import statement

_POINT = """
    SELECT point_id, point, nominal_mv, wiring, class AS point_class, organisation, organisation_name,
           region, region_name, substation, substation_name, feeder, feeder_name, transformer,
           transformer_name, is_terminal, is_feeder_head, band_lower, band_upper, valid_from,
           nullif(valid_to, 'infinity') AS valid_to
      FROM point
"""

_LIST = statement(
    "points_list",
    f"""
    {_POINT}
     WHERE ($1::text IS NULL OR region = $1)
       AND ($2::text IS NULL OR feeder = $2)
       AND ($3::text IS NULL OR transformer = $3)
       AND ($4::text IS NULL OR class = $4)
       AND ($5::text IS NULL OR point > $5)
     ORDER BY point
     LIMIT $6
    """,
)

_FIND = statement("point_find", f"{_POINT} WHERE point = $1")

_OF_IDS = statement("points_of_ids", f"{_POINT} WHERE point_id = ANY ($1::integer[])")

_DEVICES = statement(
    "devices_of_point",
    """
    SELECT device_id, device, point_id, interval_s, voltage_ratio, reading_kind, stamp_at, zone,
           delivery_delay_s, self_powered, zero_means, concentrator,
           valid_from, nullif(valid_to, 'infinity') AS valid_to
      FROM device
     WHERE point_id = $1
     ORDER BY valid_from, device
    """,
)

_CUSTOMERS = statement(
    "customers_of_point",
    """
    SELECT customer_id, customer, voltage_level_mv, residential, important, user_class,
           required_power_factor, capacity_kva, target_area, response_area, valid_from,
           nullif(valid_to, 'infinity') AS valid_to,
           (
               SELECT array_agg(point ORDER BY point)
                 FROM customer_point AS others
                 JOIN point USING (point_id)
                WHERE others.customer_id = customer.customer_id
           ) AS points
      FROM customer_point
      JOIN customer USING (customer_id)
     WHERE customer_point.point_id = $1
     ORDER BY customer
     LIMIT $2
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFilter:
    """Which points are meant: those that fit in everything that is given."""

    region: str | None = None
    feeder: str | None = None
    transformer: str | None = None
    point_class: PointClass | None = None


async def list_points(
    connection: Connection, chosen: PointFilter, after: str | None, limit: int
) -> list[Point]:
    """Return the chosen points in the order of their identifiers, those after ``after``."""
    rows = await connection.fetch(
        _LIST,
        chosen.region,
        chosen.feeder,
        chosen.transformer,
        chosen.point_class,
        after,
        limit,
    )
    return [Point(**row) for row in rows]


async def find_point(connection: Connection, point: str) -> Point | None:
    """Return the point with this identifier, None where there is none."""
    row = await connection.fetchrow(_FIND, point)
    return None if row is None else Point(**row)


async def points_of_ids(connection: Connection, point_ids: Collection[int]) -> dict[int, Point]:
    """Return points by their numbers in the database; those that there are not are left out."""
    rows = await connection.fetch(_OF_IDS, list(point_ids))
    return {row["point_id"]: Point(**row) for row in rows}


async def devices_of(connection: Connection, point_id: int) -> Sequence[Device]:
    """Return every device that serves, served or will serve a point, in the order of time."""
    return [Device(**row) for row in await connection.fetch(_DEVICES, point_id)]


async def customers_of(connection: Connection, point_id: int, limit: int) -> Sequence[Customer]:
    """Return the customers that a point supplies, ``limit`` at most."""
    return [_customer(row) for row in await connection.fetch(_CUSTOMERS, point_id, limit)]


def _customer(row: Any) -> Customer:
    return Customer(**{**row, "points": tuple(row["points"])})
