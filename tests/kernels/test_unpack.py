"""Messages made byte by byte: what is taken of them, where unpacking stops, and names that are looked up."""

from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import remember, unpack
from kernels.layout import NONE
from kernels.message_layout import (
    N_NUMBERS,
    PLAN_CHARACTERS,
    PLAN_HAS_ZONE,
    PLAN_N_CHARACTERS,
    PLAN_NUMBERS,
    PLAN_OFFSETS,
    PLAN_ROWS,
    PLAN_SINGLES,
    PLAN_STAMP,
    PLAN_STAMP_END,
    PLAN_STAMP_FIRST,
    PLAN_UNITS_PER_S,
    PLAN_WORDS,
    Messages,
    Names,
    Unpacked,
)

N_SLOTS = 64
CHARACTERS = 32  # of a message, at most
FIRST, END = 100, 10**9


def known(*texts: bytes) -> Names:
    names = Names(
        slots=np.full(N_SLOTS, NONE, np.int32),
        hashes=np.zeros(16, np.int32),
        first=np.zeros(17, np.int32),
        characters=np.zeros(256, np.uint8),
        following=np.full(16, NONE, np.int32),
        used=np.array([0, 0, 12345]),
    )
    codes = learn(names, texts)
    assert len(set(codes)) == len(set(texts))
    return names


def learn(names: Names, texts: tuple[bytes, ...]) -> list[int]:
    octets = np.frombuffer(bytearray(b"".join(texts)), np.uint8)
    first = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    code = np.zeros(len(texts), np.int32)
    remember(names, octets, first, code)
    return [int(one) for one in code]


def plan(per_s: int = 1000, *, n: int = 2, is_single: bool = False) -> list[int]:
    """Return the plan of ``packed``: offsets, characters, stamps, v1."""
    words = [NONE] * PLAN_WORDS
    offsets = 4 * (n + 2 & ~1)
    words[PLAN_ROWS], words[PLAN_OFFSETS], words[PLAN_CHARACTERS] = n, 0, offsets
    words[PLAN_N_CHARACTERS], words[PLAN_STAMP] = CHARACTERS, offsets + CHARACTERS
    words[PLAN_UNITS_PER_S], words[PLAN_HAS_ZONE] = per_s, 1
    words[PLAN_STAMP_FIRST], words[PLAN_STAMP_END] = FIRST, END
    words[PLAN_NUMBERS] = offsets + CHARACTERS + 8 * n
    words[PLAN_SINGLES : PLAN_SINGLES + N_NUMBERS] = [int(is_single)] * N_NUMBERS
    return words


def packed(
    texts: list[bytes], stamps: list[int], volts: list[float], *, single: bool = False
) -> bytes:
    n = len(texts)
    offsets = np.cumsum([0, *map(len, texts)]).tolist()
    head = pack(f"<{n + 1}i", *offsets).ljust(4 * (n + 2 & ~1), b"\x00")
    body = pack(f"<{n}q", *stamps) + pack(f"<{n}{'f' if single else 'd'}", *volts)
    value = head + b"".join(texts).ljust(CHARACTERS, b"\x00") + body
    return value.ljust((len(value) + 7) // 8 * 8, b"\x00")


def run(names: Names, plans: list[list[int]], values: list[bytes]) -> tuple[int, Unpacked]:
    joined = bytearray().join(values)
    n_rows = sum(one[PLAN_ROWS] for one in plans)
    messages = Messages(
        octets=np.frombuffer(joined, np.uint8),
        int32s=np.frombuffer(joined, np.int32),
        int64s=np.frombuffer(joined, np.int64),
        singles=np.frombuffer(joined, np.float32),
        doubles=np.frombuffer(joined, np.float64),
        start=np.cumsum([0, *map(len, values)])[:-1].astype(np.int64),
        plan=np.arange(len(plans), dtype=np.int32),
        offset=np.arange(7, 7 + len(values)),
        record_ms=np.arange(70, 70 + len(values)),
    )
    columns = Unpacked(
        device=np.full(n_rows, NONE, np.int32),
        stamp_ms=np.zeros(n_rows, np.int64),
        has_zone=np.zeros(n_rows, np.uint8),
        number=np.zeros((N_NUMBERS, n_rows)),
        offset=np.zeros(n_rows, np.int64),
        record_ms=np.zeros(n_rows, np.int64),
        place=np.zeros(n_rows, np.int32),
        is_wanted=np.array([1, 1, 0, 0, 0, 0], np.uint8),
    )
    limits = np.array([1000.0] * N_NUMBERS)
    of_plans = np.array(plans, np.int64).reshape(-1, PLAN_WORDS)
    return unpack(messages, of_plans, names, limits, 0, 0, columns), columns


@pytest.mark.parametrize(("per_s", "stamp_ms"), [(1, 5_000_000), (1000, 5000), (10**6, 5)])
def test_stamps_become_milliseconds_and_an_absent_number_is_nan(per_s: int, stamp_ms: int) -> None:
    names = known(b"a", b"bb")
    value = packed([b"bb", b"a"], [5000, 5000], [230.0, np.nan])

    done, columns = run(names, [plan(per_s)], [value])

    assert done == 1
    assert columns.device.tolist() == [1, 0]
    assert columns.stamp_ms.tolist() == [stamp_ms, stamp_ms]
    assert np.array_equal(columns.number[0], [230.0, np.nan], equal_nan=True)
    assert np.isnan(columns.number[1]).all()
    assert not columns.number[2].any()
    assert columns.place.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("texts", "stamps", "volts"),
    [
        ([b"a", b"zz"], [5000, 5000], [1.0, 1.0]),
        ([b"a", b""], [5000, 5000], [1.0, 1.0]),
        ([b"a", b"a"], [5000, FIRST - 1], [1.0, 1.0]),
        ([b"a", b"a"], [END, 5000], [1.0, 1.0]),
        ([b"a", b"a"], [5000, 5000], [1.0, 1000.5]),
        ([b"a", b"a"], [5000, 5000], [-np.inf, 1.0]),
    ],
)
def test_unpacking_stops_at_a_message_that_has_to_be_read(
    texts: list[bytes], stamps: list[int], volts: list[float]
) -> None:
    names = known(b"a", b"bb")
    good = packed([b"a", b"bb"], [5000, 6000], [230.0, 231.0], single=True)

    done, columns = run(
        names, [plan(is_single=True), plan(), plan()], [good, packed(texts, stamps, volts), good]
    )

    assert done == 1
    assert columns.device[:2].tolist() == [0, 1]
    assert columns.number[0, :2].tolist() == [230.0, 231.0]
    assert columns.offset[:2].tolist() == [7, 7]
    assert columns.record_ms[:2].tolist() == [70, 70]


@pytest.mark.parametrize("offsets", [(0, 2, 1), (0, 1, CHARACTERS + 1), (-1, 1, 2), (2, 1, 3)])
def test_offsets_that_point_elsewhere_are_not_followed(offsets: tuple[int, int, int]) -> None:
    value = packed([b"a", b"b"], [5000, 5000], [1.0, 1.0])

    done, _ = run(known(b"a", b"b"), [plan()], [pack("<3i", *offsets) + value[12:]])

    assert done == 0


@given(
    st.lists(st.lists(st.sampled_from([b"a", b"b", b"ab", b"ba", b"aab"]), min_size=1, max_size=6))
)
def test_names_are_found_whichever_followed_before(of_messages: list[list[bytes]]) -> None:
    texts = (b"b", b"a", b"aab", b"ba", b"ab")
    names = known(*texts)

    done, columns = run(
        names,
        [plan(n=len(some)) for some in of_messages],
        [packed(some, [5000] * len(some), [1.0] * len(some)) for some in of_messages],
    )

    assert done == len(of_messages)
    assert [texts[code] for code in columns.device.tolist()] == [
        text for some in of_messages for text in some
    ]


def test_a_name_that_is_known_keeps_its_code() -> None:
    names = known(b"a", b"b")

    assert learn(names, (b"c", b"a", b"c", b"b")) == [2, 0, 2, 1]
    assert names.used.tolist()[:2] == [3, 3]
