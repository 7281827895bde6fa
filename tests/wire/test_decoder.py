"""The decoder: which format a message is in, and what becomes of one in none."""

import pytest

from service.wire import Decoder, Message
from tests.wire.samples import (
    ARROW,
    JSON,
    RECORD_MS,
    columns,
    message,
    reading,
    refusals,
    rows,
    stream,
)

STREAM = stream(columns())


@pytest.mark.parametrize(
    ("value", "content_type", "n_readings"),
    [
        (reading(), "", 1),
        (reading(), "application/json", 1),
        (reading(), "Application/JSON; charset=utf-8", 1),
        ([reading()] * 2, "application/json;charset=utf-8", 2),
        ("\n\t [" + '{"device": "m", "ts": 0, "v1": null}]', "", 1),
        (STREAM, "", 3),
        (STREAM, "application/vnd.apache.arrow.stream", 3),
        (STREAM, " APPLICATION/VND.APACHE.ARROW.STREAM ; x=y", 3),
    ],
)
def test_the_format_is_told_by_content_type_or_by_the_bytes(
    value: object, content_type: str, n_readings: int
) -> None:
    decoded = Decoder().decode([message(value, content_type=content_type)])

    assert (decoded.n_readings, decoded.refusals) == (n_readings, [])


@pytest.mark.parametrize(
    ("value", "content_type", "said"),
    [
        (reading(), "text/csv", "content-type is 'text/csv'; allowed: application/json, appl"),
        (reading(), "\x00", r"content-type is '\x00'; allowed"),
        (STREAM, JSON, "is not UTF-8"),
        (reading(), ARROW, "byte 0 does not start a message"),
        (b"ARROW1\x00\x00", "", "starts with the bytes 41 52 52 4f 57 31 00 00"),
        (b"\x00\x00\x00\x00", "", "of no known format"),
    ],
)
def test_a_message_in_no_known_format_is_refused(
    value: object, content_type: str, said: str
) -> None:
    decoded = Decoder().decode([message(value, content_type=content_type)])

    assert refusals(decoded) == [(7, -1, "undecodable_message")]
    assert said in decoded.refusals[0].detail


@pytest.mark.parametrize("content_type", ["", JSON, ARROW, "text/csv"])
def test_a_message_without_value_is_empty(content_type: str) -> None:
    decoded = Decoder().decode([message(b"", content_type=content_type)])

    assert refusals(decoded) == [(7, -1, "empty_message")]


def test_other_headers_say_nothing() -> None:
    value = message(reading()).value

    assert Decoder().decode([Message(7, RECORD_MS, value, {"trace": b"x"})]).n_readings == 1


def test_batches_and_refusals_keep_the_order_of_the_log() -> None:
    messages = [
        message(reading(), 1),
        message(reading(v1="x"), 2),
        message(STREAM, 3),
        message(b"?", 4),
        message(b"", 5),
        message([reading(), reading(ts="x"), reading()], 6),
        message(reading(device=""), 7),
        message(STREAM[:50], 8),
        message(reading(), 9),
    ]

    decoded = Decoder().decode(messages)

    assert [(row.offset, row.place) for row in rows(decoded)] == [
        (1, 0),
        *((3, index) for index in range(3)),
        (6, 0),
        (6, 2),
        (9, 0),
    ]
    assert refusals(decoded) == [
        (2, 0, "malformed_reading"),
        (4, -1, "undecodable_message"),
        (5, -1, "empty_message"),
        (6, 1, "malformed_reading"),
        (7, 0, "malformed_reading"),
        (8, -1, "undecodable_message"),
    ]
    assert {one.record_ms for one in decoded.refusals} == {RECORD_MS}


def test_nothing_comes_of_nothing() -> None:
    decoded = Decoder().decode([])

    assert (decoded.batches, decoded.refusals, decoded.n_readings) == ([], [], 0)
