"""From the client's words into ours: records, partitions, errors."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeAlias, cast

import numpy as np
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError
from numpy.typing import NDArray

from service.domain.batch import Message
from service.domain.packed_messages import PackedMessages
from service.errors import OffsetGoneError
from service.ingest.polled import Partition

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"


class UnpackedRecord(Protocol):
    """A record, as the client gives it or as it stands in its batch."""

    @property
    def offset(self) -> int:
        """Place in the log."""
        ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch, or whatever a producer took for them."""
        ...

    @property
    def value(self) -> bytes | None:
        """What was sent."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Names and values."""
        ...


# Year 9000. A producer may set any time where topics do not use LogAppendTime, and a time that no
# calendar has must not get further than this.
_LATEST_MS: Final = 221_845_392_000_000
_NO_HEADERS: Final[Mapping[str, bytes]] = {}


def partition_of(key: TopicPartition) -> Partition:
    """Return the partition that the client means."""
    return Partition(key.topic, key.partition)


def messages_of(records: "Sequence[Record | Message]") -> Sequence[Message]:
    """Return records as messages; those that were unpacked as messages are."""
    if isinstance(records, PackedMessages):
        return records
    if all([type(one) is Message for one in records]):  # noqa: C419  (a list is faster)
        return cast("list[Message]", records)
    return [one if isinstance(one, Message) else message_of(None, one) for one in records]


def message_of(_key: TopicPartition | None, record: "UnpackedRecord") -> Message:
    """Return a record as a message; one without a value (a tombstone) has an empty one."""
    stamp_ms, headers = record.timestamp, record.headers
    return Message(
        record.offset,
        stamp_ms if 0 <= stamp_ms <= _LATEST_MS else min(max(stamp_ms, 0), _LATEST_MS),
        record.value or b"",
        headers_of(headers) if headers else _NO_HEADERS,
    )


def within_calendar(record_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return times as ``message_of`` takes them."""
    return np.clip(record_ms, 0, _LATEST_MS)


def gone(error: OffsetOutOfRangeError) -> OffsetGoneError:
    """Return our error for an offset that the log does not have."""
    ((key, offset),) = error.args[0].items()
    return OffsetGoneError(key.topic, key.partition, offset)


def headers_of(headers: Sequence[tuple[str, bytes | None]]) -> Mapping[str, bytes]:
    """Return headers by name in lower case; of several with one name the last."""
    return {name.lower(): value or b"" for name, value in headers}
