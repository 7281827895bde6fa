"""Messages for the tests of the wire formats, and what came out of them in a form that compares."""

import json
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.domain.batch import Batch, Message
from service.wire import Decoded

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
STAMP_MS = 1_795_431_360_000  # 2026-11-23T10:56:00Z
RECORD_MS = STAMP_MS + 5_000


Columns: TypeAlias = "dict[str, pa.Array[pa.Scalar[pa.DataType]]]"


class Row(NamedTuple):
    """One decoded reading; None where a column has nothing to say."""

    offset: int
    place: int
    device: str
    stamp_ms: int
    has_zone: bool
    volts: tuple[float | None, float | None, float | None]
    power: tuple[float | None, float | None]  # W and var
    quality: int


def message(value: bytes | str | object, offset: int = 7, content_type: str = "") -> Message:
    """Return a message: bytes and text as they are, anything else as JSON."""
    if isinstance(value, str):
        value = value.encode()
    elif not isinstance(value, bytes):
        value = json.dumps(value, ensure_ascii=False).encode()
    headers = {"content-type": content_type.encode()} if content_type else {}
    return Message(offset, RECORD_MS, value, headers)


def reading(**changed: object) -> dict[str, object]:
    """Return a good reading as a JSON object, some keys changed."""
    return {"device": "m-1", "ts": STAMP_MS, "v1": 230.5} | changed


def stream(
    *batches: "Columns | pa.RecordBatch",
    compression: Literal["lz4", "zstd"] | None = None,
    schema: pa.Schema | None = None,
) -> bytes:
    """Return an Arrow IPC stream of record batches, given as such or as columns."""
    found = [
        batch if isinstance(batch, pa.RecordBatch) else pa.RecordBatch.from_pydict(batch)
        for batch in batches
    ]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, schema or found[0].schema, options=options) as writer:
        for batch in found:
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def columns(**changed: object) -> Columns:
    """Return good Arrow columns of three readings, some changed; a column of None is left out."""
    good: dict[str, object] = {
        "device": pa.array(["m-1", "m-2", "m-1"]),
        "ts": pa.array([STAMP_MS, STAMP_MS, STAMP_MS + 1000], pa.timestamp("ms", "UTC")),
        "v1": pa.array([230.5, 231.5, 229.5], pa.float32()),
    }
    return {
        name: column for name, column in (good | changed).items() if isinstance(column, pa.Array)
    }


def rows(decoded: Decoded) -> list[Row]:
    """Return the readings of all batches, in their order."""
    return [row for batch in decoded.batches for row in _rows(batch)]


def _rows(batch: Batch) -> Sequence[Row]:
    return [
        Row(
            offset=int(batch.offset[i]),
            place=int(batch.index[i]),
            device=batch.names[batch.device[i]],
            stamp_ms=int(batch.stamp_ms[i]),
            has_zone=not batch.has_zone.size or bool(batch.has_zone[i]),
            volts=(_at(batch.v1, i), _at(batch.v2, i), _at(batch.v3, i)),
            power=(_at(batch.p_w, i), _at(batch.q_var, i)),
            quality=int(batch.quality[i]),
        )
        for i in range(batch.device.size)
    ]


def _at(column: NDArray[np.float64], i: int) -> float | None:
    if not column.size or math.isnan(column[i]):
        return None
    return float(column[i])


def refusals(decoded: Decoded) -> list[tuple[int, int, str]]:
    """Return offset, index and reason of what was refused."""
    return [(one.offset, one.index, one.reason) for one in decoded.refusals]
