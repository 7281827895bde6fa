"""What of an entry lies outside some regions, by the whole registry: for writing, which sees everything."""

from collections.abc import Iterable

from service.domain.access import Territory
from service.domain.register import Place
from service.store.pool import Connection
from service.store.statements import statement

# A place lies inside if it has points there, and no others.
_PLACES = statement(
    "territory_outside_places",
    """
    SELECT place, code
      FROM unnest($1::text[], $2::text[]) AS scope (place, code)
     CROSS JOIN LATERAL (
               SELECT bool_and(point.region = ANY ($3::text[])) AS is_inside
                 FROM v_place_point AS member
                 JOIN point USING (point_id)
                WHERE member.place = scope.place
                  AND member.code = scope.code
           ) AS found
     WHERE is_inside IS NOT TRUE
    """,
)

# A customer lies inside if one of its points does.
_CUSTOMERS = statement(
    "territory_outside_customers",
    """
    SELECT name
      FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (
               SELECT
                 FROM customer
                 JOIN customer_point USING (customer_id)
                 JOIN point USING (point_id)
                WHERE customer.customer = name
                  AND point.region = ANY ($2::text[])
           )
    """,
)


async def places_outside(
    connection: Connection, territory: Territory, places: Iterable[Place]
) -> set[Place]:
    """Return those that are not wholly inside a territory; also those that the registry does not have."""
    asked = sorted(set(places))
    if territory.regions is None or not asked:
        return set()
    rows = await connection.fetch(
        _PLACES,
        [one.place for one in asked],
        [one.code for one in asked],
        sorted(territory.regions),
    )
    return {Place(row["place"], row["code"]) for row in rows}


async def customers_outside(
    connection: Connection, territory: Territory, customers: Iterable[str]
) -> set[str]:
    """Return those without a point inside a territory; also those that the registry does not have."""
    asked = sorted(set(customers))
    if territory.regions is None or not asked:
        return set()
    rows = await connection.fetch(_CUSTOMERS, asked, sorted(territory.regions))
    return {row["name"] for row in rows}
