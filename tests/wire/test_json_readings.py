"""JSON: what is taken, what is refused, and what a refusal says."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID
from service.wire import Decoder
from tests.wire.samples import STAMP_MS, Row, message, reading, refusals, rows


def test_many_messages_of_one_reading_become_one_batch() -> None:
    messages = [message(reading(device=f"m-{i}"), offset=100 + i) for i in range(5)]

    decoded = Decoder().decode(messages)

    assert len(decoded.batches) == 1
    assert [(row.device, row.offset, row.place) for row in rows(decoded)] == [
        (f"m-{i}", 100 + i, 0) for i in range(5)
    ]


def test_an_array_numbers_its_readings() -> None:
    messages = [
        message([reading(), reading(), reading()], 1),
        message(reading(), 2),
        message([reading(), reading()], 3),
    ]

    decoded = Decoder().decode(messages)

    assert [(row.offset, row.place) for row in rows(decoded)] == [
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 0),
        (3, 0),
        (3, 1),
    ]


def test_every_key_has_its_column_and_its_unit() -> None:
    full = reading(device="表-1", v2=231, v3=0, p_kw=1.5, q_kvar=-0.25, pf=0.5, quality="estimated")

    (row,) = rows(Decoder().decode([message(full)]))

    assert row == Row(
        offset=7,
        place=0,
        device="表-1",
        stamp_ms=STAMP_MS,
        has_zone=True,
        volts=(230.5, 231.0, 0.0),
        power=(1500.0, -250.0),
        quality=QUALITY_ESTIMATED,
    )


def test_null_is_absent_and_not_zero() -> None:
    silent = reading(v1=None, v2=None, v3=None, pf=None, p_kw=None, q_kvar=None, quality=None)

    decoded = Decoder().decode([message(silent)])

    assert math.isnan(decoded.batches[0].v1[0])
    assert decoded.batches[0].v2.size == decoded.batches[0].p_w.size == 0
    assert rows(decoded)[0].quality == QUALITY_GOOD


def test_a_key_that_is_not_known_is_ignored() -> None:
    decoded = Decoder().decode([message(reading(firmware={"version": [1, 2]}, V1=0))])

    assert rows(decoded)[0].volts == (230.5, None, None)


@pytest.mark.parametrize(
    ("quality", "code"),
    [("good", QUALITY_GOOD), ("estimated", QUALITY_ESTIMATED), ("invalid", QUALITY_INVALID)],
)
def test_quality_has_three_words(quality: str, code: int) -> None:
    assert rows(Decoder().decode([message(reading(quality=quality))]))[0].quality == code


@pytest.mark.parametrize(
    ("pf", "p_w", "q_var"), [(1, 1e6, 0), (0.6, 6e5, 8e5), (-0.6, -6e5, 8e5), (0, 0, 1e6)]
)
def test_a_power_factor_without_powers_stands_for_one_mva(
    pf: float, p_w: float, q_var: float
) -> None:
    decoded = Decoder().decode([message(reading(pf=pf)), message(reading(pf=pf, p_kw=2.0))])

    found = [value for row in rows(decoded) for value in row.power]
    assert found == pytest.approx([p_w, q_var] * 2)


@pytest.mark.parametrize("required", [0.8, 0.85, 0.9, 0.95])
def test_a_power_factor_that_is_just_the_one_required_does_not_come_out_below_it(
    required: float,
) -> None:
    (row,) = rows(Decoder().decode([message(reading(pf=required))]))

    p_w, q_var = (round(value) for value in row.power if value is not None)
    assert p_w / math.hypot(p_w, q_var) >= required


def test_powers_count_more_than_a_power_factor() -> None:
    messages = [message(reading(pf=0.6, p_kw=3, q_kvar=4)), message(reading(pf=0.6))]

    decoded = Decoder().decode(messages)

    assert [row.power for row in rows(decoded)] == [(3000, 4000), (600_000, 800_000)]


def test_a_reading_that_lacks_one_of_the_powers_has_none_whatever_others_have() -> None:
    messages = [message(reading(p_kw=3)), message(reading(p_kw=3, q_kvar=4))]

    decoded = [Decoder().decode(some) for some in (messages[:1], messages)]

    assert [row.power for one in decoded for row in rows(one)] == [
        (None, None),
        (None, None),
        (3000, 4000),
    ]


def test_a_voltage_that_cannot_be_is_left_to_the_fold() -> None:
    messages = [message(reading(v1=volts)) for volts in (-230, 1e9, 1e308)]

    decoded = Decoder().decode(messages)

    assert [row.volts[0] for row in rows(decoded)] == [-230, 1e9, 1e308]


_MALFORMED = [
    ('{"ts": 1795431360000, "v1": 230}', "device is missing", "device, ts and v1 are required"),
    ('{"device": "m", "v1": 230}', "ts is missing", "required"),
    ('{"device": "m", "ts": 1795431360000}', "v1 is missing", "required"),
    (json.dumps(reading(device="")), "device is ''", "1 to 200 characters"),
    (json.dumps(reading(device="x" * 201)), "device is 'xxx", "1 to 200 characters"),
    (json.dumps(reading(device=5)), "device is 5", "a text"),
    (json.dumps(reading(device=None)), "device is null", "a text"),
    (json.dumps(reading(device="a\x00b")), r"device is 'a\x00b'", "no control characters"),
    (r'{"device": "\ud800", "ts": 1795431360000, "v1": 230}', r"device is '\ud800'", "a text"),
    (json.dumps(reading(ts="yesterday")), "ts is 'yesterday'", "ISO 8601"),
    (json.dumps(reading(ts="2026-02-30T00:00:00Z")), "ts is '2026-02-30", "ISO 8601"),
    (json.dumps(reading(ts=1.5)), "ts is 1.5", "an integer"),
    (json.dumps(reading(ts=True)), "ts is true", "an integer"),
    (json.dumps(reading(ts=STAMP_MS * 1000)), "ts is 1795431360000000", "1900 to 2199"),
    (json.dumps(reading(ts=10**30)), "ts is 1000000", "1900 to 2199"),
    (json.dumps(reading(v1="230")), "v1 is '230'", "a number (volts) or null"),
    (json.dumps(reading(v1=True)), "v1 is true", "a number"),
    (json.dumps(reading(v2=[230])), "v2 is [230]", "a number"),
    (json.dumps(reading(v1=math.nan)), "v1 is NaN", "a number"),
    (json.dumps(reading(v3=-math.inf)), "v3 is -Infinity", "a number"),
    ('{"device": "m", "ts": 1795431360000, "v1": 1e999}', "v1 is 1e999", "a number"),
    (json.dumps(reading(v1=10**400)), "v1 is 1000", "a number"),
    (json.dumps(reading(pf=1.01)), "pf is 1.01", "from -1 to 1"),
    (json.dumps(reading(p_kw=1.1e6)), "p_kw is 1100000.0", "from -1000000 to 1000000"),
    (json.dumps(reading(quality="GOOD")), "quality is 'GOOD'", '"good", "estimated", "invalid"'),
]


@pytest.mark.parametrize(("text", "value", "allowed"), _MALFORMED)
def test_a_malformed_reading_is_refused_with_key_value_and_what_is_allowed(
    text: str, value: str, allowed: str
) -> None:
    decoded = Decoder().decode([message(text)])

    assert refusals(decoded) == [(7, 0, "malformed_reading")]
    assert value in decoded.refusals[0].detail
    assert allowed in decoded.refusals[0].detail
    assert decoded.refusals[0].payload == text.encode()


@pytest.mark.parametrize("text", [row[0] for row in _MALFORMED] + ["5", "null", '"m"', "[]"])
def test_only_the_malformed_reading_of_an_array_is_lost(text: str) -> None:
    good = json.dumps(reading())

    decoded = Decoder().decode([message(f"[{good}, {text} , {good}]"), message(good, 8)])

    assert [(row.offset, row.place) for row in rows(decoded)] == [(7, 0), (7, 2), (8, 0)]
    assert refusals(decoded) == [(7, 1, "malformed_reading")]
    assert decoded.refusals[0].payload == text.encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b'{"device": "m", "ts"', "not JSON at character"),
        (b'[{"device": "m", "ts": 1795431360000, "v1": 230}', "neither ',' nor ']'"),
        (b'{"device": "m", "ts": 1795431360000, "v1": 230} x', "more after the end"),
        (b'{"device": "\xff", "ts": 1795431360000, "v1": 230}', "byte 12 is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"x":' * 100_000, "nested too deeply"),
        (b'\xef\xbb\xbf{"device": "m", "ts": 1795431360000, "v1": 230}', "character 0"),
        (b"17", "17; allowed: one reading (an object) or an array"),
    ],
)
def test_a_message_that_is_no_json_is_refused_as_a_whole(value: bytes, said: str) -> None:
    decoded = Decoder().decode([message(value, content_type="application/json")])

    assert refusals(decoded) == [(7, -1, "undecodable_message")]
    assert said in decoded.refusals[0].detail
    assert decoded.refusals[0].payload == value


def test_an_array_without_readings_is_an_empty_message() -> None:
    assert refusals(Decoder().decode([message(" [ ] ")])) == [(7, -1, "empty_message")]


def test_a_message_of_too_many_readings_is_refused() -> None:
    decoder = Decoder(max_readings=3)
    good, bad = reading(), reading(v1="x")

    decoded = decoder.decode(
        [message([good] * 3, 1), message([good] * 4, 2), message([bad] * 4, 3)]
    )

    assert decoded.n_readings == 3
    assert refusals(decoded) == [(2, -1, "undecodable_message"), (3, -1, "undecodable_message")]
    assert "more than 3 readings" in decoded.refusals[0].detail


def test_what_a_refusal_quotes_is_short() -> None:
    decoded = Decoder().decode([message(reading(v1=["x" * 1000] * 1000))])

    assert len(decoded.refusals[0].detail) < 500


NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)


@given(st.lists(NUMBER, min_size=1, max_size=5))
def test_a_reading_is_the_same_beside_a_malformed_one(volts: list[float]) -> None:
    good = [reading(v1=volt, v2=volts[0]) for volt in volts]

    alone = Decoder().decode([message(good)])
    beside = Decoder().decode([message([*good, reading(v1="x")])])

    assert rows(beside) == rows(alone)
    assert [row.volts[0] for row in rows(alone)] == [float(volt) for volt in volts]
