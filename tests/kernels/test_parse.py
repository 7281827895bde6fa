"""Plain readings out of bytes: the same ones, with the same numbers, as a pattern and Python's own ``float``."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernels import parse, remember
from kernels.layout import NONE
from kernels.message_layout import N_NUMBERS, Names, Parsed, Values
from service.wire.arrow_columns import NUMBERS
from tests.oracle.plain_readings import plain_reading

BEGIN_MS, END_MS, N_NAME_MAX = -1_000_000, 10**13, 12
LIMIT_OF = {"v1": 1e300, "v2": 1e300, "v3": 1e300, "pf": 1.0, "p_kw": 1000.0, "q_kvar": 1000.0}
LIMITS = np.array([LIMIT_OF[name] for name in NUMBERS])
PLAIN = b'{"device":"M1","ts":1790000000000,"v1":230.1}'
PIECES = (
    *(PLAIN[at : at + 1] for at in range(len(PLAIN))),
    *(
        b'"device"',
        b'"ts"',
        b'"v1"',
        b"null",
        b"-",
        b"0",
        b"00",
        b"1e5",
        b"E",
        b".",
        b"\\",
        b"\\u0041",
    ),
    *(b" ", b"\t", b"\r", b"\n", b"\x0b", b"\x00", b"\x7f", b"\xc3\xa9", b'""', b"{}", b",", b"]"),
    *(
        b'"v2"',
        b'"v3"',
        b'"v4"',
        b'"pf"',
        b'"p_kw"',
        b'"q_kvar"',
        b'"quality"',
        b'"good"',
        b'"bad"',
    ),
    *(
        b',"v2":231',
        b',"v3":null',
        b',"pf":-0.95',
        b',"pf":1.5',
        b',"p_kw":1000',
        b',"q_kvar":1000.1',
    ),
    *(b',"quality":"estimated"', b',"quality":"invalid"', b',"quality":null', b',"x":1'),
    b"9" * 15,
)
WHOLE = b'{"v3":229.5,"device":"M2","p_kw":-1.5,"quality":"estimated","ts":-7,"v1":null,"q_kvar":0.25,"v2":1,"pf":-1}'


def names_of(*texts: bytes) -> Names:
    """Return a table that knows some names, by their place."""
    names = Names(
        slots=np.full(64, NONE, np.int32),
        hashes=np.zeros(16, np.int32),
        first=np.zeros(17, np.int32),
        characters=np.zeros(256, np.uint8),
        following=np.full(16, NONE, np.int32),
        used=np.array([0, 0, 12345]),
    )
    octets = np.frombuffer(bytearray(b"".join(texts)), np.uint8)
    first = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    remember(names, octets, first, np.zeros(len(texts), np.int32))
    return names


def values_of(values: list[bytes]) -> Values:
    """Return values that fill their bytes to the last one."""
    length = np.array([len(value) for value in values], np.int64)
    octets = np.frombuffer(bytearray(b"".join(values)), np.uint8)
    return Values(octets, np.cumsum(length) - length, length)


def room_for(n: int) -> Parsed:
    return Parsed(
        device=np.full(n, -7, np.int32),
        name_start=np.zeros(n, np.int64),
        name_length=np.zeros(n, np.int64),
        stamp_ms=np.zeros(n, np.int64),
        number=np.full((N_NUMBERS, n), np.nan),
        quality=np.zeros(n, np.uint8),
        seen=np.zeros(1, np.int64),
    )


def run(names: Names, values: Values, first: int = 0) -> tuple[int, Parsed]:
    columns = room_for(values.start.size)
    return parse(values, names, LIMITS, first, BEGIN_MS, END_MS, N_NAME_MAX, columns), columns


def check(value: bytes) -> None:
    """See that a message is taken as the pattern takes it, with nothing behind its bytes."""
    wanted = plain_reading(value, LIMIT_OF, BEGIN_MS, END_MS, N_NAME_MAX)

    done, columns = run(names_of(b"M1"), values_of([value]))

    assert done == (wanted is not None)
    if wanted is None:
        return
    start, n = int(columns.name_start[0]), int(columns.name_length[0])
    assert value[start : start + n].decode() == wanted.device
    assert columns.device[0] == (0 if wanted.device == "M1" else NONE)
    assert columns.stamp_ms[0] == wanted.stamp_ms
    assert columns.quality[0] == wanted.quality
    for number, text in zip(columns.number[:, 0], wanted.numbers, strict=True):
        if text is None:
            assert math.isnan(number)
        else:
            assert number.tobytes() == np.float64(text).tobytes()
    has = [columns.seen[0] >> column & 1 for column in range(N_NUMBERS)]
    assert has == [int(f'"{name}"'.encode() in value) for name in NUMBERS]


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))
@example(b"")
@example(b"{")
def test_any_bytes_are_taken_as_the_pattern_takes_them(value: bytes) -> None:
    check(value)


@given(st.data())
def test_a_plain_reading_with_some_bytes_changed_is_taken_as_the_pattern_takes_it(
    data: st.DataObject,
) -> None:
    changed = bytearray(data.draw(st.sampled_from([PLAIN, WHOLE])))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(PIECES))

    check(bytes(changed))


@pytest.mark.parametrize("value", [PLAIN, WHOLE])
def test_a_reading_that_is_cut_off_is_not_taken(value: bytes) -> None:
    assert run(names_of(), values_of([value]))[0] == 1

    for n in range(len(value)):
        assert run(names_of(), values_of([value[:n]]))[0] == 0


NUMBERS_OF_ALL = st.sampled_from(["null", "0", "1", "-1", "1.001", "999.9", "-1000", "1000.5"])


@given(st.permutations(["device", "ts", *NUMBERS, "quality"]), st.integers(3, 9), st.data())
def test_any_keys_of_the_contract_are_taken_in_any_order(
    order: list[str], n: int, data: st.DataObject
) -> None:
    quality = data.draw(
        st.sampled_from(["null", *(f'"{one}"' for one in ("good", "estimated", "invalid", "x"))])
    )
    texts = {key: data.draw(NUMBERS_OF_ALL) for key in NUMBERS}
    texts |= {"device": '"M1"', "ts": "0", "quality": quality}
    members = [f'"{key}":{texts[key]}' for key in order[:n]]

    check(f"{{{','.join(members)}}}".encode())


BLANKS = st.text(" \t\r\n", max_size=2)
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,16})?", fullmatch=True)


@given(st.permutations(["device", "ts", "v1"]), DECIMALS | st.just("null"), st.data())
def test_numbers_are_those_of_python_whatever_the_order_of_the_keys(
    order: list[str], volts: str, data: st.DataObject
) -> None:
    texts = {"device": '"M1"', "ts": "1790000000000", "v1": volts}
    members = [
        "".join(
            (data.draw(BLANKS), f'"{key}"', data.draw(BLANKS), ":", data.draw(BLANKS), texts[key])
        )
        for key in order
    ]
    value = (
        data.draw(BLANKS) + "{" + f"{data.draw(BLANKS)},".join(members) + data.draw(BLANKS) + "}"
    )

    check(value.encode() + data.draw(BLANKS).encode())


@given(st.integers(0, 10**15 - 1), st.integers(0, 14))
def test_a_number_of_fifteen_digits_is_the_double_that_is_nearest(digits: int, n: int) -> None:
    text = f"{digits:015d}"
    volts = f"{int(text[: 15 - n])}.{text[15 - n :]}" if n else str(digits)

    done, columns = run(names_of(), values_of([b'{"device":"a","ts":0,"v1":%b}' % volts.encode()]))

    assert done == 1
    assert columns.number[0, 0] == float(volts)


def test_parsing_goes_on_behind_what_was_not_taken() -> None:
    values = values_of([PLAIN, b"[]", PLAIN.replace(b"M1", b"M2"), PLAIN])
    names = names_of(b"M0", b"M1")

    done, columns = run(names, values)
    after, others = run(names, values, done + 1)

    assert (done, columns.device.tolist()) == (1, [1, -7, -7, -7])
    assert (after, others.device.tolist()) == (4, [-7, -7, NONE, 1])


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"dd", b"?"]), min_size=1, max_size=30))
def test_names_have_their_codes_whichever_came_before(devices: list[bytes]) -> None:
    known = [b"a", b"b", b"c", b"dd"]
    names = names_of(*known)
    values = values_of([b'{"device":"%b","ts":0,"v1":1}' % name for name in devices])

    for _ in range(2):  # the second time what followed is remembered
        done, columns = run(names, values)

        assert done == len(devices)
        wanted = [known.index(name) if name in known else NONE for name in devices]
        assert columns.device.tolist() == wanted


@pytest.mark.parametrize(("start", "length"), [(-1, 4), (0, 1000), (2**62, 2**62), (10, -3)])
def test_a_value_that_is_not_in_the_bytes_is_not_read(start: int, length: int) -> None:
    values = values_of([PLAIN])
    values.start[0], values.length[0] = start, length

    assert run(names_of(), values)[0] == 0
