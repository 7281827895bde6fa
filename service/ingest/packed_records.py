"""Batches of Kafka records as packed messages: no object for a record where many small ones came in one batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import unpack_from
from typing import Any, Final

import numpy as np
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.record.default_records import DefaultRecordBatch

from kernels import locate
from kernels.locate import LARGEST
from kernels.message_layout import Records
from service.domain.packed_messages import PackedMessages
from service.ingest.kafka_records import headers_of, within_calendar

_LEAST: Final = 32  # records of a batch; fewer cost less one by one
_OCTETS_MAX: Final = (
    1024  # of a record on average, as it came; what is larger costs nothing beside its content
)
_HEAD: Final = 61  # bytes
_MAGIC_AT, _N_RECORDS_AT = 16, 57
_BEFORE_LENGTH_COUNTS: Final = 12
_MAGIC: Final = 2
_VARINT_BITS: Final = 35
_APPENDED: Final = 1  # times are the broker's
_DECODERS: Final = {
    DefaultRecordBatch.CODEC_GZIP: gzip_decode,
    DefaultRecordBatch.CODEC_SNAPPY: snappy_decode,
    DefaultRecordBatch.CODEC_LZ4: lz4_decode,
    DefaultRecordBatch.CODEC_ZSTD: zstd_decode,
}


@dataclass(slots=True)
class Room:
    """How many messages may still be taken at once."""

    n_messages: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Messages one behind the other, in the place of a record."""

    messages: PackedMessages
    offset: int  # of the last one


class PackedBatches:
    """The batches of one answer, as the client reads them; of those that can be packed the records are runs.

    What the client asks of a batch (checksum, producer, kind) is asked of its own.
    """

    def __init__(self, records: Any, content: bytes, fetch_offset: int, room: Room) -> None:
        self._records = records
        self._content = content  # what ``records`` was made of
        self._room = room
        self._at = 0
        self._next_offset = fetch_offset  # what is before it was asked for by nobody

    def has_next(self) -> bool:
        """Return whether there is another batch."""
        has_next: bool = self._records.has_next()
        return has_next

    def next_batch(self) -> Any:
        """Return the next batch."""
        batch = self._records.next_batch()
        begin, first_offset = self._at, self._next_offset
        base_offset, length = unpack_from(">qi", self._content, begin)
        self._at += _BEFORE_LENGTH_COUNTS + length
        self._next_offset = batch.next_offset
        is_known = (
            length >= _HEAD - _BEFORE_LENGTH_COUNTS
            and self._content[begin + _MAGIC_AT] == _MAGIC
            and batch.base_offset == base_offset
        )
        if not is_known or batch.is_control_batch:
            return batch
        (n_records,) = unpack_from(">i", self._content, begin + _N_RECORDS_AT)
        if n_records < _LEAST or length > n_records * _OCTETS_MAX:
            return batch
        body = memoryview(self._content)[begin + _HEAD : self._at]
        return _PackedBatch(batch, body, n_records, first_offset, self._room)


class _PackedBatch:
    """A batch of the client whose records are runs of messages."""

    def __init__(
        self, batch: Any, body: memoryview, n_records: int, first_offset: int, room: Room
    ) -> None:
        self._batch = batch
        self._body = body
        self._n_records = n_records
        self._first_offset = first_offset
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        messages = packed_records(self._batch, self._body, self._n_records)
        if messages is None:
            yield from self._batch
            return
        at = int(np.searchsorted(messages.offset, self._first_offset))
        while at < len(messages):
            end = min(at + max(self._room.n_messages, 1), len(messages))
            yield Run(messages[at:end].alone(), int(messages.offset[end - 1]))
            at = end


def packed_records(batch: Any, body: memoryview, n_records: int) -> PackedMessages | None:
    """Return the records of a batch, None where they have to be read one by one.

    Args:
        batch: The client's; none of its records has been read.
        body: The batch behind its head.
        n_records: As its head says.
    """
    is_appended = batch.timestamp_type == _APPENDED
    first_ms = 0 if is_appended else batch.first_timestamp
    if not (0 <= first_ms <= LARGEST and 0 <= batch.base_offset <= LARGEST):
        return None
    octets = _decompressed(batch, body)
    if octets is None or octets.size < n_records:
        return None
    records = Records(
        start=np.empty(n_records, np.int64),
        length=np.empty(n_records, np.int64),
        offset=np.empty(n_records, np.int64),
        record_ms=np.empty(n_records, np.int64),
        headers=np.zeros(2, np.int64),
    )
    if not locate(octets, batch.base_offset, first_ms, records):
        return None
    first, n = records.headers.tolist()
    headers = _headers(octets[first : first + n].tobytes())
    if headers is None:
        return None
    if is_appended:
        records.record_ms[:] = batch.max_timestamp
    return PackedMessages(
        octets,
        records.start,
        records.length,
        records.offset,
        within_calendar(records.record_ms),
        headers,
    )


def _decompressed(batch: Any, body: memoryview) -> "np.ndarray[Any, np.dtype[np.uint8]] | None":
    """Return the records' bytes, None where the client has to say what is wrong with them."""
    codec = batch.compression_type
    if codec == DefaultRecordBatch.CODEC_NONE:
        return np.frombuffer(bytearray(body), np.uint8)
    decode = _DECODERS.get(codec)
    if decode is None:
        return None
    try:
        return np.frombuffer(bytearray(decode(body.tobytes())), np.uint8)
    except Exception:  # noqa: BLE001  (each codec has errors of its own; the client meets it again)
        return None


def _headers(octets: bytes) -> Mapping[str, bytes] | None:
    """Return the headers that stand behind a record's value, None where they are broken."""
    headers: list[tuple[str, bytes | None]] = []
    try:
        n_headers, at = _varint(octets, 0)
        for _ in range(n_headers):
            name, at = _text(octets, at)
            value, at = _text(octets, at)
            headers.append(((name or b"").decode(), value))
            if name is None:
                return None
    except (IndexError, UnicodeDecodeError):
        return None
    return headers_of(headers) if n_headers >= 0 and at == len(octets) else None


def _text(octets: bytes, at: int) -> tuple[bytes | None, int]:
    """Return bytes with their length before them, None for none, and the place behind."""
    n, at = _varint(octets, at)
    if n < 0:
        return None, at
    if n > len(octets) - at:
        raise IndexError(f"{n} bytes at {at} of {len(octets)}")
    return octets[at : at + n], at + n


def _varint(octets: bytes, at: int) -> tuple[int, int]:
    """Return a zigzag number and the place behind it."""
    raw = 0
    for shift in range(0, _VARINT_BITS, 7):
        octet = octets[at]
        at += 1
        raw |= (octet & 0x7F) << shift
        if octet < 0x80:  # noqa: PLR2004 (the last one)
            return (raw >> 1) ^ -(raw & 1), at
    raise IndexError(f"a number of more than {_VARINT_BITS} bits")
