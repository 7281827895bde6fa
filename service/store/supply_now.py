"""How many points are without supply, and how many outages last."""

from service.domain.supply.pieces import Grade
from service.store.pool import Connection
from service.store.statements import statement

_WITHOUT_SUPPLY = statement(
    "points_without_supply",
    """
    SELECT evidence, count(DISTINCT point_id) AS n_points
      FROM interruption
     WHERE end_at IS NULL
     GROUP BY evidence
    """,
)

_N_OPEN = statement(
    "outages_open_count",
    """
    SELECT count(*)
      FROM outage
     WHERE last_end_at IS NULL
    """,
)


async def points_without_supply(connection: Connection) -> dict[Grade, int]:
    """Return how many points are in an interruption that lasts, by the best grade of its evidence."""
    rows = await connection.fetch(_WITHOUT_SUPPLY)
    return {row["evidence"]: row["n_points"] for row in rows}


async def n_open_outages(connection: Connection) -> int:
    """Return the number of outages in which a point is without supply."""
    return int(await connection.fetchval(_N_OPEN))
