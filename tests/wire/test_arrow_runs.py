"""Arrow messages that are unpacked together, held against the library, which reads each of them alone."""

from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.batch import Message
from service.wire import Decoder
from service.wire.device_names import DeviceNames, KnownNames
from tests.wire.samples import RECORD_MS, STAMP_MS, columns, message, refusals, rows, stream

Unit: TypeAlias = Literal["s", "ms", "us", "ns"]
_DEVICES = ["m-1", "m-2", "m-3", "m-33", "\u8868-1", ""]
_STAMPS = st.sampled_from([STAMP_MS, STAMP_MS + 1999, 0, -1, 7_258_118_400_000])
_VOLTS = st.sampled_from([230.5, 0.0, float("nan"), float("inf"), -1.25])
_FACTORS = st.sampled_from([0.9, -1.0, 1.5, float("nan")])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Return a stream of one batch: columns, types and units as senders choose them, now and then with a fault."""
    n = draw(st.integers(1, 4))

    def some(values: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(values, min_size=n, max_size=n))

    width = draw(st.sampled_from([pa.float32(), pa.float64()]))
    unit: Unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    zoned, unzoned = pa.timestamp(unit, "UTC"), pa.timestamp(unit)
    per_s = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}[unit]
    stamps = [
        int(stamp) * per_s // 1000 if unit != "ns" else int(stamp) % 10**12 * 10**6
        for stamp in np.array(some(_STAMPS), np.int64)
    ]
    found: dict[str, object] = {
        "device": pa.array(some(st.sampled_from(_DEVICES)), pa.string()),
        "ts": pa.array(stamps, zoned if draw(st.booleans()) else unzoned),
        "v1": pa.array(some(_VOLTS), width),
    }
    if draw(st.booleans()):
        found |= {"v2": pa.array(some(_VOLTS), width), "v3": pa.array(some(_VOLTS), width)}
    if draw(st.booleans()):
        found["pf"] = pa.array(some(_FACTORS), width)
    if draw(st.booleans()):
        found |= {name: pa.array(some(_FACTORS), width) for name in ("p_kw", "q_kvar")}
    return stream(columns(**found))


@settings(max_examples=20)
@given(st.lists(st.lists(messages(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_messages_together_are_what_each_is_alone(runs: list[list[bytes]]) -> None:
    decoder, offset = Decoder(), 0

    for _ in range(2):  # the second time all layouts and names are known
        for values in runs:
            sent = [
                Message(offset + place, RECORD_MS + place, value)
                for place, value in enumerate(values)
            ]
            offset += len(sent)
            together = decoder.decode(sent)
            alone = [Decoder().decode([one]) for one in sent]

            assert rows(together) == [row for one in alone for row in rows(one)]
            assert refusals(together) == [one for part in alone for one in refusals(part)]
            times = [batch.record_ms.tolist() for batch in together.batches]
            assert [time for some in times for time in some] == [
                time for one in alone for batch in one.batches for time in batch.record_ms.tolist()
            ]


def test_known_messages_in_a_row_are_one_batch_though_meters_are_missing_now_and_then() -> None:
    decoder = Decoder()
    names = [f"m-{n}" for n in range(20)]
    decoder.decode([message(_of(names))])
    missing_one = [[name for name in names if name != gone] for gone in names[:5]]
    decoder.decode([message(_of(missing_one[0]))])

    decoded = decoder.decode([message(_of(some)) for some in [*missing_one, names]])

    assert len(decoded.batches) == 1
    assert [row.device for row in rows(decoded)] == [
        name for some in [*missing_one, names] for name in some
    ]


def test_a_name_that_nobody_knows_yet_parts_a_run_and_is_known_from_then_on() -> None:
    decoder = Decoder()
    decoder.decode([message(_of(["m-1", "m-2"]))])
    values = [_of(["m-2", "m-1"]), _of(["m-9", "m-1"]), _of(["m-1", "m-9"])]

    first, second = (decoder.decode([message(value) for value in values]) for _ in range(2))

    assert [len(one.batches) for one in (first, second)] == [3, 1]
    assert rows(first) == rows(second)


def test_the_memory_of_names_is_bounded_and_batches_keep_the_names_they_were_made_with() -> None:
    names = DeviceNames(n_names_max=100, characters_max=1000)
    kept: list[tuple[KnownNames, int, str, bytes]] = []

    for n in range(300):
        assert names.learn([f"meter-{n}", "x"]) is not None
        kept.append((names.texts, len(names.texts) - 1, names.texts[-1], names.key))

    assert len(names.texts) <= 100
    assert all(texts[place] == name for texts, place, name, _ in kept)
    assert len({key for *_, key in kept}) > 2
    assert names.learn(["y" * 1001]) is None


def test_names_are_found_again_however_the_table_grows() -> None:
    names = DeviceNames()
    texts = [f"{n:07d}" for n in range(5000)]

    for first in range(0, 5000, 100):
        names.learn(texts[first : first + 100])
    codes = names.learn(texts[::-1])

    assert codes is not None
    assert codes.tolist() == [*reversed(range(5000))]
    assert list(names.texts) == names.texts[:] == texts
    assert names.texts[-1] == texts[-1]


def _of(names: list[str]) -> bytes:
    n = len(names)
    return stream(
        columns(
            device=pa.array(names),
            ts=pa.array(np.full(n, STAMP_MS), pa.timestamp("ms", "UTC")),
            v1=pa.array(np.full(n, 230.0), pa.float32()),
        )
    )
