"""Entries of the outage register, as the interruptions of points are matched with them."""

from collections.abc import Collection

from service.domain.instants import at_us, epoch_us_or_none
from service.domain.supply.register import RegisterEntry
from service.store.pool import Connection
from service.store.statements import statement

_ENTRIES = statement(
    "register_entries_of_points",
    """
    WITH entry AS (
        SELECT declaration_id, cause, from_at, to_at, window_from, window_to
          FROM declaration
         WHERE kind = 'outage'
           AND withdrawn_at IS NULL
           AND cancelled_at IS NULL
           AND coalesce(from_at, window_from) < $3         -- timestamptz
           AND CASE WHEN from_at IS NULL THEN window_to ELSE coalesce(to_at, 'infinity') END > $2
    )
    SELECT declaration_id, cause, from_at, to_at, window_from, window_to,
           array_agg(DISTINCT place_point.point_id) AS point_ids
      FROM entry
      JOIN declaration_scope USING (declaration_id)
      JOIN v_place_point AS place_point USING (place, code)
     WHERE place_point.point_id = ANY ($1::integer[])
     GROUP BY declaration_id, cause, from_at, to_at, window_from, window_to
     ORDER BY declaration_id
    """,
)


async def register_entries(
    connection: Connection, point_ids: Collection[int], span: tuple[int, int]
) -> list[RegisterEntry]:
    """Return the entries that name any of some points and reach into a span of time, microseconds.

    Neither withdrawn nor cancelled ones; of their points those that were asked about.
    """
    rows = await connection.fetch(_ENTRIES, list(point_ids), at_us(span[0]), at_us(span[1]))
    return [
        RegisterEntry(
            declaration_id=row["declaration_id"],
            point_ids=frozenset(row["point_ids"]),
            cause=row["cause"],
            off=epoch_us_or_none(row["from_at"]),
            on=epoch_us_or_none(row["to_at"]),
            window_from=epoch_us_or_none(row["window_from"]),
            window_to=epoch_us_or_none(row["window_to"]),
        )
        for row in rows
    ]
