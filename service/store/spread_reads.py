"""The extremes of a point's pages that the day's spread at 35 kV and above rests on."""

from datetime import datetime

import numpy as np

from service.domain.spread import PageExtremes
from service.store.pool import Connection
from service.store.statements import statement

_EXTREMES = statement(
    "page_extremes_of_point",
    """
    SELECT (extract(epoch FROM hour) / 3600)::bigint AS hour, spread_min, spread_max
      FROM page
     WHERE point_id = $1   -- integer
       AND hour >= $2      -- timestamptz
       AND hour < $3       -- timestamptz
       AND spread_min IS NOT NULL
     ORDER BY hour
    """,
)


async def page_extremes(
    connection: Connection, point_id: int, span: tuple[datetime, datetime]
) -> PageExtremes:
    """Return the extremes of the pages whose hours begin in a half-open span, as the statutory rule set has them."""
    rows = await connection.fetch(_EXTREMES, point_id, *span)
    return PageExtremes(
        hour=np.array([row["hour"] for row in rows], np.int64),
        lowest=np.array([row["spread_min"] for row in rows], np.int16),
        highest=np.array([row["spread_max"] for row in rows], np.int16),
    )
