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

from service.wire.arrow_envelope import frame
from service.wire.arrow_texts import Column, Texts, size_of

Floats: TypeAlias = "NDArray[np.float32] | NDArray[np.float64]"

_FRAME = Struct("<4si")
_LAYOUTS_KEPT_MAX = 1000
_HEAD_BYTES_MAX = 16_384  # of schema and metadata; no honest sender needs more


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
    device_start: int  # of the offsets and characters of the device column
    device_end: int
    places: dict[str, Place]  # by column, those of fixed width
    stamp_type: pa.DataType
    devices: dict[bytes, Texts] = field(default_factory=dict)  # by their bytes

    def device_bytes(self, message: bytes) -> bytes:
        """Return what the devices of a message of this layout are made of."""
        return message[self.device_start : self.device_end]


class LayoutMemory:
    """Remembers layouts by the metadata of their messages; forgets all when they are too many."""

    def __init__(self, max_bytes: int) -> None:
        """Remember device columns of about ``max_bytes``."""
        self._max_bytes = max_bytes
        self._known: dict[bytes, Layout] = {}
        self.n_bytes = 0

    def find(self, message: bytes) -> tuple[Layout, Texts] | None:
        """Return the layout and the devices of a message, if both are known and nothing else is in it."""
        _, head_end = _second_frame(message)
        layout = self._known.get(message[:head_end])
        if (
            layout is None
            or len(message) != layout.n_bytes
            or message[layout.body_end :] != layout.tail
        ):
            return None
        devices = layout.devices.get(layout.device_bytes(message))
        return None if devices is None else (layout, devices)

    def learn(
        self, message: bytes, record_batch: pa.RecordBatch, names: Sequence[str], devices: Texts
    ) -> None:
        """Remember the layout of a message that was read, validated and found to be without fault.

        Only what can be taken over without looking is remembered: one record batch, no nulls, no dictionary, no
        quality column.
        """
        _, head_end = _second_frame(message)
        if head_end > _HEAD_BYTES_MAX or not devices.key or devices.absent is not None:
            return
        head = message[:head_end]
        layout = self._known.get(head) or _layout_of(message, record_batch, names)
        if layout is None:
            return
        device_bytes = layout.device_bytes(message)
        size = size_of(device_bytes, devices)
        if len(self._known) >= _LAYOUTS_KEPT_MAX or self.n_bytes + size > self._max_bytes:
            self._known.clear()
            layout.devices.clear()
            self.n_bytes = 0
        if device_bytes not in layout.devices:
            self.n_bytes += size
        layout.devices[device_bytes] = devices
        self._known[head] = layout


def _second_frame(message: bytes) -> tuple[int, int]:
    """Return where the metadata and where the body of the second frame begin; the first one is the schema.

    Both are 0 if there is no second frame.
    """
    second = _metadata_end(message, 0)
    return (second + _FRAME.size, _metadata_end(message, second)) if second else (0, 0)


def _metadata_end(message: bytes, start: int) -> int:
    """Return where the metadata of the frame at ``start`` end, 0 if there are none."""
    if start + _FRAME.size > len(message):
        return 0
    _, size = _FRAME.unpack_from(message, start)
    end: int = start + _FRAME.size + size
    return end if size > 0 and end <= len(message) else 0


def _layout_of(message: bytes, record_batch: pa.RecordBatch, names: Sequence[str]) -> Layout | None:
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
    spans = [
        (buffer.address - base, buffer.address - base + buffer.size)
        for column in columns.values()
        for buffer in column.buffers()
        if buffer
    ]
    metadata_start, body_start = _second_frame(message)
    _, body_bytes, _ = frame(message, metadata_start)
    # The same metadata then mean that nothing else is in the message, and the same device bytes the same devices.
    is_whole = (
        tail == b"\xff\xff\xff\xff\x00\x00\x00\x00"
        and body_start + body_bytes == body_end
        and body_start <= min(spans)[0]
        and max(end for _, end in spans) <= body_end
        and offsets.address + offsets.size <= characters.address
    )
    if not is_whole or any(place is None for place in places.values()):
        return None
    return Layout(
        n_bytes=len(message),
        body_end=body_end,
        tail=tail,
        n_rows=record_batch.num_rows,
        device_start=offsets.address - base,
        device_end=characters.address + characters.size - base,
        places={name: place for name, place in places.items() if place is not None},
        stamp_type=columns["ts"].type,
    )


def _place(column: Column, base: int) -> Place | None:
    values = column.buffers()[1]
    if values is None:
        return None
    return Place(values.address - base, is_single=pa.types.is_float32(column.type))
