"""Values of records, found as the description of the format says, in whatever bytes."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from kernels import locate
from kernels.locate import LARGEST
from kernels.message_layout import Records
from tests.oracle.kafka_records import records_in


def varint(number: int) -> bytes:
    raw = number * 2 if number >= 0 else -number * 2 - 1
    octets = bytearray()
    while raw >= 0x80:
        octets.append(raw & 0x7F | 0x80)
        raw >>= 7
    return bytes([*octets, raw])


def record_of(
    delta: int, delta_ms: int, key: bytes | None, value: bytes | None, headers: bytes = b"\0"
) -> bytes:
    parts = [varint(-1) if part is None else varint(len(part)) + part for part in (key, value)]
    record = b"\0" + varint(delta_ms) + varint(delta) + b"".join(parts) + headers
    return varint(len(record)) + record


def check(octets: bytes, n_records: int, base_offset: int = 100, first_ms: int = 10**12) -> bool:
    """See that the same is found as the description says; return whether anything was."""
    wanted = records_in(octets, n_records, base_offset, first_ms)
    records = Records(
        start=np.zeros(n_records, np.int64),
        length=np.zeros(n_records, np.int64),
        offset=np.zeros(n_records, np.int64),
        record_ms=np.zeros(n_records, np.int64),
        headers=np.zeros(2, np.int64),
    )

    is_found = locate(np.frombuffer(bytearray(octets), np.uint8), base_offset, first_ms, records)

    assert is_found == (wanted is not None)
    if wanted:
        values = [
            octets[first : first + n]
            for first, n in zip(records.start.tolist(), records.length.tolist(), strict=True)
        ]
        assert values == [record.value for record in wanted]
        assert records.offset.tolist() == [record.offset for record in wanted]
        assert records.record_ms.tolist() == [record.record_ms for record in wanted]
        first, n = records.headers.tolist()
        assert octets[first : first + n] == wanted[0].headers
    return bool(is_found)


VALUES = st.none() | st.binary(max_size=6) | st.binary(min_size=60, max_size=140)
RECORDS = st.lists(
    st.tuples(st.integers(1, 300), st.integers(-(2**61), 2**61), VALUES, VALUES), max_size=6
)
HEADERS = st.sampled_from([b"\0", b"\2\2a\2b", b""])


def batch_of(rows: list[tuple[int, int, bytes | None, bytes | None]], headers: bytes) -> bytes:
    deltas = np.cumsum([row[0] for row in rows]).tolist()
    return b"".join(
        record_of(int(delta), *row[1:], headers) for delta, row in zip(deltas, rows, strict=True)
    )


@given(RECORDS, HEADERS)
def test_records_are_found(
    rows: list[tuple[int, int, bytes | None, bytes | None]], headers: bytes
) -> None:
    octets = batch_of(rows, headers)

    assert check(octets, len(rows))
    assert not check(octets, len(rows) + 1)
    if rows:
        assert not check(octets, len(rows) - 1)


@given(RECORDS, HEADERS, st.data())
def test_of_changed_bytes_what_the_description_finds_is_found(
    rows: list[tuple[int, int, bytes | None, bytes | None]], headers: bytes, data: st.DataObject
) -> None:
    changed = bytearray(batch_of(rows, headers))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"\0", b"\1", b"\2", b"\x7f", b"\xff", b"\x80", b"\xff" * 9])
        )

    check(bytes(changed), len(rows))


@given(st.binary(max_size=40), st.integers(0, 4))
@example(b"\xff" * 9 + b"\x01", 1)
def test_any_bytes_are_found_nothing_in_but_records(octets: bytes, n_records: int) -> None:
    check(octets, n_records)


def test_the_largest_numbers_do_not_leave_their_word() -> None:
    octets = record_of(2**31 - 1, 2**62 - 1, None, b"x")

    assert check(octets, 1, LARGEST, LARGEST)
    assert not check(record_of(2**31, 0, None, b"x"), 1)


def test_offsets_that_do_not_rise_and_headers_that_differ_are_for_others() -> None:
    one, same = record_of(1, 0, None, b"x"), record_of(1, 0, None, b"y")
    other = record_of(2, 0, None, b"y", b"\2\2a\2b")

    assert not check(one + same, 2)
    assert not check(one + other, 2)
