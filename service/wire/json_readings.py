"""JSON: one reading a message, or an array of them. Many messages become one batch."""

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import msgspec
import numpy as np
from numpy.typing import NDArray

from kernels.layout import QUALITY_GOOD
from service.domain.batch import EMPTY, Batch, Message, Refusal
from service.wire.decoded import EMPTY_MESSAGE, MALFORMED, UNDECODABLE, Decoded
from service.wire.device_names import DeviceNames
from service.wire.fields import QUALITIES, faulty_devices, is_plain, powers
from service.wire.json_elements import Reading, as_reading, elements, shape
from service.wire.json_lines import REFUSED, lines_of, one_each, plain_readings
from service.wire.json_plain import PlainReadings
from service.wire.stamps import NO_STAMP, StampCache

_decoder: msgspec.json.Decoder[Reading | list[Reading]] = msgspec.json.Decoder(
    Reading | list[Reading]
)
_decode = _decoder.decode
_QUALITY_CODES: dict[str | None, int] = dict(QUALITIES) | {None: QUALITY_GOOD}


class _Kept(NamedTuple):
    """What is left of a message that had to be looked at reading by reading."""

    readings: list[Reading]
    places: list[int]  # of the readings in their message


_Parsed = Reading | list[Reading] | _Kept


class _Rows(NamedTuple):
    """The readings of a run of messages, in the order of the log."""

    readings: list[Reading]
    owner: NDArray[np.int64]  # number of each reading's message in the run
    place: NDArray[np.int32]  # of each reading in its message
    stamp: NDArray[np.int64]  # codes, see StampCache


class JsonReadings:
    """Decodes JSON messages; remembers stamps that were written as text."""

    def __init__(self, max_readings: int) -> None:
        """Refuse messages of more than ``max_readings`` readings."""
        self._max_readings = max_readings
        self._stamps = StampCache()
        self._plain = PlainReadings(DeviceNames())

    def decode(self, messages: Sequence[Message], decoded: Decoded) -> None:
        """Append batches with all good readings of ``messages``, and a refusal for each other."""
        for some, plain in self._plain.portions(messages):
            if plain is not None:
                decoded.batches.append(plain)
            else:
                self._decode([*some], decoded)

    def _decode(self, messages: list[Message], decoded: Decoded) -> None:
        """Append one batch of messages that are not plain, or too few."""
        lines = lines_of(messages)
        plain = None if lines is None else self._plain_batch(messages, lines)
        if plain is not None:
            decoded.batches.append(plain)
            return
        parsed = _parse(messages, lines)
        rows = self._rows(parsed)
        suspects = self._suspects(parsed, rows)
        if suspects:
            for number in sorted(suspects):
                parsed[number] = self._salvage(messages[number], decoded)
            rows = self._rows(parsed)
        if rows.readings:
            decoded.batches.append(_batch(messages, rows))

    def _plain_batch(self, messages: Sequence[Message], lines: bytes) -> Batch | None:
        """Return the batch of messages that are all plain and all right, else None."""
        readings = plain_readings(lines, len(messages))
        if readings is None:
            return None
        names = [reading.device for reading in readings]
        stamp = self._stamp_codes([reading.ts for reading in readings])
        if np.minimum.reduce(stamp) == NO_STAMP or not is_plain("".join(names)):
            return None
        return Batch(
            names=names,
            names_key=b"",
            device=np.arange(len(names), dtype=np.int32),
            stamp_ms=stamp >> 1,
            has_zone=_has_zone(stamp),
            v1=np.array([reading.v1 for reading in readings], np.float64),
            quality=np.full(len(names), QUALITY_GOOD, np.uint8),
            offset=np.array([message.offset for message in messages], np.int64),
            record_ms=np.array([message.record_ms for message in messages], np.int64),
            index=np.zeros(len(names), np.int32),
        )

    def _rows(self, parsed: list[_Parsed]) -> _Rows:
        n_messages = len(parsed)
        if _is_one_each(parsed):
            first = np.zeros(n_messages, np.int32)
            owner = np.arange(n_messages, dtype=np.int64)
            return _Rows(parsed, owner, first, self._stamp_codes([one.ts for one in parsed]))
        readings: list[Reading] = []
        place: list[int] = []
        n_of = np.zeros(n_messages, np.int64)
        for number, one in enumerate(parsed):
            found, places = _places(one)
            readings += found
            place += places
            n_of[number] = len(found)
        owner = np.repeat(np.arange(n_messages, dtype=np.int64), n_of)
        stamp = self._stamp_codes([reading.ts for reading in readings])
        return _Rows(readings, owner, np.array(place, np.int32), stamp)

    def _stamp_codes(self, stamps: list[int | str]) -> NDArray[np.int64]:
        if set(map(type, stamps)) == {int}:
            return 2 * np.array(stamps, np.int64) + 1
        cache = self._stamps
        codes = [cache[ts] if isinstance(ts, str) else 2 * ts + 1 for ts in stamps]
        return np.array(codes, np.int64)

    def _suspects(self, parsed: list[_Parsed], rows: _Rows) -> set[int]:
        """Return the messages that need a closer look.

        They are broken, have a reading of wrong types, no reading or too many; or a reading has the
        right types, but a stamp or a name that is none.
        """
        suspects: set[int] = set()
        if not _is_one_each(parsed):
            suspects.update(
                number
                for number, one in enumerate(parsed)
                if isinstance(one, list) and not 0 < len(one) <= self._max_readings
            )
        suspects.update(rows.owner[rows.stamp == NO_STAMP].tolist())
        faulty = faulty_devices([reading.device for reading in rows.readings])
        suspects.update(rows.owner[faulty].tolist())
        return suspects

    def _salvage(self, message: Message, decoded: Decoded) -> _Kept:
        """Look at a message reading by reading: refuse what is wrong; return the rest."""
        kept = _Kept([], [])
        found = elements(message.value, self._max_readings)
        if isinstance(found, str):
            decoded.refuse(message, UNDECODABLE, found)
            return kept
        if not found:
            decoded.refuse(message, EMPTY_MESSAGE, f"an array without readings; {shape('reading')}")
        for place, element in enumerate(found):
            reading = as_reading(element.value, self._stamps)
            if isinstance(reading, Reading):
                kept.readings.append(reading)
                kept.places.append(place)
                continue
            payload = element.text.encode()
            decoded.refusals.append(
                Refusal(message.offset, place, message.record_ms, MALFORMED, reading, payload)
            )
        return kept


def _parse(messages: Sequence[Message], lines: bytes | None) -> list[_Parsed]:
    """Return what the messages hold, an empty list for each that has not the right types."""
    readings = None if lines is None else one_each(lines, len(messages))
    if readings is not None:
        return list(readings)
    try:
        return [_decode(message.value) for message in messages]
    except REFUSED:
        return [_parse_one(message.value) for message in messages]


def _parse_one(value: bytes) -> _Parsed:
    try:
        return _decode(value)
    except REFUSED:
        return []


def _is_one_each(parsed: list[_Parsed]) -> TypeGuard[list[Reading]]:
    return set(map(type, parsed)) == {Reading}


def _places(one: _Parsed) -> tuple[list[Reading], Sequence[int]]:
    """Return the readings of one message and their places in it."""
    if isinstance(one, _Kept):
        return one
    if isinstance(one, list):
        return one, range(len(one))
    return [one], (0,)


def _batch(messages: Sequence[Message], rows: _Rows) -> Batch:
    readings = rows.readings
    p_w, q_var = powers(
        _column([r.pf for r in readings]),
        _column([r.p_kw for r in readings]),
        _column([r.q_kvar for r in readings]),
    )
    return Batch(
        names=[r.device for r in readings],
        names_key=b"",
        device=np.arange(len(readings), dtype=np.int32),
        stamp_ms=rows.stamp >> 1,
        has_zone=_has_zone(rows.stamp),
        v1=np.array([r.v1 for r in readings], np.float64),
        v2=_column([r.v2 for r in readings]),
        v3=_column([r.v3 for r in readings]),
        p_w=p_w,
        q_var=q_var,
        quality=np.array([_QUALITY_CODES[r.quality] for r in readings], np.uint8),
        offset=np.array([message.offset for message in messages], np.int64)[rows.owner],
        record_ms=np.array([message.record_ms for message in messages], np.int64)[rows.owner],
        index=rows.place,
    )


def _has_zone(stamp: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the column of that name: absent where all have a zone."""
    has_zone = (stamp & 1).astype(np.uint8)
    return has_zone[:0] if has_zone.all() else has_zone


def _column(values: list[float | None]) -> NDArray[np.float64]:
    """Return a column, absent if nobody filled it."""
    return EMPTY if values.count(None) == len(values) else np.array(values, np.float64)
