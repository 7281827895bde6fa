"""The pass rates that targets are held against: by population, region and target area, exact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from service.domain.bands import level_of
from service.domain.pass_figures import PassFigure, PointRate
from service.domain.registry import PointClass
from service.domain.rules import RuleSet
from service.domain.target_rows import Population
from service.metrics.words import Area
from service.store.count_reads import COUNTS, JUDGED, counted, counted_beside
from service.store.group_reads import AREA, verdict_counts
from service.store.pool import Connection
from service.store.statements import statement

_FROM_KV: Final = 10  # of points_from_10kv
_AREAS: Final[tuple[Area, ...]] = ("urban", "rural", "special_remote", "none")
POPULATIONS: Final[tuple[Population, ...]] = (
    "residential_points",
    "points_from_10kv",
    "all_points",
)

_LEVELS = statement("point_levels", "SELECT DISTINCT nominal_mv, wiring FROM point")

# Behind ``counted``: points that supply a residential customer in the days.
RESIDENTIAL: Final = """residential AS (
        SELECT DISTINCT point_id
          FROM customer_point
          JOIN customer USING (customer_id)
         CROSS JOIN span
         WHERE customer.residential
           AND customer.valid_from < span.to_at
           AND customer.valid_to > span.from_at
    )"""

# Each point, once for every population that it belongs to. $5, $6: nominal and wiring of the points
# from 10 kV on; $7 .. $10: targets; $11: which populations.
_MEMBERS: Final = f"""
, judged AS MATERIALIZED (
        SELECT judged.*
          FROM {JUDGED}
    ), {RESIDENTIAL}, exempt AS (
        SELECT DISTINCT point_id
          FROM v_exemption
         WHERE month >= date_trunc('month', $1::timestamp)::date
           AND month < $2
    ), member AS (
        SELECT judged.*,
               part.population,
               target.at_least,
               target.scale,
               exempt.point_id IS NOT NULL AS is_exempt
          FROM judged
          JOIN point AS place USING (point_id)
          LEFT JOIN residential USING (point_id)
          LEFT JOIN exempt USING (point_id)
         CROSS JOIN LATERAL (
                   VALUES ('residential_points', residential.point_id IS NOT NULL),
                          ('points_from_10kv', EXISTS (
                              SELECT
                                FROM unnest($5::bigint[], $6::text[]) AS high (nominal_mv, wiring)
                               WHERE high.nominal_mv = place.nominal_mv
                                 AND high.wiring = place.wiring
                          )),
                          ('all_points', true)
               ) AS part (population, is_member)
          LEFT JOIN unnest($7::text[], $8::text[], $9::bigint[], $10::bigint[])
                 AS target (population, area, at_least, scale)
                 ON target.population = part.population
                AND target.area = key_2
         WHERE part.is_member
           AND part.population = ANY($11::text[])
    )"""  # noqa: S608 (SQL of ours)

# A row a figure with its counts, and rows of sums by denominator: its means come out as exact fractions.
_SUMS: Final = f"""
    SELECT sums.*,
           lowest.point AS lowest_point,
           lowest.n_pass AS lowest_pass,
           lowest.n_judged AS lowest_judged
      FROM (
               SELECT population,
                      key_1,
                      key_2,
                      CASE WHEN grouping(n_judged) = 0 THEN n_judged END AS whole_judged,
                      CASE WHEN grouping(n_to_judge) = 0 THEN n_to_judge END AS whole_to_judge,
                      count(*) AS n_points,
                      count(*) FILTER (WHERE is_monitored) AS n_monitored,
                      count(*) FILTER (WHERE is_monitored AND interval_s > 60) AS n_sampled,
                      count(*) FILTER (WHERE is_monitored AND n_pass * scale < at_least * n_judged)
                          AS n_below,
                      count(*) FILTER (WHERE is_exempt) AS n_exempt_points,
                      coalesce(sum(n_pass) FILTER (WHERE is_monitored), 0)::bigint AS sum_pass,
                      coalesce(sum(n_pass + n_missing) FILTER (WHERE is_monitored), 0)::bigint
                          AS sum_possible,
                      coalesce(sum(n_judged) FILTER (WHERE is_monitored), 0)::bigint AS sum_judged,
                      min(ARRAY[n_pass / nullif(n_judged, 0)::numeric, point_id])
                          FILTER (WHERE is_monitored) AS lowest,
                      {", ".join(f"sum(n_{name})::bigint AS n_{name}" for name in (*COUNTS, "missing"))}
                 FROM member
                GROUP BY GROUPING SETS (
                          (population, key_1, key_2),
                          (population, key_1, key_2, n_judged),
                          (population, key_1, key_2, n_to_judge)
                      )
           ) AS sums
      LEFT JOIN judged AS lowest
             ON lowest.point_id = sums.lowest[2]
            AND whole_judged IS NULL
            AND whole_to_judge IS NULL
     ORDER BY population, key_1, key_2
"""  # noqa: S608 (SQL of ours)

_By = Literal["region_and_area", "class"]
_KEYS: Final[Mapping[_By, str]] = MappingProxyType(
    {
        "region_and_area": f"point.region AS key_1, {AREA} AS key_2",
        "class": "point.class AS key_1, ''::text AS key_2",
    }
)
_FIGURES: Final[Mapping[_By, str]] = MappingProxyType(
    {
        by: statement(f"pass_figures_by_{by}", f"{counted(keys, 'true')}{_MEMBERS}{_SUMS}")
        for by, keys in _KEYS.items()
    }
)
_FIGURES_BESIDE: Final[Mapping[_By, str]] = MappingProxyType(
    {
        by: statement(
            f"pass_figures_beside_by_{by}",
            f"{counted_beside(keys, 'true', '$12')}{_MEMBERS}{_SUMS}",
        )
        for by, keys in _KEYS.items()
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigure:
    """The pass rate of the points of a population in one region and target area."""

    population: Population
    region: str
    area: Area
    figure: PassFigure


async def pass_figures(
    connection: Connection,
    days: tuple[date, date],
    rule_set: RuleSet,
    populations: Sequence[Population] = POPULATIONS,
    *,
    beside: bool = False,
) -> list[AreaFigure]:
    """Return the figures of each population, region and area that has points with minutes due.

    Figures add up (``PassFigure.include``): the average of a deployment is that of all its regions.

    Args:
        connection: Of a snapshot.
        days: Half-open, of the deployment's zone; a day that is not over counts as far as the data reach.
        rule_set: The statutory one, under which days are stored. It gives the coverage floor, the levels, and
            in its targets of the pass rate what ``n_below`` is held against.
        populations: Some of ``residential_points``, ``points_from_10kv``, ``all_points``.
        beside: ``rule_set`` is kept beside the statutory one: of its days only those that are over count.
    """
    query = _FIGURES_BESIDE if beside else _FIGURES
    others = (rule_set.name,) if beside else ()
    rows = await _rows(
        connection, query["region_and_area"], days, rule_set, (list(populations), *others)
    )
    figures: dict[tuple[Population, str, Area], PassFigure] = {}
    for row in rows:
        key = (row["population"], row["key_1"], row["key_2"])
        _take_in(figures.setdefault(key, PassFigure()), row)
    if rule_set.power_factor is None:  # nobody is exempt under it
        for figure in figures.values():
            figure.n_exempt = 0
    return [
        AreaFigure(population=population, region=region, area=area, figure=figure)
        for (population, region, area), figure in figures.items()
    ]


async def class_figures(
    connection: Connection, days: tuple[date, date], rule_set: RuleSet, *, beside: bool = False
) -> dict[PointClass, PassFigure]:
    """Return the figure of all points of each class that has points with minutes due, as ``pass_figures``."""
    query, others = (_FIGURES_BESIDE, (rule_set.name,)) if beside else (_FIGURES, ())
    figures: dict[PointClass, PassFigure] = {}
    for row in await _rows(connection, query["class"], days, rule_set, (["all_points"], *others)):
        _take_in(figures.setdefault(row["key_1"], PassFigure()), row)
    return figures


def targets_of(rule_set: RuleSet) -> dict[tuple[Population, Area], Decimal]:
    """Return what the pass rate of a population has to reach in each area; the strictest where there are several."""
    found: dict[tuple[Population, Area], Decimal] = {}
    for target in rule_set.targets:
        if target.figure != "pass_rate" or target.reach == "generality" or target.at_least is None:
            continue
        for area in _AREAS if target.area == "any" else (target.area,):
            key = (target.population, area)
            found[key] = max(target.at_least, found.get(key, target.at_least))
    return found


async def high_levels(connection: Connection, rule_set: RuleSet) -> list[list[object]]:
    """Return nominal voltage and wiring of the points from 10 kV on, as two columns."""
    high = [
        (row["nominal_mv"], row["wiring"])
        for row in await connection.fetch(_LEVELS)
        if level_of(rule_set, row["nominal_mv"], row["wiring"]) >= _FROM_KV
    ]
    return _columns(high, 2)


async def _rows(
    connection: Connection,
    query: str,
    days: tuple[date, date],
    rule_set: RuleSet,
    others: Sequence[object],
) -> list[Any]:
    targets = [(*key, *share.as_integer_ratio()) for key, share in targets_of(rule_set).items()]
    return await connection.fetch(
        query,
        *days,
        *rule_set.coverage.floor.as_integer_ratio(),
        *(await high_levels(connection, rule_set)),
        *_columns(targets, 4),
        *others,
    )


def _take_in(figure: PassFigure, row: Any) -> None:
    """Take in one row of _SUMS: sums of one denominator, or the counts of the whole figure."""
    n_monitored = row["n_monitored"]
    if row["whole_judged"] is not None:
        if n_monitored:
            figure.rate.add(row["sum_pass"], row["whole_judged"], n_monitored)
    elif row["whole_to_judge"] is not None:
        if n_monitored:
            figure.lower.add(row["sum_pass"], row["whole_to_judge"], n_monitored)
            figure.upper.add(row["sum_possible"], row["whole_to_judge"], n_monitored)
            figure.coverage.add(row["sum_judged"], row["whole_to_judge"], n_monitored)
    else:
        figure.counts = verdict_counts(row)
        figure.n_points, figure.n_monitored = row["n_points"], n_monitored
        figure.n_sampled, figure.n_below = row["n_sampled"], row["n_below"]
        figure.n_exempt = row["n_exempt_points"]
        if row["lowest_point"] is not None:
            figure.lowest = PointRate(
                point=row["lowest_point"],
                n_pass=row["lowest_pass"],
                n_judged=row["lowest_judged"],
            )


def _columns(rows: Sequence[tuple[object, ...]], n_columns: int) -> list[list[object]]:
    return [[row[nth] for row in rows] for nth in range(n_columns)]
