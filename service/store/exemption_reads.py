"""A point without the exemption of its customer: its minutes judged as if the power factor had been kept."""

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.store.judged_reads import judged_rows
from service.store.page_reads import PageVerdicts
from service.store.page_rows import READ_PAGE
from service.store.pool import Connection
from service.store.statements import statement

_HOUR: Final = timedelta(hours=1)

_MONTHS = statement(
    "exempt_months_of_point",
    """
    SELECT month
      FROM v_exemption
     CROSS JOIN deployment
     WHERE point_id = $1                                    -- integer
       AND day_start(month, zone) < $3                      -- timestamptz, exclusive
       AND day_start((month + interval '1 month')::date, zone) > $2
     ORDER BY month
    """,
)

_EXEMPT_PAGES = statement(
    "exempt_pages_of_point",
    f"""
    SELECT {READ_PAGE}
      FROM page
     WHERE point_id = $1          -- integer
       AND hour > $2              -- timestamptz, exclusive
       AND hour < $3              -- timestamptz, exclusive
       AND n_exempt > 0
     ORDER BY hour
    """,  # noqa: S608 (column names of ours)
)


async def exempt_months(
    connection: Connection, point_id: int, from_at: datetime, to_at: datetime
) -> list[date]:
    """Return the months, as first days, that reach into ``[from_at, to_at)`` and in which a point is exempt."""
    rows = await connection.fetch(_MONTHS, point_id, from_at, to_at)
    return [row["month"] for row in rows]


async def unexempted(
    connection: Connection,
    point: Point,
    rule_set: RuleSet,
    verdicts: PageVerdicts,
    span: tuple[datetime, datetime],
) -> PageVerdicts:
    """Return ``verdicts`` with those of pages with exempt minutes judged again, as if nobody were exempt.

    Minutes that are exempt for another reason stay so: no rule covers the point, or a voltage lies
    outside its assessment band.

    Args:
        connection: Of the snapshot that ``verdicts`` were read from.
        point: Whose.
        rule_set: The statutory one.
        verdicts: Of all its pages that have minutes in ``span``.
        span: Half-open.
    """
    rows = await connection.fetch(_EXEMPT_PAGES, point.point_id, span[0] - _HOUR, span[1])
    pages = await judged_rows(connection, rows, point, rule_set, (span, ()))
    verdict = verdicts.verdict.copy()
    verdict[np.searchsorted(verdicts.hour, pages.hour)] = pages.scores.verdict
    return PageVerdicts(hour=verdicts.hour, interval_s=verdicts.interval_s, verdict=verdict)
