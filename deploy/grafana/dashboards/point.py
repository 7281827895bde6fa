"""The point dashboard: one point minute by minute, and what happened to it."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import reliability
from deploy.grafana.edition import Edition
from deploy.grafana.frame import Frame, Row, build, point_variable
from deploy.grafana.panels import (
    Field,
    Look,
    Panel,
    bars,
    coloured,
    deviations,
    lines,
    plain,
    rates,
    rows,
)
from deploy.grafana.queries import FROM_AT, IN_DAYS, TO_AT, series, table
from service.console.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, VERDICT_COLOURS, VERMILION

# Minutes, or longer spans where the chosen time is long.
_SPAN = (
    "date_bin(greatest($__interval_ms, 60000) * interval '1 millisecond', minute, "
    "timestamptz 'epoch')"
)
_MINUTES = f"point_minutes(${{point:sqlstring}}, {FROM_AT}, {TO_AT})"
_IS_POINT = "point = ${point:sqlstring}"


def point_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="point", from_at="now-2d", console="/console/points/${point:percentencode}"),
        [
            Row(
                key="point",
                panels=[_about(edition), _voltage(edition), _verdicts(edition), _days(edition)],
            ),
            Row(
                key="happened",
                panels=[_events(edition), reliability.interruptions(edition, 24, _IS_POINT)],
            ),
        ],
        [point_variable(edition)],
    )


def _about(edition: Edition) -> Panel:
    """Return what the registry says of the chosen point."""
    return rows(
        edition,
        Look(key="about_point", unit="short", width=24, height=4),
        table(f"""
SELECT nominal_mv / 1000.0::double precision AS nominal,
       wiring,
       class,
       organisation,
       region,
       substation,
       feeder,
       transformer,
       band_lower / 100.0::double precision AS band_lower,
       band_upper / 100.0::double precision AS band_upper,
       valid_from,
       nullif(valid_to, 'infinity') AS valid_to
  FROM point
 WHERE {_IS_POINT}"""),
        [
            Field(name="nominal", unit="volt"),
            *plain("wiring", "class", "organisation", "region", "substation", "feeder"),
            *plain("transformer"),
            *deviations("band_lower", "band_upper"),
            *plain("valid_from", "valid_to"),
        ],
    )


def _voltage(edition: Edition) -> Panel:
    """Return the voltages of the chosen point; Grafana shows V below 1 kV and kV above."""
    return lines(
        edition,
        Look(key="point_voltage", unit="volt", width=24, height=9, decimals=2),
        [
            series(f"""
SELECT {_SPAN} AS time,
       avg(voltage_1_v) AS phase_1,
       avg(voltage_2_v) AS phase_2,
       avg(voltage_3_v) AS phase_3,
       min(least(voltage_1_v, voltage_2_v, voltage_3_v)) AS lowest,
       max(greatest(voltage_1_v, voltage_2_v, voltage_3_v)) AS highest,
       max(nominal_v) AS nominal
  FROM {_MINUTES}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(
            {
                "phase_1": BLUE,
                "phase_2": GREEN,
                "phase_3": PURPLE,
                "lowest": ORANGE,
                "highest": VERMILION,
                "nominal": GREY,
            },
            dashed=["lowest", "highest", "nominal"],
        ),
    )


def _verdicts(edition: Edition) -> Panel:
    """Return how the minutes of the chosen point were judged."""
    counts = ",\n       ".join(
        f"count(*) FILTER (WHERE verdict = '{verdict}') AS {verdict}" for verdict in VERDICT_COLOURS
    )
    return bars(
        edition,
        Look(key="point_verdicts", unit="m", width=12, height=9),
        [
            series(f"""
SELECT {_SPAN} AS time,
       {counts}
  FROM {_MINUTES}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(VERDICT_COLOURS),
    )


def _days(edition: Edition) -> Panel:
    """Return the days of the chosen point."""
    counts = ",\n       ".join(f"n_{verdict} AS {verdict}" for verdict in VERDICT_COLOURS)
    return rows(
        edition,
        Look(key="point_days", unit="short", width=12, height=9),
        table(f"""
SELECT to_char(day, 'YYYY-MM-DD') AS day,
       rate AS pass_rate,
       lower AS lower_bound,
       upper AS upper_bound,
       coverage,
       method,
       {counts},
       deviation_min_percent AS lowest,
       deviation_max_percent AS highest
  FROM v_point_day
 WHERE {_IS_POINT}
   AND {IN_DAYS}
 ORDER BY v_point_day.day DESC"""),
        [
            *plain("day"),
            *rates("pass_rate", "lower_bound", "upper_bound", "coverage"),
            Field(name="method", words={"continuous": BLUE, "sampled": ORANGE}),
            *(Field(name=verdict, unit="m") for verdict in VERDICT_COLOURS),
            *deviations("lowest", "highest"),
        ],
    )


def _events(edition: Edition) -> Panel:
    """Return dips, swells and interruptions as single readings showed them."""
    return rows(
        edition,
        Look(key="point_events", unit="short", width=24, height=8),
        table(f"""
SELECT start_at,
       end_at,
       kind,
       duration_s AS duration,
       extreme_percent,
       concat_ws(' ', CASE WHEN phase_1 THEN '1' END, CASE WHEN phase_2 THEN '2' END,
           CASE WHEN phase_3 THEN '3' END) AS phases,
       device
  FROM v_event
 WHERE {_IS_POINT}
   AND start_at < {TO_AT}
   AND coalesce(end_at, 'infinity') > {FROM_AT}
 ORDER BY start_at DESC
 LIMIT 200"""),
        [
            *plain("start_at", "end_at"),
            Field(
                name="kind",
                words={
                    "dip": ORANGE,
                    "swell": VERMILION,
                    "interruption": PURPLE,
                    "phase_loss": GREY,
                },
            ),
            Field(name="duration", unit="s"),
            *deviations("extreme_percent"),
            *plain("phases", "device"),
        ],
    )
