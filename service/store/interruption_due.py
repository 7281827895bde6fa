"""Which times of points are to be looked at again, because what their interruptions are made from changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from service.store.judgement import Change
from service.store.pool import Connection
from service.store.rollups import PointDay
from service.store.statements import statement

_FOREVER: Final = datetime.max.replace(tzinfo=UTC)  # 'infinity', to the driver

_MARK = statement(
    "interruptions_due_mark",
    """
    INSERT INTO interruption_due (point_id, from_at, to_at)
    SELECT point_id, from_at, to_at
      FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS due (point_id, from_at, to_at)
     ORDER BY point_id, from_at
    """,
)

_CONCERNED = statement(
    "interruptions_concerned",
    """
    SELECT days.point_id, min(day_start(days.day, zone)) AS from_at,
           CASE
               WHEN min(day_start(days.day, zone)) < (SELECT max(data_through) FROM partition_progress)
               THEN least(max(day_start(days.day + 1, zone)), (SELECT max(data_through) FROM partition_progress))
               ELSE max(day_start(days.day + 1, zone))
           END AS to_at
      FROM unnest($1::integer[], $2::date[]) AS days (point_id, day)
     CROSS JOIN deployment
     WHERE EXISTS (
               SELECT
                 FROM point_day
                WHERE point_day.point_id = days.point_id
                  AND point_day.day = days.day
                  AND n_interrupted > 0
           )
        OR EXISTS (
               SELECT
                 FROM interruption
                WHERE interruption.point_id = days.point_id
                  AND interruption.earliest_at < day_start(days.day + 1, zone)
                  AND coalesce(interruption.latest_at, 'infinity') >= day_start(days.day, zone)
           )
        OR EXISTS (
               SELECT
                 FROM event
                WHERE event.point_id = days.point_id
                  AND event.kind = 'interruption'
                  AND event.earliest_at < day_start(days.day + 1, zone)
                  AND coalesce(event.latest_at, 'infinity') >= day_start(days.day, zone)
           )
     GROUP BY days.point_id
    """,
)

_FEEDERS = statement(
    "interruptions_due_feeders",
    """
    SELECT feeder,
           CASE WHEN feeder = '' THEN point_id END AS alone,
           count(DISTINCT point_id) AS n_points
      FROM interruption_due
      JOIN point USING (point_id)
     WHERE from_at < $1            -- timestamptz
     GROUP BY feeder, alone
     ORDER BY min(due_id)
    """,
)

# What speaks of a time that the readings have not reached is looked at once more when they get there: $3 is where
# what is told reaches, up to an hour beyond the readings, $4 where they do. So the time before a mark that was left is
# looked at, too. A time without an end stands for an outage that lasts: its beginning may be ahead by a little, and its
# end brings a mark of its own.
_TAKE = statement(
    "interruptions_due_take",
    """
    WITH taken AS (
        DELETE FROM interruption_due
         USING point
         WHERE point.point_id = interruption_due.point_id
           AND interruption_due.from_at < $3            -- timestamptz
           AND ((point.feeder <> '' AND point.feeder = ANY ($1::text[]))
                OR (point.feeder = '' AND point.point_id = ANY ($2::integer[])))
        RETURNING interruption_due.point_id, interruption_due.from_at, interruption_due.to_at
    ), ahead AS (
        INSERT INTO interruption_due (point_id, from_at, to_at)
        SELECT point_id, $3, greatest(max(ends_at), $3 + interval '1 minute')
          FROM (
                   SELECT point_id, CASE WHEN to_at < 'infinity' THEN to_at ELSE $3 + interval '2 hours' END AS ends_at
                     FROM taken
               ) AS rest
         WHERE ends_at > $4::timestamptz
         GROUP BY point_id
         ORDER BY point_id
    )
    SELECT point_id, from_at - interval '1 hour' AS from_at, least(to_at, $3) AS to_at
      FROM taken
    """,
)

_N_POINTS = statement(
    "interruptions_due_points",
    """
    SELECT count(DISTINCT point_id)
      FROM interruption_due
     WHERE from_at < $1            -- timestamptz
    """,
)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A time of one point, half-open."""

    point_id: int
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class DueFeeder:
    """A feeder some of whose points are due, or a point without one."""

    feeder: str
    alone: int | None  # the point, where there is no feeder
    n_points: int  # that are due


async def mark_interruptions_due(
    connection: Connection, windows: Sequence[Window | Change]
) -> None:
    """Have the interruptions of points looked at again that reach into these times.

    Call it in the transaction that changes what they are made from. A change of every point, and an
    empty time, ask for nothing.
    """
    asked = [
        (one.point_id, one.from_at, _FOREVER if one.to_at is None else one.to_at)
        for one in windows
        if one.point_id is not None
    ]
    asked = [one for one in asked if one[1] < one[2]]
    if asked:
        await connection.execute(_MARK, *map(list, zip(*asked, strict=True)))


async def windows_concerned(connection: Connection, days: Sequence[PointDay]) -> list[Window]:
    """Return the points, among ``days``, that were interrupted there or were thought to be.

    Their days come as one time, which ends where the data do: what comes later makes its day dirty again.
    """
    rows = await connection.fetch(
        _CONCERNED, [one.point_id for one in days], [one.day for one in days]
    )
    return [Window(row["point_id"], row["from_at"], row["to_at"]) for row in rows]


async def due_feeders(connection: Connection, through: datetime) -> list[DueFeeder]:
    """Return the feeders with points that are due for a time before ``through``, the longest waiting first."""
    return [DueFeeder(**row) for row in await connection.fetch(_FEEDERS, through)]


async def take_due(
    connection: Connection,
    feeders: Sequence[DueFeeder],
    through: datetime,
    read_through: datetime,
) -> list[Window]:
    """Take away what is due of some feeders and begins before ``through``, by point and time, up to ``through``.

    Each time comes with the hour before it. What reaches beyond ``read_through``, where the readings
    end, stays due from ``through`` on, and waits until the data have gone further.

    Call it in the transaction that brings their interruptions in line.
    """
    codes = [one.feeder for one in feeders if one.alone is None]
    alone = [one.alone for one in feeders if one.alone is not None]
    rows = await connection.fetch(_TAKE, codes, alone, through, read_through)
    return sorted(Window(*row) for row in rows)


async def n_points_due(connection: Connection, through: datetime) -> int:
    """Return the number of points that are due for a time before ``through``, where the data reach."""
    return int(await connection.fetchval(_N_POINTS, through))
