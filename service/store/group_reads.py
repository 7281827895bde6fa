"""Rates of groups of points over days of the deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from service.domain.rates import VerdictCounts
from service.store.count_reads import COUNTS, JUDGED, counted, counted_beside
from service.store.pool import Connection
from service.store.statements import statement

GroupBy = Literal["region", "feeder", "area", "class"]

# The area of a point: that of its customers, the one with the strictest targets first.
AREA: Final = """
               coalesce((
                   SELECT target_area
                     FROM customer_point
                     JOIN customer USING (customer_id)
                    WHERE customer_point.point_id = point.point_id
                      AND customer.valid_from < span.to_at
                      AND customer.valid_to > span.from_at
                    ORDER BY array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)
                    LIMIT 1
               ), 'none')"""

# What makes a group: code and name, for ``counted``.
KEYS: Final[Mapping[GroupBy, str]] = MappingProxyType(
    {
        "region": "point.region AS key_1, point.region_name AS key_2",
        "feeder": "point.feeder AS key_1, point.feeder_name AS key_2",
        "class": "point.class AS key_1, ''::text AS key_2",
        "area": f"{AREA} AS key_1, ''::text AS key_2",
    }
)

_RATES = f"""
    SELECT key_1,
           max(key_2) AS key_2,
           count(*) AS n_points,
           count(*) FILTER (WHERE is_monitored) AS n_monitored,
           count(*) FILTER (WHERE is_monitored AND interval_s > 60) AS n_sampled,
           avg(n_pass / nullif(n_judged, 0)::double precision)
               FILTER (WHERE is_monitored) AS rate,
           avg(n_pass / nullif(n_to_judge, 0)::double precision)
               FILTER (WHERE is_monitored) AS lower,
           avg((n_pass + n_missing) / nullif(n_to_judge, 0)::double precision)
               FILTER (WHERE is_monitored) AS upper,
           avg(n_judged / nullif(n_to_judge, 0)::double precision)
               FILTER (WHERE is_monitored) AS coverage,
           max(interval_s) AS interval_s,
           {", ".join(f"sum(n_{name})::bigint AS n_{name}" for name in (*COUNTS, "missing"))}
      FROM {JUDGED}
     GROUP BY key_1
     ORDER BY key_1
     LIMIT $5
"""  # noqa: S608 (SQL of ours)

_OF_REGION = "($6::text IS NULL OR point.region = $6)"
_GROUPS: Final[Mapping[GroupBy, str]] = MappingProxyType(
    {
        by: statement(f"group_rates_by_{by}", f"{counted(keys, _OF_REGION)} {_RATES}")
        for by, keys in KEYS.items()
    }
)
_GROUPS_BESIDE: Final[Mapping[GroupBy, str]] = MappingProxyType(
    {
        by: statement(
            f"group_rates_beside_by_{by}", f"{counted_beside(keys, _OF_REGION, '$7')} {_RATES}"
        )
        for by, keys in KEYS.items()
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsAsked:
    """Which groups of points, over which days, under which rule set."""

    by: GroupBy
    days: tuple[date, date]  # half-open, of the deployment's zone
    coverage_floor: Decimal  # of the rule set
    region: str | None  # only points of it
    beside: str | None = None  # the rule set, where it is not the statutory one; it is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanRate:
    """The unweighted means over the monitored points of a group; None without one."""

    rate: float | None
    lower: float | None
    upper: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCounts:
    """A group of points over days of the deployment."""

    group: str  # region, feeder, area or class
    name: str  # of the region or feeder
    n_points: int  # with minutes due
    n_monitored: int
    n_sampled: int  # monitored ones that give less than a value a minute
    mean: MeanRate
    counts: VerdictCounts  # all minutes of all points
    interval_s: int | None  # the longest of the points' readings; None without a page


async def group_counts(connection: Connection, asked: GroupsAsked, limit: int) -> list[GroupCounts]:
    """Return the groups that have minutes due in the days, ``limit`` at most; beside, of days that are over."""
    floor, scale = asked.coverage_floor.as_integer_ratio()
    values = (*asked.days, floor, scale, limit, asked.region)
    if asked.beside is None:
        rows = await connection.fetch(_GROUPS[asked.by], *values)
    else:
        rows = await connection.fetch(_GROUPS_BESIDE[asked.by], *values, asked.beside)
    return [
        GroupCounts(
            group=row["key_1"],
            name=row["key_2"],
            n_points=row["n_points"],
            n_monitored=row["n_monitored"],
            n_sampled=row["n_sampled"],
            mean=MeanRate(
                rate=row["rate"], lower=row["lower"], upper=row["upper"], coverage=row["coverage"]
            ),
            counts=verdict_counts(row),
            interval_s=row["interval_s"],
        )
        for row in rows
    ]


def verdict_counts(row: Any) -> VerdictCounts:
    """Return the counts of a row of ``counted``."""
    return VerdictCounts(**{f"n_{name}": row[f"n_{name}"] for name in (*COUNTS, "missing")})
