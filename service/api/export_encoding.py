"""Minutes as the bytes of one long table: CSV, Arrow IPC stream or Parquet, encoder and all in bounded memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import RawIOBase
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kernels.layout import CELL_NONE
from service.api.accepting import Format
from service.api.minute_words import RANKS, VERDICTS
from service.api.tables import quantity, title_of
from service.domain.minute_columns import NO_JUDGEMENT, PHASES, ExportPoint, MinuteColumns
from service.domain.spreadsheet_text import plain_text

if TYPE_CHECKING:
    from typing_extensions import Buffer

ROWS_IN_GROUP: Final = (
    500_000  # of Parquet; its footer grows by a group, two kilobytes; fewer where bytes are awaited
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_S: Final = 60
_WORD: Final = pa.dictionary(pa.int8(), pa.string())


class MinuteEncoder:
    """Turns batches of minutes into bytes; what is encoded is taken away at once."""

    def __init__(self, wanted: Format, zone: ZoneInfo, described: dict[str, str]) -> None:
        self._zone = zone
        self._is_csv = wanted == "csv"
        self._schema = _schema(zone, described, is_csv=self._is_csv)
        self._drain = _Drain()
        sink = pa.PythonFile(self._drain, mode="w")
        self._waiting: list[pa.Table] = []
        self._writer = _writer(wanted, sink, self._schema)
        self._n_rows_in_group = ROWS_IN_GROUP if wanted == "parquet" else 0
        self._words = [pa.array(words, pa.string()) for words in (VERDICTS, RANKS)]

    def encode(
        self, minutes: MinuteColumns, points: Sequence[ExportPoint], *, is_awaited: bool = False
    ) -> bytes:
        """Return the bytes that are ready after some more minutes; may be none, unless they are awaited."""
        self._waiting.append(self._table(minutes, points))
        if is_awaited or sum(one.num_rows for one in self._waiting) >= self._n_rows_in_group:
            self._write()
        return self._drain.taken()

    def end_early(self, why: str) -> bytes:
        """Return a record that says why the rest does not come: a row of CSV, an empty batch of Arrow with metadata.

        Parquet has no place for one; without its footer no reader takes it.
        """
        if self._is_csv:
            row = f"# ended early: {why}".replace('"', "'")
            return self._drain.taken() + f'"{row}"\r\n'.encode()
        if isinstance(self._writer, pa.RecordBatchStreamWriter):
            nothing = [pa.array([], field.type) for field in self._schema]
            batch = pa.RecordBatch.from_arrays(nothing, schema=self._schema)
            self._writer.write_batch(batch, custom_metadata={b"ended_early": why.encode()})
        return self._drain.taken()

    def finish(self) -> bytes:
        """Return the last bytes."""
        self._write()
        self._writer.close()
        return self._drain.taken()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []

    def _table(self, minutes: MinuteColumns, points: Sequence[ExportPoint]) -> pa.Table:
        plain = plain_text if self._is_csv else str
        names = pa.array([plain(one.point) for one in points], pa.string())
        nominal_mv = np.array([one.nominal_mv for one in points], np.float64)[minutes.place]
        verdicts, ranks = self._words
        columns = [
            names.take(minutes.place),
            self._instants(minutes.minute),
            self._word(minutes.verdict, verdicts),
            *(_volts(nominal_mv, minutes.cell[:, phase]) for phase in range(PHASES)),
            *(self._word(minutes.rank[:, phase], ranks) for phase in range(PHASES)),
            pa.array(minutes.judgement, mask=minutes.judgement == NO_JUDGEMENT),
        ]
        return pa.Table.from_arrays(columns, schema=self._schema)

    def _instants(self, minute: NDArray[np.int64]) -> "pa.Array[pa.Scalar[pa.DataType]]":
        if not self._is_csv:
            return pa.array(minute * _MINUTE_S, pa.int64()).cast(
                pa.timestamp("s", tz=self._zone.key)
            )
        each, place = np.unique(minute, return_inverse=True)
        texts = [
            (_EPOCH + timedelta(minutes=one)).astimezone(self._zone).isoformat()
            for one in each.tolist()
        ]
        return pa.array(texts, pa.string()).take(place)

    def _word(
        self, code: NDArray[np.uint8], words: "pa.Array[pa.Scalar[pa.DataType]]"
    ) -> "pa.Array[pa.Scalar[pa.DataType]]":
        if self._is_csv:
            return words.take(code)
        return pa.DictionaryArray.from_arrays(code.astype(np.int8), words)


class _Drain(RawIOBase):
    """What an encoder writes to; holds the bytes until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._n_written = 0

    def writable(self) -> bool:
        return True

    def write(self, part: "Buffer", /) -> int:
        taken = bytes(part)
        self._parts.append(taken)
        self._n_written += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._n_written

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def close(self) -> None:
        """The bytes are still to be taken."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _schema(zone: ZoneInfo, described: dict[str, str], *, is_csv: bool) -> pa.Schema:
    word = pa.string() if is_csv else _WORD
    volts = (
        quantity(f"voltage_{phase}_v", pa.float64(), "V", "null: not known, or no such phase")
        for phase in range(1, PHASES + 1)
    )
    ranks = (
        quantity(f"rank_{phase}", word, "", "of the source of the voltage")
        for phase in range(1, PHASES + 1)
    )
    instant = pa.string() if is_csv else pa.timestamp("s", tz=zone.key)
    schema = pa.schema(
        [
            quantity("point", pa.string(), "", "identifier in the registry"),
            quantity("minute", instant, "", "its start"),
            quantity("verdict", word, "", "of the point"),
            *volts,
            *ranks,
            quantity("judgement", pa.int64(), "", "number under which the hour was judged"),
        ],
        metadata={name.encode(): value.encode() for name, value in described.items()},
    )
    if not is_csv:
        return schema
    return pa.schema([field.with_name(title_of(field)) for field in schema])


def _writer(
    wanted: Format, sink: pa.PythonFile, schema: pa.Schema
) -> "pc.CSVWriter | pq.ParquetWriter | pa.RecordBatchStreamWriter":
    if wanted == "csv":
        options = pc.WriteOptions(eol="\r\n")  # type: ignore[call-arg]  # newer than its stubs
        return pc.CSVWriter(sink, schema, write_options=options)  # type: ignore[arg-type]  # the stubs know paths only
    if wanted == "parquet":
        return pq.ParquetWriter(sink, schema, compression="zstd")
    return pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))


def _volts(
    nominal_mv: NDArray[np.float64], cell: NDArray[np.int16]
) -> "pa.Array[pa.Scalar[pa.DataType]]":
    volts = nominal_mv * (10_000 + cell.astype(np.float64)) / 10_000_000
    return pa.array(volts, mask=cell == CELL_NONE)
