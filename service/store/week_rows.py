"""Weeks of points as rows: what they are counted from, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from kernels.layout import MINUTES_PER_HOUR
from service.domain.week_limits import FlagEvent, LimitCounts
from service.domain.weeks import HourCells, Percentiles, Week
from service.store.pool import Connection
from service.store.statements import statement
from service.store.week_marks import PointWeek

_HOUR_S: Final = 3600

_PAGES = statement(
    "week_pages",
    """
    SELECT point_id, extract(epoch FROM hour)::bigint AS hour_s, interval_s, n_phases, cells,
           full_marks(marks, n_phases * 60) AS marks
      FROM page
     WHERE point_id = ANY($1::integer[])
       AND hour >= $2                     -- timestamptz, inclusive
       AND hour < $3                      -- timestamptz, exclusive
     ORDER BY point_id, hour
    """,
)

# An event of kind interruption is closed by its own device alone; the rows of interruption are derived from
# all that the ledger says, so one of them is open only while the point is.
_EVENTS = statement(
    "week_events",
    """
    SELECT point_id, kind,
           extract(epoch FROM start_at)::double precision AS start_s,
           extract(epoch FROM end_at)::double precision AS end_s
      FROM (
               SELECT point_id, kind, start_at, end_at
                 FROM event
                WHERE point_id = ANY($1::integer[])
                  AND kind IN ('dip', 'swell')
                  AND start_at >= $2::timestamptz - make_interval(secs => $4)  -- what began before is too long to flag
                  AND start_at < $3
                  AND end_at >= $2
                UNION ALL
               SELECT point_id, 'interruption', start_at, end_at
                 FROM v_counted_interruption
                WHERE point_id = ANY($1::integer[])
                  AND start_at < $3       -- timestamptz, exclusive
                  AND coalesce(end_at, 'infinity') >= $2
           ) AS reaching
     ORDER BY point_id, start_at, kind
    """,
)

_WRITE_WEEKS = statement(
    "point_weeks_write",
    """
    INSERT INTO point_week (point_id, week, n_values, cell_v1, cell_v5, cell_v95, cell_v99, interval_s)
    SELECT *
      FROM unnest($1::integer[], $2::date[], $3::integer[], $4::smallint[], $5::smallint[], $6::smallint[],
                  $7::smallint[], $8::smallint[])
        ON CONFLICT (point_id, week) DO UPDATE
       SET n_values = EXCLUDED.n_values,
           cell_v1 = EXCLUDED.cell_v1,
           cell_v5 = EXCLUDED.cell_v5,
           cell_v95 = EXCLUDED.cell_v95,
           cell_v99 = EXCLUDED.cell_v99,
           interval_s = EXCLUDED.interval_s
    """,
)

_DROP_LIMITS = statement(
    "point_week_limits_drop",
    """
    DELETE FROM point_week_limit
     USING unnest($1::integer[], $2::date[]) AS anew (point_id, week)
     WHERE point_week_limit.point_id = anew.point_id
       AND point_week_limit.week = anew.week
    """,
)

_WRITE_LIMITS = statement(
    "point_week_limits_write",
    """
    INSERT INTO point_week_limit (rule_set_id, point_id, week, limit_no, n_due, n_values, n_outside, n_flagged)
    SELECT *
      FROM unnest($1::smallint[], $2::integer[], $3::date[], $4::smallint[], $5::integer[], $6::integer[],
                  $7::integer[], $8::integer[])
    """,
)


@dataclass(slots=True)
class WeekSource:
    """What a week of a point is counted from."""

    hours: list[HourCells] = field(default_factory=list)
    events: list[FlagEvent] = field(default_factory=list)
    interval_s: int | None = None  # the longest of its readings; None without a page

    def add(self, hour: HourCells, interval_s: int) -> None:
        """Take in a stored hour and the interval of its readings."""
        self.hours.append(hour)
        self.interval_s = max(interval_s, self.interval_s or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedWeek:
    """What came of a week of a point."""

    at: PointWeek
    interval_s: int
    percentiles: Percentiles
    limits: dict[int, list[LimitCounts]]  # by rule_set_id


async def week_sources(
    connection: Connection, point_ids: Sequence[int], week: Week, flagged_s_max: int
) -> dict[int, WeekSource]:
    """Return what a week of each of these points is counted from.

    Args:
        connection: Of a snapshot or transaction.
        point_ids: Whose.
        week: Which.
        flagged_s_max: How long a dip or swell lasts, in seconds, that flags a value, at most.
    """
    found = {point_id: WeekSource() for point_id in point_ids}
    span = (week.from_at - timedelta(hours=1), week.complete_at)
    for row in await connection.fetch(_PAGES, list(point_ids), *span):
        shape = (row["n_phases"], MINUTES_PER_HOUR)
        found[row["point_id"]].add(
            HourCells(
                hour=row["hour_s"] // _HOUR_S,
                cell=np.frombuffer(row["cells"], "<i2").reshape(shape),
                mark=np.frombuffer(row["marks"], np.uint8).reshape(shape),
            ),
            row["interval_s"],
        )
    for row in await connection.fetch(_EVENTS, list(point_ids), *span, flagged_s_max):
        found[row["point_id"]].events.append(FlagEvent(row["kind"], row["start_s"], row["end_s"]))
    return found


async def write_weeks(connection: Connection, weeks: Sequence[CountedWeek]) -> None:
    """Put counted weeks in the place of what is stored of them."""
    keys = [[one.at.point_id for one in weeks], [one.at.monday for one in weeks]]
    shown = [one.percentiles for one in weeks]
    await connection.execute(
        _WRITE_WEEKS,
        *keys,
        [one.n_values for one in shown],
        [one.v1 for one in shown],
        [one.v5 for one in shown],
        [one.v95 for one in shown],
        [one.v99 for one in shown],
        [one.interval_s for one in weeks],
    )
    await connection.execute(_DROP_LIMITS, *keys)
    rows = [
        (rule_set_id, one.at.point_id, one.at.monday, limit.limit_no, limit.n_due, limit.n_values,
         limit.n_outside, limit.n_flagged)
        for one in weeks
        for rule_set_id, limits in one.limits.items()
        for limit in limits
    ]  # fmt: skip
    await connection.execute(_WRITE_LIMITS, *([row[nth] for row in rows] for nth in range(8)))
