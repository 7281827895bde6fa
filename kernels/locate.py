"""Locating values in a batch of Kafka records (version 2 of the format): where each lies, without an object for any."""

from kernels._jit import inline_always, kernel, signed
from kernels.layout import Bytes
from kernels.message_layout import Records

LARGEST = 1 << 62  # that an offset or a time of a batch may be, so that no sum leaves int64

_BROKEN = -1
_VARINT_MAX = 9  # bytes; longer ones do not fit 63 bits
_CONTINUES, _BITS = 0x80, 7
_OFFSETS_MAX = 1 << 31  # of one batch


@kernel
def locate(octets: Bytes, base_offset: int, first_ms: int, records: Records) -> int:
    """Find the values of as many records as ``records`` has room for, which have to be all that is in ``octets``.

    Shapes: ``octets`` a batch behind its head, decompressed; ``records`` as its head says.
    Units: milliseconds.
    Order: that of the log; offsets rise.
    Requires: ``base_offset`` and ``first_ms`` from 0 to ``LARGEST``.

    Returns:
        1, or 0 where something is broken or unusual, or where headers differ; then nothing that was written counts.
    """
    at, last = 0, -1
    for i in range(records.start.size):
        length, at = _varint(octets, at, octets.size)
        if at == _BROKEN or not 1 <= length <= octets.size - at or octets[at] != 0:
            return 0
        end = at + length
        delta_ms, at = _varint(octets, at + 1, end)
        delta, at = _varint(octets, at, end)
        _, at = _bytes(octets, at, end)
        start, at = _bytes(octets, at, end)
        if at == _BROKEN or not last < delta < _OFFSETS_MAX:
            return 0
        records.start[i] = start
        records.length[i] = at - start
        records.offset[i] = base_offset + delta
        records.record_ms[i] = first_ms + delta_ms
        if i == 0:
            records.headers[0] = at
            records.headers[1] = end - at
        elif not _is_alike(octets, records, at, end - at):
            return 0
        at, last = end, delta
    return 1 if at == octets.size else 0


@inline_always
def _varint(octets: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return a zigzag number and the place behind it, or that it is broken."""
    if at == _BROKEN:
        return 0, _BROKEN
    raw, shift = 0, 0
    while at < end and shift < _BITS * _VARINT_MAX:
        octet = signed(octets[at])
        raw |= (octet & ~_CONTINUES) << shift
        at += 1
        if octet < _CONTINUES:
            return (raw >> 1) ^ -(raw & 1), at
        shift += _BITS
    return 0, _BROKEN


@inline_always
def _bytes(octets: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return where bytes with their length before them begin, and the place behind them; none are as many as zero."""
    length, at = _varint(octets, at, end)
    if at == _BROKEN or not -1 <= length <= end - at:
        return 0, _BROKEN
    return at, at + max(length, 0)


@inline_always
def _is_alike(octets: Bytes, records: Records, at: int, n: int) -> bool:
    """Return whether headers are those of the first record, byte for byte."""
    if n != records.headers[1]:
        return False
    first = records.headers[0]
    for i in range(n):  # noqa: SIM110 (compiled)
        if octets[at + i] != octets[first + i]:
            return False
    return True
