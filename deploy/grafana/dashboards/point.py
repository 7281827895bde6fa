"""Panels of the voltage dashboard about single points: the worst ones, and one minute by minute."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from deploy.grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERDICT_COLOURS,
    VERMILION,
    Look,
    Panel,
    bars,
    coloured,
    lines,
    linked,
    rows,
)
from deploy.grafana.queries import (
    DAY_AS_TIME,
    FROM_AT,
    IN_DAYS,
    IN_PLACE,
    POINTS,
    RATE_UNITS,
    TO_AT,
    series,
    table,
)

# Minutes, or longer spans where the chosen time is long.
_SPAN = (
    "date_bin(greatest($__interval_ms, 60000) * interval '1 millisecond', minute, "
    "timestamptz 'epoch')"
)
_MINUTES = f"point_minutes(${{point:sqlstring}}, {FROM_AT}, {TO_AT})"
_PERCENT = {"lowest": "percent", "highest": "percent"}


def extremes() -> Panel:
    """Return the lowest and the highest minute of every day."""
    panel = lines(
        Look(
            title="Voltage extremes by day",
            text="Lowest and highest minute of all chosen points, as deviation from nominal. "
            "Interrupted phases are left out.",
            unit="percent",
            width=8,
            height=10,
        ),
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
    )
    return coloured(panel, {"lowest": ORANGE, "highest": VERMILION})


def worst_points(dashboard_uid: str) -> Panel:
    """Return the points with the lowest rates; a click chooses one."""
    panel = rows(
        Look(
            title="Worst points",
            text="The 50 points with the lowest pass rate over the chosen days. Click a point to "
            "see its minutes below. Minutes are counted; deviations are from nominal.",
            unit="short",
            width=16,
            height=10,
        ),
        table(f"""
WITH points AS (
{POINTS}
)
SELECT point,
       region,
       feeder,
       transformer,
       class,
       rate AS "pass rate",
       coverage,
       n_under AS "minutes below",
       n_over AS "minutes above",
       deviation_min_percent AS lowest,
       deviation_max_percent AS highest
  FROM points
 WHERE rate IS NOT NULL
 ORDER BY rate, n_under + n_over DESC, point
 LIMIT 50"""),
        RATE_UNITS | _PERCENT,
    )
    keep = "${region:queryparam}&${feeder:queryparam}&${__url_time_range}"
    return linked(
        panel,
        "point",
        "Minutes of this point",
        f"/d/{dashboard_uid}?var-point=${{__value.raw}}&{keep}",
    )


def voltage() -> Panel:
    """Return the voltages of the chosen point."""
    panel = lines(
        Look(
            title="Voltage of $point",
            text="Minute values by phase; over a long time the mean of each span, with the lowest "
            "and highest minute in it. A gap is a minute without a value.",
            unit="volt",
            width=24,
            height=9,
        ),
        [
            series(f"""
SELECT {_SPAN} AS time,
       avg(voltage_1_v) AS "phase 1",
       avg(voltage_2_v) AS "phase 2",
       avg(voltage_3_v) AS "phase 3",
       min(least(voltage_1_v, voltage_2_v, voltage_3_v)) AS lowest,
       max(greatest(voltage_1_v, voltage_2_v, voltage_3_v)) AS highest,
       max(nominal_v) AS nominal
  FROM {_MINUTES}
 GROUP BY 1
 ORDER BY 1""")
        ],
    )
    colours = {
        "phase 1": BLUE,
        "phase 2": GREEN,
        "phase 3": PURPLE,
        "lowest": ORANGE,
        "highest": VERMILION,
        "nominal": GREY,
    }
    return coloured(panel, colours, dashed=["lowest", "highest", "nominal"])


def verdicts() -> Panel:
    """Return how the minutes of the chosen point were judged."""
    counts = ",\n       ".join(
        f"count(*) FILTER (WHERE verdict = '{verdict}') AS {verdict}" for verdict in VERDICT_COLOURS
    )
    panel = bars(
        Look(
            title="Verdicts of $point",
            text="Minutes by verdict. An hour from which nothing was heard has no bar: all of it "
            "is missing.",
            unit="short",
            width=12,
            height=9,
        ),
        [
            series(f"""
SELECT {_SPAN} AS time,
       {counts}
  FROM {_MINUTES}
 GROUP BY 1
 ORDER BY 1""")
        ],
    )
    return coloured(panel, VERDICT_COLOURS)


def days() -> Panel:
    """Return the days of the chosen point."""
    return rows(
        Look(
            title="Days of $point",
            text="Minutes by verdict, rate with its bounds, and extremes of each chosen day. "
            "Method sampled: slower than a value a minute, so the rate is no statutory figure.",
            unit="short",
            width=12,
            height=9,
        ),
        table(f"""
SELECT to_char(day, 'YYYY-MM-DD') AS day,
       rate AS "pass rate",
       lower AS "lower bound",
       upper AS "upper bound",
       coverage,
       method,
       n_pass AS pass,
       n_over AS over,
       n_under AS under,
       n_interrupted AS interrupted,
       n_exempt AS exempt,
       n_invalid AS invalid,
       n_missing AS missing,
       deviation_min_percent AS lowest,
       deviation_max_percent AS highest
  FROM v_point_day
 WHERE point = ${{point:sqlstring}}
   AND {IN_DAYS}
 ORDER BY v_point_day.day DESC"""),
        RATE_UNITS | _PERCENT,
    )
