"""The minutes of a point as a file: a row a minute, for a table program or for a notebook."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kernels.layout import (
    CELL_NONE,
    RANK_MASK,
    RANK_SHIFT,
    SHARE_SHIFT,
    VERDICT_MASK,
    VERDICT_NAMES,
)
from service.domain.explanation.minutes import SpanMinutes

_Column: TypeAlias = "pa.Array[pa.Scalar[pa.DataType]]"

_BOM: Final = "\ufeff"  # without it Excel takes the file for the code page of the machine
_RANKS: Final = ("missing", "invalid", "estimated", "good")
_MINUTE_MS: Final = 60_000


def header_of(n_phases: int) -> list[str]:
    """Return the names of the columns of a file."""
    names = ["minute", "verdict"]
    for phase in range(1, n_phases + 1):
        names += [
            f"{what}_{phase}"
            for what in ("voltage_v", "deviation_percent", "rank", "share", "verdict")
        ]
    return names


def csv_head(n_phases: int) -> str:
    """Return the first line of a CSV file, and what Excel needs before it."""
    return _BOM + ",".join(header_of(n_phases)) + "\r\n"


def csv_lines(minutes: SpanMinutes, zone: ZoneInfo) -> str:
    """Return the minutes due as lines of CSV: local times with their offset, voltages in volts."""
    text = io.StringIO()
    csv.writer(text).writerows(_rows(minutes, zone))
    return text.getvalue()


def parquet_table(minutes: SpanMinutes, zone: ZoneInfo) -> pa.Table:
    """Return the minutes due as columns: instants with the zone, voltages in volts, nulls where none is known."""
    part = minutes.due
    first_ms = round(minutes.at(part.first).timestamp() * 1000)
    stamps = first_ms + np.arange(part.n_minutes, dtype=np.int64) * _MINUTE_MS
    names = np.array(VERDICT_NAMES, object)
    columns: dict[str, _Column] = {
        "minute": pa.array(stamps, pa.int64()).cast(pa.timestamp("ms", tz=zone.key)),
        "verdict": pa.array(names[minutes.verdict[part.places]].tolist(), pa.string()),
    }
    for phase in range(minutes.n_phases):
        cell, mark = minutes.cell[phase, part.places], minutes.mark[phase, part.places]
        absent = cell == CELL_NONE
        values: dict[str, _Column] = {
            "voltage_v": pa.array(minutes.volts(phase, part), pa.float64(), mask=absent),
            "deviation_percent": pa.array(cell / 100.0, pa.float64(), mask=absent),
            "rank": pa.array(
                np.array(_RANKS, object)[(mark >> RANK_SHIFT) & RANK_MASK].tolist(), pa.string()
            ),
            "share": pa.array(mark >> SHARE_SHIFT, pa.uint8()),
            "verdict": pa.array(names[mark & VERDICT_MASK].tolist(), pa.string()),
        }
        columns |= {f"{name}_{phase + 1}": column for name, column in values.items()}
    return pa.table(columns)


def parquet_file(table: pa.Table) -> bytes:
    """Return a table as a Parquet file."""
    into = io.BytesIO()
    pq.write_table(table, into, compression="zstd")
    return into.getvalue()


def _rows(minutes: SpanMinutes, zone: ZoneInfo) -> Iterator[list[object]]:
    part = minutes.due
    phases = []
    for phase in range(minutes.n_phases):
        volts = minutes.volts(phase, part).tolist()
        cells, marks = (one[phase, part.places].tolist() for one in (minutes.cell, minutes.mark))
        phases.append(list(zip(volts, cells, marks, strict=True)))
    at = minutes.at(part.first)
    for nth, verdict in enumerate(minutes.verdict[part.places].tolist()):
        row: list[object] = [
            (at + timedelta(minutes=nth)).astimezone(zone).isoformat(timespec="minutes"),
            VERDICT_NAMES[verdict],
        ]
        for of_phase in phases:
            volt, cell, mark = of_phase[nth]
            is_known = cell != CELL_NONE
            row += [
                f"{volt:.4f}".rstrip("0").rstrip(".") if is_known else "",
                f"{cell / 100:.2f}" if is_known else "",
                _RANKS[mark >> RANK_SHIFT & RANK_MASK],
                mark >> SHARE_SHIFT,
                VERDICT_NAMES[mark & VERDICT_MASK],
            ]
        yield row
