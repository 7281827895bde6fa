"""From the client's words into ours: records, partitions, errors."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from service.domain.batch import Message
from service.errors import OffsetGoneError
from service.ingest.polled import Partition

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

# Year 9000. A producer may set any time where topics do not use LogAppendTime, and a time that no
# calendar has must not get further than this.
_LATEST_MS: Final = 221_845_392_000_000
_NO_HEADERS: Final[Mapping[str, bytes]] = {}


def partition_of(key: TopicPartition) -> Partition:
    """Return the partition that the client means."""
    return Partition(key.topic, key.partition)


def messages_of(records: Sequence[Record]) -> list[Message]:
    """Return records as messages; a record without a value (a tombstone) has an empty one."""
    return [
        Message(
            record.offset,
            stamp if 0 <= (stamp := record.timestamp) <= _LATEST_MS else _within(stamp),
            record.value or b"",
            _headers(headers) if (headers := record.headers) else _NO_HEADERS,
        )
        for record in records
    ]


def gone(error: OffsetOutOfRangeError) -> OffsetGoneError:
    """Return our error for an offset that the log does not have."""
    ((key, offset),) = error.args[0].items()
    return OffsetGoneError(key.topic, key.partition, offset)


def _within(stamp_ms: int) -> int:
    return min(max(stamp_ms, 0), _LATEST_MS)


def _headers(headers: Sequence[tuple[str, bytes | None]]) -> Mapping[str, bytes]:
    return {name.lower(): value or b"" for name, value in headers}
