"""The voltage dashboard: who is outside the band now, and pass rates against their targets."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards.breaches import breaches, points_now
from deploy.grafana.dashboards.point import days, extremes, verdicts, voltage, worst_points
from deploy.grafana.frame import Frame, Row, build, point_variable
from deploy.grafana.panels import (
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    Look,
    Panel,
    coloured,
    lines,
    rows,
    worded,
)
from deploy.grafana.queries import (
    BOUNDS_TEXT,
    DAY_AS_TIME,
    GROUP_FIGURES,
    IN_DAYS,
    IN_PLACE,
    IS_MONITORED,
    PASS_TARGETS,
    POINTS,
    RATE_UNITS,
    RESIDENTIAL,
    series,
    table,
)

FRAME = Frame(
    uid="voltpass-voltage",
    title="Voltage",
    text="Voltage pass rate (电压合格率): now, by day, by group, and by minute for one point.",
    from_at="now-7d",
    refresh="1m",
)


def voltage_dashboard() -> Dashboard:
    """Return the dashboard."""
    return build(
        FRAME,
        [
            Row(title="Now", panels=[*points_now(), breaches()]),
            Row(
                title="Pass rate",
                panels=[_by_day(), _areas_by_day(), _areas(), _classes(), _feeders()],
            ),
            Row(title="Extremes", panels=[extremes(), worst_points(FRAME.uid)]),
            Row(title="Point $point", panels=[voltage(), verdicts(), days()]),
        ],
        [point_variable()],
    )


def _by_day() -> Panel:
    panel = lines(
        Look(
            title="Pass rate by day",
            text=f"Unweighted mean of the monitored points of each day. {BOUNDS_TEXT}",
            unit="percentunit",
            width=12,
        ),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       avg(rate) AS "pass rate",
       avg(lower) AS "lower bound",
       avg(upper) AS "upper bound",
       avg(coverage) AS coverage
  FROM v_point_day
 WHERE {IS_MONITORED}
   AND {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
    )
    colours = {"pass rate": BLUE, "lower bound": SKY, "upper bound": SKY, "coverage": GREY}
    return coloured(panel, colours, dashed=["lower bound", "upper bound"])


def _areas_by_day() -> Panel:
    rates = ",\n       ".join(
        f"""avg(rate) FILTER (WHERE area = '{area}') AS "{area}",
       {target} AS "{area}: target\""""
        for area, target in PASS_TARGETS.items()
    )
    panel = lines(
        Look(
            title="Residential points by day, against the target",
            text="Unweighted mean of the monitored residential points of an area, and its target.",
            unit="percentunit",
            width=12,
        ),
        [
            series(f"""
WITH residential AS (
{RESIDENTIAL}
)
SELECT {DAY_AS_TIME} AS time,
       {rates}
  FROM residential
  JOIN v_point_day USING (point_id)
 WHERE {IS_MONITORED}
   AND {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
    )
    colours: dict[str, str] = dict(zip(PASS_TARGETS, (BLUE, ORANGE), strict=True))
    colours |= {f"{area}: target": colour for area, colour in colours.items()}
    return coloured(panel, colours, dashed=[f"{area}: target" for area in PASS_TARGETS])


def _areas() -> Panel:
    targets = ", ".join(f"('{area}', {target})" for area, target in PASS_TARGETS.items())
    panel = rows(
        Look(
            title="Areas: residential points against the target",
            text=f"Over the chosen days, by the area of the customers. {BOUNDS_TEXT} Rates are "
            "compared unrounded.",
            unit="short",
            width=14,
        ),
        table(f"""
WITH points AS (
{POINTS}
), residential AS (
{RESIDENTIAL}
), targets (area, target) AS (
    VALUES {targets}
)
SELECT area,
       {GROUP_FIGURES},
       target::double precision AS target,
       CASE WHEN NOT bool_or(is_monitored) THEN 'not monitored'
            WHEN avg(rate) FILTER (WHERE is_monitored) >= target THEN 'met'
            WHEN avg(rate) FILTER (WHERE is_monitored) < target THEN 'missed' END AS result
  FROM residential
  JOIN points USING (point_id)
  LEFT JOIN targets USING (area)
 GROUP BY area, target
 ORDER BY area"""),
        RATE_UNITS,
    )
    return worded(panel, "result", {"met": BLUE, "missed": VERMILION, "not monitored": GREY})


def _classes() -> Panel:
    return rows(
        Look(
            title="Classes of points",
            text=f"All points by class of GB/T 12325, over the chosen days. {BOUNDS_TEXT}",
            unit="short",
            width=10,
        ),
        table(f"""
WITH points AS (
{POINTS}
)
SELECT class,
       {GROUP_FIGURES}
  FROM points
 GROUP BY class
 ORDER BY class"""),
        RATE_UNITS,
    )


def _feeders() -> Panel:
    return rows(
        Look(
            title="Feeders, the worst first",
            text=f"All points by feeder, over the chosen days. {BOUNDS_TEXT}",
            unit="short",
            width=24,
            height=9,
        ),
        table(f"""
WITH points AS (
{POINTS}
)
SELECT region,
       feeder,
       {GROUP_FIGURES}
  FROM points
 GROUP BY region, feeder
 ORDER BY "pass rate" NULLS LAST
 LIMIT 200"""),
        RATE_UNITS,
    )
