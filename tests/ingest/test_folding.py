from collections.abc import Sequence

import pytest

from kernels.layout import FOLDED, UNKNOWN_DEVICE
from service.domain.bands import event_limits
from service.domain.batch import Message
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.judging import make_judge
from service.domain.lane_book import LaneBook
from service.domain.lanes import lane_directory
from service.ingest.fold_counts import count_fold
from service.ingest.folding import FoldThread, fold_messages
from service.ingest.holding import HeldPartition, Holding, Waiting
from service.metrics import ConsumeMetrics, new_registry
from service.wire import Decoded, Decoder
from tests.ingest.consumers import RULES
from tests.ingest.fakes import P0, message, registry


@pytest.fixture
def held() -> HeldPartition:
    known = registry("M1")
    directory = lane_directory(known, make_judge(known, RULES).live_bands)
    policy = FoldPolicy(events=event_limits(RULES))
    engine = PartitionEngine(book=LaneBook(directory), policy=policy)
    return HeldPartition(partition=P0, epoch=1, engine=engine, stored_offset=None, next_offset=0)


def junk(offset: int, value: bytes = b"\x00\x01") -> Message:
    return Message(offset, message(0).record_ms, value)


def test_a_message_that_cannot_be_decoded_counts_as_one_reading(held: HeldPartition) -> None:
    report = fold_messages({P0: held}, {P0: [message(0), junk(1), message(2)]}, Decoder())

    assert (report.n_messages, report.counts[FOLDED], held.next_offset) == (3, 2, 3)
    assert report.refused == {"undecodable_message": 1}
    assert (held.waiting.n_letters, held.waiting.n_payload_bytes) == (1, 2)


def test_what_was_folded_is_unstored_until_a_checkpoint(held: HeldPartition) -> None:
    holding = Holding(generation=1, partitions={P0: held})

    fold_messages(holding.partitions, {P0: [message(0), junk(1)]}, Decoder())
    fold_messages(holding.partitions, {P0: [message(2)]}, Decoder())

    assert holding.n_unstored() == 3
    held.n_readings_in_image, held.waiting = held.waiting.n_readings, Waiting()
    assert holding.n_unstored() == 3


def test_what_was_folded_before_is_passed_over(held: HeldPartition) -> None:
    fold_messages({P0: held}, {P0: [message(0), message(1)]}, Decoder())

    again = fold_messages({P0: held}, {P0: [message(1), message(2)]}, Decoder())
    nothing = fold_messages({P0: held}, {P0: [message(1)]}, Decoder())

    assert (again.n_messages, nothing.n_messages, held.next_offset) == (1, 0, 3)


class Poisoned(Decoder):
    """A decoder with a fault."""

    def decode(self, messages: Sequence[Message]) -> Decoded:
        if any(one.value == b"poison" for one in messages):
            raise ZeroDivisionError("a fault in the decoder")
        return super().decode(messages)


def test_a_message_that_breaks_the_decoder_is_refused_and_the_others_are_kept(
    held: HeldPartition,
) -> None:
    messages = [message(0), junk(1, b"poison"), message(2), junk(3)]

    report = fold_messages({P0: held}, {P0: messages}, Poisoned())

    assert (report.counts[FOLDED], held.next_offset) == (2, 4)
    assert [(one.offset, one.reason) for one in held.refusals] == [
        (1, "undecodable_message"),
        (3, "undecodable_message"),
    ]
    assert "a fault in the decoder" in held.refusals[0].detail


def test_outcomes_are_counted_by_their_names(held: HeldPartition) -> None:
    metrics = ConsumeMetrics(new_registry())
    messages = [message(0), message(1, minute=0), message(2, volts=-5.0), message(3, "?"), junk(4)]

    count_fold(metrics, fold_messages({P0: held}, {P0: messages}, Decoder()))

    def counted(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    outcomes = ("folded", "duplicate", "late", "invalid", "dead_lettered")
    assert [counted("voltpass_readings_total", outcome=one) for one in outcomes] == [1, 1, 0, 1, 2]
    assert counted("voltpass_dead_letters_total", reason="unknown_device") == 1
    assert counted("voltpass_dead_letters_total", reason="undecodable_message") == 1
    assert counted("voltpass_messages_total") == 5


async def test_the_fold_thread_does_one_thing_after_another() -> None:
    thread = FoldThread()
    done: list[int] = []
    assert thread.is_idle

    futures = [thread.start(done.append, i) for i in range(100)]
    await thread.run(done.append, 100)

    assert done == list(range(101))
    assert all(future.done() for future in futures)
    assert thread.is_idle
    thread.close()


def test_a_device_is_looked_up_anew_once_the_registry_has_changed(held: HeldPartition) -> None:
    fold_messages({P0: held}, {P0: [message(0, "M1"), message(1, "M2")]}, Decoder())
    known = registry("M2", "M1")  # M2 is new, and M1 now is another point's

    held.engine.apply(lane_directory(known, make_judge(known, RULES).live_bands))
    report = fold_messages({P0: held}, {P0: [message(2, "M1"), message(3, "M2")]}, Decoder())

    assert report.counts[FOLDED] == 2
    pages = held.engine.take_image().pages
    assert sorted(set(pages.point.tolist())) == [1, 2]


def test_an_unknown_device_is_a_dead_letter_each_time(held: HeldPartition) -> None:
    report = fold_messages({P0: held}, {P0: [message(0, "M9"), message(1, "M9")]}, Decoder())

    dead = held.engine.take_image().dead
    assert report.counts[UNKNOWN_DEVICE] == 2
    assert [(one.offset, one.device) for part in dead for one in part] == [(0, "M9"), (1, "M9")]
