"""Plain readings, told by a pattern and read by Python's own numbers: what ``kernels.parse`` takes, no more."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kernels._json_text import DIGITS_MAX
from service.wire.arrow_columns import NUMBERS

QUALITIES: Final[Mapping[str | None, int]] = {
    None: 0,
    "null": 0,
    '"good"': 0,
    '"estimated"': 1,
    '"invalid"': 2,
}
_BLANK = r"[ \t\r\n]*"
_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_VALUES = {
    "device": r'"[ !#-\[\]-~]+"',
    "ts": _INTEGER,
    "quality": r'null|"good"|"estimated"|"invalid"',
} | dict.fromkeys(NUMBERS, rf"null|{_INTEGER}(?:\.[0-9]+)?")
_MEMBER = "|".join(f'"{key}"{_BLANK}:{_BLANK}(?:{value})' for key, value in _VALUES.items())
_ONE = f"{_BLANK}(?:{_MEMBER}){_BLANK}"
_READING = re.compile(rf"{_BLANK}\{{{_ONE}(?:,{_ONE})*\}}{_BLANK}")
_MEMBERS = re.compile(_MEMBER)


class PlainReading(NamedTuple):
    """What is in the message."""

    device: str
    stamp_ms: int
    numbers: Sequence[float | None]
    quality: int


def plain_reading(
    value: bytes, limits: Mapping[str, float], begin_ms: int, end_ms: int, n_name_max: int
) -> PlainReading | None:
    """Return the reading of a message, None if it is not plain."""
    text = value.decode("latin-1")
    if _READING.fullmatch(text) is None:
        return None
    members = [match.group().split(":", 1) for match in _MEMBERS.finditer(text)]
    texts = {key.strip(' \t\r\n"'): value.strip() for key, value in members}
    device = texts.get("device", "")[1:-1]
    if len(texts) < len(members) or not {"device", "ts", "v1"} <= texts.keys():
        return None
    if len(device) > n_name_max or any(map(_is_unsure, texts.values())):
        return None
    if not begin_ms <= int(texts["ts"]) < end_ms:
        return None
    numbers = {key: float(texts[key]) for key in NUMBERS if texts.get(key, "null") != "null"}
    if any(abs(number) > limits[key] for key, number in numbers.items()):
        return None
    found = [numbers.get(key) for key in NUMBERS]
    return PlainReading(device, int(texts["ts"]), found, QUALITIES[texts.get("quality")])


def _is_unsure(text: str) -> bool:
    if not re.fullmatch(r"-?[0-9.]+", text):
        return False
    is_minus_zero = text.startswith("-") and float(text) == 0
    return is_minus_zero or sum(map(str.isdigit, text)) > DIGITS_MAX
