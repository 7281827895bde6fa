"""Plain readings parsed together: what comes out is what each message yields alone, packed or not."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Message
from service.domain.packed_messages import PackedMessages, joined, packed
from service.wire import Decoded, Decoder
from service.wire.device_names import DeviceNames
from service.wire.json_plain import LEAST, OTHERWISE, PlainReadings
from tests.wire.samples import RECORD_MS, message, reading, rows

PLAIN = b'{"device":"M1","ts":1790000000000,"v1":230.1}'
# Readings that others may take for plain ones, and what else comes on such a topic.
NEAR = (
    b'{"device":"M2","ts":1790000001000,"v1":null}',
    b' { "v1" : 0.1 , "ts" : -5 , "device" : "M 3" } \n',
    b'{"device":"M1","ts":1790000000000,"v1":1e999}',
    b'{"device":"M1","ts":1790000000000,"v1":-0}',
    b'{"device":"M1","ts":1790000000000,"v1":-0.0}',
    b'{"device":"M1","ts":1790000000000,"v1":230.12345678901234567890}',
    b'{"device":"M1","ts":1790000000000,"v1":02}',
    b'{"device":"M1","ts":1790000000000,"v1":true}',
    b'{"device":"M1","ts":1790000000000.0,"v1":230}',
    b'{"device":"M1","ts":"2026-11-23T18:56:00+08:00","v1":230}',
    b'{"device":"M1","ts":99999999999999,"v1":230}',
    b'{"device":"M1","ts":-2208988800000,"v1":230}',
    b'{"device":"M1","ts":-2208988800001,"v1":230}',
    b'{"device":"M1","ts":7258118399999,"v1":230}',
    b'{"device":"M1","ts":7258118400000,"v1":230}',
    b'{"device":"M1","device":"M2","ts":1790000000000,"v1":230}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"v2":231}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"v2":null,"v3":232.5,"quality":"estimated"}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"pf":-0.9,"quality":"invalid"}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"pf":0.9,"p_kw":1.5,"q_kvar":-0.25,"quality":null}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"p_kw":1000000,"q_kvar":-1000000.0}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"p_kw":1000000.1}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"pf":1.0000001}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"quality":"fine"}',
    b'{"device":"M1","ts":1790000000000,"v1":230,"x":"fine"}',
    b'{"device":"M1","ts":1790000000000,"v2":230}',
    b'{"device":"M1","ts":1790000000000}',
    b'{"device":"","ts":1790000000000,"v1":230}',
    b'{"device":"%b","ts":1790000000000,"v1":230}' % (b"x" * 200),
    b'{"device":"%b","ts":1790000000000,"v1":230}' % (b"x" * 201),
    b'{"device":"M\\u0031","ts":1790000000000,"v1":230}',
    b'{"device":"\x7f","ts":1790000000000,"v1":230}',
    b'{"device":"\xe8\xa1\xa8","ts":1790000000000,"v1":230}',
    b'{"device":"\xff","ts":1790000000000,"v1":230}',
    PLAIN + PLAIN,
    b"[" + PLAIN + b"]",
    b"[]",
    b"",
    b"?",
)
VALUES = st.sampled_from([PLAIN, *NEAR])


def mutated() -> st.SearchStrategy[bytes]:
    """Return messages that differ from a reading by a few bytes."""
    cuts = st.tuples(VALUES, st.integers(0, 60), st.integers(0, 3), st.binary(max_size=3))
    return cuts.map(lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :])


def messages_of(values: list[bytes]) -> list[Message]:
    return [Message(3 * n, RECORD_MS + n, value) for n, value in enumerate(values)]


def told(decoded: list[Decoded]) -> tuple[str, str]:
    """Return everything that came out, the sign of zero and the places of NaN with it."""
    found = [row for one in decoded for row in rows(one)]
    record_ms = [batch.record_ms.tolist() for one in decoded for batch in one.batches]
    refused = [refusal for one in decoded for refusal in one.refusals]
    return repr((found, list(itertools.chain(*record_ms)))), repr(refused)


def alone(messages: list[Message]) -> tuple[str, str]:
    """Return what each message yields by itself: never parsed as plain, for one is too few."""
    return told([Decoder().decode([one]) for one in messages])


@given(
    st.lists(VALUES | mutated() | st.binary(max_size=40), max_size=8), st.integers(0, 8), st.data()
)
def test_messages_together_yield_what_each_yields_alone(
    values: list[bytes], place: int, data: st.DataObject
) -> None:
    several = [PLAIN] * LEAST + values
    messages = messages_of(
        several if data.draw(st.booleans()) else several[place:] + several[:place]
    )
    wanted, used = alone(messages), Decoder()

    for _ in range(2):  # the second time the names are known
        assert told([used.decode(messages)]) == wanted
        assert told([used.decode(packed(messages))]) == wanted


@pytest.mark.parametrize("near", NEAR)
@pytest.mark.parametrize("n_before", [1, LEAST])
def test_what_is_not_plain_is_decoded_otherwise_and_the_rest_goes_on(
    near: bytes, n_before: int
) -> None:
    messages = messages_of([PLAIN] * n_before + [near] + [PLAIN] * (OTHERWISE + LEAST))

    decoded = Decoder().decode(messages)

    assert told([decoded]) == alone(messages)


def test_plain_readings_are_one_batch_without_a_text_for_any() -> None:
    values = [PLAIN.replace(b"M1", b"M%d" % n) for n in range(LEAST)]

    decoded = Decoder().decode(packed(messages_of(values)))

    (batch,) = decoded.batches
    assert batch.names_key
    assert [batch.names[code] for code in batch.device.tolist()] == [f"M{n}" for n in range(LEAST)]


def test_names_beyond_what_is_remembered_are_learned_again() -> None:
    few = PlainReadings(DeviceNames(n_names_max=LEAST))

    for first in (0, LEAST // 2, 0):
        wanted = [f"M{n}" for n in range(first, first + LEAST)]
        values = [b'{"device":"%b","ts":0,"v1":1}' % name.encode() for name in wanted]

        ((_, batch),) = few.portions(messages_of(values))

        assert batch is not None
        assert [batch.names[code] for code in batch.device.tolist()] == wanted


def test_more_names_than_are_remembered_are_decoded_otherwise() -> None:
    few = PlainReadings(DeviceNames(n_names_max=LEAST - 1))
    values = [b'{"device":"M%d","ts":0,"v1":1}' % n for n in range(LEAST)]

    ((messages, batch),) = few.portions(messages_of(values))

    assert batch is None
    assert len(messages) == LEAST


@given(st.lists(st.binary(max_size=5), max_size=10), st.integers(-12, 12), st.integers(-12, 12))
def test_packed_messages_are_the_messages(values: list[bytes], first: int, end: int) -> None:
    messages = messages_of(values)
    columns = packed(messages)

    assert list(columns) == messages
    assert [columns[n] for n in range(len(messages))] == messages
    assert list(columns[first:end]) == messages[first:end]
    assert list(joined([columns[:3], columns[3:]])) == messages


def test_a_message_holds_nothing_of_what_it_was_packed_in() -> None:
    columns = packed(messages_of([b"abc", b"def"]))
    first = columns[0]

    columns.octets[:] = 0

    assert first.value == b"abc"


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [(b"application/json; charset=utf-8", None), (b"text/plain", "undecodable_message")],
)
def test_headers_of_packed_messages_say_what_they_are(
    content_type: bytes, reason: str | None
) -> None:
    columns = packed(messages_of([PLAIN] * LEAST))
    declared = PackedMessages(
        columns.octets,
        columns.start,
        columns.length,
        columns.offset,
        columns.record_ms,
        {"content-type": content_type},
    )

    decoded = Decoder().decode(declared)

    assert {refusal.reason for refusal in decoded.refusals} == ({reason} if reason else set())
    assert decoded.n_readings == (0 if reason else LEAST)


def test_a_refusal_has_a_payload_of_its_own() -> None:
    messages = packed(messages_of([PLAIN] * LEAST + [message(reading(v1="x")).value]))

    decoded = Decoder().decode(messages)

    (refusal,) = decoded.refusals
    messages.octets[:] = 0
    assert refusal.payload == message(reading(v1="x")).value
    assert np.isclose(decoded.batches[0].v1, 230.1).all()
