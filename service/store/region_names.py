"""What regions are called."""

from collections.abc import Mapping

from service.store.pool import Connection
from service.store.statements import statement

_NAMES = statement(
    "region_names",
    """
    SELECT region, max(region_name) AS region_name
      FROM point
     GROUP BY region
     ORDER BY region
    """,
)


async def region_names(connection: Connection) -> Mapping[str, str]:
    """Return the names of the regions that points are in, by code; the code where one has no name."""
    rows = await connection.fetch(_NAMES)
    return {row["region"]: row["region_name"] or row["region"] for row in rows}
