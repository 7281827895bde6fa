"""Plain readings, told by a pattern and read by Python's own numbers: what ``kernels.parse`` takes, no more."""

import re
from typing import NamedTuple

from kernels.parse import DIGITS_MAX

_BLANK = r"[ \t\r\n]*"
_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_MEMBER = (
    rf'{_BLANK}(?:"device"{_BLANK}:{_BLANK}"(?P<device_@>[ !#-\[\]-~]+)"'
    rf'|"ts"{_BLANK}:{_BLANK}(?P<ts_@>{_INTEGER})'
    rf'|"v1"{_BLANK}:{_BLANK}(?P<v1_@>null|{_INTEGER}(?:\.[0-9]+)?)){_BLANK}'
)
_READING = re.compile(
    rf"{_BLANK}\{{" + ",".join(_MEMBER.replace("@", str(n)) for n in range(3)) + rf"\}}{_BLANK}"
)


class PlainReading(NamedTuple):
    """What is in the message."""

    device: str
    stamp_ms: int
    v1: float | None


def plain_reading(value: bytes, begin_ms: int, end_ms: int, n_name_max: int) -> PlainReading | None:
    """Return the reading of a message, None if it is not plain."""
    match = _READING.fullmatch(value.decode("latin-1"))
    if match is None:
        return None
    texts = {name[:-2]: text for name, text in match.groupdict().items() if text is not None}
    if len(texts) < 3 or len(texts["device"]) > n_name_max:
        return None
    if any(_is_unsure(texts[key]) for key in ("ts", "v1")):
        return None
    if not begin_ms <= int(texts["ts"]) < end_ms:
        return None
    volts = None if texts["v1"] == "null" else float(texts["v1"])
    return PlainReading(texts["device"], int(texts["ts"]), volts)


def _is_unsure(number: str) -> bool:
    if number == "null":
        return False
    is_minus_zero = number.startswith("-") and float(number) == 0
    return is_minus_zero or sum(map(str.isdigit, number)) > DIGITS_MAX
