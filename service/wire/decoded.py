"""What became of messages: batches of readings, and refusals with their reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.domain.batch import Batch, Message, Refusal

# Reasons for which a decoder refuses. All others are those of the fold (service.domain).
UNDECODABLE = "undecodable_message"
EMPTY_MESSAGE = "empty_message"
MALFORMED = "malformed_reading"

Scalar = TypeVar("Scalar", np.float64, np.int64, np.int32, np.uint8)

WHOLE_MESSAGE = -1  # index of a refusal that is not of one reading


@dataclass(slots=True)
class Decoded:
    """What became of a run of messages; every reading is in a batch or refused, never both."""

    batches: list[Batch] = field(default_factory=list)  # in the order of the log, none empty
    refusals: list[Refusal] = field(default_factory=list)  # in the order of the log

    @property
    def n_readings(self) -> int:
        """Number of readings in all batches; refusals come on top."""
        return sum(batch.device.size for batch in self.batches)

    def refuse(self, message: Message, reason: str, detail: str) -> None:
        """Refuse a whole message."""
        self.refusals.append(
            Refusal(message.offset, WHOLE_MESSAGE, message.record_ms, reason, detail, message.value)
        )


class ReadingsDecoder(Protocol):
    """Decodes messages of one format. Not safe for threads: it remembers what it has seen."""

    def decode(self, messages: Sequence[Message], decoded: Decoded) -> None:
        """Append the batches and refusals of ``messages``; never raise.

        Requires: no value is empty.
        """


def without(batch: Batch, refused: NDArray[np.bool_]) -> Batch:
    """Return the batch without the readings marked in ``refused``; the others keep their index."""
    kept = ~refused
    return Batch(
        names=batch.names,
        names_key=batch.names_key,
        device=_chosen(batch.device, kept),
        stamp_ms=_chosen(batch.stamp_ms, kept),
        has_zone=_chosen(batch.has_zone, kept),
        v1=_chosen(batch.v1, kept),
        v2=_chosen(batch.v2, kept),
        v3=_chosen(batch.v3, kept),
        p_w=_chosen(batch.p_w, kept),
        q_var=_chosen(batch.q_var, kept),
        quality=_chosen(batch.quality, kept),
        offset=_chosen(batch.offset, kept),
        record_ms=_chosen(batch.record_ms, kept),
        index=_chosen(batch.index, kept),
    )


def _chosen(column: NDArray[Scalar], kept: NDArray[np.bool_]) -> NDArray[Scalar]:
    return column[kept] if column.size else column
