"""Panels about the processes: checkpoints, what settle has before it, requests, disturbances."""

from deploy.grafana.edition import Edition
from deploy.grafana.panels import Look, Panel, bars, coloured, lines, plain
from deploy.grafana.queries import range_of
from service.console.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION


def panels(edition: Edition) -> list[Panel]:
    """Return how the processes fare."""
    return [
        _checkpoints(edition),
        _rows_written(edition),
        _disturbances(edition),
        _backlog(edition),
        _settle_passes(edition),
        _memory(edition),
        _requests(edition),
        _answers(edition),
        _held(edition),
    ]


def incidents(edition: Edition) -> Panel:
    """Return the losses of communication that last, by kind of place."""
    return bars(
        edition,
        Look(key="silent_points", unit="short", width=9),
        [range_of("sum by (place) (voltpass_communication_points_silent)", "{{place}}")],
        coloured({"concentrator": BLUE, "transformer": ORANGE, "feeder": PURPLE}),
    )


def _checkpoints(edition: Edition) -> Panel:
    buckets = "sum by (le) (rate(voltpass_checkpoint_duration_seconds_bucket[$__rate_interval]))"
    return lines(
        edition,
        Look(key="checkpoints", unit="s", width=8),
        [
            range_of(f"histogram_quantile(0.5, {buckets})", "median", "A"),
            range_of(f"histogram_quantile(0.95, {buckets})", "quantile_95", "B"),
            range_of("max(voltpass_checkpoint_age_seconds)", "checkpoint_age", "C"),
        ],
        coloured({"median": BLUE, "quantile_95": ORANGE, "checkpoint_age": GREY}),
    )


def _rows_written(edition: Edition) -> Panel:
    return bars(
        edition,
        Look(key="rows_written", unit="cps", width=8),
        [
            range_of(
                "sum by (table) (rate(voltpass_checkpoint_rows_total[$__rate_interval]))",
                "{{table}}",
            )
        ],
    )


def _disturbances(edition: Edition) -> Panel:
    return bars(
        edition,
        Look(key="disturbances", unit="short", width=8),
        [
            range_of("sum(increase(voltpass_rebalances_total[5m]))", "rebalances", "A"),
            range_of("sum(increase(voltpass_fenced_total[5m]))", "fenced", "B"),
            range_of("sum(increase(voltpass_data_gaps_total[5m]))", "data_gaps", "C"),
            range_of("sum(voltpass_stalled)", "stalled", "D"),
        ],
        coloured({"rebalances": GREY, "fenced": ORANGE, "data_gaps": VERMILION, "stalled": PURPLE}),
    )


def _backlog(edition: Edition) -> Panel:
    colours = {
        "late_readings": BLUE,
        "dirty_days": ORANGE,
        "judgement_changes": PURPLE,
        "beside_days": GREEN,
        "interruptions_due": GREY,
    }
    metrics = (
        "late_pending",
        "dirty_days",
        "rescore_pending",
        "beside_days",
        "interruptions_due_points",
    )
    return lines(
        edition,
        Look(key="backlog", unit="short", width=8),
        [
            range_of(f"max(voltpass_{metric})", name, letter)
            for metric, name, letter in zip(metrics, colours, "ABCDE", strict=True)
        ],
        coloured(colours),
    )


def _settle_passes(edition: Edition) -> Panel:
    buckets = "sum by (le) (rate(voltpass_settle_pass_duration_seconds_bucket[$__rate_interval]))"
    return lines(
        edition,
        Look(key="settle_passes", unit="s", width=8),
        [
            range_of(f"histogram_quantile(0.5, {buckets})", "median", "A"),
            range_of(f"histogram_quantile(0.95, {buckets})", "quantile_95", "B"),
        ],
        coloured({"median": BLUE, "quantile_95": ORANGE}),
    )


def _memory(edition: Edition) -> Panel:
    return lines(
        edition,
        Look(key="memory", unit="bytes", width=8),
        [range_of('process_resident_memory_bytes{job=~"voltpass-.*"}', "{{job}} {{instance}}")],
    )


def _requests(edition: Edition) -> Panel:
    return bars(
        edition,
        Look(key="requests", unit="reqps", width=8),
        [
            range_of(
                "sum by (status) (rate(voltpass_http_requests_total[$__rate_interval]))",
                "{{status}}",
            )
        ],
    )


def _answers(edition: Edition) -> Panel:
    buckets = (
        "sum by (route, le) (rate(voltpass_http_request_duration_seconds_bucket[$__rate_interval]))"
    )
    return lines(
        edition,
        Look(key="answers", unit="s", width=8),
        [range_of(f"histogram_quantile(0.95, {buckets})", "{{route}}")],
    )


def _held(edition: Edition) -> Panel:
    return lines(
        edition,
        Look(key="held", unit="short", width=8),
        [
            range_of("sum(voltpass_points_held)", "held", "A"),
            range_of("sum(voltpass_feeder_series_dropped)", "feeders_dropped", "B"),
            range_of("sum(voltpass_communication_series_dropped)", "incidents_dropped", "C"),
        ],
        plain("held", "feeders_dropped", "incidents_dropped"),
    )
