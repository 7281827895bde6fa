"""Panels about fault calls: how soon a crew was there, held against the limits of the rule set."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from deploy.grafana.edition import Edition
from deploy.grafana.figures import as_rows
from deploy.grafana.panels import Field, Look, Panel, bars, coloured, plain, rates, rows, stat
from deploy.grafana.queries import FROM_AT, IN_PLACE, TO_AT, series, table
from service.console.palette import BLUE, GREY, SKY, VERMILION
from service.domain.promise_rows import CrewRow
from service.domain.rules import RuleSet

_STATE = {"in_time": BLUE, "late": VERMILION, "waiting": SKY, "exempt": GREY, "no_limit": GREY}
_IN_TIME = f"called_at >= {FROM_AT}\n   AND called_at < {TO_AT}\n   AND {IN_PLACE}"


def crew_panels(edition: Edition) -> list[Panel]:
    """Return the panels, from the share that was in time to the calls that were not."""
    return [
        _share(edition),
        _waiting(edition),
        _calls_by_day(edition),
        _areas(edition),
        _calls(edition),
    ]


def _share(edition: Edition) -> Panel:
    return stat(
        edition,
        Look(key="crews_in_time", unit="percentunit", width=6, height=4, decimals=1),
        table(f"""
WITH calls AS (
{_judged_calls(edition.rules)}
)
SELECT count(*) FILTER (WHERE state = 'in_time')
           / nullif(count(*) FILTER (WHERE state IN ('in_time', 'late')), 0)::double precision AS share
  FROM calls"""),
    )


def _waiting(edition: Edition) -> Panel:
    return stat(
        edition,
        Look(key="calls_waiting", unit="short", width=6, height=4),
        table(
            f"SELECT count(*) AS calls\n  FROM v_fault_call\n WHERE is_waiting\n   AND {IN_PLACE}"
        ),
        bad_from=1,
    )


def _calls_by_day(edition: Edition) -> Panel:
    states = ",\n       ".join(
        f"count(*) FILTER (WHERE state = '{state}') AS {state}" for state in _STATE
    )
    return bars(
        edition,
        Look(key="calls_by_day", unit="short", width=12),
        [
            series(f"""
WITH calls AS (
{_judged_calls(edition.rules)}
)
SELECT day_start((called_at AT TIME ZONE zone)::date, zone) AS time,
       {states}
  FROM calls
 CROSS JOIN deployment
 GROUP BY 1
 ORDER BY 1""")
        ],
        coloured(_STATE),
    )


def _areas(edition: Edition) -> Panel:
    return rows(
        edition,
        Look(key="crews_by_area", unit="short", width=24, height=6),
        table(f"""
WITH calls AS (
{_judged_calls(edition.rules)}
)
SELECT response_area AS area,
       count(*) AS calls,
       max(limit_minutes) AS limit_minutes,
       count(*) FILTER (WHERE state = 'in_time') AS in_time,
       count(*) FILTER (WHERE state = 'late') AS late,
       count(*) FILTER (WHERE state = 'waiting') AS waiting,
       count(*) FILTER (WHERE state = 'exempt') AS exempt_calls,
       count(*) FILTER (WHERE state = 'in_time')
           / nullif(count(*) FILTER (WHERE state IN ('in_time', 'late')), 0)::double precision AS share,
       avg(arrival_minutes) FILTER (WHERE state IN ('in_time', 'late')) AS mean_arrival,
       avg(restoration_minutes) FILTER (WHERE restored_at IS NOT NULL) AS mean_restoration
  FROM calls
 GROUP BY response_area
 ORDER BY share NULLS LAST, area"""),
        [
            *plain("area", "calls"),
            Field(name="limit_minutes", unit="m"),
            *plain("in_time", "late", "waiting", "exempt_calls"),
            *rates("share"),
            Field(name="mean_arrival", unit="m"),
            Field(name="mean_restoration", unit="m"),
        ],
    )


def _calls(edition: Edition) -> Panel:
    return rows(
        edition,
        Look(key="calls_late", unit="short", width=24, height=9),
        table(f"""
WITH calls AS (
{_judged_calls(edition.rules)}
)
SELECT call, region, feeder, response_area AS area, called_at, arrived_at, restored_at,
       arrival_minutes AS arrival, limit_minutes, arrival_minutes - limit_minutes AS beyond, state
  FROM calls
 WHERE state IN ('late', 'waiting')
 ORDER BY beyond DESC NULLS LAST, call
 LIMIT 200"""),
        [
            *plain("call", "region", "feeder", "area", "called_at", "arrived_at", "restored_at"),
            Field(name="arrival", unit="m"),
            Field(name="limit_minutes", unit="m"),
            Field(name="beyond", unit="m"),
            Field(name="state", words=_STATE),
        ],
    )


def _judged_calls(rules: RuleSet) -> str:
    """Return the calls of the chosen time and place, each with its limit and how it stands to it."""
    limits: dict[str, int] = {
        row.area: row.within_minutes
        for row in rules.promises
        if isinstance(row, CrewRow)
        if row.promise == "crew_arrival" and row.within_minutes is not None
    }
    return f"""
SELECT call, region, feeder, response_area, called_at, arrived_at, restored_at, arrival_minutes,
       restoration_minutes, limit_minutes,
       CASE WHEN severe_weather THEN 'exempt'
            WHEN limit_minutes IS NULL THEN 'no_limit'
            WHEN arrival_minutes > limit_minutes THEN 'late'
            WHEN is_waiting THEN 'waiting'
            ELSE 'in_time' END AS state
  FROM v_fault_call
  LEFT JOIN (VALUES {as_rows(limits, "integer")}) AS limits (response_area, limit_minutes)
       USING (response_area)
 WHERE {_IN_TIME}""".strip()
