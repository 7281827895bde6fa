"""Months of points, added up from their days once they are over.

At every moment a row is the sum of the point's days: the database takes it away when one of them is written.
"""

from collections.abc import Sequence
from datetime import date

from service.store.count_reads import COUNTS
from service.store.pool import Connection
from service.store.statements import statement

_NAMES = ", ".join(f"n_{name}" for name in COUNTS)

# Point by point: the key of point_day begins with the point.
_FIRST_MONTH = statement(
    "months_first",
    """
    SELECT date_trunc('month', min(first.day))::date
      FROM point
     CROSS JOIN LATERAL (
               SELECT day
                 FROM point_day
                WHERE point_day.point_id = point.point_id
                ORDER BY day
                LIMIT 1
           ) AS first
    """,
)

_ADDED = statement("months_added", "SELECT added_from, added_before FROM deployment")

_NOTE_ADDED = statement(
    "months_note_added",
    """
    UPDATE deployment
       SET added_from = least(added_from, $1),
           added_before = greatest(added_before, ($1::date + interval '1 month')::date)
    """,
)

# Whoever writes days waits for who adds them up, and the other way round (take_months_away). Readers wait for neither.
_ALONE = statement("months_alone", "LOCK TABLE point_month IN SHARE ROW EXCLUSIVE MODE")

# A plan that is kept from when nothing was due would look through all that is for each of them.
_PLANNED_ANEW = statement("months_planned_anew", "SET LOCAL plan_cache_mode = force_custom_plan")

_POINT_IDS = statement(
    "months_point_ids",
    """
    SELECT point_id
      FROM point
     WHERE point_id > $1
     ORDER BY point_id
     LIMIT $2
    """,
)

_TAKE_DUE = statement(
    "months_take_due",
    """
    DELETE FROM month_due
     USING (
               SELECT point_id, month
                 FROM month_due
                ORDER BY point_id, month
                LIMIT $1
           ) AS oldest
     WHERE month_due.point_id = oldest.point_id
       AND month_due.month = oldest.month
    RETURNING month_due.point_id, month_due.month
    """,
)

_ADD = statement(
    "months_add",
    f"""
    INSERT INTO point_month (point_id, month, {_NAMES}, interval_s)
    SELECT asked.point_id, asked.month, {_NAMES}, interval_s
      FROM unnest($1::integer[], $2::date[]) AS asked (point_id, month)
     CROSS JOIN LATERAL (
               SELECT {", ".join(f"sum(n_{name})::integer AS n_{name}" for name in COUNTS)},
                      max(interval_s) AS interval_s
                 FROM point_day
                WHERE point_day.point_id = asked.point_id
                  AND day >= asked.month
                  AND day < asked.month + interval '1 month'
               HAVING count(*) > 0
           ) AS added
     ORDER BY asked.month, asked.point_id
    """,  # noqa: S608 (SQL of ours)
)


async def first_month(connection: Connection) -> date | None:
    """Return the first day of the month of the first day that any point has; None without days."""
    found: date | None = await connection.fetchval(_FIRST_MONTH)
    return found


async def added_months(connection: Connection) -> tuple[date, date] | None:
    """Return the first of the months that are added up, and the one after the last; None without one."""
    row = await connection.fetchrow(_ADDED)
    return None if row is None or row["added_from"] is None else tuple(row)


async def add_month(connection: Connection, month: date, at_once: int) -> int:
    """Add up a month of all points, ``at_once`` of them in a statement; return how many points have one.

    ``month`` is the first day of a month that is over, and the next to those that are added, before or after them. Call
    it alone in a transaction.
    """
    await connection.execute(_ALONE)
    await connection.execute(_PLANNED_ANEW)
    n_points, last = 0, 0
    while point_ids := [row[0] for row in await connection.fetch(_POINT_IDS, last, at_once)]:
        n_points += await _add(connection, point_ids, [month] * len(point_ids))
        last = point_ids[-1]
    await connection.execute(_NOTE_ADDED, month)
    return n_points


async def add_due(connection: Connection, limit: int) -> int:
    """Add up again months of points that changed, ``limit`` at most, in a transaction; return how many were due."""
    await connection.execute(_ALONE)
    await connection.execute(_PLANNED_ANEW)
    due = await connection.fetch(_TAKE_DUE, limit)
    await _add(connection, [row["point_id"] for row in due], [row["month"] for row in due])
    return len(due)


async def _add(connection: Connection, point_ids: Sequence[int], months: Sequence[date]) -> int:
    done = await connection.execute(_ADD, point_ids, months)
    return int(done.rpartition(" ")[2])
