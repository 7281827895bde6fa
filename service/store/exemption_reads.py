"""A point without the exemption of its customer: its minutes judged as if the power factor had been kept."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from service.domain.judging import make_judge
from service.domain.pages import PageColumns
from service.domain.registry import Declaration, Point, Registry
from service.domain.rules import RuleSet
from service.store.page_reads import PageVerdicts
from service.store.page_rows import READ_COLUMNS, pages_from_rows
from service.store.pool import Connection
from service.store.statements import statement

_HOUR: Final = timedelta(hours=1)
_COLUMNS: Final = ", ".join(READ_COLUMNS)

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
    SELECT {_COLUMNS}
      FROM page
     WHERE point_id = $1          -- integer
       AND hour > $2              -- timestamptz, exclusive
       AND hour < $3              -- timestamptz, exclusive
       AND n_exempt > 0
     ORDER BY hour
    """,  # noqa: S608 (column names of ours)
)

_DECLARED = statement(
    "declarations_of_point",
    """
    SELECT declaration_id, kind, from_at, nullif(to_at, 'infinity') AS to_at
      FROM v_declaration_point
     WHERE point_id = $1          -- integer
       AND from_at < $3           -- timestamptz
       AND to_at > $2
    """,
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

    Minutes that are exempt because no rule covers the point stay so.

    Args:
        connection: Of the snapshot that ``verdicts`` were read from.
        point: Whose.
        rule_set: The statutory one.
        verdicts: Of all its pages that have minutes in ``span``.
        span: Half-open.
    """
    from_at, to_at = span[0] - _HOUR, span[1]
    rows = await connection.fetch(_EXEMPT_PAGES, point.point_id, from_at, to_at)
    declared = await connection.fetch(_DECLARED, point.point_id, from_at, to_at + _HOUR)
    registry = Registry(
        judgement=0,
        points=[point],
        declarations=[
            Declaration(**row, point_ids=frozenset({point.point_id})) for row in declared
        ],
    )
    pages = pages_from_rows(rows)
    await asyncio.to_thread(_judge, pages, registry, rule_set)
    verdict = verdicts.verdict.copy()
    verdict[np.searchsorted(verdicts.hour, pages.hour)] = pages.scores.verdict
    return PageVerdicts(hour=verdicts.hour, interval_s=verdicts.interval_s, verdict=verdict)


def _judge(pages: PageColumns, registry: Registry, rule_set: RuleSet) -> None:
    make_judge(registry, rule_set).judge(pages)
