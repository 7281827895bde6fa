"""Metrics of every role with at least one value in each series that can be."""

from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics import (
    BudgetFigure,
    ConsumeMetrics,
    FeederState,
    Figure,
    Lag,
    Outcome,
    Reason,
    ServeMetrics,
    SettleMetrics,
    new_registry,
)
from service.metrics.meter_events import MeterEventMetrics

FEEDER = FeederState(
    region="R1", feeder="F1", n_points=40, n_under=3, n_over=2, n_high=1, n_interrupted=4
)
FIGURE = Figure(
    area="urban",
    point_class="D",
    rule_set="sgcc-2003",
    period="day",
    pass_ratio=0.99,
    coverage_ratio=0.98,
    interruption_minutes=1.5,
)


BUDGET = BudgetFigure(
    figure="pass_rate",
    area="urban",
    population="residential_points",
    rule_set="sgcc-2003",
    target_ratio=0.95,
    used_ratio=0.3,
    projected_ratio=0.7,
    burn_rates={"1h": 2.0, "6h": 1.5, "3d": 0.9, "30d": 0.7},
)


def filled_consume() -> CollectorRegistry:
    """Return a registry on which every method of ``ConsumeMetrics`` was called."""
    metrics = ConsumeMetrics(new_registry())
    metrics.count_messages(3)
    for outcome in get_args(Outcome):
        metrics.count_readings(outcome, 2)
    for reason in get_args(Reason):
        metrics.count_dead_letters(reason, 1)
    metrics.show_breaches({("urban", "over"): 2})
    metrics.show_open_interruptions({"rural": 1})
    metrics.show_feeders([FEEDER])
    metrics.show_held("communication", 3)
    metrics.count_alerts_held("communication", 3)
    metrics.show_lag([Lag(topic="t", partition=0, n_messages=7, event_s=1.5)])
    metrics.record_checkpoint(0.2, {"page": 10, "lane_block": 1})
    metrics.measure_checkpoint_age(lambda: 4.0)
    metrics.measure_unstored(lambda: 12.0)
    metrics.count_fenced()
    metrics.count_rebalance()
    metrics.count_data_gap()
    metrics.show_stalled(True)
    metrics.show_judgement(9)
    return metrics.registry


def filled_meter_events() -> CollectorRegistry:
    """Return the registry of a consumer that took meter events."""
    shared = ConsumeMetrics(new_registry())
    metrics = MeterEventMetrics(shared.registry, shared)
    metrics.count_messages(4)
    metrics.count({"last_gasp": 3}, {"last_gasp": 2}, {("none", "malformed_event"): 1})
    return shared.registry


def filled_settle() -> CollectorRegistry:
    """Return a registry on which every method of ``SettleMetrics`` was called."""
    metrics = SettleMetrics(new_registry())
    metrics.show_late_pending(5)
    metrics.show_interruptions_due(12)
    metrics.count_interruptions({"measured": 3, "feeder": 40})
    metrics.count_false_alarms(2)
    metrics.show_without_supply({"meter_event": 7, "declared": 1}, 2)
    metrics.count_late(n_merged=3, n_duplicate=2)
    metrics.count_rescored(11)
    metrics.show_rescore_pending(1)
    metrics.show_dirty_days(2)
    metrics.show_beside_days(9)
    metrics.count_communication_incidents(2)
    metrics.show_communication([("concentrator", "K1", 12), ("feeder", "F1", 40)])
    metrics.record_pass(0.7)
    return metrics.registry


def filled_serve() -> CollectorRegistry:
    """Return a registry on which every method of ``ServeMetrics`` was called."""
    metrics = ServeMetrics(new_registry())
    metrics.show_figures([FIGURE])
    metrics.show_budgets([BUDGET])
    metrics.record_request("/v1/points/{point}", "GET", 200, 0.01)
    return metrics.registry
