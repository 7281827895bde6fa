"""Arrow IPC streams: many readings a message as columns. Each record batch becomes one batch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kernels.layout import QUALITY_GOOD
from service.domain.batch import Batch, Message, Refusal
from service.wire.arrow_columns import (
    NO_STAMP,
    Numbers,
    Stamps,
    column_places,
    numbers,
    stamps,
)
from service.wire.arrow_envelope import SHAPE, envelope_fault, first_message
from service.wire.arrow_layouts import LayoutMemory
from service.wire.arrow_runs import Run, Unpacking
from service.wire.arrow_texts import TextMemory, Texts
from service.wire.decoded import EMPTY_MESSAGE, MALFORMED, UNDECODABLE, Decoded, without
from service.wire.device_names import DeviceNames
from service.wire.fields import (
    QUALITIES,
    fault,
    faulty_devices,
    faulty_qualities,
    powers,
)

_ALL_COLUMNS = pa.ipc.IpcReadOptions(use_threads=False)
_MEMORY_BYTES = 128 * 2**20  # device columns of more than a million meters
_ERROR_CHARS_MAX = 150
_SCHEMAS_KEPT_MAX = 1000
_SCHEMA_BYTES_MAX = 16_384
_UNREADABLE = (pa.ArrowException, ValueError, OSError, MemoryError, OverflowError)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The columns of one record batch."""

    n_rows: int
    device: Texts
    stamp: Stamps
    numbers: Numbers
    quality: Texts | None

    def faults(self) -> dict[str, NDArray[np.bool_]]:
        """Return, by column, the rows that are refused for it."""
        faults = {
            "device": self.device.faulty_rows(may_be_absent=False),
            "ts": self.stamp.faulty,
            **self.numbers.beyond(),
        }
        if self.quality is not None:
            faults["quality"] = self.quality.faulty_rows(may_be_absent=True)
        return {name: rows for name, rows in faults.items() if rows is not None}

    def reading(self, row: int) -> dict[str, str | float | None]:
        """Return one row for people: what stands in each column, the stamp in its own unit."""
        raw = int(self.stamp.raw[row])
        reading: dict[str, str | float | None] = {
            "device": self.device.text_of(row),
            "ts": None if raw == NO_STAMP else raw,
            **dict(zip(self.numbers.names, self.numbers.value[:, row].tolist(), strict=True)),
        }
        if self.quality is not None:
            reading["quality"] = self.quality.text_of(row)
        return reading


class ArrowReadings:
    """Decodes Arrow streams; remembers the text columns that it has seen."""

    def __init__(self, max_readings: int) -> None:
        """Refuse messages of more than ``max_readings`` readings."""
        self._max_readings = max_readings
        self._devices = TextMemory(faulty_devices, _MEMORY_BYTES)
        self._qualities = TextMemory(faulty_qualities, _MEMORY_BYTES // 8)
        self._layouts = LayoutMemory()
        self._names = DeviceNames()  # of the devices in messages of known layouts
        self._places_of: dict[bytes, list[int] | str] = {}  # by the bytes of the schema

    def decode(self, messages: Sequence[Message], decoded: Decoded) -> None:
        """Append the batches of each message, or its refusal."""
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            run = Run()
            for message in messages:
                layout = self._layouts.find(message.value)
                if layout is not None:
                    run.add(message, layout)
                if run.messages and (layout is None or run.is_full):
                    self._decode_run(run, decoded)
                    run = Run()
                if layout is None:
                    self._decode(message, decoded)
            if run.messages:
                self._decode_run(run, decoded)

    def _decode_run(self, run: Run, decoded: Decoded) -> None:
        """Unpack messages of known layouts; those with a fault, or a name that is not known, are read."""
        unpacking, done = Unpacking(run, self._layouts.plans), 0
        while done < len(run.messages):
            done, batch = unpacking.take(done, self._names)
            if batch is not None:
                decoded.batches.append(batch)
            if done < len(run.messages):
                self._decode(run.messages[done], decoded)
                done += 1

    def _decode(self, message: Message, decoded: Decoded) -> None:
        found = self._read(message.value)
        if isinstance(found, str):
            decoded.refuse(message, UNDECODABLE, found)
            return
        if not found:
            decoded.refuse(message, EMPTY_MESSAGE, "a stream without readings")
        first = 0
        for rows in found:
            _add(message, rows, first, decoded)
            first += rows.n_rows

    def _read(self, value: bytes) -> list[_Rows] | str:
        """Return the record batches that have rows, or the detail why all of it is refused."""
        detail = envelope_fault(value, self._max_readings)
        if detail is not None:
            return detail
        try:
            reader = pa.ipc.open_stream(value, options=_ALL_COLUMNS)
            places = self._places(value, reader.schema)
            if isinstance(places, str):
                return places
            if len(places) < len(reader.schema):  # what nobody asked for is not even read
                options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=places)
                reader = pa.ipc.open_stream(value, options=options)
            batches = [record_batch for record_batch in reader if record_batch.num_rows]
            found = [self._rows(record_batch) for record_batch in batches]
        except _UNREADABLE as error:
            return f"broken: {str(error)[:_ERROR_CHARS_MAX]!r}; {SHAPE}"
        if len(found) == 1 and not found[0].faults():
            return [self._learned(value, batches[0], found[0])]
        return found

    def _learned(self, value: bytes, record_batch: pa.RecordBatch, rows: _Rows) -> _Rows:
        """Remember layout and devices of a message without fault; return its rows with the names that are known now.

        The next such message is unpacked, so its device column need not be remembered as well.
        """
        device = rows.device
        if device.absent is not None or not self._layouts.learn(
            value, record_batch, rows.numbers.names
        ):
            return rows
        code = self._names.learn(device.texts)
        if code is None:
            return rows
        self._devices.forget(device.key)
        return replace(
            rows, device=Texts(self._names.texts, self._names.key, [], code[device.code])
        )

    def _places(self, value: bytes, schema: pa.Schema) -> list[int] | str:
        head = first_message(value)
        places = self._places_of.get(head)
        if places is None:
            places = column_places(schema)
            if len(self._places_of) >= _SCHEMAS_KEPT_MAX:
                self._places_of.clear()
            if len(head) <= _SCHEMA_BYTES_MAX:
                self._places_of[head] = places
        return places

    def _rows(self, record_batch: pa.RecordBatch) -> _Rows:
        record_batch.validate(full=True)  # without it, a bad offset reads foreign memory
        columns = dict(zip(record_batch.schema.names, record_batch.columns, strict=True))
        return _Rows(
            n_rows=record_batch.num_rows,
            device=self._devices.read(columns["device"]),
            stamp=stamps(columns["ts"]),
            numbers=numbers(columns, record_batch.num_rows),
            quality=self._qualities.read(columns["quality"]) if "quality" in columns else None,
        )


def _add(message: Message, rows: _Rows, first: int, decoded: Decoded) -> None:
    """Append the batch of ``rows``, the first of which has index ``first``, and their refusals."""
    faults = rows.faults()
    if not faults:
        decoded.batches.append(_batch(message, rows, first))
        return
    refused = np.logical_or.reduce(list(faults.values()))
    for row in np.flatnonzero(refused).tolist():
        reading = rows.reading(row)
        name = next(name for name, is_faulty in faults.items() if is_faulty[row])
        decoded.refusals.append(
            Refusal(
                offset=message.offset,
                index=first + row,
                record_ms=message.record_ms,
                reason=MALFORMED,
                detail=fault(name, reading[name]),
                payload=json.dumps(reading, ensure_ascii=False).encode(),
            )
        )
    rows.numbers.value[:, refused] = np.nan
    if not refused.all():
        decoded.batches.append(without(_batch(message, rows, first), refused))


def _batch(message: Message, rows: _Rows, first: int) -> Batch:
    column = rows.numbers.column
    p_w, q_var = powers(column("pf"), column("p_kw"), column("q_kvar"))
    return Batch(
        names=rows.device.texts,
        names_key=rows.device.key,
        device=rows.device.code,
        stamp_ms=rows.stamp.ms,
        has_zone=np.zeros(0 if rows.stamp.has_zone else rows.n_rows, np.uint8),
        v1=column("v1"),
        v2=column("v2"),
        v3=column("v3"),
        p_w=p_w,
        q_var=q_var,
        quality=_quality_codes(rows.quality, rows.n_rows),
        offset=np.full(rows.n_rows, message.offset, np.int64),
        record_ms=np.full(rows.n_rows, message.record_ms, np.int64),
        index=np.arange(first, first + rows.n_rows, dtype=np.int32),
    )


def _quality_codes(quality: Texts | None, n_rows: int) -> NDArray[np.uint8]:
    """Return the quality of each row; a row that does not say is good."""
    if quality is None:
        return np.full(n_rows, QUALITY_GOOD, np.uint8)
    code_of = np.array([QUALITIES.get(text, QUALITY_GOOD) for text in quality.texts], np.uint8)
    codes = code_of[quality.code]
    return codes if quality.absent is None else np.where(quality.absent, QUALITY_GOOD, codes)
