"""Kafka's record batch, version 2, read byte by byte from its description: what ``kernels.locate`` finds."""

from collections.abc import Iterator
from typing import NamedTuple


class BrokenError(Exception):
    """These are no records, or unusual ones."""


class FoundRecord(NamedTuple):
    """A record, and its headers as bytes."""

    offset: int
    record_ms: int
    value: bytes
    headers: bytes


def records_in(
    octets: bytes, n_records: int, base_offset: int, first_ms: int
) -> list[FoundRecord] | None:
    """Return the records of a batch behind its head, None where they are broken or unusual."""
    try:
        found = list(_records(octets, n_records, base_offset, first_ms))
    except (BrokenError, IndexError):
        return None
    rising = [record.offset for record in found]
    if sorted(set(rising)) != rising or len({record.headers for record in found}) > 1:
        return None
    return found


def _records(
    octets: bytes, n_records: int, base_offset: int, first_ms: int
) -> Iterator[FoundRecord]:
    rest = octets
    for _ in range(n_records):
        record, rest = _bytes(rest)
        if record[0] != 0:  # attributes, of which none is used
            raise BrokenError
        delta_ms, record = _varint(record[1:])
        delta, record = _varint(record)
        if not 0 <= delta < 2**31:
            raise BrokenError
        _, record = _bytes(record)
        value, headers = _bytes(record)
        yield FoundRecord(base_offset + delta, first_ms + delta_ms, value, headers)
    if rest:
        raise BrokenError


def _bytes(octets: bytes) -> tuple[bytes, bytes]:
    n, rest = _varint(octets)
    if not -1 <= n <= len(rest):
        raise BrokenError
    n = max(n, 0)
    return rest[:n], rest[n:]


def _varint(octets: bytes) -> tuple[int, bytes]:
    """Return a zigzag number of nine bytes at most, and what comes behind it."""
    for n in range(1, 10):
        if octets[n - 1] < 0x80:
            raw = sum((octet & 0x7F) << 7 * place for place, octet in enumerate(octets[:n]))
            return raw // 2 if raw % 2 == 0 else -(raw + 1) // 2, octets[n:]
    raise BrokenError
