"""The SQL of figures: what panels of several dashboards put together from the views."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from decimal import Decimal
from typing import Final

from deploy.grafana.queries import FROM_AT, IN_DAYS, IN_PLACE, TO_AT
from service.domain.rules import RuleSet
from service.domain.target_rows import Figure, Population

RATE_COLUMNS: Final = ("pass_rate", "lower_bound", "upper_bound", "coverage", "pooled_rate")

# Points with a residential customer, for which the norm's targets are, by the area of such a
# customer; of several the one with the strictest target.
RESIDENTIAL: Final = f"""
SELECT DISTINCT ON (point_id) point_id, target_area AS area
  FROM customer
  JOIN customer_point USING (customer_id)
 WHERE residential
   AND valid_from < {TO_AT}
   AND valid_to > {FROM_AT}
 ORDER BY point_id, array_position(ARRAY['urban', 'rural', 'special_remote'], target_area)
""".strip()

# Means of a group's points, none heavier than another; the pooled rate stands beside. A point with
# too little coverage is not monitored and has no part in the means, as in the API.
GROUP_FIGURES: Final = """
       count(*) AS points,
       count(*) FILTER (WHERE NOT is_monitored) AS not_monitored,
       avg(rate) FILTER (WHERE is_monitored) AS pass_rate,
       avg(lower) FILTER (WHERE is_monitored) AS lower_bound,
       avg(upper) FILTER (WHERE is_monitored) AS upper_bound,
       avg(coverage) FILTER (WHERE is_monitored) AS coverage,
       sum(n_pass) / nullif(sum(n_pass + n_over + n_under), 0)::double precision AS pooled_rate,
       CASE WHEN max(interval_s) <= 60 THEN 'continuous'
            WHEN max(interval_s) > 60 THEN 'sampled' END AS method
""".strip()

# Customers of the chosen place with the minutes of the chosen time in which they were in service.
CUSTOMERS: Final = f"""
SELECT customer_id, organisation, region, feeder, transformer, target_area,
       (extract(epoch FROM least(valid_to, {TO_AT}, data_through) - greatest(valid_from, {FROM_AT})) / 60)
           ::double precision AS service_minutes,
       (extract(epoch FROM least({TO_AT}, data_through) - {FROM_AT}) / 60)::double precision AS all_minutes
  FROM v_customer_place
 CROSS JOIN v_watermark
 WHERE valid_from < least({TO_AT}, data_through)
   AND valid_to > {FROM_AT}
   AND {IN_PLACE}
""".strip()

# Times in which one of them was without supply.
DARK: Final = f"""
SELECT customer_id, start_at, end_at, minutes, organisation, region, feeder, transformer
  FROM customer_interruptions({FROM_AT}, {TO_AT})
  JOIN customers USING (customer_id)
""".strip()

# Customers are weighted by their time in service, as in DL/T 836 and IEEE 1366.
N_CUSTOMERS: Final = "sum(service_minutes) / max(all_minutes)"


def points(rules: RuleSet) -> str:
    """Return the query for the points of the chosen place and days, one row each."""
    return f"""
SELECT point, point_id, organisation, region, feeder, transformer, class,
       n_pass, n_over, n_under, n_interrupted, n_due, interval_s,
       n_pass / nullif(n_judged, 0)::double precision AS rate,
       n_pass / nullif(n_judged + n_unknown, 0)::double precision AS lower,
       (n_pass + n_missing) / nullif(n_judged + n_unknown, 0)::double precision AS upper,
       n_judged / nullif(n_judged + n_unknown, 0)::double precision AS coverage,
       n_judged > 0 AND n_judged >= {rules.coverage.floor} * (n_judged + n_unknown) AS is_monitored,
       deviation_min_percent, deviation_max_percent
  FROM (
           SELECT point, point_id, organisation, region, feeder, transformer, class,
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
            GROUP BY point, point_id, organisation, region, feeder, transformer, class
       ) AS sums""".strip()


def is_monitored(rules: RuleSet) -> str:
    """Return the condition that a row of v_point_day has enough coverage."""
    judged = "n_pass + n_over + n_under"
    return (
        f"{judged} > 0 AND {judged} >= {rules.coverage.floor} * ({judged} + n_missing + n_invalid)"
    )


def targets_of(rules: RuleSet, figure: Figure, population: Population) -> dict[str, Decimal]:
    """Return the targets by area, 0..1; those that the rule set leaves to others are left out."""
    return {
        target.area: target.at_least
        for target in rules.targets
        if (target.figure, target.population) == (figure, population)
        if target.at_least is not None
    }


def as_rows(values: dict[str, Decimal] | dict[str, int], kind: str) -> str:
    """Return words with numbers as the rows of a VALUES clause; without any, one that fits nothing."""
    rows = [f"('{word}', {value}::{kind})" for word, value in values.items()]
    return ", ".join(rows or [f"('', NULL::{kind})"])
