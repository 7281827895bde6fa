"""Days of points, made from the pages that changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service.store.pool import Connection
from service.store.statements import statement

_NEXT_GENERATION = statement(
    "rollup_next_generation",
    """
    UPDATE judgement
       SET rollup_generation = rollup_generation + 1
    RETURNING rollup_generation
    """,
)

_TAKE = statement(
    "dirty_days_take",
    """
    DELETE FROM dirty_day
     USING (
               SELECT point_id, day, generation
                 FROM dirty_day
                WHERE generation < $1     -- bigint
                  AND ($3::date IS NULL OR day < $3)
                ORDER BY point_id, day
                LIMIT $2
           ) AS oldest
     WHERE dirty_day.point_id = oldest.point_id
       AND dirty_day.day = oldest.day
       AND dirty_day.generation = oldest.generation
    RETURNING dirty_day.point_id, dirty_day.day
    """,
)

_NEWEST = statement("dirty_days_newest", "SELECT max(day) FROM dirty_day")

_ROLL_UP = statement(
    "point_days_roll_up",
    """
    INSERT INTO point_day (point_id, day, n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid,
                           cell_min, cell_max, spread_min, spread_max, interval_s)
    SELECT taken.point_id, taken.day, counted.n_pass, counted.n_over, counted.n_under, counted.n_interrupted,
           counted.n_exempt, counted.n_invalid, counted.cell_min, counted.cell_max, counted.spread_min,
           counted.spread_max, counted.interval_s
      FROM unnest($1::integer[], $2::date[]) AS taken (point_id, day)
     CROSS JOIN deployment
     CROSS JOIN LATERAL count_minutes(
               taken.point_id, day_start(taken.day, deployment.zone), day_start(taken.day + 1, deployment.zone),
               'infinity'
           ) AS counted
     WHERE counted.n_pages > 0
     ORDER BY taken.point_id, taken.day
        ON CONFLICT (point_id, day) DO UPDATE
       SET n_pass = EXCLUDED.n_pass,
           n_over = EXCLUDED.n_over,
           n_under = EXCLUDED.n_under,
           n_interrupted = EXCLUDED.n_interrupted,
           n_exempt = EXCLUDED.n_exempt,
           n_invalid = EXCLUDED.n_invalid,
           cell_min = EXCLUDED.cell_min,
           cell_max = EXCLUDED.cell_max,
           spread_min = EXCLUDED.spread_min,
           spread_max = EXCLUDED.spread_max,
           interval_s = EXCLUDED.interval_s
    """,
)

# Of a long interruption the row is open; of a short one the lane's event is there before any row.
_TROUBLED = statement(
    "dirty_days_troubled",
    """
    WITH reached AS (
        SELECT max(data_through) AS data_through
          FROM partition_progress
    ), troubled AS (
        SELECT point_id
          FROM event
         CROSS JOIN reached
         WHERE kind = 'interruption'
           AND start_at >= data_through - interval '1 day'
           AND coalesce(latest_at, 'infinity') >= data_through - interval '1 hour'
         UNION
        SELECT point_id
          FROM interruption
         WHERE end_at IS NULL
         UNION
        SELECT point_id
          FROM interruption
         CROSS JOIN reached
         WHERE start_at >= data_through - interval '1 day'
           AND latest_at >= data_through - interval '1 hour'
    )
    SELECT DISTINCT point_id, day
      FROM dirty_day
      JOIN troubled USING (point_id)
     ORDER BY point_id, day
    """,
)

_N_DIRTY = statement(
    "dirty_days_count",
    """
    SELECT count(*)
      FROM (SELECT DISTINCT point_id, day FROM dirty_day) AS days
    """,
)


@dataclass(frozen=True, slots=True, order=True)
class PointDay:
    """A day of a point, in the zone of the deployment."""

    point_id: int
    day: date


async def begin_pass(connection: Connection) -> int:
    """Return the generation of a new pass; every checkpoint that marked days before it is visible after it.

    The row is locked until the end of the transaction, and checkpoints wait for it: commit at once.
    """
    return int(await connection.fetchval(_NEXT_GENERATION))


async def newest_dirty(connection: Connection) -> date | None:
    """Return the newest day that is marked."""
    day: date | None = await connection.fetchval(_NEWEST)
    return day


async def take_dirty(
    connection: Connection, generation: int, limit: int, before: date | None = None
) -> list[PointDay]:
    """Take away marks older than ``generation``, ``limit`` at most, and return their days, each once.

    ``before`` leaves out those of that day and later; None: none is left out.
    """
    rows = await connection.fetch(_TAKE, generation, limit, before)
    return sorted({PointDay(row["point_id"], row["day"]) for row in rows})


async def troubled_days(connection: Connection) -> list[PointDay]:
    """Return the days marked of points that are, or were in the last hour, without supply; the marks stay."""
    return [PointDay(*row) for row in await connection.fetch(_TROUBLED)]


async def roll_up(connection: Connection, days: Sequence[PointDay]) -> None:
    """Count the days anew from their pages, in a transaction that takes their marks away or leaves them."""
    await connection.execute(_ROLL_UP, [one.point_id for one in days], [one.day for one in days])


async def n_dirty(connection: Connection) -> int:
    """Return the number of days that wait to be counted."""
    return int(await connection.fetchval(_N_DIRTY))
