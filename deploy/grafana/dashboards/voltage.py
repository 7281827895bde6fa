"""The voltage dashboard: who is outside the band now, and pass rates against their targets."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import live, rates
from deploy.grafana.dashboards.groups import classes, feeders, levels, worst_points
from deploy.grafana.edition import Edition
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import Panel


def voltage_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="voltage", console="/console/feeders", runbook="tolerance-breach"),
        [
            Row(key="now", panels=[*live.breach_stats(edition, 8), live.breaches(edition)]),
            Row(key="pass_rate", panels=_rates(edition)),
            Row(
                key="extremes",
                panels=[rates.extremes(edition, 8), worst_points(edition, 16)],
            ),
        ],
    )


def _rates(edition: Edition) -> list[Panel]:
    return [
        rates.by_day(edition, 12),
        rates.areas_by_day(edition, 12),
        rates.areas(edition, 24),
        classes(edition, 12),
        levels(edition, 12),
        rates.verdicts_by_day(edition, 24),
        feeders(edition, 24),
    ]
