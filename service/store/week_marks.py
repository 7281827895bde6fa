"""Which weeks of points are to be counted, or counted anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service.store.judgement import Change
from service.store.pool import Connection
from service.store.rollups import PointDay
from service.store.statements import statement

# A week takes part in the next one where its last ten minutes reach into it, or a dip or swell does. An
# interruption can end anew with the data of any later week, and then concerns every week since it began.
_MARK = statement(
    "weeks_mark",
    """
    INSERT INTO week_due (point_id, week)
    SELECT DISTINCT days.point_id, due.week
      FROM unnest($1::integer[], $2::date[]) AS days (point_id, day)
     CROSS JOIN deployment
     CROSS JOIN LATERAL (
               SELECT date_trunc('week', days.day::timestamp)::date AS monday
           ) AS this
     CROSS JOIN LATERAL (
               SELECT monday AS week
                UNION ALL
               SELECT monday - 7
                WHERE days.day = monday
                  AND (extract(epoch FROM day_start(monday, zone))::bigint % 600 <> 0
                       OR EXISTS (
                              SELECT
                                FROM event
                               WHERE event.point_id = days.point_id
                                 AND event.kind IN ('dip', 'swell')
                                 AND event.start_at >= day_start(monday - 7, zone)
                                 AND event.start_at < day_start(monday, zone)
                                 AND coalesce(event.latest_at, 'infinity') >= day_start(monday, zone)
                          ))
                UNION ALL
               SELECT generate_series(
                          date_trunc('week', interruption.start_at AT TIME ZONE zone), monday - 7, interval '7 days'
                      )::date
                 FROM interruption
                WHERE interruption.point_id = days.point_id
                  AND interruption.start_at < day_start(monday, zone)
                  AND coalesce(interruption.latest_at, 'infinity') >= day_start(monday, zone)
           ) AS due
     ORDER BY due.week, days.point_id
        ON CONFLICT DO NOTHING
    """,
)

_TAKE = statement(
    "weeks_take",
    """
    DELETE FROM week_due
     USING (
               SELECT point_id, week
                 FROM week_due
                WHERE week < $1           -- date
                ORDER BY week, point_id
                LIMIT $2
           ) AS oldest
     WHERE week_due.point_id = oldest.point_id
       AND week_due.week = oldest.week
    RETURNING week_due.week, week_due.point_id
    """,
)

_N_DUE = statement(
    "weeks_due_count",
    """
    SELECT count(*)
      FROM week_due
     WHERE week < $1                      -- date
    """,
)

_MARK_ALL = statement(
    "weeks_mark_all",
    """
    INSERT INTO week_due (point_id, week)
    SELECT DISTINCT point_id, date_trunc('week', day::timestamp)::date
      FROM point_day
        ON CONFLICT DO NOTHING
    """,
)

# Of weeks that were counted: one that was not waits for its days. The last ten minutes reach over the edge.
_MARK_SPANS = statement(
    "weeks_mark_spans",
    """
    INSERT INTO week_due (point_id, week)
    SELECT DISTINCT stored.point_id, stored.week
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS span (point_id, from_at, to_at)
     CROSS JOIN deployment
      JOIN point_week AS stored USING (point_id)
     WHERE day_start(stored.week, zone) < coalesce(span.to_at, 'infinity')
       AND day_start(stored.week + 7, zone) + interval '10 minutes' > span.from_at
        ON CONFLICT DO NOTHING
    """,
)


@dataclass(frozen=True, slots=True)
class PointWeek:
    """A week of a point, by its Monday in the zone of the deployment."""

    point_id: int
    monday: date


async def mark_weeks(connection: Connection, days: Sequence[PointDay]) -> None:
    """Note that the weeks of ``days`` are to be counted anew, in the transaction that counted the days."""
    await connection.execute(_MARK, [one.point_id for one in days], [one.day for one in days])


async def mark_weeks_in(connection: Connection, changes: Sequence[Change]) -> None:
    """Note that counted weeks in the spans of ``changes`` are to be counted anew, in the transaction of these."""
    await connection.execute(
        _MARK_SPANS,
        [one.point_id for one in changes],
        [one.from_at for one in changes],
        [one.to_at for one in changes],
    )


async def mark_all_weeks(connection: Connection) -> None:
    """Note that every week with a stored day is to be counted anew: a rule set is kept that was not, or differs."""
    await connection.execute(_MARK_ALL)


async def take_due_weeks(connection: Connection, before: date, limit: int) -> list[PointWeek]:
    """Take away marks of weeks before the Monday ``before``, ``limit`` at most, and return them, oldest first."""
    rows = await connection.fetch(_TAKE, before, limit)
    found = [PointWeek(row["point_id"], row["week"]) for row in rows]
    return sorted(found, key=lambda one: (one.monday, one.point_id))


async def n_due_weeks(connection: Connection, before: date) -> int:
    """Return the number of weeks before the Monday ``before`` that wait to be counted."""
    return int(await connection.fetchval(_N_DUE, before))
