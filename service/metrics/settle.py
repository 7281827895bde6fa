"""What ``settle`` tells: late readings, re-scoring, rollups."""

from prometheus_client import CollectorRegistry

from service.metrics.exposition import counter, gauge, histogram

_PASS_BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class SettleMetrics:
    """The metrics of one process in the role ``settle``."""

    def __init__(self, registry: CollectorRegistry):
        self.registry = registry
        self._pending = gauge(registry, "late_pending", "Late readings not yet merged.")
        self._merged = counter(registry, "late_merged", "Late readings that changed a cell.")
        self._duplicates = counter(
            registry, "late_duplicate", "Late readings that changed no cell."
        )
        self._rescored = counter(registry, "rescored_pages", "Pages judged again.")
        self._rescore_pending = gauge(
            registry, "rescore_pending", "Changes of the judgement whose pages are not all done."
        )
        self._dirty_days = gauge(registry, "dirty_days", "Days of points to be summed again.")
        self._beside_days = gauge(
            registry, "beside_days", "Days of points to be counted under the rule sets beside."
        )
        self._pass_s = histogram(
            registry,
            "settle_pass_duration_seconds",
            "Duration of one pass over late readings, re-scoring and dirty days.",
            _PASS_BUCKETS_S,
        )

    def show_late_pending(self, n_readings: int) -> None:
        """Show the late readings that wait for the merger."""
        self._pending.set(n_readings)

    def count_late(self, *, n_merged: int, n_duplicate: int) -> None:
        """Count late readings that changed a cell, and those that changed none."""
        self._merged.inc(n_merged)
        self._duplicates.inc(n_duplicate)

    def count_rescored(self, n_pages: int) -> None:
        """Count pages that were judged again."""
        self._rescored.inc(n_pages)

    def show_rescore_pending(self, n_changes: int) -> None:
        """Show the changes of the judgement that are not yet carried to every page."""
        self._rescore_pending.set(n_changes)

    def show_dirty_days(self, n_days: int) -> None:
        """Show the days whose sums are older than their pages."""
        self._dirty_days.set(n_days)

    def show_beside_days(self, n_days: int) -> None:
        """Show the days that are over and wait to be counted under the rule sets beside."""
        self._beside_days.set(n_days)

    def record_pass(self, duration_s: float) -> None:
        """Record one pass of the role."""
        self._pass_s.observe(duration_s)
