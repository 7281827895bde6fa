"""Registries, the kinds of metrics made on them, and what Prometheus is given."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

Values: TypeAlias = Mapping[tuple[str, ...], float]  # one value for each tuple of label values

_PREFIX = "voltpass_"


def new_registry() -> CollectorRegistry:
    """Return a registry that holds the figures of this process (memory, CPU, files) so far."""
    # Without this each counter would bring a second series with its birthday.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    return registry


def render(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """Return the exposition of ``registry`` and its content type.

    ``accept`` is the header of the request: OpenMetrics when it asks for that, else plain text.
    Above some thousand series call it in a thread.
    """
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class Snapshot(Collector):
    """A gauge whose series are replaced all at once; a scrape sees the old ones or the new."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, labels: Sequence[str]):
        self._name, self._text, self._labels = name, text, tuple(labels)
        self._values: Values = {}
        registry.register(self)

    def show(self, values: Values) -> None:
        """Replace every series by ``values``."""
        self._values = dict(values)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return the gauge without its series."""
        return [GaugeMetricFamily(self._name, self._text, labels=self._labels)]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the gauge with its series."""
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for key, value in self._values.items():
            family.add_metric(key, value)
        return [family]


def counter(
    registry: CollectorRegistry, name: str, text: str, labels: Sequence[str] = ()
) -> Counter:
    """Return a counter; its name gets the suffix ``_total``."""
    return Counter(_PREFIX + name, text, labels, registry=registry)


def gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    """Return a gauge of one series."""
    return Gauge(_PREFIX + name, text, registry=registry)


def histogram(
    registry: CollectorRegistry,
    name: str,
    text: str,
    buckets: Sequence[float],
    labels: Sequence[str] = (),
) -> Histogram:
    """Return a histogram with these upper bounds."""
    return Histogram(_PREFIX + name, text, labels, buckets=buckets, registry=registry)


def snapshot(registry: CollectorRegistry, name: str, text: str, labels: Sequence[str]) -> Snapshot:
    """Return a gauge whose series are replaced all at once."""
    return Snapshot(registry, _PREFIX + name, text, labels)


def start_at_zero(counter: Counter, values: Iterable[str]) -> None:
    """Show every series from the start: a rate needs a first value to rise from."""
    for value in values:
        counter.labels(value)
