"""What became of readings, as metrics say it."""

from typing import Final, cast

from kernels.layout import DUPLICATE, FOLDED, INVALID_READING, LATE, UNKNOWN_DEVICE
from service.domain.reading_columns import REASONS
from service.ingest.folding import FoldReport
from service.metrics import ConsumeMetrics, Outcome, Reason

_OUTCOMES: Final[dict[int, Outcome]] = {
    FOLDED: "folded",
    DUPLICATE: "duplicate",
    INVALID_READING: "invalid",
    LATE: "late",
}


def count_fold(metrics: ConsumeMetrics, report: FoldReport) -> None:
    """Count the messages and readings of one fold by what became of them."""
    metrics.count_messages(report.n_messages)
    counts = report.counts.tolist()
    for code, outcome in _OUTCOMES.items():
        metrics.count_readings(outcome, counts[code])
    metrics.count_readings("dead_lettered", sum(counts[UNKNOWN_DEVICE:]) + report.refused.total())
    letters = {REASONS[code]: n for code, n in enumerate(counts) if code in REASONS and n}
    for reason, n in (*letters.items(), *report.refused.items()):
        metrics.count_dead_letters(cast("Reason", reason), n)
