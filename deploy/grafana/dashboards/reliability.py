"""Panels about supply: minutes and hours without it for each customer, outages, interruptions."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from deploy.grafana.dashboards.rates import point_field
from deploy.grafana.edition import Edition
from deploy.grafana.figures import CUSTOMERS, DARK, N_CUSTOMERS, targets_of
from deploy.grafana.panels import Field, Look, Panel, bars, coloured, plain, rows, stat
from deploy.grafana.queries import FROM_AT, IN_DAYS, IN_PLACE, TO_AT, series, table
from service.console.palette import BLUE, GREY, ORANGE, PURPLE, SKY, VERMILION

_FIGURES = {
    "supply_reliability": "1 - (SELECT coalesce(sum(minutes), 0) FROM dark) / nullif(sum(service_minutes), 0)",
    "hours_per_customer": "(SELECT coalesce(sum(minutes), 0) FROM dark) / 60 / nullif({n}, 0)",
    "interruptions_per_customer": "(SELECT count(*) FROM dark WHERE start_at >= {from_at}) / nullif({n}, 0)",
    "customers_interrupted": "count(*) FILTER (WHERE customer_id IN (SELECT customer_id FROM dark))",
}
_UNITS = {"supply_reliability": ("percentunit", 3), "hours_per_customer": ("h", 2)}
_EVIDENCE = {
    "measured": BLUE,
    "meter_event": SKY,
    "feeder": PURPLE,
    "declared": ORANGE,
    "inferred": GREY,
}
_STATE = {"open": VERMILION, "over": BLUE}
_CUSTOMERS_DARK = f"""
WITH customers AS (
{CUSTOMERS}
), dark AS (
{DARK}
)""".strip()


def figure(edition: Edition, name: str, width: int, height: int = 8) -> Panel:
    """Return a figure of the customers of the chosen place as one number."""
    unit, decimals = _UNITS.get(name, ("short", 3 if "per" in name else 0))
    expression = _FIGURES[name].format(n=N_CUSTOMERS, from_at=FROM_AT)
    targets = targets_of(edition.rules, "supply_reliability", "users")
    lowest = float(min(targets.values())) if name == "supply_reliability" and targets else None
    return stat(
        edition,
        Look(key=name, unit=unit, width=width, height=height, decimals=decimals),
        table(f"{_CUSTOMERS_DARK}\nSELECT {expression} AS {name}\n  FROM customers"),
        good_from=lowest,
    )


def minutes_by_day(edition: Edition, width: int) -> Panel:
    """Return the mean minutes without supply of a customer, day by day."""
    return bars(
        edition,
        Look(key="minutes_by_day", unit="m", width=width, decimals=1),
        [
            series(f"""
{_CUSTOMERS_DARK}
SELECT from_at AS time,
       coalesce(sum(extract(epoch FROM least(coalesce(dark.end_at, data_through), to_at, {TO_AT})
           - greatest(start_at, from_at, {FROM_AT})) / 60), 0)
           / (SELECT nullif({N_CUSTOMERS}, 0) FROM customers) AS minutes_per_customer
  FROM v_calendar
  LEFT JOIN dark
    ON start_at < least(to_at, data_through, {TO_AT})
   AND coalesce(dark.end_at, data_through) > greatest(from_at, {FROM_AT})
 WHERE {IN_DAYS}
 GROUP BY from_at
 ORDER BY from_at""")
        ],
        coloured({"minutes_per_customer": PURPLE}),
    )


def by_cause(edition: Edition, width: int) -> Panel:
    """Return customer minutes by cause and evidence."""
    return rows(
        edition,
        Look(key="by_cause", unit="short", width=width),
        table(f"""
SELECT coalesce(nullif(cause, ''), 'unknown') AS cause,
       evidence,
       count(*) FILTER (WHERE start_at >= {FROM_AT}) AS interruptions,
       coalesce(sum(n_customers) FILTER (WHERE start_at >= {FROM_AT}), 0)::bigint AS customer_interruptions,
       sum(n_customers * extract(epoch FROM least(start_at + duration_s * interval '1 second', {TO_AT})
           - greatest(start_at, {FROM_AT})) / 3600)::double precision AS customer_hours
  FROM v_interruption
 WHERE evidence <> 'inferred'
   AND start_at < {TO_AT}
   AND start_at + duration_s * interval '1 second' > {FROM_AT}
   AND {IN_PLACE}
 GROUP BY 1, 2
 ORDER BY customer_hours DESC"""),
        [
            *plain("cause"),
            Field(name="evidence", words=_EVIDENCE),
            *plain("interruptions", "customer_interruptions"),
            Field(name="customer_hours", unit="h"),
        ],
    )


def by_feeder(edition: Edition, width: int) -> Panel:
    """Return the feeders by the time that a customer was without supply, the worst first."""
    url = f"/d/{edition.uid('feeder')}?var-feeder=${{__value.raw:percentencode}}&${{__url_time_range}}"
    return rows(
        edition,
        Look(key="dark_feeders_table", unit="short", width=width, height=9),
        table(f"""
{_CUSTOMERS_DARK}, in_service AS (
    SELECT region, feeder, {N_CUSTOMERS} AS n_customers, sum(service_minutes) AS service_minutes
      FROM customers
     GROUP BY region, feeder
), without AS (
    SELECT region, feeder,
           sum(minutes) AS minutes,
           max(minutes) AS most_minutes,
           count(DISTINCT customer_id) AS interrupted,
           count(*) FILTER (WHERE start_at >= {FROM_AT}) AS interruptions
      FROM dark
     GROUP BY region, feeder
)
SELECT region,
       feeder,
       n_customers AS customers,
       coalesce(interrupted, 0) AS interrupted,
       coalesce(interruptions, 0) / nullif(n_customers, 0) AS interruptions_per_customer,
       coalesce(minutes, 0) / nullif(n_customers, 0) AS minutes_per_customer,
       coalesce(most_minutes, 0) AS most_minutes,
       1 - coalesce(minutes, 0) / nullif(service_minutes, 0) AS supply_reliability
  FROM in_service
  LEFT JOIN without USING (region, feeder)
 ORDER BY minutes_per_customer DESC, region, feeder
 LIMIT 200"""),
        [
            *plain("region"),
            Field(name="feeder", url=url),
            *plain("customers", "interrupted", "interruptions_per_customer"),
            Field(name="minutes_per_customer", unit="m"),
            Field(name="most_minutes", unit="m"),
            Field(name="supply_reliability", unit="percentunit"),
        ],
    )


def outages(edition: Edition, width: int) -> Panel:
    """Return the outages of the network that reach into the chosen time."""
    return rows(
        edition,
        Look(key="outages", unit="short", width=width, height=10),
        table(f"""
SELECT start_at,
       last_end_at AS end_at,
       CASE WHEN last_end_at IS NULL THEN 'open' ELSE 'over' END AS state,
       place,
       code,
       duration_s AS duration,
       n_points AS points,
       n_nested AS nested,
       n_customers AS customers,
       evidence,
       coalesce(nullif(cause, ''), 'unknown') AS cause,
       ticket
  FROM v_outage
 WHERE start_at < {TO_AT}
   AND coalesce(last_end_at, 'infinity') > {FROM_AT}
   AND EXISTS (
           SELECT
             FROM interruption
             JOIN point USING (point_id)
            WHERE interruption.outage_id = v_outage.outage_id
              AND {IN_PLACE}
       )
 ORDER BY start_at DESC
 LIMIT 200"""),
        [
            *plain("start_at", "end_at"),
            Field(name="state", words=_STATE),
            *plain("place", "code"),
            Field(name="duration", unit="s"),
            *plain("points", "nested", "customers"),
            Field(name="evidence", words=_EVIDENCE),
            *plain("cause", "ticket"),
        ],
    )


def interruptions(edition: Edition, width: int, condition: str = IN_PLACE) -> Panel:
    """Return the interruptions of points that reach into the chosen time, the newest first."""
    return rows(
        edition,
        Look(key="interruptions", unit="short", width=width, height=12),
        table(f"""
SELECT feeder,
       transformer,
       point,
       start_at,
       end_at,
       CASE WHEN is_open THEN 'open' ELSE 'over' END AS state,
       duration_s AS duration,
       earliest_at,
       latest_at,
       evidence,
       coalesce(nullif(cause, ''), 'unknown') AS cause,
       ticket,
       n_customers AS customers
  FROM v_interruption
 WHERE start_at < {TO_AT}
   AND coalesce(end_at, 'infinity') > {FROM_AT}
   AND {condition}
 ORDER BY start_at DESC, point
 LIMIT 500"""),
        [
            *plain("feeder", "transformer"),
            point_field(edition),
            *plain("start_at", "end_at"),
            Field(name="state", words=_STATE),
            Field(name="duration", unit="s"),
            *plain("earliest_at", "latest_at"),
            Field(name="evidence", words=_EVIDENCE),
            *plain("cause", "ticket", "customers"),
        ],
    )


def incidents(edition: Edition, width: int) -> Panel:
    """Return the losses of communication that reach into the chosen time; they are no outages."""
    return rows(
        edition,
        Look(key="incidents", unit="short", width=width, height=9),
        table(f"""
SELECT from_at AS start_at,
       to_at AS end_at,
       CASE WHEN is_open THEN 'open' ELSE 'over' END AS state,
       place,
       code,
       duration_s AS duration,
       n_due AS due,
       n_points AS silent_points,
       n_held AS held,
       n_interrupted AS interrupted
  FROM v_communication_incident AS incident
 WHERE from_at < {TO_AT}
   AND coalesce(to_at, 'infinity') > {FROM_AT}
   AND EXISTS (
           SELECT
             FROM communication_incident_point AS silent
             JOIN point USING (point_id)
            WHERE silent.incident_id = incident.incident_id
              AND {IN_PLACE}
       )
 ORDER BY from_at DESC
 LIMIT 200"""),
        [
            *plain("start_at", "end_at"),
            Field(name="state", words=_STATE),
            *plain("place", "code"),
            Field(name="duration", unit="s"),
            *plain("due", "silent_points", "held", "interrupted"),
        ],
    )
