"""The area of each point, as its customers of today say."""

from service.domain.registry import TargetArea
from service.store.pool import Connection
from service.store.statements import statement

_AREAS = statement(
    "point_areas",
    """
    SELECT DISTINCT ON (point_id)
           point_id, target_area
      FROM customer_point
      JOIN customer USING (customer_id)
     WHERE customer.valid_from <= now()
       AND customer.valid_to > now()
     ORDER BY point_id, array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)
    """,
)


async def point_areas(connection: Connection) -> dict[int, TargetArea]:
    """Return the area of each point that supplies a customer now, the strictest where they differ."""
    return {row[0]: row[1] for row in await connection.fetch(_AREAS)}
