"""Batches that stay packed: the same messages, positions and errors as by way of the client's own records."""

import asyncio
import struct
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Message
from service.domain.packed_messages import PackedMessages
from service.ingest.fetched import unpack_messages
from service.ingest.kafka_records import messages_of
from tests.ingest.test_fetched import KEY, _Assignment, consumer, result_of

CODECS = (0, 1, 2, 3, 4)  # none, gzip, snappy, lz4, zstd
PRODUCER = 7
STAMP_MS = 1_790_000_000_000
Headers = list[tuple[str, bytes | None]]
CONTENT_TYPE: Headers = [("Content-Type", b"application/json")]
_APPENDED, _CONTROL = 0x08, 0x20
_CRC_AT, _ATTRIBUTES_AT, _MAX_STAMP_AT, _HEAD = 17, 21, 35, 61


class Batch(NamedTuple):
    """How a batch is made."""

    n_records: int
    codec: int = 0
    step: int = 1  # between offsets
    key: bytes | None = None
    values: tuple[bytes | None, ...] = (b"{}", b"", b"x" * 70)  # in turn
    headers: tuple[Headers, ...] = ([],)  # in turn
    stamp_ms: int = STAMP_MS
    is_appended: bool = False
    is_transactional: bool = False
    broken_at: int | None = None  # a byte of its records that is another, in spite of the checksum


def content_of(batch: Batch, base_offset: int) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2, batch.codec, int(batch.is_transactional), PRODUCER, 0, 0, 1 << 24
    )
    for n in range(batch.n_records):
        stamp_ms = batch.stamp_ms + (n * 37 % 11) - 5
        value, headers = batch.values[n % len(batch.values)], batch.headers[n % len(batch.headers)]
        builder.append(n * batch.step, stamp_ms, batch.key, value, headers)
    octets = bytearray(builder.build())
    octets[:8] = base_offset.to_bytes(8, "big")
    if batch.is_appended:
        octets[_MAX_STAMP_AT : _MAX_STAMP_AT + 8] = (STAMP_MS + 99).to_bytes(8, "big")
        mark(octets, _APPENDED)
    if batch.broken_at is not None:
        octets[_HEAD + batch.broken_at % (len(octets) - _HEAD)] ^= 1 << batch.broken_at % 8
        mark(octets, 0)
    return bytes(octets)


def mark(octets: bytearray, attribute: int) -> None:
    """Set an attribute of a batch, as a broker does."""
    octets[_ATTRIBUTES_AT + 1] |= attribute
    octets[_CRC_AT : _CRC_AT + 4] = calc_crc32c(bytes(octets[_ATTRIBUTES_AT:])).to_bytes(4, "big")


def abort_marker(offset: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 1, PRODUCER, 0, -1, 1 << 20)
    builder.append(0, STAMP_MS, struct.pack(">hh", 0, 0), b"\0" * 6, [])
    octets = bytearray(builder.build())
    octets[:8] = offset.to_bytes(8, "big")
    mark(octets, _CONTROL)
    return bytes(octets)


def legacy(offset: int) -> bytes:
    builder = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    builder.append(offset, STAMP_MS, None, b"old")
    return bytes(builder.build())


def fetched(content: bytes, from_offset: int, aborted: list[tuple[int, int]]) -> FetchResult:
    """Return what came of an answer by way of our results."""

    async def send(*_request: object) -> Any:
        return SimpleNamespace(topics=[(KEY.topic, [(KEY.partition, 0, 0, 0, [], content)])])

    client, assignment = consumer(send), _Assignment()
    assignment.position = from_offset
    unpack_messages(client)
    fetcher = client._fetcher  # noqa: SLF001  (as the client does)
    asyncio.run(fetcher._client.send(0, FetchRequest(0, 0, 0, 0, [])))  # noqa: SLF001
    fetcher._records[KEY] = result_of(content, from_offset, assignment, aborted)  # noqa: SLF001
    result: FetchResult = fetcher._records[KEY]  # noqa: SLF001
    return result


def taken(result: FetchResult, at_once: int) -> tuple[list[list[Message]], list[int], str]:
    """Return the messages of each poll, the positions after them, and the error that ended it."""
    polls, positions = [], []
    assignment: Any = result._assignment  # noqa: SLF001
    try:
        while result.has_more():
            some: Any = result.getall(at_once)
            polls.append([*messages_of(some)])
            positions.append(assignment.position)
    except Exception as error:  # noqa: BLE001  (whatever the client has for broken records)
        return polls, positions, repr(error)
    return polls, positions, ""


def check(
    content: bytes, from_offset: int = 0, at_once: int = 50, aborted: Any = ()
) -> list[Message]:
    """See that what is taken is what the client's own records are; return it."""
    assignment = _Assignment()
    assignment.position = from_offset
    slow = result_of(content, from_offset, assignment, aborted)

    found = taken(fetched(content, from_offset, aborted), at_once)

    assert found == taken(slow, at_once)
    return [message for poll in found[0] for message in poll]


BATCHES = st.builds(
    Batch,
    n_records=st.sampled_from([1, 3, 40, 100]),
    codec=st.sampled_from(CODECS),
    step=st.integers(1, 3),
    key=st.none() | st.binary(max_size=3),
    values=st.lists(st.none() | st.binary(max_size=80), min_size=1, max_size=3).map(tuple),
    headers=st.sampled_from([([],), (CONTENT_TYPE,), ([("a", None)],), ([], CONTENT_TYPE)]),
    stamp_ms=st.sampled_from([STAMP_MS, 3, -(10**6), 10**17, 2**62]),
    is_appended=st.booleans(),
    is_transactional=st.booleans(),
    broken_at=st.none() | st.none() | st.integers(0, 10_000),
)
PIECES = BATCHES | st.just("abort")


@given(
    st.lists(PIECES, min_size=1, max_size=5), st.integers(0, 120), st.integers(1, 150), st.data()
)
def test_messages_positions_and_errors_are_those_of_the_client(
    pieces: list[Any], from_offset: int, at_once: int, data: st.DataObject
) -> None:
    content, offset = bytearray(), 0
    for piece in pieces:
        if piece == "abort":
            content += abort_marker(offset)
        else:
            content += content_of(piece, offset)
        offset += 1 if isinstance(piece, str) else piece.n_records * piece.step + 2
    if data.draw(st.integers(0, 5)) == 0:  # now its checksum is wrong
        content[-data.draw(st.integers(1, 9))] ^= data.draw(st.integers(1, 255))
    aborted = [(PRODUCER, data.draw(st.integers(0, offset)))] if data.draw(st.booleans()) else []

    check(bytes(content), from_offset, at_once, aborted)


def test_records_of_an_older_format_are_read_one_by_one() -> None:
    assert [message.offset for message in check(legacy(0) + legacy(1))] == [0, 1]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("headers", [[], CONTENT_TYPE])
def test_many_small_records_stay_packed(codec: int, headers: Headers) -> None:
    content = content_of(Batch(100, codec, headers=(headers,)), 0)

    some: Any = fetched(content, 0, []).getall(60)

    assert type(some) is PackedMessages
    assert len(some) == 60
    assert [message.offset for message in check(content)] == list(range(100))


def test_runs_of_several_batches_are_one() -> None:
    content = content_of(Batch(40, 0), 0) + content_of(Batch(40, 3), 40)

    some: Any = fetched(content, 5, []).getall(70)

    assert type(some) is PackedMessages
    assert some.offset.tolist() == list(range(5, 75))


def test_what_is_taken_holds_only_its_own_bytes() -> None:
    content = content_of(Batch(1000, values=(b"x" * 70,)), 0)

    some: Any = fetched(content, 0, []).getall(10)

    assert some.octets.base is None
    assert some.octets.size < 10 * 90


@pytest.mark.parametrize(
    "batch",
    [
        Batch(10),
        Batch(40, values=(b"x" * 3000,)),
        Batch(40, headers=([], CONTENT_TYPE)),
    ],
)
def test_few_large_or_unusual_records_are_read_one_by_one(batch: Batch) -> None:
    content = content_of(batch, 0)

    some: Any = fetched(content, 0, []).getall(100)

    assert type(some) is list
    assert len(check(content)) == batch.n_records
