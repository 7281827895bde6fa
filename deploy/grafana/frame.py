"""A dashboard around its rows of panels: zone, choices above it, links, annotations."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    AnnotationTarget,
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.edition import LANGUAGES, Edition
from deploy.grafana.panels import Panel
from deploy.grafana.queries import (
    DECLARED_IN_PLACE,
    FROM_AT,
    IN_FEEDER,
    IN_ORGANISATION,
    IN_PLACE,
    IN_REGION,
    TIMESCALE,
    TO_AT,
    table,
)
from service.console.palette import ORANGE, PURPLE

if TYPE_CHECKING:
    from grafana_foundation_sdk.cog.builder import Builder


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading, from left to right and from top to bottom."""

    key: str  # of its title in the catalogues
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is said of a dashboard as a whole."""

    key: str  # of its title and text in the catalogues, and in its uid
    from_at: str = "now-7d"  # of Grafana
    refresh: str = "1m"
    runbook: str = ""  # heading of docs/runbooks.md, as an anchor
    console: str = "/console/"  # page of the console about the same


def build(
    edition: Edition,
    frame: Frame,
    rows: Sequence[Row],
    variables: Sequence[builders.QueryVariable] = (),
) -> Dashboard:
    """Return the dashboard."""
    dashboard = (
        builders.Dashboard(edition.title("dashboards", frame.key))
        .uid(edition.uid(frame.key))
        .description(edition.text("dashboards", frame.key))
        .tags(["voltpass", edition.tag])
        .timezone(edition.site.zone)
        .week_start("monday")
        .time(frame.from_at, "now")
        .refresh(frame.refresh)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables([*_places(edition), *variables])
        .annotations([_outages(edition), _declarations(edition)])
    )
    for link in _links(edition, frame):
        dashboard = dashboard.link(link)
    n_panels = 0
    for row in rows:
        n_panels += 1
        dashboard = dashboard.with_row(builders.Row(edition.title("rows", row.key)).id(n_panels))
        for panel in row.panels:
            n_panels += 1
            dashboard = dashboard.with_panel(panel.id(n_panels))
    return dashboard.build()


def point_variable(edition: Edition) -> builders.QueryVariable:
    """Return the choice of one point of the chosen place."""
    sql = f"SELECT point\n  FROM point\n WHERE {IN_PLACE}\n ORDER BY point\n LIMIT 1000"
    return _choice(edition, "point", sql)


def _places(edition: Edition) -> list[builders.QueryVariable]:
    """Return the choices of a place, each among those of the one before; names where there are some."""
    chosen = {
        "organisation": "true",
        "region": IN_ORGANISATION,
        "feeder": IN_REGION,
        "transformer": IN_FEEDER,
    }
    return [
        _all(
            edition,
            _choice(
                edition,
                place,
                f"""
SELECT {place} AS __value,
       concat_ws(' ', {place}, nullif(min({place}_name), '')) AS __text
  FROM point
 WHERE {place} <> ''
   AND {condition}
 GROUP BY {place}
 ORDER BY {place}
 LIMIT 5000""".strip(),
            ),
        )
        for place, condition in chosen.items()
    ]


def _choice(edition: Edition, name: str, sql: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(edition.label(name))
        .datasource(TIMESCALE)
        .query(sql)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.DISABLED)
    )


def _all(edition: Edition, variable: builders.QueryVariable) -> builders.QueryVariable:
    return (
        variable.multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text=edition.word("all"), value="$__all"))
    )


def _links(edition: Edition, frame: Frame) -> list[builders.DashboardLink]:
    """Return the ways to the other dashboards, to the same one in another language, out of Grafana."""
    site, language = edition.site, edition.language
    others = (
        builders.DashboardLink(edition.word("dashboards"))
        .type(DashboardLinkType.DASHBOARDS)
        .tags([edition.tag])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    languages = [
        _link(edition.word(f"in_{other}"), f"/d/voltpass-{frame.key}-{other}", "external link")
        .include_vars(True)
        .keep_time(True)
        for other in LANGUAGES
        if other != language
    ]
    console = _link(
        edition.word("console"), f"{site.console_url}{frame.console}?lang={language}", "dashboard"
    ).target_blank(True)
    anchor = f"#{frame.runbook}" if frame.runbook else ""
    runbook = _link(edition.word("runbooks"), f"{site.runbooks_url}{anchor}", "doc").target_blank(
        True
    )
    return [others, *languages, console, runbook]


def _link(title: str, url: str, icon: str) -> builders.DashboardLink:
    return builders.DashboardLink(title).type(DashboardLinkType.LINK).url(url).icon(icon)


def _outages(edition: Edition) -> builders.AnnotationQuery:
    """Return the outages of the network, where a point of the chosen place was in one."""
    word = edition.word("outage")
    return _annotation(
        edition.word("outages"),
        PURPLE,
        f"""
SELECT start_at AS time,
       coalesce(last_end_at, {TO_AT}) AS timeend,
       concat_ws(' ', '{word}', code, nullif(cause, ''), ticket) AS text,
       concat_ws(',', place, evidence) AS tags
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
 ORDER BY time
 LIMIT 500""",
    )


def _declarations(edition: Edition) -> builders.AnnotationQuery:
    """Return what was declared: abnormal states, and the windows of announced outages."""
    state, window = edition.word("abnormal_state"), edition.word("window")
    return _annotation(
        edition.word("declarations"),
        ORANGE,
        f"""
SELECT coalesce(from_at, window_from) AS time,
       coalesce(to_at, CASE WHEN from_at IS NULL THEN window_to END, {TO_AT}) AS timeend,
       concat_ws(' ', CASE WHEN kind = 'abnormal_state' THEN '{state}' ELSE '{window}' END,
           ticket, nullif(cause, '')) AS text,
       concat_ws(',', kind, outage_kind) AS tags
  FROM declaration
 WHERE withdrawn_at IS NULL
   AND cancelled_at IS NULL
   AND coalesce(from_at, window_from) < {TO_AT}
   AND coalesce(to_at, CASE WHEN from_at IS NULL THEN window_to END, 'infinity') > {FROM_AT}
   AND {DECLARED_IN_PLACE}
 ORDER BY time
 LIMIT 500""",
    )


def _annotation(name: str, colour: str, sql: str) -> builders.AnnotationQuery:
    # The model of the SDK knows only the target of Grafana's own annotations; its comment says that
    # it should be any query, which is what Grafana reads.
    target = table(sql)
    target.ref_id = "Anno"
    return (
        builders.AnnotationQuery()
        .name(name)
        .datasource(TIMESCALE)
        .enable(True)
        .icon_color(colour)
        .target(cast("Builder[AnnotationTarget]", target))
    )
