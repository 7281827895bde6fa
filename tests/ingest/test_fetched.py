"""Records that become messages as the client unpacks them: the same as by way of its own records."""

from collections import OrderedDict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from service.domain.batch import Message
from service.ingest.fetched import unpack_messages
from service.ingest.kafka_records import messages_of

KEY = TopicPartition("readings", 0)
RECORDS = [
    (0, 1_790_000_000_000, b"{}", []),
    (1, -1, None, []),
    (2, 10**17, b"x", [("Content-Type", b"application/json"), ("empty", None)]),
    (3, 0, b"", []),
]


class _Assignment:
    """Where the client notes how far a partition was read."""

    def __init__(self) -> None:
        self.position = 0
        self.is_fetchable = True

    def state_value(self, _key: TopicPartition) -> "_Assignment":
        return self

    active = True
    paused = False
    has_valid_position = True

    def consumed_to(self, offset: int) -> None:
        self.position = offset


def fetched(from_offset: int, assignment: Any) -> FetchResult:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset, stamp_ms, value, headers in RECORDS:
        builder.append(offset, stamp_ms, None, value, headers)
    return result_of(bytes(builder.build()), from_offset, assignment)


def result_of(
    content: bytes, from_offset: int, assignment: Any, aborted: Sequence[tuple[int, int]] = ()
) -> FetchResult:
    records = PartitionRecords(
        KEY, MemoryRecords(content), [*aborted], from_offset, None, None, True, 1
    )
    return FetchResult(KEY, assignment=assignment, partition_records=records, backoff=0)


async def nothing(*_request: object) -> None:
    """Answer nothing."""


def consumer(send: Any = nothing) -> Any:
    client = SimpleNamespace(send=send)
    return SimpleNamespace(_fetcher=SimpleNamespace(_records=OrderedDict(), _client=client))


def taken(result: FetchResult, at_once: int) -> list[Message]:
    """Take everything, some at once, as the client does."""
    messages: list[Message] = []
    while result.has_more():
        some: Sequence[Any] = result.getall(at_once)
        messages += messages_of(some)
    return messages


@pytest.mark.parametrize("from_offset", [0, 2])
@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_messages_are_those_that_records_become(from_offset: int, at_once: int) -> None:
    slow, fast, client = _Assignment(), _Assignment(), consumer()
    slow.position = fast.position = from_offset
    unpack_messages(client)
    client._fetcher._records[KEY] = fetched(from_offset, fast)  # noqa: SLF001  (as the client does)

    found = taken(client._fetcher._records[KEY], at_once)  # noqa: SLF001

    assert found == taken(fetched(from_offset, slow), at_once)
    assert [one.offset for one in found] == list(range(from_offset, len(RECORDS)))
    assert fast.position == slow.position == len(RECORDS)


def test_what_is_unpacked_is_no_record_of_the_client() -> None:
    client = consumer()
    unpack_messages(client)
    client._fetcher._records[KEY] = fetched(0, _Assignment())  # noqa: SLF001

    found = client._fetcher._records[KEY].getall(100)  # noqa: SLF001

    assert {type(one) for one in found} == {Message}


def test_nothing_is_taken_from_a_partition_that_was_moved_on() -> None:
    client, assignment = consumer(), _Assignment()
    unpack_messages(client)
    client._fetcher._records[KEY] = fetched(0, assignment)  # noqa: SLF001
    assignment.position = 3

    assert client._fetcher._records[KEY].getall(100) == []  # noqa: SLF001


def test_a_client_of_another_shape_is_left_as_it_is() -> None:
    other: Any = SimpleNamespace(
        _fetcher=SimpleNamespace(_records={}, _client=SimpleNamespace(send=nothing))
    )

    unpack_messages(other)

    assert type(other._fetcher._records) is dict  # noqa: SLF001
