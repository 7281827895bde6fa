"""What ``consume`` tells of meter events; it shares the metrics of the readings where they fit."""

from collections.abc import Mapping
from typing import cast, get_args

from prometheus_client import CollectorRegistry

from service.metrics.consume import ConsumeMetrics
from service.metrics.exposition import counter
from service.metrics.words import EventOutcome, EventWord, Reason


class MeterEventMetrics:
    """Meter events of one process in the role ``consume``."""

    def __init__(self, registry: CollectorRegistry, shared: ConsumeMetrics):
        self._shared = shared
        self._messages = counter(
            registry, "meter_event_messages", "Messages of meter events taken from Kafka."
        )
        self._events = counter(
            registry,
            "meter_events",
            "Meter events by what became of them.",
            ("event", "outcome"),
        )
        for event in get_args(EventWord):
            for outcome in get_args(EventOutcome):
                self._events.labels(event, outcome)

    def count_messages(self, n: int) -> None:
        """Count ``n`` messages taken from Kafka."""
        self._messages.inc(n)

    def count(
        self,
        said: Mapping[str, int],
        folded: Mapping[str, int],
        refused: Mapping[tuple[str, str], int],
    ) -> None:
        """Count what a checkpoint stored.

        Args:
            said: Events of known points by their word, copies included.
            folded: Of these, the ones that nobody had stored before.
            refused: Dead letters by event and reason.
        """
        for event, n in said.items():
            n_folded = folded.get(event, 0)
            self._inc(event, "folded", n_folded)
            self._inc(event, "duplicate", n - n_folded)
            if n_folded:
                self._shared.count_rows("meter_event", n_folded)
        for (event, reason), n in refused.items():
            self._inc(event, "dead_lettered", n)
            self._shared.count_dead_letters(cast("Reason", reason), n)

    def _inc(self, event: str, outcome: EventOutcome, n: int) -> None:
        self._events.labels(event, outcome).inc(n)
