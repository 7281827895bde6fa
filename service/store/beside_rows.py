"""Days of points under the rule sets beside as rows: which are to be counted, from which pages, and what came of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MISSING, N_VERDICTS, VERDICT_NAMES
from service.domain.pages import PageColumns
from service.store.page_rows import READ_PAGE, pages_from_rows
from service.store.pool import Connection
from service.store.rollups import PointDay
from service.store.statements import statement

_VERDICTS = [code for code in range(N_VERDICTS) if code != MISSING]
_COUNTS = [f"n_{VERDICT_NAMES[code]}" for code in _VERDICTS]

_BEYOND = timedelta(days=2)  # of a day in any zone, more than enough

_OPEN_DAY = statement(
    "beside_open_day",
    """
    SELECT (data_through AT TIME ZONE zone)::date
      FROM v_watermark
     CROSS JOIN deployment
    """,
)

_MARK = statement(
    "beside_mark",
    """
    INSERT INTO beside_due (point_id, day)
    SELECT point_id, day
      FROM unnest($1::integer[], $2::date[]) AS days (point_id, day)
     WHERE EXISTS (SELECT FROM kept_rule_set WHERE is_beside)
     ORDER BY day, point_id
        ON CONFLICT DO NOTHING
    """,
)

_MARK_ALL = statement(
    "beside_mark_all",
    """
    INSERT INTO beside_due (point_id, day)
    SELECT point_id, day
      FROM point_day
     ORDER BY day, point_id
        ON CONFLICT DO NOTHING
    """,
)

_FORGET_MARKS = statement("beside_forget_marks", "DELETE FROM beside_due")

_TAKE = statement(
    "beside_take",
    """
    DELETE FROM beside_due
     USING (
               SELECT point_id, day
                 FROM beside_due
                WHERE day < $1            -- date
                ORDER BY day, point_id
                LIMIT $2
           ) AS oldest
     WHERE beside_due.point_id = oldest.point_id
       AND beside_due.day = oldest.day
    RETURNING beside_due.point_id, beside_due.day
    """,
)

_N_DUE = statement(
    "beside_due_count",
    """
    SELECT count(*)
      FROM beside_due
     WHERE day < $1                       -- date
    """,
)

# OFFSET keeps the server at one range of the key for each day of a point: left to choose, it sorts the ledger.
# The bounds that do not depend on the day let it leave chunks out.
_PAGES = statement(
    "beside_pages",
    f"""
    SELECT DISTINCT ON (page.point_id, page.hour) {READ_PAGE}
      FROM unnest($1::integer[], $2::date[]) AS days (point_id, day)
     CROSS JOIN deployment
     CROSS JOIN LATERAL (
               SELECT *
                 FROM page
                WHERE page.point_id = days.point_id
                  AND page.hour > day_start(days.day, zone) - interval '1 hour'
                  AND page.hour < day_start(days.day + 1, zone)
                  AND page.hour > $3::timestamptz
                  AND page.hour < $4::timestamptz
               OFFSET 0
           ) AS page
     ORDER BY page.point_id, page.hour
    """,  # noqa: S608 (column names of ours)
)

_WRITE = statement(
    "beside_write",
    f"""
    INSERT INTO point_day_beside (rule_set_id, point_id, day, {", ".join(_COUNTS)})
    SELECT *
      FROM unnest($1::smallint[], $2::integer[], $3::date[],
                  {", ".join(f"${nth}::smallint[]" for nth in range(4, 4 + len(_COUNTS)))})
        ON CONFLICT (point_id, day, rule_set_id) DO UPDATE
       SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _COUNTS)}
    """,  # noqa: S608 (column names of ours)
)


async def open_day(connection: Connection) -> date:
    """Return the first day that is not over where the data reach; before the first reading the first day there is."""
    found: date | None = await connection.fetchval(_OPEN_DAY)
    return found or date.min


async def mark_beside(connection: Connection, days: Sequence[PointDay]) -> None:
    """Note that ``days`` are to be counted under the rule sets beside, if there are any."""
    await connection.execute(_MARK, [one.point_id for one in days], [one.day for one in days])


async def mark_all_beside(connection: Connection) -> None:
    """Note that every stored day is to be counted under the rule sets beside."""
    await connection.execute(_MARK_ALL)


async def forget_marks_beside(connection: Connection) -> None:
    """Take all marks away: no rule set is judged beside."""
    await connection.execute(_FORGET_MARKS)


async def take_due_beside(connection: Connection, before: date, limit: int) -> list[PointDay]:
    """Take away marks of days before ``before``, ``limit`` at most and the oldest; return them by point and day."""
    rows = await connection.fetch(_TAKE, before, limit)
    return sorted(PointDay(row["point_id"], row["day"]) for row in rows)


async def n_due_beside(connection: Connection, before: date) -> int:
    """Return the number of days before ``before`` that wait to be counted."""
    return int(await connection.fetchval(_N_DUE, before))


async def pages_of_days(connection: Connection, days: Sequence[PointDay]) -> PageColumns:
    """Return the pages that have minutes in ``days``, each once."""
    if not days:
        return pages_from_rows([])
    dates = [one.day for one in days]
    bounds = min(dates) - _BEYOND, max(dates) + _BEYOND
    rows = await connection.fetch(
        _PAGES,
        [one.point_id for one in days],
        dates,
        *(datetime.combine(bound, time(), UTC) for bound in bounds),
    )
    return pages_from_rows(rows)


async def write_days_beside(
    connection: Connection,
    days: Sequence[PointDay],
    rule_set_ids: Sequence[int],
    minutes: NDArray[np.int32],
) -> None:
    """Put the counts of days in the place of what is stored of them.

    Args:
        connection: In the transaction that took their marks away.
        days: Each once.
        rule_set_ids: Of the sets, each once.
        minutes: By set, day and verdict, ``(n_sets, n_days, 7)``.
    """
    n_sets, n_days = len(rule_set_ids), len(days)
    await connection.execute(
        _WRITE,
        np.repeat(rule_set_ids, n_days).tolist(),
        [one.point_id for one in days] * n_sets,
        [one.day for one in days] * n_sets,
        *(minutes[:, :, code].reshape(-1).tolist() for code in _VERDICTS),
    )
