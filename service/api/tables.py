"""Answers as tables: CSV, Arrow and Parquet made from the same rows as the JSON.

Lists stay lists in Arrow and Parquet and are JSON in CSV. The fields beside the list stand in each row, so that a rate
never loses its rule set.
"""

import csv
import json
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Final, Literal, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from service.api.accepting import Format
from service.api.columns import (
    Column,
    bare_of,
    columns_of,
    is_shape,
    own_columns_of,
    rows_field,
)
from service.domain.spreadsheet_text import plain_text

_SCALARS: Final[dict[object, pa.DataType]] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    date: pa.date32(),
}


def table_of(answer: BaseModel) -> pa.Table:
    """Return an answer as a table; units and meanings stand at its fields, times are in the zone of the answer."""
    kind = type(answer)
    of_rows = columns_of(kind)
    rows = getattr(answer, rows_field(kind) or "") or []
    zone = str(getattr(answer, "zone", "UTC"))
    arrays: list[pa.Array[pa.Scalar[pa.DataType]]] = []
    fields: list[pa.Field[pa.DataType]] = []
    for column in of_rows:
        _add(column, [column.read(row) for row in rows], zone, arrays, fields)
    for column in own_columns_of(kind, of_rows):
        _add(column, [column.read(answer)] * len(rows), zone, arrays, fields)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def rendered(table: pa.Table, wanted: Format) -> bytes:
    """Return a table as CSV (RFC 4180, UTF-8, units above the columns), Arrow IPC stream or Parquet."""
    if wanted == "csv":
        return _csv(table)
    sink = BytesIO()
    if wanted == "parquet":
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def title_of(field: "pa.Field[pa.DataType]") -> str:
    """Return what stands above a column in CSV: its name and, where it has one, its unit."""
    unit = (field.metadata or {}).get(b"unit", b"").decode()
    return f"{field.name} [{unit}]" if unit else field.name


def quantity(name: str, kind: pa.DataType, unit: str, meaning: str) -> "pa.Field[pa.DataType]":
    """Return a column of a schema with its unit and meaning."""
    described = {"unit": unit, "description": meaning} if unit else {"description": meaning}
    return pa.field(name, kind, metadata=described)


def _csv(table: pa.Table) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([title_of(field) for field in table.schema])
    columns = [_texts(column.to_pylist()) for column in table.columns]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _texts(values: Sequence[object]) -> list[str]:
    return ["" if value is None else _text(value) for value in values]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(to_jsonable_python(value), ensure_ascii=False)
    return plain_text(value) if isinstance(value, str) else str(value)


def _add(
    column: Column,
    values: list[object],
    zone: str,
    arrays: "list[pa.Array[pa.Scalar[pa.DataType]]]",
    fields: "list[pa.Field[pa.DataType]]",
) -> None:
    kind = _arrow_type(column.of, zone)
    arrays.append(pa.array([_value(one, column.of) for one in values], kind))
    fields.append(quantity(column.name, kind, column.unit, column.meaning))


def _value(value: object, annotation: object) -> object:
    """Return a value as Arrow takes it; what is no scalar, list or shape is told as text."""
    bare = bare_of(annotation)
    if value is None or bare in _SCALARS or bare is datetime or get_origin(bare) is Literal:
        return value
    if get_origin(bare) is list and isinstance(value, Sequence):
        return [_value(one, get_args(bare)[0]) for one in value]
    if is_shape(bare):
        return {
            field.alias or name: _value(getattr(value, name), field.annotation)
            for name, field in bare.model_fields.items()
        }
    if isinstance(value, str):
        return value
    return json.dumps(to_jsonable_python(value, by_alias=True), ensure_ascii=False)


def _arrow_type(annotation: object, zone: str) -> pa.DataType:
    bare = bare_of(annotation)
    if bare is datetime:
        return pa.timestamp("us", tz=zone)
    if bare in _SCALARS:
        return _SCALARS[bare]
    if get_origin(bare) is list:
        return pa.list_(_arrow_type(get_args(bare)[0], zone))
    if is_shape(bare):
        return pa.struct(
            [
                (one.alias or name, _arrow_type(one.annotation, zone))
                for name, one in bare.model_fields.items()
            ]
        )
    return pa.string()
