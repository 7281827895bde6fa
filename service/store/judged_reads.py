"""Pages of one point judged as they are read: under another rule set than the one whose verdicts they hold."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MINUTES_PER_HOUR, N_VERDICTS, VERDICT_MASK
from service.domain.instants import FOREVER_US, edge_minute
from service.domain.judging import make_judge
from service.domain.pages import PageColumns
from service.domain.registry import (
    DarkSpans,
    Declaration,
    DeclarationKind,
    Exemption,
    Point,
    Registry,
)
from service.domain.rules import RuleSet
from service.store.page_reads import PageVerdicts
from service.store.page_rows import READ_PAGE, pages_from_rows
from service.store.pool import Connection
from service.store.statements import statement

_HOUR: Final = timedelta(hours=1)

_PAGES = statement(
    "pages_of_point",
    f"""
    SELECT {READ_PAGE}
      FROM page
     WHERE point_id = $1          -- integer
       AND hour > $2              -- timestamptz, exclusive
       AND hour < $3              -- timestamptz, exclusive
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

# The same as of all points in the registry.
_DARK = statement(
    "dark_spans_of_point",
    """
    SELECT (extract(epoch FROM start_at) * 1000000)::bigint AS from_us,
           (extract(epoch FROM end_at) * 1000000)::bigint AS to_us
      FROM v_dark_interruption
     WHERE point_id = $1          -- integer
       AND start_at < $3          -- timestamptz
       AND coalesce(end_at, 'infinity') > $2
    """,
)


async def judged_pages(
    connection: Connection,
    point: Point,
    rule_set: RuleSet,
    span: tuple[datetime, datetime],
    exemptions: Sequence[Exemption] = (),
    without: Collection[DeclarationKind] = (),
) -> PageColumns:
    """Return the pages of a point that have minutes in the half-open ``span``, in the order of time, judged.

    Args:
        connection: Of a snapshot.
        point: Whose.
        rule_set: Judges them.
        span: Half-open.
        exemptions: Months in which the point is exempt, as far as the rule set exempts anybody.
        without: Kinds of declarations that do not count, as if nobody had made them.
    """
    rows = await connection.fetch(_PAGES, point.point_id, span[0] - _HOUR, span[1])
    return await judged_rows(connection, rows, point, rule_set, (span, exemptions), without)


async def judged_rows(
    connection: Connection,
    rows: Sequence[Any],
    point: Point,
    rule_set: RuleSet,
    when: tuple[tuple[datetime, datetime], Sequence[Exemption]],
    without: Collection[DeclarationKind] = (),
) -> PageColumns:
    """Return the same of rows with ``READ_PAGE``; ``when`` has the span of them, and the exemptions."""
    (from_at, to_at), exemptions = when
    around = (point.point_id, from_at - _HOUR, to_at + _HOUR)
    declared = await connection.fetch(_DECLARED, *around)
    dark = await connection.fetch(_DARK, *around)
    registry = Registry(
        judgement=0,
        points=[point],
        declarations=[
            Declaration(**row, point_ids=frozenset({point.point_id}))
            for row in declared
            if row["kind"] not in without
        ],
        exemptions=list(exemptions),
        dark_spans=_dark_spans(point, dark),
    )
    return await asyncio.to_thread(_judged, rows, registry, rule_set)


def verdicts_of(pages: PageColumns) -> PageVerdicts:
    """Return the verdicts of judged pages of one point."""
    return PageVerdicts(
        hour=pages.hour.astype(np.int64),
        interval_s=pages.interval_s.astype(np.int64),
        verdict=pages.scores.verdict,
    )


def phases_of(
    pages: PageColumns, point: Point, from_at: datetime, to_at: datetime
) -> NDArray[np.int64]:
    """Return the minutes by verdict of each phase in ``[from_at, to_at)``, ``(n_phases, 7)``, of judged pages.

    Minutes without a page are in no column.
    """
    verdict = pages.planes.mark.reshape(-1, point.n_phases, MINUTES_PER_HOUR) & VERDICT_MASK
    minute = pages.hour.astype(np.int64)[:, None] * MINUTES_PER_HOUR + np.arange(MINUTES_PER_HOUR)
    inside = (minute >= edge_minute(from_at)) & (minute < edge_minute(to_at))
    return np.array(
        [
            np.bincount(verdict[:, phase][inside], minlength=N_VERDICTS)
            for phase in range(point.n_phases)
        ],
        np.int64,
    )


def _dark_spans(point: Point, rows: Sequence[Any]) -> DarkSpans:
    ends = [FOREVER_US if row["to_us"] is None else row["to_us"] for row in rows]
    return DarkSpans(
        point_id=np.full(len(rows), point.point_id, np.int32),
        from_us=np.array([row["from_us"] for row in rows], np.int64),
        to_us=np.array(ends, np.int64),
    )


def _judged(rows: Sequence[Any], registry: Registry, rule_set: RuleSet) -> PageColumns:
    pages = pages_from_rows(rows)
    make_judge(registry, rule_set).judge(pages)
    return pages
