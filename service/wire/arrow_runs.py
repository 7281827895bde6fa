"""Runs of Arrow messages whose layouts are known: unpacked together, without the library or an object a reading."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import unpack
from kernels.layout import QUALITY_GOOD
from kernels.message_layout import N_NUMBERS, Messages, Names, Unpacked
from service.domain.batch import EMPTY, Batch, Message
from service.wire.arrow_columns import LIMITS, NUMBERS
from service.wire.arrow_layouts import Layout
from service.wire.device_names import DeviceNames
from service.wire.fields import powers

_ROWS_MAX: Final = 32_768  # of a run, so that it stays in the cache; one message may have more
_LIMITS: Final = np.array([LIMITS[name] for name in NUMBERS])
_NO_ZONES: Final = np.zeros(0, np.uint8)


class Run:
    """Messages one after another, each with its layout."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.layouts: list[Layout] = []
        self.n_rows = 0

    @property
    def is_full(self) -> bool:
        """Whether it is to be unpacked now."""
        return self.n_rows >= _ROWS_MAX

    def add(self, message: Message, layout: Layout) -> None:
        """Append a message."""
        self.messages.append(message)
        self.layouts.append(layout)
        self.n_rows += layout.n_rows


class Unpacking:
    """Unpacks one run. Where a message is not taken, it has to be read otherwise; then the next ones go on."""

    def __init__(self, run: Run, plans: NDArray[np.int64]) -> None:
        self._n_rows_of = [layout.n_rows for layout in run.layouts]
        self._wanted = 0
        for layout in run.layouts:
            self._wanted |= layout.wanted
        self._messages = _messages(run.messages, [layout.plan for layout in run.layouts])
        self._plans = plans
        self._columns = _room_for(run.n_rows, self._wanted)
        self._row = 0

    def take(self, first: int, names: DeviceNames) -> tuple[int, Batch | None]:
        """Return the first message from ``first`` on that was not taken, and the readings of those before it."""
        table: Names = names.table
        done = unpack(self._messages, self._plans, table, _LIMITS, first, self._row, self._columns)
        n_rows = sum(self._n_rows_of[first:done])
        rows = slice(self._row, self._row + n_rows)
        self._row += n_rows
        return done, self._batch(rows, names) if n_rows else None

    def _batch(self, rows: "slice[int, int, None]", names: DeviceNames) -> Batch:
        columns = self._columns
        v1, v2, v3, pf, p_kw, q_kvar = (
            columns.number[place, rows] if self._wanted >> place & 1 else EMPTY
            for place in range(N_NUMBERS)
        )
        p_w, q_var = powers(pf, p_kw, q_kvar)
        has_zone = columns.has_zone[rows]
        return Batch(
            names=names.texts,
            names_key=names.key,
            device=columns.device[rows],
            stamp_ms=columns.stamp_ms[rows],
            has_zone=_NO_ZONES if np.logical_and.reduce(has_zone) else has_zone,
            v1=v1,
            v2=v2,
            v3=v3,
            p_w=p_w,
            q_var=q_var,
            quality=np.full(has_zone.size, QUALITY_GOOD, np.uint8),
            offset=columns.offset[rows],
            record_ms=columns.record_ms[rows],
            index=columns.place[rows],
        )


def _messages(messages: Sequence[Message], plans: Sequence[int]) -> Messages:
    values = [message.value for message in messages]
    joined = bytearray().join(values)
    ends = np.cumsum([len(value) for value in values])
    start = np.zeros(len(values), np.int64)
    start[1:] = ends[:-1]
    return Messages(
        octets=np.frombuffer(joined, np.uint8),
        int32s=np.frombuffer(joined, np.int32),
        int64s=np.frombuffer(joined, np.int64),
        singles=np.frombuffer(joined, np.float32),
        doubles=np.frombuffer(joined, np.float64),
        start=start,
        plan=np.array(plans, np.int32),
        offset=np.array([message.offset for message in messages], np.int64),
        record_ms=np.array([message.record_ms for message in messages], np.int64),
    )


def _room_for(n_rows: int, wanted: int) -> Unpacked:
    return Unpacked(
        device=np.empty(n_rows, np.int32),
        stamp_ms=np.empty(n_rows, np.int64),
        has_zone=np.empty(n_rows, np.uint8),
        number=np.empty((N_NUMBERS, n_rows)),
        offset=np.empty(n_rows, np.int64),
        record_ms=np.empty(n_rows, np.int64),
        place=np.empty(n_rows, np.int32),
        is_wanted=np.array([wanted >> place & 1 for place in range(N_NUMBERS)], np.uint8),
    )
