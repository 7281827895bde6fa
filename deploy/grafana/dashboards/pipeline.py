"""Panels of the supply dashboard about Voltpass itself: does everything arrive, and in time?"""

from typing import get_args

from deploy.grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    Look,
    Panel,
    bars,
    coloured,
    lines,
)
from deploy.grafana.queries import range_of
from service.metrics import Outcome

_OUTCOME_COLOURS = dict(zip(get_args(Outcome), (BLUE, GREY, SKY, ORANGE, VERMILION), strict=True))


def delivery_panels() -> list[Panel]:
    """Return what became of the readings, and how far behind the consumers are."""
    return [
        _readings(),
        lines(
            Look(
                title="Dead letters by reason",
                text="Readings and messages refused, a second. docs/runbooks.md says what each "
                "reason means.",
                unit="cps",
                width=12,
            ),
            [
                range_of(
                    "sum by (reason) (rate(voltpass_dead_letters_total[$__rate_interval])) > 0",
                    "{{reason}}",
                )
            ],
        ),
        lines(
            Look(
                title="Lag in event time",
                text="Now less the end of the newest reading folded, by partition. It grows too "
                "when meters are silent.",
                unit="s",
                width=12,
            ),
            [
                range_of(
                    "max by (topic, partition) (voltpass_lag_seconds)", "{{topic}}/{{partition}}"
                )
            ],
        ),
        lines(
            Look(
                title="Lag in messages",
                text="Messages in Kafka that were not folded yet, by partition.",
                unit="short",
                width=12,
            ),
            [
                range_of(
                    "max by (topic, partition) (voltpass_lag_messages)", "{{topic}}/{{partition}}"
                )
            ],
        ),
    ]


def process_panels() -> list[Panel]:
    """Return how the processes fare."""
    return [_checkpoints(), _rows_written(), _disturbances(), _backlog(), _requests(), _answers()]


def _readings() -> Panel:
    panel = bars(
        Look(
            title="Readings by outcome",
            text="Readings a second: folded into pages, repeated, late, invalid, or refused.",
            unit="cps",
            width=12,
        ),
        [
            range_of(
                "sum by (outcome) (rate(voltpass_readings_total[$__rate_interval]))", "{{outcome}}"
            )
        ],
    )
    return coloured(panel, _OUTCOME_COLOURS)


def _checkpoints() -> Panel:
    buckets = "sum by (le) (rate(voltpass_checkpoint_duration_seconds_bucket[$__rate_interval]))"
    panel = lines(
        Look(
            title="Checkpoints",
            text="Duration of a checkpoint, and the age of the oldest newest one of all consumers. "
            "Close to the checkpoint interval the database is the limit.",
            unit="s",
            width=8,
        ),
        [
            range_of(f"histogram_quantile(0.5, {buckets})", "median", "A"),
            range_of(f"histogram_quantile(0.95, {buckets})", "95 %", "B"),
            range_of("max(voltpass_checkpoint_age_seconds)", "age", "C"),
        ],
    )
    return coloured(panel, {"median": BLUE, "95 %": ORANGE, "age": GREY})


def _rows_written() -> Panel:
    return bars(
        Look(
            title="Rows written by table",
            text="Rows a second that checkpoints write.",
            unit="cps",
            width=8,
        ),
        [
            range_of(
                "sum by (table) (rate(voltpass_checkpoint_rows_total[$__rate_interval]))",
                "{{table}}",
            )
        ],
    )


def _disturbances() -> Panel:
    panel = bars(
        Look(
            title="Disturbances",
            text="Rebalances, checkpoints refused because another process owns the partition, data "
            "gaps, and processes that report a stall.",
            unit="short",
            width=8,
        ),
        [
            range_of("sum(increase(voltpass_rebalances_total[5m]))", "rebalances", "A"),
            range_of("sum(increase(voltpass_fenced_total[5m]))", "fenced", "B"),
            range_of("sum(increase(voltpass_data_gaps_total[5m]))", "data gaps", "C"),
            range_of("sum(voltpass_stalled)", "stalled", "D"),
        ],
    )
    colours = {"rebalances": GREY, "fenced": ORANGE, "data gaps": VERMILION, "stalled": PURPLE}
    return coloured(panel, colours)


def _backlog() -> Panel:
    panel = lines(
        Look(
            title="What settle has before it",
            text="Late readings to be merged, days to be summed again, days to be counted under the "
            "rule sets beside, changes of registry, rules or declarations not yet carried to every page.",
            unit="short",
            width=8,
        ),
        [
            range_of("max(voltpass_late_pending)", "late readings", "A"),
            range_of("max(voltpass_dirty_days)", "dirty days", "B"),
            range_of("max(voltpass_rescore_pending)", "changes of judgement", "C"),
            range_of("max(voltpass_beside_days)", "days beside", "D"),
        ],
    )
    colours = {
        "late readings": BLUE,
        "dirty days": ORANGE,
        "changes of judgement": PURPLE,
        "days beside": GREEN,
    }
    return coloured(panel, colours)


def _requests() -> Panel:
    return bars(
        Look(
            title="Requests by status",
            text="Requests a second that serve answers.",
            unit="reqps",
            width=8,
        ),
        [
            range_of(
                "sum by (status) (rate(voltpass_http_requests_total[$__rate_interval]))",
                "{{status}}",
            )
        ],
    )


def _answers() -> Panel:
    buckets = (
        "sum by (route, le) (rate(voltpass_http_request_duration_seconds_bucket[$__rate_interval]))"
    )
    return lines(
        Look(
            title="Time to answer by route",
            text="95 % of the requests of a route were answered within this time.",
            unit="s",
            width=8,
        ),
        [range_of(f"histogram_quantile(0.95, {buckets})", "{{route}}")],
    )
