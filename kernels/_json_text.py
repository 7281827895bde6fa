"""Pieces of JSON in bytes: blanks, marks, words and numbers. Broken is where what should stand does not."""

from kernels._jit import inline_always, signed
from kernels.layout import Bytes

BROKEN = -1
DIGITS_MAX = 15  # so many are exact in a double, and so is what they are divided by

_TAB, _LINE_FEED, _RETURN, _SPACE = 9, 10, 13, 32
_MINUS, _POINT, _ZERO, _NINE = 45, 46, 48, 57


@inline_always
def blank_end(octets: Bytes, at: int, end: int) -> int:
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
def behind(octets: Bytes, at: int, end: int, mark: int) -> int:
    """Return the place behind ``mark``, before which there may be blanks; else that it is broken."""
    if at == BROKEN:
        return BROKEN
    at = blank_end(octets, at, end)
    return at + 1 if at < end and octets[at] == mark else BROKEN


@inline_always
def stands(octets: Bytes, at: int, end: int, word: Bytes) -> bool:
    """Return whether a word stands at a place."""
    if at == BROKEN or end - at < word.size:
        return False
    for i in range(word.size):  # noqa: SIM110 (compiled)
        if octets[at + i] != word[i]:
            return False
    return True


@inline_always
def number_at(octets: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return a number's digits as an integer, how many are decimals, and the place behind, or that it is broken."""
    if at == BROKEN:
        return 0, 0, BROKEN
    is_negative = at < end and octets[at] == _MINUS
    begin = at + (1 if is_negative else 0)
    digits, at = _digits(octets, begin, end, 0, DIGITS_MAX + 1)
    n_digits, n_decimals = at - begin, 0
    if not 1 <= n_digits <= DIGITS_MAX or (n_digits > 1 and octets[begin] == _ZERO):
        return 0, 0, BROKEN
    if at < end and octets[at] == _POINT:
        begin = at + 1
        digits, at = _digits(octets, begin, end, digits, DIGITS_MAX + 1 - n_digits)
        n_decimals = at - begin
        if not 1 <= n_decimals <= DIGITS_MAX - n_digits:
            return 0, 0, BROKEN
    if is_negative and digits == 0:
        return 0, 0, BROKEN
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
def power_of_ten(n: int) -> float:
    """Return ten to the power of ``n``, which is exact up to 22."""
    power = 1.0
    for _ in range(n):
        power *= 10.0
    return power
