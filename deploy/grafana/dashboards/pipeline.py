"""The pipeline dashboard: does everything arrive and count, in time, and do the processes fare well?"""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from typing import get_args

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import clocks, processes, rates
from deploy.grafana.edition import Edition
from deploy.grafana.figures import is_monitored
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import Field, Look, Panel, bars, coloured, lines, plain, rows
from deploy.grafana.queries import (
    DAY_AS_TIME,
    FROM_AT,
    IN_DAYS,
    IN_PLACE,
    TO_AT,
    range_of,
    series,
    table,
)
from service.console.palette import BLUE, GREY, ORANGE, SKY, VERMILION
from service.metrics import Outcome

_OUTCOME_COLOURS = dict(zip(get_args(Outcome), (BLUE, GREY, SKY, ORANGE, VERMILION), strict=True))


def pipeline_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="pipeline", from_at="now-6h", console="/console/quality", runbook="lag"),
        [
            Row(
                key="arrival",
                panels=[
                    _readings(edition),
                    _meter_events(edition),
                    _lag_s(edition),
                    _lag_messages(edition),
                    _conservation(edition),
                ],
            ),
            Row(key="refused", panels=[_letters(edition), _letter_table(edition)]),
            Row(
                key="completeness",
                panels=[
                    rates.coverage(edition, 6),
                    _coverage_by_day(edition),
                    processes.incidents(edition),
                ],
            ),
            Row(key="clocks", panels=clocks.panels(edition)),
            Row(key="processes", panels=processes.panels(edition)),
            Row(key="deployment", panels=[_deployment(edition)]),
        ],
    )


def _readings(edition: Edition) -> Panel:
    return bars(
        edition,
        Look(key="readings", unit="cps", width=12),
        [
            range_of(
                "sum by (outcome) (rate(voltpass_readings_total[$__rate_interval]))", "{{outcome}}"
            )
        ],
        coloured(_OUTCOME_COLOURS),
    )


def _meter_events(edition: Edition) -> Panel:
    return bars(
        edition,
        Look(key="meter_events", unit="cps", width=12),
        [
            range_of(
                "sum by (event) (rate(voltpass_meter_events_total[$__rate_interval])) > 0",
                "{{event}}",
            )
        ],
        plain("power_off", "power_on", "last_gasp", "restored", "power_failure_log"),
    )


def _lag_s(edition: Edition) -> Panel:
    return lines(
        edition,
        Look(key="lag_seconds", unit="s", width=12),
        [range_of("max by (topic, partition) (voltpass_lag_seconds)", "{{topic}}/{{partition}}")],
    )


def _lag_messages(edition: Edition) -> Panel:
    return lines(
        edition,
        Look(key="lag_messages", unit="short", width=12),
        [range_of("max by (topic, partition) (voltpass_lag_messages)", "{{topic}}/{{partition}}")],
    )


def _conservation(edition: Edition) -> Panel:
    """Return the sums of each partition, as the checkpoints stored them; nothing may be left."""
    return rows(
        edition,
        Look(key="conservation", unit="short", width=24, height=7),
        table("""
SELECT topic,
       partition,
       consumed,
       folded,
       duplicate,
       late,
       invalid,
       dead_lettered,
       consumed - folded - duplicate - late - invalid - dead_lettered AS unaccounted,
       data_through,
       stored_at,
       owner
  FROM partition_progress
 ORDER BY topic, partition
 LIMIT 500"""),
        plain(
            "topic",
            "partition",
            "consumed",
            "folded",
            "duplicate",
            "late",
            "invalid",
            "dead_lettered",
            "unaccounted",
            "data_through",
            "stored_at",
            "owner",
        ),
    )


def _letters(edition: Edition) -> Panel:
    return lines(
        edition,
        Look(key="dead_letters", unit="cps", width=10, height=9),
        [
            range_of(
                "sum by (reason) (rate(voltpass_dead_letters_total[$__rate_interval])) > 0",
                "{{reason}}",
            )
        ],
    )


def _letter_table(edition: Edition) -> Panel:
    """Return what was refused in the chosen time, by reason and device."""
    return rows(
        edition,
        Look(key="dead_letter_table", unit="short", width=14, height=9),
        table(f"""
SELECT reason,
       coalesce(device, '') AS device,
       min(detail) AS detail,
       count(*) AS letters,
       max(record_at) AS newest_at,
       count(adopted_at) AS adopted
  FROM dead_letter
 WHERE record_at >= {FROM_AT}
   AND record_at < {TO_AT}
 GROUP BY reason, device
 ORDER BY letters DESC, reason, device
 LIMIT 200"""),
        plain("reason", "device", "detail", "letters", "newest_at", "adopted"),
    )


def _coverage_by_day(edition: Edition) -> Panel:
    """Return how completely the days were measured, and how many points fell below the floor."""
    return lines(
        edition,
        Look(key="coverage_by_day", unit="percentunit", width=9, decimals=2),
        [
            series(f"""
SELECT {DAY_AS_TIME} AS time,
       avg(coverage) AS coverage,
       min(coverage) AS least_coverage,
       count(*) FILTER (WHERE NOT ({is_monitored(edition.rules)}))
           / count(*)::double precision AS share_not_monitored
  FROM v_point_day
 WHERE {IN_DAYS}
   AND {IN_PLACE}
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured({"coverage": BLUE, "least_coverage": ORANGE, "share_not_monitored": GREY}),
    )


def _deployment(edition: Edition) -> Panel:
    """Return what the figures rest on; the zone has to be the one that this dashboard shows."""
    return rows(
        edition,
        Look(key="deployment", unit="short", width=24, height=4),
        table(f"""
SELECT zone,
       CASE WHEN zone = '{edition.site.zone}' THEN 'as_shown' ELSE 'differs' END AS zone_check,
       rule_set,
       CASE WHEN rule_set = '{edition.rules.name}' THEN 'as_shown' ELSE 'differs' END AS rule_set_check,
       number AS judgement,
       data_through,
       (SELECT count(*) FROM point) AS points,
       (SELECT count(*) FROM customer) AS customers
  FROM deployment
 CROSS JOIN judgement
 CROSS JOIN v_watermark"""),
        [
            *plain("zone"),
            Field(name="zone_check", words={"as_shown": BLUE, "differs": VERMILION}),
            *plain("rule_set"),
            Field(name="rule_set_check", words={"as_shown": BLUE, "differs": VERMILION}),
            *plain("judgement", "data_through", "points", "customers"),
        ],
    )
