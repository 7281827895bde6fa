"""Points inside a declared window, and the breaches that were held back for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from service.store.communication_rows import BreachKind
from service.store.pool import Connection
from service.store.statements import statement

_DECLARED = statement(
    "declared_points",
    """
    SELECT point_id, min(declaration_id) AS declaration_id
      FROM v_declared_window
      JOIN declaration_scope USING (declaration_id)
      JOIN v_place_point USING (place, code)
     WHERE from_at - $2::interval <= $1   -- timestamptz, now
       AND to_at > $1
     GROUP BY point_id
    """,
)

_HOLD = statement(
    "declared_hold",
    """
    INSERT INTO declared_breach (declaration_id, point_id, held)
    SELECT declaration_id, point_id, held
      FROM unnest($1::bigint[], $2::integer[], $3::text[]) AS found (declaration_id, point_id, held)
      JOIN declaration USING (declaration_id)
        ON CONFLICT DO NOTHING
    RETURNING point_id
    """,
)


async def declared_points(
    connection: Connection, now: datetime, early: timedelta
) -> dict[int, int]:
    """Return the points inside a declared window, and the number of a declaration that says so.

    Args:
        connection: Of a reader, or a writer.
        now: The instant asked about.
        early: A window begins so long before its start.
    """
    rows = await connection.fetch(_DECLARED, now, early)
    return {row["point_id"]: row["declaration_id"] for row in rows}


async def hold_declared(
    connection: Connection, breaches: Mapping[int, tuple[int, BreachKind]]
) -> int:
    """Note breaches of points that are held back for a declaration; return how many were not noted before.

    Args:
        connection: Of a writer.
        breaches: Number of the declaration and kind of the breach, by point id.
    """
    rows = await connection.fetch(
        _HOLD,
        [declaration_id for declaration_id, _ in breaches.values()],
        list(breaches),
        [kind for _, kind in breaches.values()],
    )
    return len(rows)
