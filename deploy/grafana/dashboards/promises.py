"""The promises dashboard: crews, notices, announced windows, and files that wait for an answer.

Panels show the facts of the register beside the limits of the rule set. The judgement with all its
exemptions is that of the service: `/v1/promises` and the console's page.
"""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from collections.abc import Sequence

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards.crews import crew_panels
from deploy.grafana.edition import Edition
from deploy.grafana.figures import as_rows
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import Field, Look, Panel, plain, rows, stat
from deploy.grafana.queries import (
    DECLARED_IN_PLACE,
    FROM_AT,
    TO_AT,
    table,
)
from service.console.palette import BLUE, GREY, ORANGE, SKY, VERMILION
from service.domain.promise_rows import LeadUnit, NoticeRow, PlannedWindowRow

_RESULT = {"kept": BLUE, "broken": VERMILION, "open": SKY, "none": ORANGE, "cancelled": GREY}
_OUTAGES = f"""coalesce(from_at, window_from) >= {FROM_AT}
   AND coalesce(from_at, window_from) < {TO_AT}
   AND {DECLARED_IN_PLACE}"""


def promises_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="promises", from_at="now-30d", refresh="5m", console="/console/promises"),
        [
            Row(
                key="crews",
                panels=crew_panels(edition),
            ),
            Row(key="announced", panels=[_notices(edition), _windows(edition)]),
            Row(key="deadlines", panels=[_open_deadlines(edition), _deadlines(edition)]),
        ],
    )


def _notices(edition: Edition) -> Panel:
    """Return the public notice of announced outages, held against the lead of the rule set."""
    rules = [row for row in edition.rules.promises if isinstance(row, NoticeRow)]
    hours, days = _leads(rules, "hours"), _leads(rules, "calendar_days")
    return rows(
        edition,
        Look(key="notices", unit="short", width=24, height=9),
        table(f"""
SELECT ticket,
       outage_kind AS kind,
       coalesce(window_from, from_at) AS off_at,
       notice_at,
       notice_hours AS notice_ahead,
       coalesce(lead_hours, 24 * lead_days) AS notice_lead,
       array_to_string(notice_fields, ', ') AS notice_fields,
       n_told AS told,
       CASE WHEN is_cancelled THEN 'cancelled'
            WHEN notice_at IS NULL THEN 'none'
            WHEN notice_hours >= lead_hours THEN 'kept'
            WHEN (coalesce(window_from, from_at) AT TIME ZONE zone)::date
                - (notice_at AT TIME ZONE zone)::date >= lead_days THEN 'kept'
            WHEN coalesce(lead_hours, lead_days) IS NOT NULL THEN 'broken' END AS public_notice
  FROM v_announced_outage
 CROSS JOIN deployment
  LEFT JOIN (VALUES {hours}) AS hours (outage_kind, lead_hours) USING (outage_kind)
  LEFT JOIN (VALUES {days}) AS days (outage_kind, lead_days) USING (outage_kind)
 WHERE {_OUTAGES}
 ORDER BY off_at DESC, ticket
 LIMIT 200"""),
        [
            *plain("ticket"),
            Field(name="kind", words={"planned": BLUE, "temporary": ORANGE}),
            *plain("off_at", "notice_at"),
            Field(name="notice_ahead", unit="h"),
            Field(name="notice_lead", unit="h"),
            *plain("notice_fields", "told"),
            Field(name="public_notice", words=_RESULT),
        ],
    )


def _leads(rules: Sequence[NoticeRow], unit: LeadUnit) -> str:
    leads = {
        row.promise.removesuffix("_notice"): row.lead for row in rules if row.lead_unit == unit
    }
    return as_rows(leads, "integer")


def _windows(edition: Edition) -> Panel:
    """Return how planned outages kept to their announced windows."""
    allowed = min(
        (
            row.at_most_minutes
            for row in edition.rules.promises
            if isinstance(row, PlannedWindowRow)
        ),
        default=None,
    )
    limit = "NULL" if allowed is None else str(allowed)
    return rows(
        edition,
        Look(key="windows", unit="short", width=24, height=9),
        table(f"""
SELECT ticket,
       window_from,
       window_to,
       from_at AS off_at,
       to_at AS on_at,
       early_minutes AS early,
       late_minutes AS late_by,
       CASE WHEN is_cancelled THEN 'cancelled'
            WHEN from_at IS NULL THEN 'none'
            WHEN greatest(early_minutes, late_minutes) > {limit}::integer THEN 'broken'
            WHEN to_at IS NULL THEN 'open'
            WHEN {limit}::integer IS NOT NULL THEN 'kept' END AS kept_window
  FROM v_announced_outage
 WHERE outage_kind = 'planned'
   AND window_to IS NOT NULL
   AND {_OUTAGES}
 ORDER BY window_from DESC, ticket
 LIMIT 200"""),
        [
            *plain("ticket", "window_from", "window_to", "off_at", "on_at"),
            Field(name="early", unit="m"),
            Field(name="late_by", unit="m"),
            Field(name="kept_window", words=_RESULT),
        ],
    )


def _open_deadlines(edition: Edition) -> Panel:
    return stat(
        edition,
        Look(key="deadlines_open", unit="short", width=6, height=9),
        table("""
SELECT count(*) AS files
  FROM deadline
 WHERE answered_at IS NULL
   AND withdrawn_at IS NULL"""),
    )


def _deadlines(edition: Edition) -> Panel:
    url = f"{edition.site.console_url}/console/promises?lang={edition.language}"
    return rows(
        edition,
        Look(key="deadlines", unit="short", width=18, height=9),
        table("""
SELECT promise,
       subject,
       reference,
       opened_at,
       (extract(epoch FROM now() - opened_at) / 86400)::double precision AS age
  FROM deadline
 WHERE answered_at IS NULL
   AND withdrawn_at IS NULL
 ORDER BY opened_at, deadline_id
 LIMIT 200"""),
        [
            Field(name="promise", url=url),
            *plain("subject", "reference", "opened_at"),
            Field(name="age", unit="d"),
        ],
    )
