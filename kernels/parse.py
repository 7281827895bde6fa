"""Parsing plain readings: ``{"device":"M1","ts":1790000000000,"v1":230.1}``, one a message, without an object for any.

Only what is surely such a reading is taken, so that nobody can tell it from what a full parser of JSON makes of it.
"""

import math

import numpy as np

from kernels._jit import inline, inline_always, kernel, signed
from kernels._json_text import BROKEN, behind, blank_end, number_at, power_of_ten, stands
from kernels._names import find, is_name
from kernels.layout import NONE, QUALITY_ESTIMATED, QUALITY_INVALID, Bytes, Floats
from kernels.message_layout import N_NUMBERS, Names, Parsed, Values

_SPACE, _DELETE = 32, 127
_QUOTE, _COMMA, _COLON, _BACKSLASH, _OPENING, _CLOSING = 34, 44, 58, 92, 123, 125
_NULL, _GOOD = np.frombuffer(b"null", np.uint8), np.frombuffer(b'"good"', np.uint8)
_ESTIMATED, _INVALID = (
    np.frombuffer(b'"estimated"', np.uint8),
    np.frombuffer(b'"invalid"', np.uint8),
)

# Keys. A number is known by its place, the others stand behind.
_DEVICE, _TS, _QUALITY, _NO_KEY = N_NUMBERS, N_NUMBERS + 1, N_NUMBERS + 2, N_NUMBERS + 3
_V1, _V2, _V3, _PF, _P_KW, _Q_KVAR = range(N_NUMBERS)
_REQUIRED = 1 << _DEVICE | 1 << _TS | 1 << _V1
_NUMBERS = (1 << N_NUMBERS) - 1
_WORD_DEVICE, _WORD_TS = np.frombuffer(b'"device"', np.uint8), np.frombuffer(b'"ts"', np.uint8)
_V, _1, _T, _S, _D = 118, 49, 116, 115, 100
_OPTIONAL = (
    b"",
    b'"v2"',
    b'"v3"',
    b'"pf"',
    b'"p_kw"',
    b'"q_kvar"',
    b"",
    b"",
    b'"quality"',
)  # by key
_WORDS = np.frombuffer(b"".join(_OPTIONAL), np.uint8)
_WORD_FIRST = np.cumsum([0, *(len(word) for word in _OPTIONAL)]).astype(np.int64)


@kernel
def parse(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    values: Values,
    names: Names,
    limits: Floats,
    first: int,
    begin_ms: int,
    end_ms: int,
    n_name_max: int,
    columns: Parsed,
) -> int:
    """Write the readings of messages ``first``, ``first + 1``, ... into their rows.

    A plain reading has the keys device, ts and v1, maybe others of the contract, each once and in any order, and no
    foreign one; a name of 1 to ``n_name_max`` characters of ASCII without escapes or control characters; an integer
    stamp in ``begin_ms .. end_ms - 1``; and for the rest null, a known quality, or a number of at most
    ``_json_text.DIGITS_MAX`` digits, without an exponent and within its limit. Minus zero is left to others.

    Shapes: ``columns`` as long as ``values``, numbers NaN and qualities good before; ``limits``
    ``(6,)``, by number.
    Units: stamps in milliseconds; numbers stay in theirs.
    NaN: where a number is null or not there.
    Order: only the result matters for what follows; the names that follow each other are remembered.

    Returns:
        Index of the first message that is not plain: the number of messages, or less. Of that one nothing counts.
    """
    last = NONE
    for i in range(first, values.start.size):
        if not _take(values, limits, i, begin_ms, end_ms, n_name_max, columns):
            return i
        last = _code_of(names, values.octets, i, last, columns)
        columns.device[i] = last
    return values.start.size


@inline_always
def _code_of(names: Names, octets: Bytes, i: int, last: int, columns: Parsed) -> int:
    """Return the code of the name of a reading; the one that followed the name before it is compared first."""
    start, n = columns.name_start[i], columns.name_length[i]
    code = signed(names.following[last]) if last != NONE else NONE
    if code != NONE and is_name(names, code, octets, start, n):
        return code
    code = find(names, octets, start, n)
    if code < 0:
        return NONE
    if last != NONE:
        names.following[last] = code
    return code


@inline_always
def _take(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    values: Values,
    limits: Floats,
    i: int,
    begin_ms: int,
    end_ms: int,
    n_name_max: int,
    columns: Parsed,
) -> bool:
    """Write all of a reading but its code; return whether it is plain."""
    octets = values.octets
    at, length = values.start[i], values.length[i]
    if not (0 <= at <= octets.size and 0 <= length <= octets.size - at):
        return False
    end = at + length
    at = behind(octets, at, end, _OPENING)
    seen, is_open = 0, True
    while at != BROKEN and is_open:
        key, after = _required_key(octets, blank_end(octets, at, end), end)
        if key == _NO_KEY:
            key, at = _take_optional(octets, at, end, i, limits, columns)
        elif key == _DEVICE:
            at = _take_name(octets, _value_at(octets, after, end), end, i, n_name_max, columns)
        elif key == _TS:
            at = _take_stamp(
                octets, _value_at(octets, after, end), end, i, begin_ms, end_ms, columns
            )
        else:
            at = _take_number(octets, _value_at(octets, after, end), end, i, _V1, limits, columns)
        if seen >> key & 1 != 0:
            at = BROKEN
        seen |= 1 << key
        at, is_open = _member_end(octets, at, end)
    if at == BROKEN or blank_end(octets, at, end) != end or seen & _REQUIRED != _REQUIRED:
        return False
    columns.seen[0] |= seen & _NUMBERS
    return True


@inline_always
def _member_end(octets: Bytes, at: int, end: int) -> tuple[int, bool]:
    """Return the place behind what ends a member, or that it is broken; and whether another has to come."""
    if at == BROKEN:
        return BROKEN, False
    at = blank_end(octets, at, end)
    if at < end and octets[at] == _COMMA:
        return at + 1, True
    return at + 1 if at < end and octets[at] == _CLOSING else BROKEN, False


@inline_always
def _take_name(octets: Bytes, at: int, end: int, i: int, n_name_max: int, columns: Parsed) -> int:
    """Write where the name of a reading lies; return the place behind it, or that it is broken."""
    after = _after_name(octets, at, end)
    if after == BROKEN:
        return BROKEN
    columns.name_start[i] = at + 1
    columns.name_length[i] = after - at - 2
    return after if 1 <= after - at - 2 <= n_name_max else BROKEN


@inline_always
def _take_stamp(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    octets: Bytes, at: int, end: int, i: int, begin_ms: int, end_ms: int, columns: Parsed
) -> int:
    """Write the stamp of a reading; return the place behind it, or that it is broken."""
    digits, n_decimals, after = number_at(octets, at, end)
    columns.stamp_ms[i] = digits
    return after if n_decimals == 0 and begin_ms <= digits < end_ms else BROKEN


@inline
def _take_optional(
    octets: Bytes, at: int, end: int, i: int, limits: Floats, columns: Parsed
) -> tuple[int, int]:
    """Write what a reading need not have; return which key it was and the place behind it, or that it is broken."""
    key, at = _optional_key(octets, blank_end(octets, at, end), end)
    at = _value_at(octets, at, end)
    if at == BROKEN:
        return _NO_KEY, BROKEN
    if key == _QUALITY:
        return key, _take_quality(octets, at, end, i, columns)
    return key, _take_number(octets, at, end, i, key, limits, columns)


@inline_always
def _take_quality(octets: Bytes, at: int, end: int, i: int, columns: Parsed) -> int:
    """Write the quality of a reading; return the place behind it, or that it is broken."""
    if stands(octets, at, end, _GOOD):
        return at + _GOOD.size
    if stands(octets, at, end, _ESTIMATED):
        columns.quality[i] = QUALITY_ESTIMATED
        return at + _ESTIMATED.size
    if stands(octets, at, end, _INVALID):
        columns.quality[i] = QUALITY_INVALID
        return at + _INVALID.size
    return at + _NULL.size if stands(octets, at, end, _NULL) else BROKEN


@inline_always
def _take_number(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    octets: Bytes, at: int, end: int, i: int, column: int, limits: Floats, columns: Parsed
) -> int:
    """Write a number of a reading; return the place behind it, or that it is broken."""
    digits, n_decimals, after = number_at(octets, at, end)
    if after == BROKEN:
        columns.number[column, i] = math.nan
        return at + _NULL.size if stands(octets, at, end, _NULL) else BROKEN
    number = digits / power_of_ten(n_decimals)
    columns.number[column, i] = number
    return after if abs(number) <= limits[column] else BROKEN


@inline_always
def _required_key(octets: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return which key that has to be there stands at a place, with its quotes, and the place behind it; or none."""
    left = end - at
    if left < _WORD_TS.size or octets[at] != _QUOTE:
        return _NO_KEY, BROKEN
    one, two, three = octets[at + 1], octets[at + 2], octets[at + 3]
    if one == _V and two == _1 and three == _QUOTE:
        return _V1, at + 4
    if one == _T and two == _S and three == _QUOTE:
        return _TS, at + 4
    if one == _D and stands(octets, at, end, _WORD_DEVICE):
        return _DEVICE, at + _WORD_DEVICE.size
    return _NO_KEY, BROKEN


@inline_always
def _optional_key(octets: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return which other key stands at a place, with its quotes, and the place behind it; or none."""
    for key in range(_V2, _QUALITY + 1):
        first, after = signed(_WORD_FIRST[key]), signed(_WORD_FIRST[key + 1])
        word = _WORDS[first:after]
        if word.size > 0 and stands(octets, at, end, word):
            return key, at + word.size
    return _NO_KEY, BROKEN


@inline_always
def _value_at(octets: Bytes, at: int, end: int) -> int:
    """Return the place of the value behind a key, else that it is broken."""
    at = behind(octets, at, end, _COLON)
    return BROKEN if at == BROKEN else blank_end(octets, at, end)


@inline_always
def _after_name(octets: Bytes, at: int, end: int) -> int:
    """Return the place behind a string of plain characters, else that it is broken."""
    if at == BROKEN or at >= end or octets[at] != _QUOTE:
        return BROKEN
    at += 1
    while at < end:
        octet = octets[at]
        if octet == _QUOTE:
            return at + 1
        if octet < _SPACE or octet >= _DELETE or octet == _BACKSLASH:
            return BROKEN
        at += 1
    return BROKEN
