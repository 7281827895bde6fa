"""The supply dashboard: who is without supply now, for how long it was, and what happened."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import live, reliability
from deploy.grafana.edition import Edition
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import Panel


def supply_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="supply", console="/console/outages", runbook="interruption"),
        [
            Row(
                key="now",
                panels=[
                    *live.dark_stats(edition, 6),
                    *live.network_stats(edition, 6),
                    live.dark_feeders(edition, 12),
                    live.dark_by_evidence(edition, 12),
                ],
            ),
            Row(key="reliability", panels=_reliability(edition)),
            Row(
                key="outages",
                panels=[reliability.outages(edition, 24), reliability.interruptions(edition, 24)],
            ),
            Row(key="communication", panels=[reliability.incidents(edition, 24)]),
        ],
    )


def _reliability(edition: Edition) -> list[Panel]:
    return [
        reliability.figure(edition, "supply_reliability", 6, 5),
        reliability.figure(edition, "hours_per_customer", 6, 5),
        reliability.figure(edition, "interruptions_per_customer", 6, 5),
        reliability.figure(edition, "customers_interrupted", 6, 5),
        reliability.minutes_by_day(edition, 12),
        reliability.by_cause(edition, 12),
        reliability.by_feeder(edition, 24),
    ]
