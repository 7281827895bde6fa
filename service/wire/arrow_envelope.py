"""The frames of an Arrow IPC stream, looked at before the library sees them.

The library allocates what a stream claims to hold: 8 KB of compressed zeros become 240 MB. So
compressed bodies and too many rows are refused here, from the metadata alone; so are bytes after
the end, which it would pass over in silence.
Layout: arrow.apache.org/docs/format/Columnar.html (encapsulated messages), Message.fbs, Schema.fbs.
"""

from struct import Struct, error

START = b"\xff\xff\xff\xff"  # continuation marker
SHAPE = "allowed: one Arrow IPC stream (not a file), uncompressed"

_HEADER_DICTIONARY, _HEADER_RECORDS = 2, 3
# Numbers of the fields in their flatbuffer tables.
_MESSAGE_KIND, _MESSAGE_HEADER, _MESSAGE_BODY_BYTES = 1, 2, 3
_RECORDS_ROWS, _RECORDS_COMPRESSION = 0, 3
_DICTIONARY_RECORDS = 1

_FRAME = Struct("<4si")
_U8, _U16, _I32, _U32, _I64 = (Struct(f"<{code}") for code in "BHiIq")


def envelope_fault(value: bytes, max_rows: int) -> str | None:
    """Return the detail for which a stream is refused unread, or None."""
    try:
        return _walk(value, max_rows)
    except error:  # something points outside
        return f"broken or cut off; {SHAPE}"


def first_message(value: bytes) -> bytes:
    """Return the metadata of the first message, the schema, of a stream without envelope fault."""
    _, size = _FRAME.unpack_from(value)
    return value[: _FRAME.size + size]


def _walk(value: bytes, max_rows: int) -> str | None:
    at, n_rows = 0, 0
    while at < len(value):
        marker, size = _FRAME.unpack_from(value, at)
        if marker != START or size < 0:
            return f"byte {at} does not start a message; {SHAPE}"
        at += _FRAME.size
        if size == 0:  # end of stream
            return None if at == len(value) else f"more after the end, at byte {at}; {SHAPE}"
        rows, body_bytes, compressed = frame(value, at)
        if compressed:
            return f"a compressed body; {SHAPE} (Kafka compresses)"
        n_rows += rows
        if n_rows > max_rows:
            return f"{n_rows} readings; allowed: {max_rows} in one message"
        at += size + body_bytes
    return None if at == len(value) else f"cut off; {SHAPE}"


def frame(value: bytes, start: int) -> tuple[int, int, bool]:
    """Return rows, bytes of the body, and whether it is compressed, of the frame at ``start``.

    Raises:
        struct.error: Something points outside ``value``.
    """
    table = start + _read(_U32, value, start)
    kind = _scalar(_U8, value, table, _MESSAGE_KIND)
    body_bytes = _scalar(_I64, value, table, _MESSAGE_BODY_BYTES)
    if kind not in {_HEADER_DICTIONARY, _HEADER_RECORDS}:
        return 0, body_bytes, False
    records = _table(value, table, _MESSAGE_HEADER)
    if kind == _HEADER_RECORDS:
        rows = _scalar(_I64, value, records, _RECORDS_ROWS)
    else:
        records = _table(value, records, _DICTIONARY_RECORDS)
        rows = 0
    return rows, body_bytes, _field(value, records, _RECORDS_COMPRESSION) != 0


def _read(number: Struct, value: bytes, at: int) -> int:
    if at < 0:  # struct would count from the end
        raise error
    found: int = number.unpack_from(value, at)[0]
    return found


def _field(value: bytes, table: int, field: int) -> int:
    """Return where a field of a flatbuffer table stands, 0 if it is absent."""
    vtable = table - _read(_I32, value, table)
    entry = 4 + 2 * field
    if entry >= _read(_U16, value, vtable):
        return 0
    offset = _read(_U16, value, vtable + entry)
    return table + offset if offset else 0


def _scalar(number: Struct, value: bytes, table: int, field: int) -> int:
    """Return a number that is not negative; 0 if it is absent."""
    at = _field(value, table, field)
    found = _read(number, value, at) if at else 0
    if found < 0:
        raise error
    return found


def _table(value: bytes, table: int, field: int) -> int:
    at = _field(value, table, field)
    if not at:
        raise error
    return at + _read(_U32, value, at)
