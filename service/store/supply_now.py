"""How many points are without supply, how many outages last, and when supply went and came back just now."""

from datetime import datetime

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

# An interruption that lasts, or one of the last days that ended after $1.
_SINCE = statement(
    "interruptions_since",
    """
    SELECT point_id, earliest_at, NULL::timestamptz AS latest_at
      FROM interruption
     WHERE end_at IS NULL
       AND evidence <> 'inferred'
     UNION ALL
    SELECT point_id, earliest_at, latest_at
      FROM interruption
     WHERE end_at IS NOT NULL
       AND evidence <> 'inferred'
       AND start_at >= $1::timestamptz - interval '2 days'
       AND coalesce(latest_at, 'infinity') > $1
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


async def interruptions_since(
    connection: Connection, since: datetime
) -> list[tuple[int, datetime, datetime | None]]:
    """Return point, earliest start and latest end (None: it lasts) of interruptions that ended after an instant.

    Of those that ended only what began no more than two days before it.
    """
    rows = await connection.fetch(_SINCE, since)
    return [(row["point_id"], row["earliest_at"], row["latest_at"]) for row in rows]
