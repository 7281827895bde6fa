"""The feeder dashboard: one feeder, or the few that are chosen, down to transformers and points."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import live, rates, reliability
from deploy.grafana.dashboards.groups import transformers, worst_points
from deploy.grafana.edition import Edition
from deploy.grafana.frame import Frame, Row, build


def feeder_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="feeder", console="/console/feeders", runbook="tolerance-breach"),
        [
            Row(
                key="feeder",
                panels=[
                    *live.breach_stats(edition, 4),
                    live.dark_stats(edition, 4)[0],
                    rates.pass_rate(edition, 4, 4),
                    reliability.figure(edition, "hours_per_customer", 4, 4),
                    live.breaches(edition, 12),
                    live.dark_feeders(edition, 12),
                ],
            ),
            Row(
                key="pass_rate",
                panels=[
                    rates.by_day(edition, 12),
                    rates.verdicts_by_day(edition, 12),
                    transformers(edition, 24),
                    rates.extremes(edition, 8),
                    worst_points(edition, 16),
                ],
            ),
            Row(
                key="outages",
                panels=[
                    reliability.minutes_by_day(edition, 12),
                    reliability.by_cause(edition, 12),
                    reliability.outages(edition, 24),
                    reliability.incidents(edition, 24),
                ],
            ),
        ],
    )
