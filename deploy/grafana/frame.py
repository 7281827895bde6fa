"""A dashboard around its rows of panels: zone, variables, links."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.panels import Panel
from deploy.grafana.queries import IN_PLACE, IN_REGION, TIMESCALE

ZONE = "Asia/Shanghai"  # whose days and months are shown; as VOLTPASS_ZONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading, from left to right and from top to bottom."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is said of a dashboard as a whole."""

    uid: str
    title: str
    text: str
    from_at: str  # of Grafana: now-7d
    refresh: str


def build(
    frame: Frame, rows: Sequence[Row], variables: Sequence[builders.QueryVariable] = ()
) -> Dashboard:
    """Return the dashboard."""
    dashboard = (
        builders.Dashboard(frame.title)
        .uid(frame.uid)
        .description(frame.text)
        .tags(["voltpass"])
        .timezone(ZONE)
        .week_start("monday")
        .time(frame.from_at, "now")
        .refresh(frame.refresh)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(
            builders.DashboardLink("Voltpass")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["voltpass"])
            .include_vars(True)
            .keep_time(True)
        )
        .variables([_region(), _feeder(), *variables])
    )
    n_panels = 0
    for row in rows:
        n_panels += 1
        dashboard = dashboard.with_row(builders.Row(row.title).id(n_panels))
        for panel in row.panels:
            n_panels += 1
            dashboard = dashboard.with_panel(panel.id(n_panels))
    return dashboard.build()


def point_variable() -> builders.QueryVariable:
    """Return the choice of one point of the chosen feeders."""
    return _choice(
        "point", "Point", f"SELECT point FROM point WHERE {IN_PLACE} ORDER BY point LIMIT 1000"
    )


def _region() -> builders.QueryVariable:
    sql = "SELECT DISTINCT region FROM point WHERE region <> '' ORDER BY region"
    return _all(_choice("region", "Region", sql))


def _feeder() -> builders.QueryVariable:
    sql = (
        f"SELECT DISTINCT feeder FROM point WHERE {IN_REGION} AND feeder <> '' "
        "ORDER BY feeder LIMIT 5000"
    )
    return _all(_choice("feeder", "Feeder", sql))


def _choice(name: str, label: str, sql: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(TIMESCALE)
        .query(sql)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.DISABLED)
    )


def _all(variable: builders.QueryVariable) -> builders.QueryVariable:
    return (
        variable.multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )
