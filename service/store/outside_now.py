"""Points that are outside their limits about now, by feeder: as their newest pages say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.store.pool import Connection
from service.store.statements import statement

MINUTES_OUTSIDE: Final = 15  # of the hours looked at, for a point to be listed

# Two pages at most of each point: the hour that the data reach, and the one before.
_OUTSIDE = statement(
    "points_outside_now",
    """
    SELECT feeder, feeder_name,
           count(*) FILTER (WHERE n_over + n_under >= $2::integer) AS n_outside,
           count(*) FILTER (WHERE n_over >= $2::integer AND n_over >= n_under) AS n_over,
           count(*) AS n_points,
           sum(count(*) FILTER (WHERE n_over + n_under >= $2::integer)) OVER ()::bigint AS n_outside_in_all
      FROM (
               SELECT point.feeder, max(point.feeder_name) AS feeder_name, point_id,
                      sum(page.n_over) AS n_over, sum(page.n_under) AS n_under
                 FROM page
                 JOIN point USING (point_id)
                WHERE page.hour >= $1                      -- timestamptz
                  AND page.hour < $1 + interval '2 hours'
                GROUP BY point.feeder, point_id
           ) AS seen
     GROUP BY feeder, feeder_name
    HAVING count(*) FILTER (WHERE n_over + n_under >= $2::integer) > 0
     ORDER BY n_outside DESC, feeder
     LIMIT $3
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideNow:
    """Points of a feeder that were outside their limits in the last one to two hours."""

    feeder: str
    feeder_name: str
    n_outside: int  # for ``MINUTES_OUTSIDE`` minutes or more
    n_over: int  # of these: more above than below
    n_points: int  # that have readings in this time
    n_outside_in_all: int  # of all feeders, also those that are not listed


async def points_outside_now(
    connection: Connection, hour: datetime, limit: int
) -> list[OutsideNow]:
    """Return the feeders with such points, the most first.

    Args:
        connection: To the database.
        hour: Start of the first of the two hours (UTC) looked at.
        limit: Feeders, at most.
    """
    rows = await connection.fetch(_OUTSIDE, hour, MINUTES_OUTSIDE, limit)
    return [OutsideNow(**row) for row in rows]
