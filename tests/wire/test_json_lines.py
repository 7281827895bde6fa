"""Messages that are decoded together: what one yields does not depend on those beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire import Decoder, Message
from service.wire.json_lines import lines_of, plain_readings
from tests.wire.samples import RECORD_MS, refusals, rows

A = b'{"device":"a","ts":1790000000000,"v1":230}'
B = b'{"device":"b","ts":"2026-11-23T18:56:00+08:00","v1":null}'

# Whole messages and pieces that become readings only beside others.
PIECES = (
    A,
    B,
    b'{"device":"c","ts":1790000000000,"v1":231.5,"v2":230,"p_kw":1}',
    b'{"device":"d","ts":1790000000000,"v1":"230"}',
    b'{"device":"e","ts":"yesterday","v1":230}',
    b'{"device":"\\u0000","ts":1790000000000,"v1":230}',
    b'{"device":"\xff","ts":1790000000000,"v1":230}',
    A + A,
    A + b"\n" + B,
    A + b"," + B,
    b"[" + A + b"," + B + b"]",
    b" " + A + b"\n",
    b'{"device":"f",',
    b'"ts":1790000000000,"v1":230}',
    b'{"device":"g","x":{}',
    b'{"device":"h","ts":1790000000000,"v1":230,"x":"}',
    b'{"}',
    b'"}',
    b"{}",
    b"\n",
    b" ",
    b"{",
    b"}",
)


def one_by_one(values: list[bytes]) -> tuple[list[object], list[object]]:
    decoded = [
        Decoder().decode([Message(offset, RECORD_MS, value)]) for offset, value in enumerate(values)
    ]
    return (
        [row for one in decoded for row in rows(one)],
        [refusal for one in decoded for refusal in one.refusals],
    )


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8))
def test_messages_together_yield_what_each_yields_alone(values: list[bytes]) -> None:
    messages = [Message(offset, RECORD_MS, value) for offset, value in enumerate(values)]

    decoded = Decoder().decode(messages)

    assert (repr(rows(decoded)), repr(decoded.refusals)) == tuple(map(repr, one_by_one(values)))


@pytest.mark.parametrize(
    "values",
    [
        [b'{"device":"a",', b'"ts":1790000000000,"v1":230}', A + b"\n" + B],
        [A + A, b" "],
        [A + b"\n" + B, b'{"device":"g","x":{}', b'{"y":1}}'],
    ],
)
def test_pieces_that_make_as_many_readings_as_messages_are_not_taken_for_them(
    values: list[bytes],
) -> None:
    messages = [Message(offset, RECORD_MS, value) for offset, value in enumerate(values)]

    decoded = Decoder().decode(messages)

    assert refusals(decoded)
    assert repr(rows(decoded)) == repr(one_by_one(values)[0])


def test_plain_messages_are_decoded_together() -> None:
    lines = lines_of([Message(0, RECORD_MS, A), Message(1, RECORD_MS, B)])

    assert lines is not None
    assert [reading.device for reading in plain_readings(lines, 2) or []] == ["a", "b"]
