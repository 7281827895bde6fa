"""What ``settle`` tells: late readings, re-scoring, rollups, losses of communication."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry

from service.metrics.exposition import counter, gauge, histogram, snapshot
from service.metrics.words import CommunicationPlace, EvidenceGrade

_CLOCK_ERRORS = ("zone", "drift")
_PASS_BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class SettleMetrics:
    """The metrics of one process in the role ``settle``."""

    def __init__(self, registry: CollectorRegistry, *, max_incidents: int = 500):
        self.registry = registry
        self._max_incidents = max_incidents
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
        self._interruptions_due = gauge(
            registry,
            "interruptions_due_points",
            "Points whose interruptions are older than what they are made from.",
        )
        self._interruptions = counter(
            registry,
            "interruptions_changed",
            "Interruptions that were found, or changed, by the best grade of their evidence.",
            ("evidence",),
        )
        self._without_supply = snapshot(
            registry,
            "points_without_supply",
            "Points in an interruption that lasts, by the best grade of its evidence.",
            ("evidence",),
        )
        self._open_outages = gauge(
            registry, "open_outages", "Outages of the network in which a point is without supply."
        )
        self._false_alarms = counter(
            registry,
            "false_alarms",
            "Last gasps of meters that went on reading; counted each time that they are looked at.",
        )
        self._incidents = counter(
            registry, "communication_incidents", "Communications incidents that opened."
        )
        self._open_incidents = snapshot(
            registry,
            "communication_incidents_open",
            "Communications incidents that last.",
            ("place",),
        )
        self._silent = snapshot(
            registry,
            "communication_points_silent",
            "Points that are silent now in an open communications incident.",
            ("place",),
        )
        self._silent_of = snapshot(
            registry,
            "communication_incident_points",
            "Points that are silent now in one open communications incident.",
            ("place", "code"),
        )
        self._incidents_dropped = gauge(
            registry,
            "communication_series_dropped",
            "Open communications incidents left out above the set number.",
        )
        self._clock_errors = snapshot(
            registry,
            "devices_with_clock_error",
            "Devices whose clock is wrong by a time zone, or drifted by more than two minutes, of those lately heard.",
            ("organisation", "kind"),
        )
        self.show_communication([])
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

    def show_interruptions_due(self, n_points: int) -> None:
        """Show the points whose interruptions wait to be derived anew."""
        self._interruptions_due.set(n_points)

    def count_interruptions(self, changed: Mapping[EvidenceGrade, int]) -> None:
        """Count interruptions that were found or changed, by the best grade of their evidence."""
        for grade, n in changed.items():
            self._interruptions.labels(grade).inc(n)

    def show_without_supply(self, n_points: Mapping[EvidenceGrade, int], n_outages: int) -> None:
        """Show the points without supply by grade, and the outages that they are in."""
        grades = get_args(EvidenceGrade)
        self._without_supply.show({(grade,): n_points.get(grade, 0) for grade in grades})
        self._open_outages.set(n_outages)

    def count_false_alarms(self, n_events: int) -> None:
        """Count last gasps of meters that had supply."""
        self._false_alarms.inc(n_events)

    def count_communication_incidents(self, n_opened: int) -> None:
        """Count communications incidents that opened."""
        self._incidents.inc(n_opened)

    def show_communication(self, incidents: Sequence[tuple[CommunicationPlace, str, int]]) -> None:
        """Show the communications incidents that last: place, its code, points that are silent now.

        Above the set number those with the most points have series of their own.
        """
        kinds = get_args(CommunicationPlace)
        self._open_incidents.show(
            {(kind,): sum(place == kind for place, _, _ in incidents) for kind in kinds}
        )
        self._silent.show(
            {(kind,): sum(n for place, _, n in incidents if place == kind) for kind in kinds}
        )
        shown = sorted(incidents, key=lambda one: (-one[2], one[0], one[1]))[: self._max_incidents]
        self._silent_of.show({(place, code): n_points for place, code, n_points in shown})
        self._incidents_dropped.set(len(incidents) - len(shown))

    def show_clocks(self, clocks: Iterable[tuple[str, str]]) -> None:
        """Show the devices with a wrong clock: organisation and finding of each device that was lately heard."""
        found = Counter(clocks)
        organisations = {organisation for organisation, _ in found}
        self._clock_errors.show(
            {
                (one, kind): found[one, kind]
                for one in sorted(organisations)
                for kind in _CLOCK_ERRORS
            }
        )

    def record_pass(self, duration_s: float) -> None:
        """Record one pass of the role."""
        self._pass_s.observe(duration_s)
