"""Pass rates day by day, of days that are over: of feeders, and of areas; of feeders hour by hour, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from service.store.pool import Connection
from service.store.statements import statement

_RATE: Final = "avg(n_pass / nullif(n_pass + n_over + n_under, 0)::double precision)"

_OF_FEEDERS = statement(
    "feeder_days",
    f"""
    SELECT point.feeder, day, {_RATE} AS rate
      FROM point_day
      JOIN point USING (point_id)
     WHERE point.feeder = ANY($1::text[])
       AND day >= $2              -- date
       AND day < $3               -- date
     GROUP BY point.feeder, day
    """,  # noqa: S608 (SQL of ours)
)

_HOURS_OF_FEEDERS = statement(
    "feeder_hours",
    f"""
    SELECT point.feeder, hour, {_RATE} AS rate
      FROM page
      JOIN point USING (point_id)
     WHERE point.feeder = ANY($1::text[])
       AND hour >= $2             -- timestamptz
       AND hour < $3              -- timestamptz
     GROUP BY point.feeder, hour
    """,  # noqa: S608 (SQL of ours)
)

# A point belongs to the area of the strictest of its customers, as in the figures of targets.
_OF_AREAS = statement(
    "area_days",
    f"""
    WITH placed AS MATERIALIZED (
        SELECT customer_point.point_id,
               (array_agg(target_area
                    ORDER BY array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)))[1] AS area
          FROM customer_point
          JOIN customer USING (customer_id)
         WHERE target_area IS NOT NULL
           AND valid_from < ($2::date + 1)::timestamptz
           AND valid_to > ($1::date - 1)::timestamptz
         GROUP BY customer_point.point_id
    )
    SELECT area, day, {_RATE} AS rate
      FROM point_day
      JOIN placed USING (point_id)
     WHERE day >= $1              -- date
       AND day < $2               -- date
     GROUP BY area, day
    """,  # noqa: S608 (SQL of ours)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRate:
    """The rate of a day: the unweighted mean of the points with judged minutes; None without one."""

    key: str  # feeder, or area
    day: date
    rate: float | None  # 0..1


async def feeder_days(
    connection: Connection, feeders: Sequence[str], days: tuple[date, date]
) -> list[DayRate]:
    """Return the days of some feeders, half-open; a day of which nothing is counted has no row."""
    rows = await connection.fetch(_OF_FEEDERS, list(feeders), *days)
    return [DayRate(key=row["feeder"], day=row["day"], rate=row["rate"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRate:
    """The same of an hour."""

    feeder: str
    hour: datetime  # its start
    rate: float | None  # 0..1


async def feeder_hours(
    connection: Connection, feeders: Sequence[str], span: tuple[datetime, datetime]
) -> list[HourRate]:
    """Return the hours (UTC) of some feeders that begin in a span, half-open; one without a page has no row."""
    rows = await connection.fetch(_HOURS_OF_FEEDERS, list(feeders), *span)
    return [HourRate(feeder=row["feeder"], hour=row["hour"], rate=row["rate"]) for row in rows]


async def area_days(connection: Connection, days: tuple[date, date]) -> list[DayRate]:
    """Return the days of each area that customers are in, half-open; points without customers take no part."""
    rows = await connection.fetch(_OF_AREAS, *days)
    return [DayRate(key=row["area"], day=row["day"], rate=row["rate"]) for row in rows]
