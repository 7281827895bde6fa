"""Panels with pass rates of groups: areas, regions, feeders, transformers, classes, levels."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from deploy.grafana.edition import Edition
from deploy.grafana.figures import (
    GROUP_FIGURES,
    RATE_COLUMNS,
    RESIDENTIAL,
    as_rows,
    is_monitored,
    points,
    targets_of,
)
from deploy.grafana.panels import (
    Field,
    Look,
    Panel,
    bars,
    coloured,
    lines,
    plain,
    rates,
    rows,
    stat,
)
from deploy.grafana.queries import DAY_AS_TIME, IN_DAYS, IN_PLACE, series, table
from service.console.palette import BLUE, GREY, ORANGE, PURPLE, SKY, VERDICT_COLOURS, VERMILION

GROUP = [*plain("points", "not_monitored"), *rates(*RATE_COLUMNS)]
METHOD = Field(name="method", words={"continuous": BLUE, "sampled": ORANGE})
_AREA = Field(name="area", words={"urban": BLUE, "rural": ORANGE, "special_remote": PURPLE})


def pass_rate(edition: Edition, width: int, height: int = 8) -> Panel:
    """Return the mean rate of the chosen points as one number."""
    targets = targets_of(edition.rules, "pass_rate", "residential_points")
    return stat(
        edition,
        Look(key="pass_rate", unit="percentunit", width=width, height=height, decimals=3),
        table(f"""
WITH points AS (
{points(edition.rules)}
)
SELECT avg(rate) FILTER (WHERE is_monitored) AS pass_rate
  FROM points"""),
        good_from=float(min(targets.values())) if targets else None,
    )


def coverage(edition: Edition, width: int, height: int = 8) -> Panel:
    """Return the share of the minutes due that was measured, as one number."""
    return stat(
        edition,
        Look(key="coverage", unit="percentunit", width=width, height=height, decimals=3),
        table(f"""
WITH points AS (
{points(edition.rules)}
)
SELECT avg(coverage) AS coverage
  FROM points"""),
        good_from=float(edition.rules.coverage.floor),
    )


def by_day(edition: Edition, width: int) -> Panel:
    """Return the rate of every day with its bounds."""
    return lines(
        edition,
        Look(key="pass_rate_by_day", unit="percentunit", width=width, decimals=3),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       avg(rate) AS pass_rate,
       avg(lower) AS lower_bound,
       avg(upper) AS upper_bound,
       avg(coverage) AS coverage
  FROM v_point_day
 WHERE {is_monitored(edition.rules)}
   AND {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(
            {"pass_rate": BLUE, "lower_bound": SKY, "upper_bound": SKY, "coverage": GREY},
            dashed=["lower_bound", "upper_bound"],
        ),
    )


def areas_by_day(edition: Edition, width: int) -> Panel:
    """Return the rate of every day by area, against its target."""
    targets = targets_of(edition.rules, "pass_rate", "residential_points")
    columns = ",\n       ".join(
        f"avg(rate) FILTER (WHERE area = '{area}') AS {area}" for area in _AREA.words
    )
    drawn = "".join(
        f",\n       {target}::double precision AS target_{area}" for area, target in targets.items()
    )
    colours = dict(_AREA.words) | {
        f"target_{area}": _AREA.words.get(area, GREY) for area in targets
    }
    return lines(
        edition,
        Look(key="areas_by_day", unit="percentunit", width=width, decimals=3),
        [
            series(f"""
WITH residential AS (
{RESIDENTIAL}
)
SELECT {DAY_AS_TIME} AS time,
       {columns}{drawn}
  FROM residential
  JOIN v_point_day USING (point_id)
 WHERE {is_monitored(edition.rules)}
   AND {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(colours, dashed=[f"target_{area}" for area in targets]),
    )


def areas(edition: Edition, width: int) -> Panel:
    """Return the residential points of each area against its target."""
    targets = as_rows(targets_of(edition.rules, "pass_rate", "residential_points"), "numeric")
    return rows(
        edition,
        Look(key="areas", unit="short", width=width),
        table(f"""
WITH points AS (
{points(edition.rules)}
), residential AS (
{RESIDENTIAL}
), targets (area, target) AS (
    VALUES {targets}
)
SELECT area,
       {GROUP_FIGURES},
       target::double precision AS target,
       CASE WHEN NOT bool_or(is_monitored) THEN 'not_monitored'
            WHEN avg(rate) FILTER (WHERE is_monitored) >= target THEN 'met'
            WHEN avg(rate) FILTER (WHERE is_monitored) < target THEN 'missed' END AS result
  FROM residential
  JOIN points USING (point_id)
  LEFT JOIN targets USING (area)
 GROUP BY area, target
 ORDER BY area"""),
        [
            _AREA,
            *GROUP,
            METHOD,
            *rates("target"),
            Field(name="result", words={"met": BLUE, "missed": VERMILION, "not_monitored": GREY}),
        ],
    )


def verdicts_by_day(edition: Edition, width: int) -> Panel:
    """Return how the minutes of the chosen points were judged, day by day."""
    sums = ",\n       ".join(
        f"sum(n_{verdict})::double precision AS {verdict}" for verdict in VERDICT_COLOURS
    )
    return bars(
        edition,
        Look(key="verdicts_by_day", unit="m", width=width),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       {sums}
  FROM v_point_day
 WHERE {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(VERDICT_COLOURS),
    )


def extremes(edition: Edition, width: int) -> Panel:
    """Return the lowest and the highest minute of every day."""
    return lines(
        edition,
        Look(key="extremes", unit="percent", width=width, height=10, decimals=2),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       min(deviation_min_percent) AS lowest,
       max(deviation_max_percent) AS highest
  FROM v_point_day
 WHERE {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured({"lowest": ORANGE, "highest": VERMILION}),
    )


def point_field(edition: Edition) -> Field:
    """Return the column ``point``; a click leads to the dashboard of that point."""
    return Field(
        name="point", url=link_to(edition, "point", "var-point=${__value.raw:percentencode}")
    )


def link_to(edition: Edition, dashboard: str, choice: str) -> str:
    """Return the address of a dashboard with a choice, for the same time."""
    return f"/d/{edition.uid(dashboard)}?{choice}&${{__url_time_range}}"
