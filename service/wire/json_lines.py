"""Many messages of one reading each, decoded at once: one line of JSON for each of them.

What a message yields must not depend on its neighbours, so lines are decoded together only where that cannot be:
each message is one line that begins with ``{`` and ends with ``}``. Between ``}`` and ``{`` JSON has a line break
nowhere but between two texts (inside a string it is none), so no text goes beyond its message; and as each message
has at least one, as many readings as messages are one of each. Everything else is decoded message by message.
Measured: 0.2 us for a message instead of 0.33, and with the columns of a plain one 0.55 instead of 1.45.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from service.domain.batch import Message
from service.wire.json_elements import DeviceName, Reading, Stamp

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LINE_BREAK, _OPENING, _CLOSING = b"\n{}"


class PlainReading(msgspec.Struct, gc=False, eq=False, forbid_unknown_fields=True):
    """What most readings are: the required keys, and no other."""

    device: DeviceName
    ts: Stamp
    v1: float | None


_readings_of = msgspec.json.Decoder(Reading).decode_lines
_plain_readings_of = msgspec.json.Decoder(PlainReading).decode_lines


def lines_of(messages: Sequence[Message]) -> bytes | None:
    """Return the messages as lines, None if they cannot be decoded together."""
    lines = b"\n".join([message.value for message in messages])
    if not (lines.startswith(b"{") and lines.endswith(b"}")):
        return None
    text = np.frombuffer(lines, np.uint8)
    edges = np.flatnonzero(text == _LINE_BREAK)
    is_apart = (
        edges.size == len(messages) - 1
        and (text[edges - 1] == _CLOSING).all()
        and (text[edges + 1] == _OPENING).all()
    )
    return lines if is_apart else None


def plain_readings(lines: bytes, n_messages: int) -> list[PlainReading] | None:
    """Return the reading of each message, None if one of them is not plain."""
    try:
        readings = _plain_readings_of(lines)
    except REFUSED:
        return None
    return readings if len(readings) == n_messages else None


def one_each(lines: bytes, n_messages: int) -> list[Reading] | None:
    """Return the reading of each message, None if one of them is none."""
    try:
        readings = _readings_of(lines)
    except REFUSED:
        return None
    return readings if len(readings) == n_messages else None
