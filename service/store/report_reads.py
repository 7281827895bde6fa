"""What reports list beside figures: single points, means by method, names of places, and what is still to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from service.domain.means import ShareMean
from service.domain.rates import Method, VerdictCounts
from service.domain.registry import PointClass
from service.metrics.words import Area
from service.store.count_reads import COUNTS, JUDGED, counted
from service.store.group_reads import AREA, verdict_counts
from service.store.pool import Connection
from service.store.statements import statement
from service.store.target_reads import RESIDENTIAL

_BY_CLASS: Final = counted(f"point.class AS key_1, {AREA} AS key_2", "true")
_LISTED: Final = f"""
    {_BY_CLASS}
    SELECT judged.point,
           key_1 AS class,
           key_2 AS area,
           place.region,
           place.region_name,
           place.feeder,
           place.feeder_name,
           place.transformer,
           place.transformer_name,
           interval_s,
           {", ".join(f"n_{name}" for name in (*COUNTS, "missing"))}
      FROM {JUDGED}
      JOIN point AS place USING (point_id)
"""  # noqa: S608 (SQL of ours)

_WORST = statement(
    "report_worst_points",
    f"""
    {_LISTED}
     WHERE is_monitored
       AND n_pass < n_judged
     ORDER BY n_pass / n_judged::numeric, judged.point COLLATE "C"
     LIMIT $5
    """,
)

_NOT_MONITORED = statement(
    "report_points_not_monitored",
    f"""
    {_LISTED}
     WHERE NOT is_monitored
     ORDER BY place.region COLLATE "C", place.feeder COLLATE "C", judged.point COLLATE "C"
     LIMIT $5
    """,
)

# Sums by denominator, as means of points are made of them.
_METHODS = statement(
    "report_means_by_method",
    f"""
    {_BY_CLASS}, {RESIDENTIAL}
    SELECT key_1 AS class,
           key_2 AS area,
           residential.point_id IS NOT NULL AS is_residential,
           interval_s > 60 AS is_sampled,
           n_judged,
           count(*) AS n_points,
           sum(n_pass)::bigint AS n_pass
      FROM {JUDGED}
      LEFT JOIN residential USING (point_id)
     WHERE is_monitored
     GROUP BY 1, 2, 3, 4, 5
     ORDER BY 1, 2, 3, 4, 5
    """,  # noqa: S608 (SQL of ours)
)

_NAMES = statement(
    "report_place_names",
    """
    SELECT 'region' AS place, region AS code, max(region_name) AS name
      FROM point
     GROUP BY region
     UNION ALL
    SELECT 'feeder', feeder, max(feeder_name)
      FROM point
     GROUP BY feeder
    """,
)

# Late readings of a partition that have no progress of it yet are not merged, either.
_WAITING = statement(
    "report_days_waiting",
    """
    WITH month AS (
        SELECT day_start($1::date, zone) AS from_at,
               day_start($2::date, zone) AS to_at
          FROM deployment
    )
    SELECT (SELECT count(*) FROM dirty_day WHERE day >= $1 AND day < $2) AS n_days,
           (
               SELECT count(*)
                 FROM judgement_change AS change
                CROSS JOIN month
                WHERE change.rescored_at IS NULL
                  AND change.from_at < month.to_at
                  AND change.to_at > month.from_at
           ) AS n_changes,
           (
               SELECT count(*)
                 FROM late_reading AS reading
                CROSS JOIN month
                 LEFT JOIN late_progress AS late USING (topic, partition)
                WHERE reading.kafka_offset >= coalesce(late.next_offset, 0)
                  AND reading.start_at < month.to_at
                  AND reading.start_at >= month.from_at - interval '1 hour'
           ) AS n_late,
           (
               SELECT count(*)
                 FROM interruption_due AS due
                CROSS JOIN month
                WHERE due.from_at < month.to_at
                  AND due.to_at > month.from_at
           ) AS n_interruptions,
           (
               SELECT count(*)
                 FROM power_factor_due AS due
                WHERE due.month >= date_trunc('month', $1::timestamp)::date
                  AND (due.month + interval '1 month')::date <= $2
           ) AS n_months
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPoint:
    """A point with its place and its minutes in some days."""

    point: str
    point_class: PointClass
    area: Area
    region: str
    region_name: str
    feeder: str
    feeder_name: str
    transformer: str
    transformer_name: str
    interval_s: int | None
    counts: VerdictCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodMean:
    """The mean of the monitored points of a class, an area and a method, residential ones or not."""

    point_class: PointClass
    area: Area
    is_residential: bool
    method: Method
    mean: ShareMean


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the settle role has still to do about some days."""

    n_days: int  # marks of days of points to be counted
    n_changes: int  # of registry, rules or declarations, whose pages are not judged again yet
    n_late: int  # late readings that are not merged
    n_interruptions: int  # marks of interruptions to be derived anew
    n_months: int  # whose power factors are to be looked at

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is left to do."""
        return not any(
            (self.n_days, self.n_changes, self.n_late, self.n_interruptions, self.n_months)
        )


async def worst_points(
    connection: Connection, days: tuple[date, date], floor: Decimal, limit: int
) -> list[ListedPoint]:
    """Return the monitored points with the lowest rates, those without a bad minute left out."""
    rows = await connection.fetch(_WORST, *days, *floor.as_integer_ratio(), limit)
    return [_point(row) for row in rows]


async def points_not_monitored(
    connection: Connection, days: tuple[date, date], floor: Decimal, limit: int
) -> list[ListedPoint]:
    """Return points without a rate, or with too little coverage for one, by their place."""
    rows = await connection.fetch(_NOT_MONITORED, *days, *floor.as_integer_ratio(), limit)
    return [_point(row) for row in rows]


async def method_means(
    connection: Connection, days: tuple[date, date], floor: Decimal
) -> list[MethodMean]:
    """Return the means of monitored points by class, area, residential or not, and method."""
    found: dict[tuple[PointClass, Area, bool, Method], ShareMean] = {}
    for row in await connection.fetch(_METHODS, *days, *floor.as_integer_ratio()):
        method: Method = "sampled" if row["is_sampled"] else "continuous"
        key = (row["class"], row["area"], row["is_residential"], method)
        found.setdefault(key, ShareMean()).add(row["n_pass"], row["n_judged"], row["n_points"])
    return [
        MethodMean(
            point_class=point_class,
            area=area,
            is_residential=is_residential,
            method=method,
            mean=mean,
        )
        for (point_class, area, is_residential, method), mean in found.items()
    ]


async def place_names(connection: Connection) -> Mapping[tuple[str, str], str]:
    """Return the names of regions and feeders, by ``region`` or ``feeder`` and code."""
    rows = await connection.fetch(_NAMES)
    return {(row["place"], row["code"]): row["name"] for row in rows}


async def waiting_of(connection: Connection, days: tuple[date, date]) -> Waiting:
    """Return what is left to do about days, half-open."""
    row = await connection.fetchrow(_WAITING, *days)
    if row is None:
        raise AssertionError  # a query without FROM has one row
    return Waiting(**row)


def _point(row: Any) -> ListedPoint:
    return ListedPoint(
        point=row["point"],
        point_class=row["class"],
        area=row["area"],
        region=row["region"],
        region_name=row["region_name"],
        feeder=row["feeder"],
        feeder_name=row["feeder_name"],
        transformer=row["transformer"],
        transformer_name=row["transformer_name"],
        interval_s=row["interval_s"],
        counts=verdict_counts(row),
    )
