"""What Prometheus is shown of days of the deployment: by area and class, and of single points."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from service.domain.rates import VerdictCounts
from service.domain.registry import PointClass
from service.metrics.words import Area
from service.store.count_reads import COUNTS, INTERRUPTED, JUDGED, counted
from service.store.group_reads import AREA, verdict_counts
from service.store.pool import Connection
from service.store.statements import statement

By = Literal["point", "feeder", "transformer"]

_BY_AREA_AND_CLASS = statement(
    "figures_by_area_and_class",
    f"""
    {counted(f"{AREA} AS key_1, point.class AS key_2", "true")}
    SELECT key_1,
           key_2,
           avg(n_pass / nullif(n_judged, 0)::double precision)
               FILTER (WHERE is_monitored) AS pass_ratio,
           sum(n_judged) / nullif(sum(n_to_judge), 0)::double precision AS coverage_ratio,
           coalesce(sum(interrupted_s), 0) / count(*) AS interrupted_s
      FROM {JUDGED}
      LEFT JOIN {INTERRUPTED} USING (point_id)
     GROUP BY key_1, key_2
    """,  # noqa: S608 (SQL of ours)
)

_OF_POINTS = statement(
    "figures_of_points",
    f"""
    {counted("''::text AS key_1, ''::text AS key_2", "point.point_id = ANY($3::integer[])")}
    SELECT point,
           {", ".join(f"n_{name}" for name in (*COUNTS, "missing"))},
           coalesce(n_interruptions, 0) AS n_interruptions,
           coalesce(interrupted_s, 0) AS interrupted_s
      FROM counted
      LEFT JOIN {INTERRUPTED} USING (point_id)
     ORDER BY point
    """,  # noqa: S608 (SQL of ours)
)

_IDS: Final = MappingProxyType(
    {
        by: statement(
            f"point_ids_by_{by}",
            f"""
            SELECT point_id, point, count(*) OVER () AS n_all
              FROM point
             WHERE {column} = ANY($1::text[])
             ORDER BY point
             LIMIT $2
            """,  # noqa: S608 (SQL of ours)
        )
        for by, column in (
            ("point", "point.point"),
            ("feeder", "point.feeder"),
            ("transformer", "point.transformer"),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """Points of one area and class over days of the deployment."""

    area: Area
    point_class: PointClass
    pass_ratio: float | None  # unweighted mean of the monitored points; None without one
    coverage_ratio: float | None  # of all points together; None without a denominator
    interrupted_s: float  # mean of the points, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFigures:
    """One point over days of the deployment."""

    point: str
    counts: VerdictCounts
    n_interruptions: int  # that reach into the days
    interrupted_s: float  # the part of them that lies in the days, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPoints:
    """Points by place: some of them, and how many there are."""

    ids: dict[str, int]
    n_all: int


async def area_figures(
    connection: Connection, days: tuple[date, date], *, coverage_floor: Decimal
) -> list[AreaFigures]:
    """Return the figures of every area and class that has minutes due in the days, half-open."""
    floor, scale = coverage_floor.as_integer_ratio()
    return [
        AreaFigures(
            area=row["key_1"],
            point_class=row["key_2"],
            pass_ratio=row["pass_ratio"],
            coverage_ratio=row["coverage_ratio"],
            interrupted_s=row["interrupted_s"],
        )
        for row in await connection.fetch(_BY_AREA_AND_CLASS, *days, floor, scale)
    ]


async def chosen_points(
    connection: Connection, by: By, codes: Sequence[str], limit: int
) -> ChosenPoints:
    """Return the points of a feeder or transformer, or those named; ``limit`` ids at most."""
    rows = await connection.fetch(_IDS[by], list(codes), limit)
    return ChosenPoints(
        ids={row["point"]: row["point_id"] for row in rows},
        n_all=rows[0]["n_all"] if rows else 0,
    )


async def point_figures(
    connection: Connection, days: tuple[date, date], point_ids: Collection[int]
) -> list[PointFigures]:
    """Return the figures of those of the points that have minutes due in the days, half-open."""
    return [
        PointFigures(
            point=row["point"],
            counts=verdict_counts(row),
            n_interruptions=row["n_interruptions"],
            interrupted_s=row["interrupted_s"],
        )
        for row in await connection.fetch(_OF_POINTS, *days, list(point_ids))
    ]
