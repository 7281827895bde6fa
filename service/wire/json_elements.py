"""One reading as JSON: its type, and the slow way through a message with a wrong one in it."""

import json
import math
import re
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from service.wire.fields import (
    DEVICE_CHARS_MAX,
    POWER_MAX_KW,
    STAMP_END_MS,
    STAMP_FIRST_MS,
    fault,
    faulty_devices,
    shown,
)
from service.wire.stamps import NO_STAMP, StampCache

_INT_DIGITS_MAX = 300  # longer ones do not fit a double, and Python limits them anyway
_WHITESPACE = re.compile(r"[ \t\n\r]*")

DeviceName = Annotated[str, Meta(min_length=1, max_length=DEVICE_CHARS_MAX)]
Stamp = Annotated[int, Meta(ge=STAMP_FIRST_MS, lt=STAMP_END_MS)] | str
PowerKilo = Annotated[float, Meta(ge=-POWER_MAX_KW, le=POWER_MAX_KW)]


class Reading(msgspec.Struct, gc=False, eq=False):
    """A reading with the keys of the contract (docs/telemetry.md); other keys are ignored."""

    device: DeviceName
    ts: Stamp
    v1: float | None
    v2: float | None = None
    v3: float | None = None
    pf: Annotated[float, Meta(ge=-1, le=1)] | None = None
    p_kw: PowerKilo | None = None
    q_kvar: PowerKilo | None = None
    quality: Literal["good", "estimated", "invalid"] | None = None


class Element(NamedTuple):
    """One value of a message, and its text."""

    value: object
    text: str


class _NoNumber:
    """No number of JSON, or beyond a double (``NaN``, ``1e999``): fits no type, shows its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _number(text: str) -> "float | _NoNumber":
    number = float(text)
    return number if math.isfinite(number) else _NoNumber(text)


def _integer(text: str) -> "int | _NoNumber":
    return int(text) if len(text) <= _INT_DIGITS_MAX else _NoNumber(text)


_decode = json.JSONDecoder(
    parse_float=_number, parse_int=_integer, parse_constant=_NoNumber
).raw_decode


def shape(what: str) -> str:
    """Return what a message of ``what`` (reading, event) has to be."""
    return f"allowed: one {what} (an object) or an array of {what}s, in UTF-8"


def elements(value: bytes, n_max: int, what: str = "reading") -> list[Element] | str:
    """Return the values of a message, or the detail for which all of it is refused.

    Lenient where one ``what`` can be refused for it: NaN and Infinity are read as what they are.
    """
    try:
        return _walk(value.decode(), n_max, what)
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8; {shape(what)}"
    except json.JSONDecodeError as error:
        return f"not JSON at character {error.pos}: {error.msg}; {shape(what)}"
    except RecursionError:
        return f"nested too deeply; {shape(what)}"


def _walk(text: str, n_max: int, what: str) -> list[Element] | str:
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        value, end = _decode(text, at)
        _check_end(text, end)
        return (
            [Element(value, text)] if isinstance(value, dict) else f"{shown(value)}; {shape(what)}"
        )
    found: list[Element] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        _check_end(text, at + 1)
        return found
    while True:
        value, end = _decode(text, at)
        found.append(Element(value, text[at:end]))
        if len(found) > n_max:
            return f"more than {n_max} {what}s; allowed: {n_max} in one message"
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            _check_end(text, at + 1)
            return found
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("neither ',' nor ']' after an element", text, at)
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at


def _check_end(text: str, at: int) -> None:
    if _skip(text, at) != len(text):
        raise json.JSONDecodeError("more after the end", text, at)


def as_reading(value: object, stamps: StampCache) -> Reading | str:
    """Return the reading that ``value`` is, or the detail for which it is refused."""
    if not isinstance(value, dict):
        return f"a reading is {shown(value)}; allowed: an object"
    try:
        reading = msgspec.convert(value, Reading)
    except msgspec.ValidationError:
        return _first_fault(value)
    if faulty_devices([reading.device]):
        return fault("device", reading.device)
    if isinstance(reading.ts, str) and stamps[reading.ts] == NO_STAMP:
        return fault("ts", reading.ts)
    return reading


def _first_fault(value: dict[str, object]) -> str:
    for key in msgspec.structs.fields(Reading):
        if key.name not in value:
            if key.required:
                return f"{key.name} is missing; the keys device, ts and v1 are required"
            continue
        try:
            msgspec.convert(value[key.name], key.type)
        except msgspec.ValidationError:
            return fault(key.name, value[key.name])
    return f"{shown(value)} is no reading"
