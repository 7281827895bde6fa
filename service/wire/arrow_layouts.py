"""Layouts of Arrow messages that come again and again: where their columns lie, without asking the library.

A concentrator sends the same message with other numbers: the metadata of its frames stay, byte for byte. What the
library found out about such a message once, validation included, holds for the next one; but for its devices, whose
names are compared one by one.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kernels.layout import NONE
from kernels.message_layout import (
    PLAN_CHARACTERS,
    PLAN_HAS_ZONE,
    PLAN_N_CHARACTERS,
    PLAN_NUMBERS,
    PLAN_OFFSETS,
    PLAN_ROWS,
    PLAN_SINGLES,
    PLAN_STAMP,
    PLAN_STAMP_END,
    PLAN_STAMP_FIRST,
    PLAN_UNITS_PER_S,
    PLAN_WORDS,
)
from service.wire.arrow_columns import NUMBERS, stamp_bounds, stamp_unit
from service.wire.arrow_envelope import frame
from service.wire.arrow_texts import Column

_FRAME: Final = Struct("<4si")
_TAIL: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # end of stream
_HEAD_BYTES_MAX: Final = 16_384  # of schema and metadata; no honest sender needs more
_HEADS_BYTES_MAX: Final = 16 * 2**20  # of all layouts together
_ROOM: Final = 64  # plans to begin with
_WORD_BYTES: Final = 8


class Layout(NamedTuple):
    """One record batch, without nulls, of a schema."""

    plan: int  # its row in ``LayoutMemory.plans``
    n_bytes: int  # of the whole message
    n_rows: int
    wanted: int  # bit mask of the numbers that it has


class LayoutMemory:
    """Remembers layouts by the metadata of their messages; forgets all when they are too many.

    Rows of ``plans`` never change: who holds the array may go by it, whatever is learned or forgotten meanwhile.
    """

    def __init__(self, max_bytes: int = _HEADS_BYTES_MAX) -> None:
        """Remember metadata of about ``max_bytes``."""
        self._max_bytes = max_bytes
        self._known: dict[bytes, Layout] = {}
        self.plans = _no_plans()
        self.n_bytes = 0

    def find(self, message: bytes) -> Layout | None:
        """Return the layout of a message, if it is known and nothing else is in it."""
        layout = self._known.get(message[: _body_start(message)])
        if layout is None or len(message) != layout.n_bytes or not message.endswith(_TAIL):
            return None
        return layout

    def learn(self, message: bytes, record_batch: pa.RecordBatch, names: Sequence[str]) -> bool:
        """Remember the layout of a message that was read, validated and found to be without fault.

        Return whether it is known now.

        Only what can be taken over without looking is remembered: one record batch, no nulls, no dictionary, no
        quality column, every column on a multiple of eight bytes.
        """
        head = message[: _body_start(message)]
        if head in self._known:
            return self.find(message) is not None
        plan = None
        if 0 < len(head) <= _HEAD_BYTES_MAX:
            plan = _plan_of(message, record_batch, names)
        if plan is None:
            return False
        size = len(head) + plan.nbytes
        if self.n_bytes + size > self._max_bytes:
            self._forget()
        number = len(self._known)
        if number == len(self.plans):
            self.plans = np.concatenate([self.plans, np.zeros_like(self.plans)])
        self.plans[number] = plan
        wanted = sum(1 << bit for bit in range(len(NUMBERS)) if plan[PLAN_NUMBERS + bit] != NONE)
        self._known[head] = Layout(number, len(message), record_batch.num_rows, wanted)
        self.n_bytes += size
        return True

    def _forget(self) -> None:
        self._known = {}
        self.plans = _no_plans()  # another array: see above
        self.n_bytes = 0


def _no_plans() -> NDArray[np.int64]:
    return np.zeros((_ROOM, PLAN_WORDS), np.int64)


def _body_start(message: bytes) -> int:
    """Return where the body of the second frame begins, 0 if there is none; the first frame is the schema."""
    second = _metadata_end(message, 0)
    return _metadata_end(message, second) if second else 0


def _metadata_end(message: bytes, start: int) -> int:
    """Return where the metadata of the frame at ``start`` end, 0 if there are none."""
    if start + _FRAME.size > len(message):
        return 0
    _, size = _FRAME.unpack_from(message, start)
    end: int = start + _FRAME.size + size
    return end if size > 0 and end <= len(message) else 0


def _plan_of(
    message: bytes, record_batch: pa.RecordBatch, names: Sequence[str]
) -> NDArray[np.int64] | None:
    """Return where the columns of a message lie, None where that cannot be taken over."""
    columns = dict(zip(record_batch.schema.names, record_batch.columns, strict=True))
    if "quality" in columns or not pa.types.is_string(columns["device"].type):
        return None
    if any(column.null_count or column.offset for column in columns.values()):
        return None
    spans = _spans(message, columns)
    if spans is None:
        return None
    (offsets_at, _), (characters_at, characters_end) = spans["device"]
    unit, has_zone = stamp_unit(columns["ts"].type)
    plan = np.zeros(PLAN_WORDS, np.int64)
    plan[PLAN_ROWS] = record_batch.num_rows
    plan[PLAN_OFFSETS], plan[PLAN_CHARACTERS] = offsets_at, characters_at
    plan[PLAN_N_CHARACTERS] = characters_end - characters_at
    plan[PLAN_STAMP] = spans["ts"][0][0]
    plan[PLAN_UNITS_PER_S] = unit
    plan[[PLAN_STAMP_FIRST, PLAN_STAMP_END]] = stamp_bounds(unit)
    plan[PLAN_HAS_ZONE] = has_zone
    for place, name in enumerate(NUMBERS):
        plan[PLAN_NUMBERS + place] = spans[name][0][0] if name in names else NONE
        plan[PLAN_SINGLES + place] = name in names and pa.types.is_float32(columns[name].type)
    return plan


def _spans(message: bytes, columns: dict[str, Column]) -> dict[str, list[tuple[int, int]]] | None:
    """Return where the buffers of each column lie in a message, None where anything else may be in it."""
    address = pa.py_buffer(message).address
    spans = {
        name: [
            (buffer.address - address, buffer.address - address + buffer.size)
            for buffer in column.buffers()
            if buffer
        ]
        for name, column in columns.items()
    }
    if any(len(found) != (2 if name == "device" else 1) for name, found in spans.items()):
        return None
    body_start, body_end = _body_start(message), len(message) - len(_TAIL)
    _, body_bytes, _ = frame(message, _metadata_end(message, 0) + _FRAME.size)
    every = [span for found in spans.values() for span in found]
    # The same metadata then mean that nothing else is in the message.
    is_whole = (
        message.endswith(_TAIL)
        and body_start + body_bytes == body_end
        and body_start <= min(begin for begin, _ in every)
        and max(end for _, end in every) <= body_end
    )
    is_aligned = not any(begin % _WORD_BYTES for begin, _ in every)
    return spans if is_whole and is_aligned and len(message) % _WORD_BYTES == 0 else None
