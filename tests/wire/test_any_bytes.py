"""Any bytes: no decoder of the table raises, and every message is accounted for."""

import random
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire import FORMATS, Decoded, Decoder
from tests.wire.samples import (
    ARROW,
    JSON,
    STAMP_MS,
    columns,
    message,
    reading,
    refusals,
    rows,
    stream,
)

REASONS = {"undecodable_message", "empty_message", "malformed_reading"}

_FULL = columns(
    device=pa.array(["m-1", None, "表"]).dictionary_encode(),
    ts=pa.array([STAMP_MS, STAMP_MS, None], pa.timestamp("us")),
    v2=pa.array([1.0, None, 2.0], pa.float32()),
    pf=pa.array([0.5, None, 2.0]),
    p_kw=pa.array([0.5, None, 2.0]),
    q_kvar=pa.array([0.5, None, 2.0]),
    quality=pa.array(["good", "estimated", None]).dictionary_encode(),
    other=pa.array([[1], [], None]),
)
# Valid messages of every format: a new line in the table needs one here.
SAMPLES = {
    JSON: [
        message(reading(ts="2026-11-23T18:56:00+08:00", v2=None, pf=0.5, quality="good")).value,
        message([reading(device="表\u0001"), reading(x=[{"y": None}]), reading(v1=-1e-5)]).value,
    ],
    ARROW: [stream(columns(), columns()), stream(_FULL)],
}
EACH = [(content_type, value) for content_type, values in SAMPLES.items() for value in values]


def test_every_format_has_samples() -> None:
    assert set(SAMPLES) == {format_.content_type for format_ in FORMATS}
    for content_type, value in EACH:
        assert _decode(value, content_type).n_readings > 0


@pytest.mark.parametrize(("content_type", "value"), EACH)
def test_a_message_cut_off_anywhere_is_accounted_for(content_type: str, value: bytes) -> None:
    for length in range(len(value)):
        _decode(value[:length], content_type)


@pytest.mark.parametrize(("content_type", "value"), EACH)
def test_a_message_with_any_byte_changed_is_accounted_for(content_type: str, value: bytes) -> None:
    for at in range(len(value)):
        for flip in (0x01, 0x80, 0xFF):
            _decode(value[:at] + bytes([value[at] ^ flip]) + value[at + 1 :], content_type)


@given(st.data())
def test_a_message_with_many_changes_is_accounted_for(data: st.DataObject) -> None:
    content_type, value = data.draw(st.sampled_from(EACH))
    changed = bytearray(value)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))

    _decode(bytes(changed), content_type)


@pytest.mark.parametrize("content_type", ["", *SAMPLES])
@given(value=st.binary(max_size=300))
def test_random_bytes_are_accounted_for(content_type: str, value: bytes) -> None:
    _decode(value, content_type)


def _nested(children: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(children, max_size=4) | st.dictionaries(
        st.sampled_from(["device", "ts", "v1", "x"]), children, max_size=4
    )


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), _nested, max_leaves=20))
def test_any_json_is_accounted_for(value: object) -> None:
    _decode(message(value).value, JSON)
    _decode(message([reading(), value]).value, JSON)
    _decode(message(reading(v1=value)).value, JSON)
    _decode(message(reading(device=value, quality=value)).value, JSON)


@pytest.mark.parametrize("content_type", ["", *SAMPLES])
@pytest.mark.parametrize(
    "start", [b"", b"[", b"{", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\x00\x01\x00\x00"]
)
def test_a_megabyte_of_random_bytes_is_refused_at_once(content_type: str, start: bytes) -> None:
    value = start + random.Random(5).randbytes(1_000_000)
    begin_s = time.perf_counter()

    decoded = _decode(value, content_type)

    assert time.perf_counter() - begin_s < 3
    assert refusals(decoded) == [(7, -1, "undecodable_message")]


@pytest.mark.parametrize(
    "value",
    [b"[" * 1_000_000, b'{"a":' * 200_000, b"[" + b"1," * 500_000 + b"1]", b'"' * 1_000_000],
)
def test_a_megabyte_of_hostile_json_is_refused_at_once(value: bytes) -> None:
    begin_s = time.perf_counter()

    decoded = _decode(value, JSON)

    assert time.perf_counter() - begin_s < 3
    assert refusals(decoded) == [(7, -1, "undecodable_message")]


def test_a_compressed_stream_is_refused_before_it_unfolds() -> None:
    n_rows = 1_000_000
    zeros = columns(
        device=pa.DictionaryArray.from_arrays(np.zeros(n_rows, np.int8), pa.array(["m"])),
        ts=pa.array(np.zeros(n_rows, np.int64)),
        v1=pa.array(np.zeros(n_rows)),
    )
    value = stream(zeros, compression="zstd")
    before = pa.total_allocated_bytes()

    decoded = Decoder(max_readings=n_rows).decode([message(value)])

    assert len(value) < 100_000
    assert refusals(decoded) == [(7, -1, "undecodable_message")]
    assert pa.total_allocated_bytes() == before


_PLAIN = columns()
_NUMBERS = columns(
    ts=pa.array([STAMP_MS * 1000] * 3, pa.timestamp("us")),
    v2=pa.array([1.0, 2.0, 3.0]),
    p_kw=pa.array([0.5, 0.25, 1.0]),
    q_kvar=pa.array([0.5, 0.25, 1.0]),
    other=pa.array([[1], [], None]),
)
# Streams that a sender sends again and again, with other values.
REPEATED = [
    stream(_PLAIN),
    stream(_NUMBERS),
    stream(_PLAIN, pa.RecordBatch.from_pydict(_PLAIN).slice(0, 0)),
    stream(_PLAIN)[:-8],
]


@pytest.mark.parametrize("value", REPEATED)
def test_what_a_message_yields_does_not_depend_on_what_came_before(value: bytes) -> None:
    used = Decoder()
    for _ in range(3):
        assert used.decode([message(value)]).n_readings == 3

    for at in range(len(value)):
        for flip in (0x01, 0x80, 0xFF):
            changed = message(value[:at] + bytes([value[at] ^ flip]) + value[at + 1 :])
            before, alone = used.decode([changed]), Decoder().decode([changed])

            assert rows(before) == rows(alone)
            assert before.refusals == alone.refusals


POOL = [
    *REPEATED,
    stream(columns(v1=pa.array([np.inf, 1.0, np.nan], pa.float32()))),
    stream(columns(ts=pa.array([0, 2**60, 1], pa.timestamp("ms", "UTC")))),
    *(value for _, value in EACH),
    message(reading(device="m-2", ts="2026-11-23T10:56:00")).value,
    message(reading(v1="x")).value,
    message(reading(device="")).value,
    message([reading(), reading(ts="x")]).value,
    b"",
    b"?",
    b"[",
]


@given(st.lists(st.sampled_from(POOL), max_size=12), st.integers(0, 12))
def test_what_a_message_yields_does_not_depend_on_its_neighbours(
    values: list[bytes], split: int
) -> None:
    messages = [message(value, offset) for offset, value in enumerate(values)]
    used = Decoder()

    whole = Decoder().decode(messages)
    parts = [used.decode(messages[:split]), used.decode(messages[split:])]
    single = [Decoder().decode([one]) for one in messages]

    for several in (parts, single):
        assert rows(whole) == [row for decoded in several for row in rows(decoded)]
        assert whole.refusals == [one for decoded in several for one in decoded.refusals]


def _decode(value: bytes, content_type: str) -> Decoded:
    """Decode one message; check that it is accounted for and that its columns hold together."""
    decoded = Decoder().decode([message(value, content_type=content_type)])

    assert decoded.n_readings + len(decoded.refusals) > 0
    for batch in decoded.batches:
        n_readings = batch.device.size
        assert n_readings > 0
        assert 0 <= batch.device.min() <= batch.device.max() < len(batch.names)
        full = (batch.stamp_ms, batch.v1, batch.quality, batch.offset, batch.record_ms, batch.index)
        assert {column.size for column in full} == {n_readings}
        optional = (batch.has_zone, batch.v2, batch.v3, batch.p_w, batch.q_var)
        assert {column.size for column in optional} <= {0, n_readings}
        assert not np.isinf(np.concatenate([batch.v1, *optional])).any()
    for refusal in decoded.refusals:
        assert refusal.reason in REASONS
        assert refusal.detail.isprintable()
        assert refusal.payload or not value
    indices = [row.place for row in rows(decoded)] + [one.index for one in decoded.refusals]
    assert len(indices) == len(set(indices))
    return decoded
