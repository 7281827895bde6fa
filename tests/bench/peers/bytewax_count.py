# mypy: disable-error-code="import-not-found,misc"
"""Bytewax: Kafka in, counts by device, nothing out. ``... BROKER TOPIC N_WARM N_TIMED whole|keyed``.

``whole`` is the fastest way that its documentation offers (``flat_map_batch``: a function of a batch, with a state of
its own); ``keyed`` is the one that it recommends for state (``stateful_batch``: a logic for each key, which it can
recover). Both have one worker, as `consume` is one process; it has threads of its own for the broker.
"""

import sys
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from tests.bench.peers.counting import N_VERDICTS, Counts, Stretch, arguments, decode, verdict_of

BATCH = 5000


class _Nowhere(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        """Throw everything away."""


class _Sink(DynamicSink[Any]):
    def build(self, _step: str, _worker: int, _n_workers: int) -> _Nowhere:
        return _Nowhere()


def whole(flow: Dataflow, messages: Any, counts: Counts, stretch: Stretch) -> Any:
    """Count a batch in one call."""

    def count(batch: list[Any]) -> Iterable[None]:
        add = counts.add
        for message in batch:
            add(message.value)
        stretch.saw(len(batch), counts)
        return ()

    return op.flat_map_batch("count", messages, count)


def keyed(flow: Dataflow, messages: Any, counts: Counts, stretch: Stretch) -> Any:
    """Count in a logic for each device."""

    class Logic(StatefulBatchLogic[float | None, None, list[int]]):
        def __init__(self, state: list[int] | None) -> None:
            self.counts = state or [0] * N_VERDICTS
            self.is_new = True

        def on_batch(self, values: list[float | None]) -> tuple[Iterable[None], bool]:
            for volts in values:
                self.counts[verdict_of(volts)] += 1
            stretch.saw(len(values), counts)
            return (), StatefulBatchLogic.RETAIN

        def snapshot(self) -> list[int]:
            return list(self.counts)

    def logic_of(state: list[int] | None) -> Logic:
        logic = Logic(state)
        counts.by_device[str(len(counts.by_device))] = logic.counts
        return logic

    def readings(batch: list[Any]) -> Iterable[tuple[str, float | None]]:
        decoded = [decode(message.value) for message in batch]
        return [(reading.device, reading.v1) for reading in decoded]

    by_device = op.flat_map_batch("decode", messages, readings)
    return op.stateful_batch("count", by_device, logic_of)


def main() -> None:
    """Run until the stretch is over."""
    bootstrap, topic, stretch = arguments()
    flow = Dataflow("count")
    source = KafkaSource([bootstrap], [topic], batch_size=BATCH, tail=False)
    messages = op.input("kafka", flow, source)
    way = {"whole": whole, "keyed": keyed}[sys.argv[5]]
    op.output("nowhere", way(flow, messages, Counts(), stretch), _Sink())
    run_main(flow)


if __name__ == "__main__":
    main()
