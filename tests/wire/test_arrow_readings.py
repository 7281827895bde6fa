"""Arrow streams: columns and their types, rows that are refused, device columns that are remembered."""

from struct import pack

import numpy as np
import pyarrow as pa
import pytest

from kernels.layout import QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID
from service.wire import Decoder
from service.wire.arrow_layouts import LayoutMemory
from service.wire.arrow_texts import TextMemory
from service.wire.fields import faulty_devices
from tests.wire.samples import STAMP_MS, Row, columns, message, refusals, rows, stream


def test_each_record_batch_is_a_batch_and_indices_go_on() -> None:
    decoded = Decoder().decode(
        [message(stream(columns(), columns())), message(stream(columns()), 8)]
    )

    assert [batch.device.size for batch in decoded.batches] == [3, 3, 3]
    assert [(row.offset, row.place) for row in rows(decoded)] == [
        *((7, index) for index in range(6)),
        *((8, index) for index in range(3)),
    ]


def test_every_column_has_its_unit() -> None:
    full = columns(
        v2=pa.array([231.0, None, 1.0]),
        v3=pa.array([np.nan, 0.0, 1.0], pa.float64()),
        p_kw=pa.array([1.5, None, None]),
        q_kvar=pa.array([-0.25, None, 1.0]),
        pf=pa.array([None, 0.6, None], pa.float32()),
        quality=pa.array(["estimated", None, "invalid"]),
    )

    found = rows(Decoder().decode([message(stream(full))]))

    assert found[0] == Row(
        offset=7,
        place=0,
        device="m-1",
        stamp_ms=STAMP_MS,
        has_zone=True,
        volts=(230.5, 231.0, None),
        power=(1500.0, -250.0),
        quality=QUALITY_ESTIMATED,
    )
    assert found[1].volts == (231.5, None, 0.0)
    assert list(found[1].power) == pytest.approx([6e5, 8e5], rel=2e-6)
    assert found[2].power == (None, None)
    assert [row.quality for row in found] == [QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID]


_TEXTS = ["m-1", "m-2", "m-1"]


@pytest.mark.parametrize(
    "device",
    [
        pa.array(_TEXTS),
        pa.array(_TEXTS, pa.large_utf8()),
        pa.array(["m-0", *_TEXTS]).slice(1),
        pa.array(_TEXTS).dictionary_encode(),
        pa.array(_TEXTS, pa.large_utf8()).dictionary_encode(),
        pa.array(_TEXTS, pa.dictionary(pa.int8(), pa.utf8())),
        pa.array(_TEXTS, pa.dictionary(pa.uint16(), pa.utf8())),
        pa.array(_TEXTS, pa.dictionary(pa.int64(), pa.utf8())),
        pa.DictionaryArray.from_arrays(pa.array([2, 0, 2]), pa.array(["m-2", "x", "m-1"])),
        pa.DictionaryArray.from_arrays(
            pa.array([5, 3, 0]), pa.array(["m-1", *"xy", "m-2", "", "m-1"])
        ),
    ],
)
def test_devices_come_as_text_or_dictionary(device: pa.Array) -> None:  # type: ignore[type-arg]
    decoder, value = Decoder(), stream(columns(device=device))

    first, second = decoder.decode([message(value)]), decoder.decode([message(value)])

    assert [row.device for row in rows(first)] == _TEXTS
    assert rows(second) == rows(first)


def test_a_dictionary_larger_than_its_column_names_only_what_occurs() -> None:
    device = pa.DictionaryArray.from_arrays(
        pa.array([7, 2, 7]), pa.array([f"m-{i}" for i in range(100)])
    )

    (batch,) = Decoder().decode([message(stream(columns(device=device)))]).batches

    assert sorted(batch.names) == ["m-2", "m-7"]


_MS = np.array([STAMP_MS, STAMP_MS, STAMP_MS + 1000])


@pytest.mark.parametrize(
    ("ts", "has_zone"),
    [
        (pa.array(_MS), True),
        (pa.array(_MS // 1000, pa.timestamp("s", "UTC")), True),
        (pa.array(_MS, pa.timestamp("ms", "Asia/Shanghai")), True),
        (pa.array(_MS * 1000 + 999, pa.timestamp("us", "+08:00")), True),
        (pa.array(_MS * 1_000_000 + 999_999, pa.timestamp("ns", "UTC")), True),
        (pa.array(_MS, pa.timestamp("ms")), False),
        (pa.array(_MS * 1000, pa.timestamp("us")), False),
    ],
)
def test_stamps_come_in_any_unit(ts: pa.Array, has_zone: bool) -> None:  # type: ignore[type-arg]
    found = rows(Decoder().decode([message(stream(columns(ts=ts)))]))

    assert [row.stamp_ms for row in found] == _MS.tolist()
    assert {row.has_zone for row in found} == {has_zone}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"device": None}, "column device is missing; required: device, ts, v1"),
        ({"ts": None}, "column ts is missing"),
        ({"v1": None}, "column v1 is missing"),
        ({"device": pa.array([1, 2, 1])}, "column device is of type 'int64'; allowed: utf8"),
        ({"ts": pa.array(["a", "b", "c"])}, "column ts is of type 'string'; allowed: timestamp"),
        ({"ts": pa.array([1.5, 2, 3])}, "column ts is of type 'double'; allowed: timestamp"),
        ({"v1": pa.array([230, 231, 232])}, "column v1 is of type 'int64'; allowed: float32"),
        ({"v1": pa.nulls(3)}, "column v1 is of type 'null'; allowed: float32"),
        ({"v2": pa.array([True] * 3)}, "column v2 is of type 'bool'; allowed: float32"),
        ({"quality": pa.array([0, 1, 2])}, "column quality is of type 'int64'; allowed: utf8"),
    ],
)
def test_a_column_that_is_missing_or_of_a_wrong_type_refuses_the_message(
    changed: dict[str, object], said: str
) -> None:
    decoded = Decoder().decode([message(stream(columns(**changed)))])

    assert refusals(decoded) == [(7, -1, "undecodable_message")]
    assert said in decoded.refusals[0].detail


def test_a_column_that_is_there_twice_refuses_the_message() -> None:
    good = columns()
    twice = pa.RecordBatch.from_arrays(
        [*good.values(), good["v1"]],
        names=[*good, "v1"],
    )

    decoded = Decoder().decode([message(stream(twice))])

    assert "column v1 is there 2 times" in decoded.refusals[0].detail


def test_other_columns_are_passed_over_whatever_they_hold() -> None:
    more = columns(
        v2=pa.nulls(3),
        tags=pa.array([[1], [], None]),
        site=pa.array(["a", "b", "a"]).dictionary_encode(),
        place=pa.array([{"x": 1.0}] * 3),
    )

    decoded = Decoder().decode([message(stream(more))])

    assert rows(decoded) == rows(Decoder().decode([message(stream(columns()))]))


_HUGE = float(np.finfo(np.float64).max)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"device": pa.array(["m", None, "m"])}, "device is null; allowed: a text"),
        ({"device": pa.array(["m", None, "m"]).dictionary_encode()}, "device is null"),
        ({"device": pa.array(["m", "", "m"])}, "device is ''; allowed: a text of 1 to 200"),
        ({"device": pa.array(["m", "a\x00b", "m"])}, r"device is 'a\x00b'"),
        ({"device": pa.array(["m", "x" * 201, "m"]).dictionary_encode()}, "device is 'xxx"),
        ({"ts": pa.array([STAMP_MS, None, STAMP_MS])}, "ts is null; allowed: ISO 8601"),
        ({"ts": pa.array([STAMP_MS, None, STAMP_MS], pa.timestamp("ns"))}, "ts is null"),
        ({"ts": pa.array([STAMP_MS, 2**62, STAMP_MS])}, f"ts is {2**62}"),
        ({"ts": pa.array([0, 2**60, 1], pa.timestamp("s"))}, f"ts is {2**60}"),
        ({"v1": pa.array([1.0, np.inf, 1.0])}, "v1 is inf; allowed: a number"),
        ({"v3": pa.array([_HUGE, -np.inf, 1.0])}, "v3 is -inf; allowed: a number"),
        ({"pf": pa.array([1.0, -1.001, None])}, "pf is -1.001; allowed: a number from -1 to 1"),
        ({"p_kw": pa.array([1e6, 1e300, None])}, "p_kw is 1e+300; allowed"),
        ({"quality": pa.array(["good", "fine", None])}, "quality is 'fine'; allowed"),
        (
            {"quality": pa.array(["good", "fine", None]).dictionary_encode()},
            "quality is 'fine'; allowed",
        ),
    ],
)
def test_only_the_row_that_is_wrong_is_refused(changed: dict[str, object], said: str) -> None:
    decoded = Decoder().decode([message(stream(columns(**changed)))])

    assert [row.place for row in rows(decoded)] == [0, 2]
    assert refusals(decoded) == [(7, 1, "malformed_reading")]
    assert said in decoded.refusals[0].detail
    assert b'"ts"' in decoded.refusals[0].payload


def test_a_message_of_wrong_rows_leaves_no_batch() -> None:
    decoded = Decoder().decode([message(stream(columns(v1=pa.array([np.inf] * 3))))])

    assert decoded.batches == []
    assert [one.index for one in decoded.refusals] == [0, 1, 2]


def test_nan_is_no_voltage() -> None:
    decoded = Decoder().decode([message(stream(columns(v1=pa.array([np.nan, None, 0.0]))))])

    assert [row.volts[0] for row in rows(decoded)] == [None, None, 0.0]


@pytest.mark.parametrize("n_batches", [0, 2])
def test_a_stream_without_rows_is_an_empty_message(n_batches: int) -> None:
    batch = pa.RecordBatch.from_pydict(columns())
    value = stream(*[batch.slice(0, 0)] * n_batches, schema=batch.schema)

    assert refusals(Decoder().decode([message(value)])) == [(7, -1, "empty_message")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (stream(columns(), compression="zstd"), "compressed"),
        (stream(columns(), compression="lz4"), "compressed"),
        (stream(columns(device=pa.array(_TEXTS).dictionary_encode()), compression="lz4"), "compr"),
        (stream(columns()) + stream(columns()), "more after the end"),
        (stream(columns())[:-9], "cut off"),
        (b"\xff\xff\xff\xff\x00\x00\x00\x00", "broken"),
        (stream(columns(), columns(), columns(), columns()), "12 readings; allowed: 10"),
    ],
)
def test_a_stream_that_is_not_as_agreed_is_refused_as_a_whole(value: bytes, said: str) -> None:
    decoded = Decoder(max_readings=10).decode([message(value)])

    assert refusals(decoded) == [(7, -1, "undecodable_message")]
    assert said in decoded.refusals[0].detail


def test_a_broken_text_in_a_column_is_found_before_it_is_read() -> None:
    value = stream(columns(device=pa.array(["m-1", "m-2", "m-1"])))
    broken = value.replace(b"m-1m-2m-1", b"m-1m-2m-\xff")

    assert refusals(Decoder().decode([message(broken)])) == [(7, -1, "undecodable_message")]


def test_under_one_key_a_place_has_one_name_for_ever() -> None:
    decoders = [Decoder(), Decoder()]
    values = [
        stream(columns()),
        stream(columns(device=pa.array(["m-1", "m-3", "m-1"]))),
        stream(columns(device=pa.array(_TEXTS).dictionary_encode())),
        stream(columns(device=pa.array(["m-3", "m-2", "m-1"]))),
    ]

    seen: dict[tuple[bytes, int], str] = {}
    for value in values * 3:
        for decoder in decoders:
            for batch in decoder.decode([message(value)]).batches:
                assert batch.names_key
                for place, name in enumerate(batch.names):
                    assert seen.setdefault((batch.names_key, place), name) == name

    assert {key for key, place in seen if place == 2}  # more names came behind


def test_a_device_column_with_its_characters_before_its_offsets_is_never_mixed_up() -> None:
    decoder = Decoder()
    values = [
        _characters_first(stream(columns(device=pa.array([f"m-{n}", "m-x", "m-y"]))))
        for n in range(3)
    ]

    names = [rows(decoder.decode([message(value)]))[0].device for value in values * 2]

    assert names == ["m-0", "m-1", "m-2"] * 2


def _characters_first(value: bytes) -> bytes:
    """Return a stream of three devices of three characters, their two buffers changed about."""
    offsets = pack("<4i", 0, 3, 6, 9)
    at = value.index(offsets)
    characters = value[at + 16 : at + 32]
    told = pack("<4q", 0, 16, 16, 9)  # offset and length of either buffer
    assert value.count(told) == 1
    moved = value[:at] + characters + offsets + value[at + 32 :]
    return moved.replace(told, pack("<4q", 16, 16, 0, 9))


def test_the_memory_of_layouts_is_bounded() -> None:
    memory = LayoutMemory(max_bytes=10_000)

    for n in range(1, 100):
        batch = pa.RecordBatch.from_pydict(columns(device=pa.array(["m" * n, "m", "m"])))
        value = stream(batch)
        memory.learn(value, pa.ipc.open_stream(value).read_next_batch(), ["v1"])

        assert memory.find(value) is not None
        assert memory.n_bytes <= 10_000


def test_names_with_nulls_among_them_are_not_remembered() -> None:
    device = pa.array(["m-1", None, "m-1"])

    assert Decoder().decode([message(stream(columns(device=device)))]).batches[0].names_key == b""


def test_the_memory_of_device_columns_is_bounded() -> None:
    memory = TextMemory(faulty_devices, max_bytes=10_000)
    of_ten = [pa.array([f"m-{i}-{j}" for j in range(10)]) for i in range(100)]
    too_large = pa.array([f"m-{j}" for j in range(1000)])

    keys = {memory.read(column).key for column in of_ten}
    newest = memory.read(of_ten[-1])

    assert len(keys) == 100
    assert newest.key in keys
    assert memory.read(of_ten[0]).key not in keys
    assert memory.n_bytes <= 10_000
    assert memory.read(too_large).key == b""
    assert memory.read(too_large).texts == too_large.to_pylist()
