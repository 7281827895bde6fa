"""Messages in the wire formats of docs/telemetry.md."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_END_OF_STREAM: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
CONTENT_TYPES: Final = {
    "arrow": "application/vnd.apache.arrow.stream",
    "json": "application/json",
}


class Encoder(Protocol):
    """Encodes readings of a fixed list of devices, in a fixed list of columns."""

    def encode(
        self,
        rows: NDArray[np.int64] | None,
        stamp_ms: NDArray[np.int64],
        columns: Sequence[NDArray[np.float32]],
    ) -> bytes:
        """Return one message.

        Args:
            rows: Which device each reading is of; None: one of each, in order.
            stamp_ms: Stamps, milliseconds since 1970, one a reading.
            columns: Values, one a reading.
        """


def encoder(wire_format: str, devices: Sequence[str], columns: Sequence[str]) -> Encoder:
    """Return an encoder of a format, ``arrow`` or ``json``; ``columns`` are names of fields."""
    return (_Arrow if wire_format == "arrow" else _Json)(devices, columns)


class _Arrow:
    """One stream a message: the schema, one record batch, the end."""

    def __init__(self, devices: Sequence[str], columns: Sequence[str]) -> None:
        self._devices = pa.array(devices, pa.string())
        self._stamp_type = pa.timestamp("ms", "UTC")
        types: dict[str, pa.DataType] = {"device": pa.string(), "ts": self._stamp_type}
        self._schema = pa.schema({**types, **dict.fromkeys(columns, pa.float32())})
        self._head = self._schema.serialize().to_pybytes()

    def encode(
        self,
        rows: NDArray[np.int64] | None,
        stamp_ms: NDArray[np.int64],
        columns: Sequence[NDArray[np.float32]],
    ) -> bytes:
        devices = self._devices if rows is None else self._devices.take(rows)
        stamps = pa.array(stamp_ms).view(self._stamp_type)
        values = [pa.array(column) for column in columns]
        batch = pa.RecordBatch.from_arrays([devices, stamps, *values], schema=self._schema)
        body: bytes = batch.serialize().to_pybytes()
        return self._head + body + _END_OF_STREAM


class _Json:
    """An array of readings; voltages with the digits that meters have."""

    def __init__(self, devices: Sequence[str], columns: Sequence[str]) -> None:
        self._devices, self._columns = list(devices), list(columns)

    def encode(
        self,
        rows: NDArray[np.int64] | None,
        stamp_ms: NDArray[np.int64],
        columns: Sequence[NDArray[np.float32]],
    ) -> bytes:
        chosen = self._devices if rows is None else [self._devices[row] for row in rows.tolist()]
        # float32 has no 229.3; two decimals are what meters show.
        values = [column.astype(np.float64).round(2).tolist() for column in columns]
        names = ("device", "ts", *self._columns)
        readings = zip(chosen, stamp_ms.tolist(), *values, strict=True)
        return msgspec.json.encode([dict(zip(names, one, strict=True)) for one in readings])
