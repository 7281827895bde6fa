"""Layouts of Arrow messages that come again and again: where their columns lie, without asking the library.

A concentrator sends the same message with other numbers: the metadata of its frames, byte for byte, and the device
column stay. What the library found out about such a message once, validation included, holds for the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.wire.arrow_texts import Column, Texts

Floats: TypeAlias = "NDArray[np.float32] | NDArray[np.float64]"

_FRAME = Struct("<4si")
_LAYOUTS_KEPT_MAX = 1000
_DEVICES_KEPT_MAX = 5000  # device columns of one layout


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of a column of fixed width begin, and what they are."""

    start: int  # byte in the message
    is_single: bool = False  # float32, not float64

    def floats(self, message: bytes, n_rows: int) -> Floats:
        """Return the column of a message of this layout; it shares the message's memory."""
        if self.is_single:
            return np.frombuffer(message, np.float32, n_rows, self.start)
        return np.frombuffer(message, np.float64, n_rows, self.start)

    def integers(self, message: bytes, n_rows: int) -> NDArray[np.int64]:
        """Return the column of a message of this layout; it shares the message's memory."""
        return np.frombuffer(message, np.int64, n_rows, self.start)


@dataclass(frozen=True, slots=True)
class Layout:
    """One record batch, without nulls, of a schema: where its columns lie."""

    n_bytes: int  # of the whole message
    body_end: int
    tail: bytes  # what follows the body: the end of the stream
    n_rows: int
    device: slice  # offsets and characters
    places: dict[str, Place]  # by column, those of fixed width
    stamp_type: pa.DataType
    devices: dict[bytes, Texts] = field(default_factory=dict)  # by their bytes


class LayoutMemory:
    """Remembers layouts by the metadata of their messages."""

    def __init__(self) -> None:
        self._known: dict[bytes, Layout] = {}

    def find(self, message: bytes) -> tuple[Layout, Texts] | None:
        """Return the layout and the devices of a message, if both are known and nothing else is in it."""
        head_end = _head_end(message)
        layout = self._known.get(message[:head_end]) if head_end else None
        if (
            layout is None
            or len(message) != layout.n_bytes
            or message[layout.body_end :] != layout.tail
        ):
            return None
        devices = layout.devices.get(message[layout.device])
        return None if devices is None else (layout, devices)

    def learn(
        self, message: bytes, record_batch: pa.RecordBatch, names: Sequence[str], devices: Texts
    ) -> None:
        """Remember the layout of a message that was read, validated and found to be without fault.

        Only what can be taken over without looking is remembered: one record batch, no nulls, no dictionary, no
        quality column.
        """
        head_end = _head_end(message)
        if not head_end or not devices.key or devices.absent is not None:
            return
        head = message[:head_end]
        layout = self._known.get(head) or _layout_of(message, head_end, record_batch, names)
        if layout is None:
            return
        if len(self._known) >= _LAYOUTS_KEPT_MAX:
            self._known.clear()
        if len(layout.devices) >= _DEVICES_KEPT_MAX:
            layout.devices.clear()
        layout.devices[message[layout.device]] = devices
        self._known[head] = layout


def _head_end(message: bytes) -> int:
    """Return where the body of the second frame begins, the first one being the schema; 0 if there is none."""
    if len(message) < 2 * _FRAME.size:
        return 0
    _, schema_bytes = _FRAME.unpack_from(message)
    second = _FRAME.size + schema_bytes
    if schema_bytes < 0 or second + _FRAME.size > len(message):
        return 0
    _, metadata_bytes = _FRAME.unpack_from(message, second)
    head_end = second + _FRAME.size + metadata_bytes
    return head_end if metadata_bytes > 0 and head_end <= len(message) else 0


def _layout_of(
    message: bytes, head_end: int, record_batch: pa.RecordBatch, names: Sequence[str]
) -> Layout | None:
    base = pa.py_buffer(message).address
    columns = dict(zip(record_batch.schema.names, record_batch.columns, strict=True))
    if "quality" in columns or not pa.types.is_string(columns["device"].type):
        return None
    if any(column.null_count or column.offset for column in columns.values()):
        return None
    _, offsets, characters = columns["device"].buffers()
    if offsets is None or characters is None:
        return None
    places = {name: _place(columns[name], base) for name in ("ts", *names)}
    tail = message[-_FRAME.size :]
    body_end = len(message) - len(tail)
    last = max(
        buffer.address + buffer.size
        for column in columns.values()
        for buffer in column.buffers()
        if buffer
    )
    is_whole = (
        tail == b"\xff\xff\xff\xff\x00\x00\x00\x00"
        and head_end <= offsets.address - base
        and last - base <= body_end
    )
    if not is_whole or any(place is None for place in places.values()):
        return None
    return Layout(
        n_bytes=len(message),
        body_end=body_end,
        tail=tail,
        n_rows=record_batch.num_rows,
        device=slice(offsets.address - base, characters.address + characters.size - base),
        places={name: place for name, place in places.items() if place is not None},
        stamp_type=columns["ts"].type,
    )


def _place(column: Column, base: int) -> Place | None:
    values = column.buffers()[1]
    if values is None:
        return None
    return Place(values.address - base, is_single=pa.types.is_float32(column.type))
