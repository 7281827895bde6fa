"""The supply dashboard: who is without supply now, for how long it was, and what happened."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards.pipeline import delivery_panels, process_panels
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import (
    BLUE,
    PURPLE,
    VERMILION,
    Look,
    Panel,
    bars,
    coloured,
    lines,
    linked,
    rows,
    stat,
    worded,
)
from deploy.grafana.queries import (
    DAY_AS_TIME,
    FROM_AT,
    IN_DAYS,
    IN_PLACE,
    POINTS,
    SELECTED,
    TO_AT,
    instant_of,
    range_of,
    series,
    table,
)

FRAME = Frame(
    uid="voltpass-supply",
    title="Supply",
    text="Interruptions and supply reliability (供电可靠率) of points; the health of the pipeline.",
    from_at="now-7d",
    refresh="1m",
)
_OF_POINTS = "Of points, not of customers: no statutory figure."
_DARK = f"voltpass_feeder_open_interruptions{SELECTED}"


def supply_dashboard() -> Dashboard:
    """Return the dashboard."""
    return build(
        FRAME,
        [
            Row(title="Now", panels=[*_now(), _dark_feeders()]),
            Row(title="Reliability", panels=[*_reliability(), _minutes_by_day(), _feeders()]),
            Row(title="Interruptions", panels=[_interruptions()]),
            Row(title="Pipeline: readings", panels=delivery_panels()),
            Row(title="Pipeline: processes", panels=process_panels()),
        ],
    )


def _now() -> list[Panel]:
    dark = stat(
        Look(
            title="Points without supply",
            text="Open interruptions of the chosen feeders now.",
            unit="short",
            width=4,
            height=8,
        ),
        instant_of(f"sum({_DARK}) or vector(0)", "points"),
        bad_from=1,
    )
    feeders = stat(
        Look(
            title="Feeders concerned",
            text="Chosen feeders with at least one point without supply now.",
            unit="short",
            width=4,
            height=8,
        ),
        instant_of(f"count(sum by (region, feeder) ({_DARK}) > 0) or vector(0)", "feeders"),
        bad_from=1,
    )
    return [dark, feeders]


def _dark_feeders() -> Panel:
    return lines(
        Look(
            title="Open interruptions by feeder",
            text="Points without supply, for the 15 feeders with most of them.",
            unit="short",
            width=16,
            height=8,
        ),
        [
            range_of(
                f"topk(15, sum by (region, feeder) ({_DARK}) > 0)",
                "{{region}} {{feeder}}",
            )
        ],
    )


def _reliability() -> list[Panel]:
    figures = {
        "Supply reliability": (
            "Share of the minutes due in which the chosen points had supply",
            "percentunit",
            "1 - sum(n_interrupted) / nullif(sum(n_due), 0)::double precision",
        ),
        "Minutes without supply": (
            "Mean minutes without supply of a point, over the chosen days",
            "m",
            "sum(n_interrupted) / nullif(count(*), 0)::double precision",
        ),
        "Points interrupted": (
            "Points that were without supply for at least a minute",
            "short",
            "count(*) FILTER (WHERE n_interrupted > 0)",
        ),
    }
    return [
        stat(
            Look(title=title, text=f"{text}. {_OF_POINTS}", unit=unit, width=4, height=8),
            table(f"WITH points AS (\n{POINTS}\n)\nSELECT {expression} AS figure\n  FROM points"),
        )
        for title, (text, unit, expression) in figures.items()
    ]


def _minutes_by_day() -> Panel:
    panel = bars(
        Look(
            title="Minutes without supply by day",
            text=f"Mean of the chosen points. {_OF_POINTS}",
            unit="m",
            width=12,
        ),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       avg(n_interrupted) AS "minutes without supply"
  FROM v_point_day
 WHERE {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
    )
    return coloured(panel, {"minutes without supply": PURPLE})


def _feeders() -> Panel:
    return rows(
        Look(
            title="Feeders, the worst first",
            text=f"Over the chosen days. {_OF_POINTS} Minutes that nobody measured count as "
            "supplied, so the coverage stands beside.",
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
       count(*) AS points,
       count(*) FILTER (WHERE n_interrupted > 0) AS interrupted,
       avg(n_interrupted)::double precision AS "mean minutes",
       max(n_interrupted) AS "most minutes",
       1 - sum(n_interrupted) / nullif(sum(n_due), 0)::double precision AS reliability,
       avg(coverage) AS coverage
  FROM points
 GROUP BY region, feeder
 ORDER BY "mean minutes" DESC, region, feeder
 LIMIT 200"""),
        {
            "mean minutes": "m",
            "most minutes": "m",
            "reliability": "percentunit",
            "coverage": "percentunit",
        },
    )


def _interruptions() -> Panel:
    panel = rows(
        Look(
            title="Interruptions",
            text="The newest 500 that reach into the chosen time. The true start lies between "
            "earliest and start, the true end between end and latest. An open one counts up to "
            "where the data reaches.",
            unit="short",
            width=24,
            height=12,
        ),
        table(f"""
SELECT region,
       feeder,
       transformer,
       point,
       start_at AS start,
       end_at AS "end",
       CASE WHEN is_open THEN 'open' ELSE 'over' END AS state,
       duration_s AS duration,
       earliest_at AS earliest,
       latest_at AS latest,
       evidence,
       cause,
       ticket,
       n_customers AS customers
  FROM v_interruption
 WHERE start_at < {TO_AT}
   AND coalesce(end_at, 'infinity') > {FROM_AT}
   AND {IN_PLACE}
 ORDER BY start_at DESC, point
 LIMIT 500"""),
        {"duration": "s"},
    )
    panel = worded(panel, "state", {"open": VERMILION, "over": BLUE})
    return linked(
        panel,
        "point",
        "Voltage of this point",
        "/d/voltpass-voltage?var-point=${__value.raw}&${__url_time_range}",
    )
