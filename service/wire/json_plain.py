"""Plain readings, one a message, parsed by a kernel: no Python object for a message, a reading or a name."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import parse
from kernels.layout import NONE, QUALITY_GOOD
from kernels.message_layout import N_NUMBERS, Names, Parsed, Values
from service.domain.batch import EMPTY, Batch, Message
from service.domain.packed_messages import PackedMessages, packed
from service.wire.arrow_columns import LIMITS, NUMBERS
from service.wire.device_names import DeviceNames
from service.wire.fields import DEVICE_CHARS_MAX, STAMP_END_MS, STAMP_FIRST_MS, powers

LEAST: Final = 16  # messages; fewer are decoded sooner than they are packed
OTHERWISE: Final = (
    256  # messages that are decoded otherwise where one is not plain, before parsing goes on
)
_OPENING: Final = b"{"
_LIMITS: Final = np.array([LIMITS[name] for name in NUMBERS])
_ALL_HAVE: Final = np.zeros(0, np.uint8)


class Portion(NamedTuple):
    """Messages one behind the other, and their batch where all are plain."""

    messages: Sequence[Message]
    batch: Batch | None


class PlainReadings:
    """Parses plain readings; remembers the names of devices."""

    def __init__(self, names: DeviceNames) -> None:
        """Remember devices in ``names``."""
        self._names = names

    def portions(self, messages: Sequence[Message]) -> Iterator[Portion]:
        """Yield all messages in their order, in portions."""
        if len(messages) < LEAST or not messages[0].value.startswith(_OPENING):
            yield Portion(messages, None)
            return
        columns = packed(messages)
        parsed = _room_for(len(messages))
        values = Values(columns.octets, columns.start, columns.length)
        at = 0
        while at < len(messages):
            end = self._parse(values, at, parsed)
            if end > at:
                rows = slice(at, end)
                batch = self._batch(columns[rows], parsed, rows)
                yield Portion(messages[rows], batch)
            at, end = end, end + OTHERWISE
            if at < len(messages):
                yield Portion(messages[at:end], None)
                at = end

    def _parse(self, values: Values, first: int, parsed: Parsed) -> int:
        """Return the first message from ``first`` on that is not taken; all names before it are known then."""
        names = self._names
        table: Names = names.table
        parsed.seen[0] = 0
        end = parse(
            values, table, _LIMITS, first, STAMP_FIRST_MS, STAMP_END_MS, DEVICE_CHARS_MAX, parsed
        )
        strangers = first + np.flatnonzero(parsed.device[first:end] == NONE)
        if strangers.size:
            key = names.key
            is_known = self._learn(values, strangers, parsed)
            if is_known and names.key != key:  # the others were forgotten for these
                is_known = self._learn(values, np.arange(first, end), parsed)
            if not is_known:
                return first
        return end

    def _learn(self, values: Values, rows: NDArray[np.int64], parsed: Parsed) -> bool:
        """Write the codes of names, which are remembered; return whether there was room for them."""
        octets = values.octets.data
        begins = parsed.name_start[rows]
        ends = begins + parsed.name_length[rows]
        found = [
            octets[begin:end].tobytes().decode("ascii")
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        ]
        distinct = [*dict.fromkeys(found)]
        codes = self._names.learn(distinct)
        if codes is None:
            return False
        code_of = dict(zip(distinct, codes.tolist(), strict=True))
        parsed.device[rows] = [code_of[name] for name in found]
        return True

    def _batch(
        self, messages: PackedMessages, parsed: Parsed, rows: "slice[int, int, None]"
    ) -> Batch:
        v1, v2, v3, pf, p_kw, q_kvar = (
            parsed.number[place, rows] if parsed.seen[0] >> place & 1 else EMPTY
            for place in range(N_NUMBERS)
        )
        p_w, q_var = powers(pf, p_kw, q_kvar)
        return Batch(
            names=self._names.texts,
            names_key=self._names.key,
            device=parsed.device[rows],
            stamp_ms=parsed.stamp_ms[rows],
            has_zone=_ALL_HAVE,
            v1=v1,
            v2=v2,
            v3=v3,
            p_w=p_w,
            q_var=q_var,
            quality=parsed.quality[rows],
            offset=messages.offset,
            record_ms=messages.record_ms,
            index=np.zeros(len(messages), np.int32),
        )


def _room_for(n_readings: int) -> Parsed:
    return Parsed(
        device=np.empty(n_readings, np.int32),
        name_start=np.empty(n_readings, np.int64),
        name_length=np.empty(n_readings, np.int64),
        stamp_ms=np.empty(n_readings, np.int64),
        number=np.full((N_NUMBERS, n_readings), np.nan),
        quality=np.full(n_readings, QUALITY_GOOD, np.uint8),
        seen=np.zeros(1, np.int64),
    )
