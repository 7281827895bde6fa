"""Parsing plain readings: ``{"device":"M1","ts":1790000000000,"v1":230.1}``, one a message, without an object for any.

Only what is surely such a reading is taken, so that nobody can tell it from what a full parser of JSON makes of it.
"""

import math

from kernels._jit import inline, inline_always, kernel, signed
from kernels._names import find, is_name
from kernels.layout import NONE, Bytes
from kernels.message_layout import Names, Parsed, Values

DIGITS_MAX = (
    15  # so many are exact in a double, and so is the power of ten that they are divided by
)

_BROKEN = -1
_DEVICE, _TS, _V1, _ALL = 1, 2, 4, 7
_TAB, _LINE_FEED, _RETURN, _SPACE, _DELETE = 9, 10, 13, 32, 127
_QUOTE, _COMMA, _MINUS, _POINT, _ZERO, _NINE, _COLON = 34, 44, 45, 46, 48, 57, 58
_BACKSLASH, _OPENING, _CLOSING = 92, 123, 125
_1, _C, _D, _E, _I, _L, _N, _S, _T, _U, _V = 49, 99, 100, 101, 105, 108, 110, 115, 116, 117, 118


@kernel
def parse(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    values: Values,
    names: Names,
    first: int,
    begin_ms: int,
    end_ms: int,
    n_name_max: int,
    columns: Parsed,
) -> int:
    """Write the readings of messages ``first``, ``first + 1``, ... into their rows.

    A plain reading has the keys device, ts and v1 once each, in any order, and no other; a name of 1 to ``n_name_max``
    characters of ASCII without escapes or control characters; an integer stamp in ``begin_ms .. end_ms - 1``; and null
    or a number of ``DIGITS_MAX`` digits at most, without an exponent. Minus zero is left to others.

    Shapes: ``columns`` as long as ``values``.
    Units: milliseconds, volts.
    NaN: where v1 is null.
    Order: only the result matters for what follows; the names that follow each other are remembered.

    Returns:
        Index of the first message that is not plain: the number of messages, or less. Of that one nothing counts.
    """
    last = NONE
    for i in range(first, values.start.size):
        if not _take(values, i, begin_ms, end_ms, n_name_max, columns):
            return i
        last = _code_of(names, values.octets, i, last, columns)
        columns.device[i] = last
    return values.start.size


@inline
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


@inline
def _take(
    values: Values, i: int, begin_ms: int, end_ms: int, n_name_max: int, columns: Parsed
) -> bool:
    """Write all of a reading but its code; return whether it is plain."""
    octets = values.octets
    at, length = values.start[i], values.length[i]
    if not (0 <= at <= octets.size and 0 <= length <= octets.size - at):
        return False
    end = at + length
    at = _after(octets, at, end, _OPENING)
    seen = 0
    while at != _BROKEN and seen != _ALL:
        at = _blank(octets, at, end)
        key = _key_at(octets, at, end)
        at = _BROKEN if seen & key != 0 else _after_key(octets, at, end, key)
        seen |= key
        if key == _DEVICE:
            at = _take_name(octets, at, end, i, n_name_max, columns)
        else:
            at = _take_number(octets, at, end, i, key, begin_ms, end_ms, columns)
        at = _after(octets, at, end, _CLOSING if seen == _ALL else _COMMA)
    return at != _BROKEN and _blank(octets, at, end) == end


@inline_always
def _take_name(octets: Bytes, at: int, end: int, i: int, n_name_max: int, columns: Parsed) -> int:
    """Write where the name of a reading lies; return the place behind it, or that it is broken."""
    after = _after_name(octets, at, end)
    if after == _BROKEN:
        return _BROKEN
    columns.name_start[i] = at + 1
    columns.name_length[i] = after - at - 2
    return after if 1 <= after - at - 2 <= n_name_max else _BROKEN


@inline_always
def _take_number(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    octets: Bytes,
    at: int,
    end: int,
    i: int,
    key: int,
    begin_ms: int,
    end_ms: int,
    columns: Parsed,
) -> int:
    """Write the stamp or the voltage of a reading; return the place behind it, or that it is broken."""
    if at == _BROKEN:
        return _BROKEN
    digits, n_decimals, after = _number(octets, at, end)
    if key == _TS:
        columns.stamp_ms[i] = digits
        return after if n_decimals == 0 and begin_ms <= digits < end_ms else _BROKEN
    if after == _BROKEN:
        columns.v1[i] = math.nan
        return _after_null(octets, at, end)
    columns.v1[i] = digits / _power_of_ten(n_decimals)
    return after


@inline_always
def _blank(octets: Bytes, at: int, end: int) -> int:
    """Return the first place from ``at`` on that is no blank of JSON, ``end`` if there is none."""
    while at < end:
        octet = octets[at]
        if octet > _SPACE:
            break
        if octet != _SPACE and octet != _LINE_FEED and octet != _RETURN and octet != _TAB:  # noqa: PLR1714 (compiled)
            break
        at += 1
    return at


@inline_always
def _after(octets: Bytes, at: int, end: int, mark: int) -> int:
    """Return the place behind ``mark``, before which there may be blanks; else that it is broken."""
    if at == _BROKEN:
        return _BROKEN
    at = _blank(octets, at, end)
    return at + 1 if at < end and octets[at] == mark else _BROKEN


@inline_always
def _key_at(octets: Bytes, at: int, end: int) -> int:
    """Return which key with its quotes stands at a place, 0 if it is none of the three."""
    left = end - at
    if left < 4 or octets[at] != _QUOTE:  # noqa: PLR2004 (characters)
        return 0
    one, two, three = octets[at + 1], octets[at + 2], octets[at + 3]
    if one == _V and two == _1 and three == _QUOTE:
        return _V1
    if one == _T and two == _S and three == _QUOTE:
        return _TS
    is_device = (
        left >= 8  # noqa: PLR2004 (characters)
        and one == _D
        and two == _E
        and three == _V
        and octets[at + 4] == _I
        and octets[at + 5] == _C
        and octets[at + 6] == _E
        and octets[at + 7] == _QUOTE
    )
    return _DEVICE if is_device else 0


@inline_always
def _after_key(octets: Bytes, at: int, end: int, key: int) -> int:
    """Return the place of the value behind a key, else that it is broken."""
    if key == 0:
        return _BROKEN
    at = _after(octets, at + (8 if key == _DEVICE else 4), end, _COLON)
    return _BROKEN if at == _BROKEN else _blank(octets, at, end)


@inline_always
def _after_name(octets: Bytes, at: int, end: int) -> int:
    """Return the place behind a string of plain characters, else that it is broken."""
    if at == _BROKEN or at >= end or octets[at] != _QUOTE:
        return _BROKEN
    at += 1
    while at < end:
        octet = octets[at]
        if octet == _QUOTE:
            return at + 1
        if octet < _SPACE or octet >= _DELETE or octet == _BACKSLASH:
            return _BROKEN
        at += 1
    return _BROKEN


@inline_always
def _after_null(octets: Bytes, at: int, end: int) -> int:
    """Return the place behind ``null``, else that it is broken."""
    is_null = (
        end - at >= 4  # noqa: PLR2004 (characters)
        and octets[at] == _N
        and octets[at + 1] == _U
        and octets[at + 2] == _L
        and octets[at + 3] == _L
    )
    return at + 4 if is_null else _BROKEN


@inline_always
def _number(octets: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return a number's digits as an integer, how many are decimals, and the place behind, or that it is broken."""
    is_negative = at < end and octets[at] == _MINUS
    begin = at + (1 if is_negative else 0)
    digits, at = _digits(octets, begin, end, 0, DIGITS_MAX + 1)
    n_digits, n_decimals = at - begin, 0
    if not 1 <= n_digits <= DIGITS_MAX or (n_digits > 1 and octets[begin] == _ZERO):
        return 0, 0, _BROKEN
    if at < end and octets[at] == _POINT:
        begin = at + 1
        digits, at = _digits(octets, begin, end, digits, DIGITS_MAX + 1 - n_digits)
        n_decimals = at - begin
        if not 1 <= n_decimals <= DIGITS_MAX - n_digits:
            return 0, 0, _BROKEN
    if is_negative and digits == 0:
        return 0, 0, _BROKEN
    return -digits if is_negative else digits, n_decimals, at


@inline_always
def _digits(octets: Bytes, at: int, end: int, before: int, n_max: int) -> tuple[int, int]:
    """Return ``before`` with the digits from a place on behind it, ``n_max`` at most, and the place behind those."""
    begin = at
    while at < end and at - begin < n_max and _ZERO <= octets[at] <= _NINE:
        before = before * 10 + (signed(octets[at]) - _ZERO)
        at += 1
    return before, at


@inline_always
def _power_of_ten(n: int) -> float:
    """Return ten to the power of ``n``, which is exact up to 22."""
    power = 1.0
    for _ in range(n):
        power *= 10.0
    return power
