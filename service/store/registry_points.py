"""Points of a registry file, brought into the database."""

from typing import Any, Final

from service.domain.csv_rows import BadRow, Rows
from service.domain.registry import Point
from service.store.judgement import Change
from service.store.moved_points import mark_moved_points
from service.store.pool import Connection
from service.store.staging import Merged, copy_rows
from service.store.week_marks import mark_weeks_in

_PLACES: Final = ("organisation", "region", "substation", "feeder", "transformer")
_JUDGED: Final = ("nominal_mv", "wiring", "class", *_PLACES, "band_lower", "band_upper")
# No minute is judged by these: names for people, and whose outages a point shows.
_TOLD: Final = (*(f"{place}_name" for place in _PLACES), "is_terminal", "is_feeder_head")
_VALIDITY: Final = ("valid_from", "valid_to")
_COLUMNS: Final = ("point", *_JUDGED, *_TOLD, *_VALIDITY)


def _of(table: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


_STAGE = f"""
    CREATE TEMPORARY TABLE next_point ON COMMIT DROP AS
    SELECT 0 AS line, {_of("point", _COLUMNS)}
      FROM point
     WHERE false
"""  # noqa: S608

# Cells are deviations from the nominal voltage, and a page holds as many planes as there are phases.
_REFUSED = """
    SELECT next_point.line,
           CASE WHEN next_point.wiring = point.wiring THEN 'nominal_v' ELSE 'wiring' END AS column_name,
           CASE WHEN next_point.wiring = point.wiring
               THEN trim_scale(next_point.nominal_mv / 1000.0)::text ELSE next_point.wiring END AS value,
           CASE WHEN next_point.wiring = point.wiring
               THEN trim_scale(point.nominal_mv / 1000.0)::text ELSE point.wiring END AS stored
      FROM next_point
      JOIN point USING (point)
     WHERE (next_point.nominal_mv, next_point.wiring) <> (point.nominal_mv, point.wiring)
       AND EXISTS (SELECT FROM page WHERE page.point_id = point.point_id)
     ORDER BY next_point.line
"""

_IS_CHANGED = f"({_of('next_point', _COLUMNS)}) IS DISTINCT FROM ({_of('point', _COLUMNS)})"

# Where nothing but the validity differs, only the minutes between the old and the new edge change.
_CHANGES = f"""
    SELECT point.point_id, span.from_at, nullif(span.to_at, 'infinity') AS to_at
      FROM next_point
      JOIN point USING (point)
     CROSS JOIN LATERAL (
               SELECT ({_of("next_point", _JUDGED)}) IS DISTINCT FROM ({_of("point", _JUDGED)}) AS is_judged
           ) AS difference
     CROSS JOIN LATERAL (
               SELECT least(next_point.valid_from, point.valid_from) AS from_at,
                      greatest(next_point.valid_to, point.valid_to) AS to_at
                WHERE is_judged
                UNION ALL
               SELECT least(next_point.valid_from, point.valid_from),
                      greatest(next_point.valid_from, point.valid_from)
                WHERE NOT is_judged
                UNION ALL
               SELECT least(next_point.valid_to, point.valid_to),
                      greatest(next_point.valid_to, point.valid_to)
                WHERE NOT is_judged
           ) AS span
     WHERE {_IS_CHANGED}
       AND span.from_at < span.to_at
     ORDER BY point.point_id, span.from_at
"""  # noqa: S608

_UPDATE = f"""
    UPDATE point
       SET {", ".join(f"{column} = next_point.{column}" for column in _COLUMNS[1:])}
      FROM next_point
     WHERE next_point.point = point.point
       AND {_IS_CHANGED}
"""  # noqa: S608

_INSERT = f"""
    INSERT INTO point ({", ".join(_COLUMNS)})
    SELECT {_of("next_point", _COLUMNS)}
      FROM next_point
     WHERE NOT EXISTS (SELECT FROM point WHERE point.point = next_point.point)
     ORDER BY next_point.line
"""  # noqa: S608


async def merge_points(connection: Connection, found: Rows[Point]) -> Merged:
    """Bring points into the database, in the caller's transaction; with bad rows it changes nothing."""
    await connection.execute(_STAGE)
    rows = ((line, *_row(point)) for line, point in zip(found.lines, found.rows, strict=True))
    await copy_rows(connection, "next_point", ("line", *_COLUMNS), rows)
    refused = [
        BadRow(
            row["line"],
            row["column_name"],
            row["value"],
            f"{row['stored']}, as its stored minutes were measured; end this point, begin another",
        )
        for row in await connection.fetch(_REFUSED)
    ]
    if refused:
        return Merged(bad_rows=refused)
    changes = [Change(**row) for row in await connection.fetch(_CHANGES)]
    await mark_moved_points(connection)
    n_changed = await connection.execute(_UPDATE)
    n_new = await connection.execute(_INSERT)
    await mark_weeks_in(connection, changes)
    return Merged.of(n_new, n_changed, changes)


def _row(point: Point) -> tuple[Any, ...]:
    return tuple(
        getattr(point, "point_class" if column == "class" else column) for column in _COLUMNS
    )
