"""Where the panels get their figures from, and the pieces their SQL is made of."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from typing import Literal

from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from service.domain.rules import load_rule_set

TIMESCALE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="voltpass-timescaledb")
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="voltpass-prometheus")

RULE_SET = load_rule_set("sgcc-2003")  # its targets are drawn
PASS_TARGETS = {
    target.area: float(target.at_least)
    for target in RULE_SET.targets
    if target.figure == "pass_rate" and target.population == "residential_points"
    if target.at_least is not None
}

COVERAGE_FLOOR = RULE_SET.coverage.floor
BOUNDS_TEXT = (
    "Bounds: the rate if every missing minute had been bad, or good. Coverage: the share of the "
    f"minutes due that was measured. Points below {COVERAGE_FLOOR:.0%} of coverage are not "
    "monitored: they have no part in the means."
)
RATE_UNITS = dict.fromkeys(
    ("pass rate", "lower bound", "upper bound", "coverage", "pooled rate", "target"), "percentunit"
)

# The place chosen above a dashboard. "All" is the expression .* there.
IN_REGION = "region ~ '^(${region:regex})$'"
IN_PLACE = f"{IN_REGION} AND feeder ~ '^(${{feeder:regex}})$'"
SELECTED = '{region=~"$region",feeder=~"$feeder"}'

# The chosen time, for days of the deployment's zone and for instants.
FROM_AT = "$__timeFrom()::timestamptz"
TO_AT = "$__timeTo()::timestamptz"
IN_DAYS = f"""day >= ({FROM_AT} AT TIME ZONE (SELECT zone FROM deployment))::date
   AND day <= ({TO_AT} AT TIME ZONE (SELECT zone FROM deployment))::date"""
DAY_AS_TIME = "day_start(day, (SELECT zone FROM deployment))"

# Points of the chosen place and days, one row each.
POINTS = f"""
SELECT point, point_id, region, feeder, transformer, class,
       n_pass, n_over, n_under, n_interrupted, n_due, interval_s,
       n_pass / nullif(n_judged, 0)::double precision AS rate,
       n_pass / nullif(n_judged + n_unknown, 0)::double precision AS lower,
       (n_pass + n_missing) / nullif(n_judged + n_unknown, 0)::double precision AS upper,
       n_judged / nullif(n_judged + n_unknown, 0)::double precision AS coverage,
       n_judged > 0 AND n_judged >= {COVERAGE_FLOOR} * (n_judged + n_unknown) AS is_monitored,
       deviation_min_percent, deviation_max_percent
  FROM (
           SELECT point, point_id, region, feeder, transformer, class,
                  sum(n_pass) AS n_pass,
                  sum(n_over) AS n_over,
                  sum(n_under) AS n_under,
                  sum(n_pass + n_over + n_under) AS n_judged,
                  sum(n_missing) AS n_missing,
                  sum(n_missing + n_invalid) AS n_unknown,
                  sum(n_interrupted) AS n_interrupted,
                  sum(n_due) AS n_due,
                  min(deviation_min_percent) AS deviation_min_percent,
                  max(deviation_max_percent) AS deviation_max_percent,
                  max(interval_s) AS interval_s
             FROM v_point_day
            WHERE {IN_DAYS}
              AND {IN_PLACE}
            GROUP BY point, point_id, region, feeder, transformer, class
       ) AS sums
""".strip()

# Means of a group's points, none heavier than another; the pooled rate stands beside. A point with
# too little coverage is not monitored and has no part in the means, as in the API.
GROUP_FIGURES = """
       count(*) AS points,
       count(*) FILTER (WHERE NOT is_monitored) AS "not monitored",
       avg(rate) FILTER (WHERE is_monitored) AS "pass rate",
       avg(lower) FILTER (WHERE is_monitored) AS "lower bound",
       avg(upper) FILTER (WHERE is_monitored) AS "upper bound",
       avg(coverage) FILTER (WHERE is_monitored) AS coverage,
       sum(n_pass) / nullif(sum(n_pass + n_over + n_under), 0)::double precision AS "pooled rate",
       CASE WHEN max(interval_s) <= 60 THEN 'continuous'
            WHEN max(interval_s) > 60 THEN 'sampled' END AS method
""".strip()

# The same choice for a single row of v_point_day.
IS_MONITORED = (
    "n_pass + n_over + n_under > 0 AND n_pass + n_over + n_under"
    f" >= {COVERAGE_FLOOR} * (n_pass + n_over + n_under + n_missing + n_invalid)"
)

# Points with a residential customer, for which the norm's targets are, by the area of such a
# customer; of several the one with the strictest target.
RESIDENTIAL = f"""
SELECT DISTINCT ON (point_id) point_id, target_area AS area
  FROM customer
  JOIN customer_point USING (customer_id)
 WHERE residential
   AND valid_from < {TO_AT}
   AND valid_to > {FROM_AT}
 ORDER BY point_id, array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)
""".strip()


class SqlTarget(Dataquery, Builder["SqlTarget"]):
    """A query of a panel to the TimescaleDB data source."""

    def __init__(self, sql: str, shape: Literal["table", "time_series"]):
        self._sql = sql.strip()
        self._shape = shape
        self.ref_id = "A"

    def build(self) -> "SqlTarget":
        """Return the query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what stands in the dashboard."""
        return {
            "refId": self.ref_id,
            "datasource": TIMESCALE,
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._sql,
        }


def table(sql: str) -> SqlTarget:
    """Return a query whose rows are shown as they are."""
    return SqlTarget(sql, "table")


def series(sql: str) -> SqlTarget:
    """Return a query whose column ``time`` is the time and each other column a series."""
    return SqlTarget(sql, "time_series")


def range_of(expression: str, legend: str, ref_id: str = "A") -> prometheus_builders.Dataquery:
    """Return a PromQL query over the chosen time."""
    return _prometheus(expression, legend, ref_id).range()


def instant_of(expression: str, legend: str, ref_id: str = "A") -> prometheus_builders.Dataquery:
    """Return a PromQL query for the end of the chosen time."""
    return _prometheus(expression, legend, ref_id).instant()


def _prometheus(expression: str, legend: str, ref_id: str) -> prometheus_builders.Dataquery:
    return (
        prometheus_builders.Dataquery()
        .expr(expression)
        .legend_format(legend)
        .format(PromQueryFormat.TIME_SERIES)
        .datasource(PROMETHEUS)
        .ref_id(ref_id)
    )
