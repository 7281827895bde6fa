"""Weeks of points as readers ask for them: those of one point, and how many points and customers comply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from service.domain.bands import level_of
from service.domain.catalogue import checksum_of
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.domain.week_limits import LimitCounts, limits_of
from service.domain.weeks import Percentiles
from service.store.beside_reads import require_same_beside
from service.store.pool import Connection
from service.store.statements import statement

_WEEKS = statement(
    "point_weeks_of_point",
    """
    SELECT week, n_values, cell_v1, cell_v5, cell_v95, cell_v99, interval_s
      FROM point_week AS stored
     WHERE point_id = $1                  -- integer
       AND week >= $2                     -- date, inclusive
       AND week < $3                      -- date, exclusive
       AND NOT EXISTS (
               SELECT
                 FROM week_due AS due
                WHERE due.point_id = stored.point_id
                  AND due.week = stored.week
           )
       AND NOT EXISTS (
               SELECT
                 FROM dirty_day AS dirty
                WHERE dirty.point_id = stored.point_id
                  AND dirty.day >= stored.week
                  AND dirty.day <= stored.week + 7  -- the last ten minutes may reach into it
           )
     ORDER BY week
    """,
)

_LIMITS = statement(
    "point_week_limits_of_point",
    """
    SELECT week, limit_no, n_due, n_values, n_outside, n_flagged
      FROM point_week_limit
      JOIN kept_rule_set USING (rule_set_id)
     WHERE point_id = $1                  -- integer
       AND week >= $2                     -- date, inclusive
       AND week < $3                      -- date, exclusive
       AND rule_set = $4
       AND checksum = $5
     ORDER BY week, limit_no
    """,
)

_IS_KEPT = statement(
    "is_rule_set_kept", "SELECT EXISTS (SELECT FROM kept_rule_set WHERE rule_set = $1)"
)

_KINDS = statement("point_kinds", "SELECT DISTINCT nominal_mv, wiring, class FROM point")

# Each point that the limits cover and that is in service in the week stands as its limits do: -1 one of them is
# exceeded, 1 all are kept, 0 it is not known. $2 .. $4: kinds of points covered; $5 .. $7: limits and their shares;
# $8, $9: the coverage floor. What exceeded means is in service/domain/week_limits.py, ``standing``.
_COMPLIANCE = statement(
    "compliance_by_region",
    """
    WITH span AS (
        SELECT day_start($1::date, zone) AS from_at,
               day_start($1::date + 7, zone) AS to_at,
               -- whether the last ten minutes of the week reach into the day after it
               (extract(epoch FROM day_start($1::date + 7, zone))::bigint % 600 <> 0)::integer AS reaches_over
          FROM deployment
    ), limits AS (
        SELECT point_id,
               CASE
                   WHEN n_outside * scale > share * (n_due - n_flagged) THEN -1
                   WHEN n_values = 0 OR n_values * $9::bigint < $8::bigint * (n_due - n_flagged) THEN 0
                   WHEN n_outside * scale > share * n_values THEN -1
                   ELSE 1
               END AS standing
          FROM point_week_limit AS stored
          JOIN kept_rule_set AS kept USING (rule_set_id)
          JOIN unnest($5::smallint[], $6::bigint[], $7::bigint[]) AS row (limit_no, share, scale)
         USING (limit_no)
         WHERE stored.week = $1
           AND kept.rule_set = $10
    ), standing AS (
        SELECT point.point_id,
               point.region,
               point.region_name,
               coalesce(min(limits.standing), 0) AS standing,
               EXISTS (
                   SELECT
                     FROM week_due AS due
                    WHERE due.point_id = point.point_id
                      AND due.week = $1
               ) OR EXISTS (
                   SELECT
                     FROM dirty_day AS dirty
                    WHERE dirty.point_id = point.point_id
                      AND dirty.day >= $1
                      AND dirty.day < $1::date + 7 + reaches_over
               ) AS is_pending
          FROM point
         CROSS JOIN span
          JOIN unnest($2::bigint[], $3::text[], $4::text[]) AS kind (nominal_mv, wiring, class)
         USING (nominal_mv, wiring, class)
          LEFT JOIN limits USING (point_id)
         WHERE point.valid_from < span.to_at
           AND point.valid_to > span.from_at
         GROUP BY point.point_id, point.region, point.region_name, span.reaches_over
    ), supplied AS (
        SELECT customer_id,
               min(region) AS region,
               min(standing) AS standing
          FROM customer
         CROSS JOIN span
          JOIN customer_point USING (customer_id)
          JOIN standing USING (point_id)
         WHERE customer.valid_from < span.to_at
           AND customer.valid_to > span.from_at
         GROUP BY customer_id
    ), customers AS (
        SELECT region,
               count(*) FILTER (WHERE standing = 1) AS n_compliant,
               count(*) FILTER (WHERE standing = -1) AS n_not_compliant,
               count(*) FILTER (WHERE standing = 0) AS n_unknown
          FROM supplied
         GROUP BY region
    )
    SELECT standing.region,
           max(standing.region_name) AS region_name,
           count(*) FILTER (WHERE standing = 1) AS n_compliant,
           count(*) FILTER (WHERE standing = -1) AS n_not_compliant,
           count(*) FILTER (WHERE standing = 0) AS n_unknown,
           count(*) FILTER (WHERE is_pending) AS n_pending,
           coalesce(max(customers.n_compliant), 0) AS n_customers_compliant,
           coalesce(max(customers.n_not_compliant), 0) AS n_customers_not_compliant,
           coalesce(max(customers.n_unknown), 0) AS n_customers_unknown,
           bool_or(interval_s > 60) AS is_sampled
      FROM standing
      LEFT JOIN customers USING (region)
      LEFT JOIN point_week
             ON point_week.point_id = standing.point_id
            AND point_week.week = $1
     GROUP BY standing.region
     ORDER BY standing.region
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeek:
    """A week of a point that is over and counted."""

    percentiles: Percentiles
    interval_s: int
    limits: list[LimitCounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Points or customers by how they stand in a week."""

    n_compliant: int
    n_not_compliant: int
    n_unknown: int  # not enough data

    def __add__(self, other: "Standings") -> "Standings":
        return Standings(
            n_compliant=self.n_compliant + other.n_compliant,
            n_not_compliant=self.n_not_compliant + other.n_not_compliant,
            n_unknown=self.n_unknown + other.n_unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCompliance:
    """The points and customers of a region in a week."""

    region: str
    region_name: str
    points: Standings
    customers: Standings  # one with points in several regions belongs to the first of them
    n_pending: int  # points whose week is to be counted anew
    is_sampled: bool | None  # any point gives less than a value a minute; None without data


async def stored_weeks(
    connection: Connection, point: Point, mondays: tuple[date, date], rule_set: RuleSet
) -> dict[date, StoredWeek]:
    """Return the weeks of a point whose figures are stored and up to date, by their Mondays.

    None where they were counted under another version of the rule set, unless no limit covers the point.

    Args:
        connection: Of a snapshot.
        point: Whose.
        mondays: The first, and the one after the last.
        rule_set: Whose limits are looked at.
    """
    limits: dict[date, list[LimitCounts]] = {}
    rows = await connection.fetch(
        _LIMITS, point.point_id, *mondays, rule_set.name, checksum_of(rule_set)
    )
    for row in rows:
        counts = {name: row[name] for name in _COUNT_NAMES}
        limits.setdefault(row["week"], []).append(LimitCounts(**counts))
    wanted = [limit_no for limit_no, _ in limits_of(rule_set, point)]
    return {
        row["week"]: StoredWeek(
            percentiles=_percentiles(row),
            interval_s=row["interval_s"],
            limits=limits.get(row["week"], []),
        )
        for row in await connection.fetch(_WEEKS, point.point_id, *mondays)
        if [one.limit_no for one in limits.get(row["week"], [])] == wanted
    }


async def is_kept(connection: Connection, rule_set: str) -> bool:
    """Return whether the weeks of a rule set are kept."""
    return bool(await connection.fetchval(_IS_KEPT, rule_set))


async def compliance(
    connection: Connection, monday: date, rule_set: RuleSet
) -> list[RegionCompliance]:
    """Return how the points that the week limits of a rule set cover stood in a week that is over, by region.

    A point without data is there, too: it is one of the unknown.

    Raises:
        RuleSetDiffersError: The weeks were counted under another version of it.
    """
    await require_same_beside(connection, rule_set)
    kinds = [
        (row["nominal_mv"], row["wiring"], row["class"])
        for row in await connection.fetch(_KINDS)
        if _is_covered(rule_set, row)
    ]
    shares = [
        (limit_no, *row.outside_share_max.as_integer_ratio())
        for limit_no, row in enumerate(rule_set.week_limits)
    ]
    rows = await connection.fetch(
        _COMPLIANCE,
        monday,
        *_columns(kinds),
        *_columns(shares),
        *rule_set.coverage.floor.as_integer_ratio(),
        rule_set.name,
    )
    return [
        RegionCompliance(
            region=row["region"],
            region_name=row["region_name"],
            points=_standings(row, "n"),
            customers=_standings(row, "n_customers"),
            n_pending=row["n_pending"],
            is_sampled=row["is_sampled"],
        )
        for row in rows
    ]


_COUNT_NAMES: Final = ("limit_no", "n_due", "n_values", "n_outside", "n_flagged")


def _is_covered(rule_set: RuleSet, kind: Any) -> bool:
    level = level_of(rule_set, kind["nominal_mv"], kind["wiring"])
    return any(
        kind["wiring"] in row.wirings and kind["class"] in row.classes and row.covers_level(level)
        for row in rule_set.week_limits
    )


def _percentiles(row: Any) -> Percentiles:
    cells = {name: row[f"cell_{name}"] for name in ("v1", "v5", "v95", "v99")}
    return Percentiles(n_values=row["n_values"], **cells)


def _standings(row: Any, prefix: str) -> Standings:
    return Standings(
        n_compliant=row[f"{prefix}_compliant"],
        n_not_compliant=row[f"{prefix}_not_compliant"],
        n_unknown=row[f"{prefix}_unknown"],
    )


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [[row[nth] for row in rows] for nth in range(3)]
