"""The fleet overview: all of a deployment at a glance, and where to look next."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.dashboards import live, rates, reliability
from deploy.grafana.dashboards.groups import regions
from deploy.grafana.edition import Edition
from deploy.grafana.frame import Frame, Row, build
from deploy.grafana.panels import Look, Panel, lines
from deploy.grafana.queries import range_of

_TARGET = "{{figure}} {{area}} {{population}}"


def fleet_dashboard(edition: Edition) -> Dashboard:
    """Return the dashboard."""
    return build(
        edition,
        Frame(key="fleet", console="/console/"),
        [
            Row(
                key="now",
                panels=[
                    *live.breach_stats(edition, 4),
                    *live.dark_stats(edition, 3),
                    *live.network_stats(edition, 3),
                ],
            ),
            Row(
                key="figures",
                panels=[
                    rates.pass_rate(edition, 4, 5),
                    rates.coverage(edition, 4, 5),
                    reliability.figure(edition, "supply_reliability", 4, 5),
                    reliability.figure(edition, "hours_per_customer", 4, 5),
                    reliability.figure(edition, "interruptions_per_customer", 4, 5),
                    reliability.figure(edition, "customers_interrupted", 4, 5),
                    rates.areas(edition, 24),
                    rates.areas_by_day(edition, 12),
                    reliability.minutes_by_day(edition, 12),
                ],
            ),
            Row(key="budgets", panels=_budgets(edition)),
            Row(key="places", panels=[regions(edition, 24), reliability.by_feeder(edition, 24)]),
        ],
    )


def _budgets(edition: Edition) -> list[Panel]:
    """Return how much of the year's budget of a target is used, and how fast."""
    return [
        lines(
            edition,
            Look(key="budget_used", unit="percentunit", width=8, decimals=1),
            [range_of("voltpass_budget_used_ratio", _TARGET)],
        ),
        lines(
            edition,
            Look(key="budget_projected", unit="percentunit", width=8, decimals=1),
            [range_of("voltpass_budget_projected_ratio", _TARGET)],
        ),
        lines(
            edition,
            Look(key="budget_burn", unit="short", width=8, decimals=2),
            [range_of('voltpass_budget_burn_rate{window=~"6h|3d"}', f"{_TARGET} {{{{window}}}}")],
        ),
    ]
