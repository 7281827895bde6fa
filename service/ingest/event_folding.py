"""What runs on the fold thread of meter events: they are decoded, and kept until a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.domain.batch import Message
from service.domain.meter_events import SaidEvent
from service.ingest.folding import FoldReport, not_folded, survived
from service.ingest.holding import HeldOf, HoldingOf
from service.ingest.polled import Partition
from service.wire.meter_events import MeterEventDecoder


@dataclass(slots=True)
class EventsHeld:
    """Meter events of one partition that no checkpoint has yet."""

    said: list[SaidEvent] = field(default_factory=list)
    record_ms: int | None = None  # of the newest message taken; None before the first


HeldEvents = HeldOf[EventsHeld]
EventHolding = HoldingOf[EventsHeld]


def fold_events(
    partitions: Mapping[Partition, HeldEvents],
    messages: Mapping[Partition, Sequence[Message]],
    decoder: MeterEventDecoder,
) -> FoldReport:
    """Decode and keep messages of held partitions; return how many there were.

    Whose an event is, is found out when it is stored: the registry may change until then.
    """
    report = FoldReport()
    for partition, some in messages.items():
        _fold_partition(partitions[partition], some, decoder, report)
    return report


def _fold_partition(
    held: HeldEvents, messages: Sequence[Message], decoder: MeterEventDecoder, report: FoldReport
) -> None:
    messages = not_folded(held, messages)
    if not messages:
        return
    parts, refusals = survived(decoder.decode, messages)
    said = [one for part in parts for one in part.said]
    refusals += [refusal for part in parts for refusal in part.refusals]
    held.engine.said += said
    held.engine.record_ms = messages[-1].record_ms
    held.next_offset = messages[-1].offset + 1
    held.refusals += refusals
    held.waiting.n_readings += len(said) + len(refusals)
    held.waiting.n_events += len(said)
    held.waiting.n_letters += len(refusals)
    held.waiting.n_payload_bytes += sum(len(refusal.payload) for refusal in refusals)
    report.n_messages += len(messages)
