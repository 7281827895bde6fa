"""Messages as columns: with one reading in each, an object for every message costs more than what is done with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from service.domain.batch import Message

_Slice: TypeAlias = "slice[int | None, int | None, int | None]"


@dataclass(frozen=True, slots=True, eq=False)
class PackedMessages(Sequence[Message]):
    """Messages of one partition in the order of its log, ``(n_messages,)`` each.

    A message is made when somebody asks for it. What is made holds nothing of the packed bytes: it has a copy
    of its value.
    """

    octets: NDArray[np.uint8]  # in which all values lie
    start: NDArray[np.int64]  # of each value
    length: NDArray[np.int64]
    offset: NDArray[np.int64]
    record_ms: NDArray[np.int64]
    headers: Mapping[str, bytes] = field(
        default_factory=dict
    )  # of every message; names in lower case

    def __len__(self) -> int:
        return self.start.size

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: "_Slice") -> "PackedMessages": ...
    def __getitem__(self, index: "int | _Slice") -> "Message | PackedMessages":
        if isinstance(index, slice):
            return replace(
                self,
                start=self.start[index],
                length=self.length[index],
                offset=self.offset[index],
                record_ms=self.record_ms[index],
            )
        first = int(self.start[index])
        value = self.octets[first : first + int(self.length[index])].tobytes()
        return Message(int(self.offset[index]), int(self.record_ms[index]), value, self.headers)

    def __iter__(self) -> Iterator[Message]:
        content = self.octets.data
        ends = (self.start + self.length).tolist()
        rows = zip(
            self.start.tolist(), ends, self.offset.tolist(), self.record_ms.tolist(), strict=True
        )
        for first, end, offset, record_ms in rows:
            yield Message(offset, record_ms, content[first:end].tobytes(), self.headers)

    def alone(self) -> "PackedMessages":
        """Return the same messages with only their own bytes kept; they lie in the order of the messages."""
        if not len(self):
            return self
        first = int(self.start[0])
        end = int(self.start[-1] + self.length[-1])
        return replace(self, octets=self.octets[first:end].copy(), start=self.start - first)


def packed(messages: Sequence[Message]) -> PackedMessages:
    """Return messages packed, as if without headers: what is in them is for whoever chose these to know."""
    if isinstance(messages, PackedMessages):
        return messages
    values = [message.value for message in messages]
    length = np.fromiter(map(len, values), np.int64, len(values))
    return PackedMessages(
        octets=np.frombuffer(bytearray().join(values), np.uint8),
        start=np.cumsum(length) - length,
        length=length,
        offset=np.array([message.offset for message in messages], np.int64),
        record_ms=np.array([message.record_ms for message in messages], np.int64),
    )


def joined(parts: Sequence[PackedMessages]) -> PackedMessages:
    """Return packed messages of the same headers one behind the other, one part or more."""
    if len(parts) == 1:
        return parts[0]
    sizes = np.array([part.octets.size for part in parts])
    before = (np.cumsum(sizes) - sizes).tolist()
    starts = [part.start + first for part, first in zip(parts, before, strict=True)]
    return PackedMessages(
        octets=np.concatenate([part.octets for part in parts]),
        start=np.concatenate(starts),
        length=np.concatenate([part.length for part in parts]),
        offset=np.concatenate([part.offset for part in parts]),
        record_ms=np.concatenate([part.record_ms for part in parts]),
        headers=parts[0].headers,
    )
