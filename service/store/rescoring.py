"""Pages that were judged before a change that concerns them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Literal

import numpy as np

from service.domain.pages import PageColumns
from service.store.page_rows import READ_COLUMNS, STREAMED_COLUMNS, pages_from_stream
from service.store.pool import Connection
from service.store.statements import statement

_COLUMNS = ", ".join(f"page.{name}" for name in READ_COLUMNS)

# OFFSET 0 keeps the planner from reading pages in the order of their keys until LIMIT has enough of them: where few
# pages are stale that reads the whole ledger (15 million pages: more than two minutes, against 1.4 s this way).
_STALE_OF_POINTS = statement(
    "pages_stale_of_points",
    f"""
    SELECT {STREAMED_COLUMNS}
      FROM (
               SELECT DISTINCT ON (change.point_id, page.hour) {_COLUMNS}
                 FROM (
                          SELECT point_id, from_at, to_at, number
                            FROM judgement_change
                           WHERE rescored_at IS NULL
                             AND number <= $1                              -- bigint
                             AND point_id >= $2
                      ) AS change
                CROSS JOIN LATERAL (
                          SELECT {_COLUMNS}
                            FROM page
                           WHERE page.point_id = change.point_id
                             AND page.hour > change.from_at - interval '1 hour'
                             AND page.hour < change.to_at
                             AND page.judgement < change.number
                             AND (page.point_id, page.hour) > ($2::integer, $3::timestamptz)
                          OFFSET 0
                      ) AS page
                ORDER BY change.point_id, page.hour
                LIMIT $4::bigint
           ) AS page
     ORDER BY point_id, page.hour
    """,  # noqa: S608 (column names of ours)
)

_STALE_OF_ALL = statement(
    "pages_stale_of_all",
    f"""
    SELECT {STREAMED_COLUMNS}
      FROM page
     WHERE page.judgement < (
               SELECT max(number)
                 FROM judgement_change
                WHERE rescored_at IS NULL
                  AND point_id IS NULL
                  AND number <= $1
           )
       AND (page.point_id, page.hour) > ($2::integer, $3::timestamptz)
     ORDER BY page.point_id, page.hour
     LIMIT $4::bigint
    """,  # noqa: S608 (column names of ours)
)

_DONE = statement(
    "judgement_changes_done",
    """
    UPDATE judgement_change
       SET rescored_at = now()
     WHERE rescored_at IS NULL
       AND number <= $1
    """,
)

_N_OPEN = statement(
    "judgement_changes_open",
    """
    SELECT count(*)
      FROM judgement_change
     WHERE rescored_at IS NULL
    """,
)

_OPEN = statement(
    "judgement_changes_open_by_point",
    """
    SELECT DISTINCT point_id
      FROM judgement_change
     WHERE rescored_at IS NULL
    """,
)


Concerns = Literal["some_points", "all_points"]


@dataclass(frozen=True, slots=True)
class PageKey:
    """A place in the order of pages."""

    point_id: int
    hour: datetime


BEFORE_ALL = PageKey(-1, datetime(1, 1, 2, tzinfo=UTC))


async def stale_pages(
    connection: Connection, concerns: Concerns, number: int, after: PageKey, limit: int
) -> PageColumns:
    """Return the next pages, ordered by key, that a change up to ``number`` concerns and that are older than it.

    Changes of some points and changes of all have to be walked one after the other, each from ``BEFORE_ALL`` on: their
    pages lie between each other.
    """
    sql = _STALE_OF_POINTS if concerns == "some_points" else _STALE_OF_ALL
    stream, scope = BytesIO(), (number, after.point_id, after.hour, limit)
    await connection.copy_from_query(sql, *scope, output=stream, format="binary")
    return pages_from_stream(stream.getvalue())


def last_key(pages: PageColumns) -> PageKey:
    """Return the key of the last of some pages, which are ordered by it."""
    return PageKey(
        int(pages.point[-1]), datetime.fromtimestamp(int(np.int64(pages.hour[-1])) * 3600, UTC)
    )


async def close_changes(connection: Connection, number: int) -> None:
    """Note that no page older than the changes up to ``number`` is left in their scope."""
    await connection.execute(_DONE, number)


async def n_open_changes(connection: Connection) -> int:
    """Return the number of changes whose pages are not all judged again."""
    return int(await connection.fetchval(_N_OPEN))


async def points_to_rescore(connection: Connection) -> set[int] | None:
    """Return the points with changes whose pages are not all judged again; None for every point."""
    points = {row["point_id"] for row in await connection.fetch(_OPEN)}
    return None if None in points else points
