"""The fold thread, and what runs on it: everything that touches an engine, one after another."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kernels.layout import LATE, N_OUTCOMES, UNKNOWN_DEVICE
from service.domain.batch import Message, Refusal
from service.ingest.holding import HeldOf, HeldPartition
from service.ingest.polled import Partition
from service.logs import logger
from service.wire.decoded import UNDECODABLE, WHOLE_MESSAGE, Decoded

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D")

_log = logger(__name__)


class MessageDecoder(Protocol):
    """Turns messages into batches and refusals; it remembers what it has seen."""

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Return what became of ``messages``, in the order of the log."""
        ...


class FoldThread:
    """One thread. The event loop only moves bytes, and an engine is never in two hands."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fold")
        self._last: Future[Any] | None = None

    def start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """Have ``work`` done after all that was asked for before, and return what to wait for."""
        self._last = self._thread.submit(work, *args, **kwargs)
        return asyncio.wrap_future(self._last)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns on the fold thread, after all that was asked for before."""
        return await self.start(work, *args, **kwargs)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._last is None or self._last.done()

    def close(self) -> None:
        """Take no more work; what runs is left to end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class FoldReport:
    """What became of some messages."""

    n_messages: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(N_OUTCOMES, np.int64))
    refused: Counter[str] = field(default_factory=Counter)  # readings by reason


def fold_messages(
    partitions: Mapping[Partition, HeldPartition],
    messages: Mapping[Partition, Sequence[Message]],
    decoder: MessageDecoder,
) -> FoldReport:
    """Decode and fold messages of held partitions; return what became of them."""
    report = FoldReport()
    for partition, some in messages.items():
        _fold_partition(partitions[partition], some, decoder, report)
    return report


def _fold_partition(
    held: HeldPartition, messages: Sequence[Message], decoder: MessageDecoder, report: FoldReport
) -> None:
    messages = not_folded(held, messages)
    if not messages:
        return
    parts, refusals = survived(decoder.decode, messages)
    refusals += [refusal for part in parts for refusal in part.refusals]
    counts = held.engine.fold([batch for part in parts for batch in part.batches])
    held.next_offset = messages[-1].offset + 1
    held.refusals += refusals
    _note_waiting(held, counts, refusals)
    report.n_messages += len(messages)
    report.counts += counts
    report.refused.update(refusal.reason for refusal in refusals)


def not_folded(held: HeldOf[Any], messages: Sequence[Message]) -> Sequence[Message]:
    """Return the messages that are not folded yet, all but after a seek that came to nothing."""
    if messages[0].offset >= held.next_offset:
        return messages
    return [message for message in messages if message.offset >= held.next_offset]


def _note_waiting(
    held: HeldPartition, counts: NDArray[np.int64], refusals: Sequence[Refusal]
) -> None:
    waiting = held.waiting
    waiting.n_readings += int(counts.sum()) + len(refusals)
    waiting.n_pages = held.engine.pool.n_pages - held.n_pages_at_image
    waiting.n_late += int(counts[LATE])
    waiting.n_letters += int(counts[UNKNOWN_DEVICE:].sum()) + len(refusals)
    waiting.n_payload_bytes += sum(len(refusal.payload) for refusal in refusals)


def survived(
    decode: Callable[[Sequence[Message]], D], messages: Sequence[Message]
) -> tuple[list[D], list[Refusal]]:
    """Return what ``decode`` makes of ``messages``; a message that it cannot survive is refused.

    The decoder never raises. If it does, one message would stop the partition for ever.
    """
    try:
        return [decode(messages)], []
    except Exception:  # noqa: BLE001  (below each message is tried alone)
        _log.exception("decoder_failed", first_offset=messages[0].offset, n_messages=len(messages))
    parts: list[D] = []
    refusals: list[Refusal] = []
    for message in messages:
        try:
            parts.append(decode([message]))
        except Exception as error:  # noqa: BLE001  (whatever it is, this message causes it)
            refusals.append(_refusal(message, error))
    return parts, refusals


def _refusal(message: Message, error: Exception) -> Refusal:
    return Refusal(
        offset=message.offset,
        index=WHOLE_MESSAGE,
        record_ms=message.record_ms,
        reason=UNDECODABLE,
        detail=f"the decoder failed: {error!r}",
        payload=message.value,
    )
