"""Some lines of a file into columns; a row with a value that cannot be read is set aside."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import QUALITY_GOOD
from service.domain.batch import EMPTY
from service.offline.csv_text import Lines
from service.offline.header import Header
from service.offline.point_names import PointNames
from service.offline.stamps import StampColumn
from service.wire.fields import ALLOWED, POWER_MAX_KW, QUALITIES

_VALUE_CHARS_MAX = 60
_LIMITS = {"pf": 1.0, "p_kw": POWER_MAX_KW, "q_kvar": POWER_MAX_KW}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not read."""

    line: int  # in the file, whose header is line 1
    column: str  # empty: the row as a whole
    value: str  # shortened
    reason: str  # what is wrong with it, or what is allowed


class Columns(NamedTuple):
    """Readings, ``(n_readings,)`` each; a column that the file does not have is empty."""

    point: NDArray[np.int32]
    stamp_ms: NDArray[np.int64]  # UTC
    volts: tuple[NDArray[np.float64], ...]  # one or three; NaN where absent
    pf: NDArray[np.float64]
    p_kw: NDArray[np.float64]
    q_kvar: NDArray[np.float64]
    quality: NDArray[np.uint8]


def read_columns(
    header: Header, lines: Lines, stamps: StampColumn, names: PointNames
) -> tuple[Columns, list[BadRow], int]:
    """Return the readings of some lines, the rows that are none, and the number of both.

    A row is bad once, for its first column that is wrong. Blank lines are no rows.
    """
    rows, bad = _split(header, lines)
    stamp_ms, wrong = stamps.read([text.strip() for text in rows.texts("ts")])
    rows.note("ts", wrong)
    columns = Columns(
        point=_points(rows, names),
        stamp_ms=stamp_ms,
        volts=tuple(_numbers(rows, name) for name in header.volts),
        pf=_numbers(rows, "pf"),
        p_kw=_numbers(rows, "p_kw"),
        q_kvar=_numbers(rows, "q_kvar"),
        quality=_qualities(rows),
    )
    n_rows = len(bad) + len(rows.line)
    bad = sorted([*bad, *rows.faults.values()], key=lambda row: row.line)
    return _without(columns, list(rows.faults)), bad, n_rows


@dataclass(slots=True)
class _Rows:
    """Rows with the right number of values, and what turns out to be wrong with them."""

    line: list[int]
    columns: Mapping[str, Sequence[str]]
    faults: dict[int, BadRow] = field(default_factory=dict)  # by row

    def texts(self, name: str) -> Sequence[str]:
        """Return a column, empty if the file does not have it."""
        return self.columns.get(name, ())

    def note(self, name: str, wrong: Mapping[int, str]) -> None:
        """Note what is wrong in a column, by row; what was noted before stands."""
        for row, reason in wrong.items():
            value = self.columns[name][row][:_VALUE_CHARS_MAX]
            self.faults.setdefault(row, BadRow(self.line[row], name, value, reason))


def _split(header: Header, lines: Lines) -> tuple[_Rows, list[BadRow]]:
    """Return the rows that have a value for each column, and the others."""
    bad: list[BadRow] = []
    line: list[int] = []
    rows: list[list[str]] = []
    for number, text in enumerate(lines.texts, lines.first):
        values = text.split(",") if '"' not in text else _unquoted(text)
        if len(values) == header.n_columns:
            line.append(number)
            rows.append(values)
        elif text and not text.isspace():
            reason = f"{len(values)} values, the first line names {header.n_columns} columns"
            bad.append(BadRow(number, "", text[:_VALUE_CHARS_MAX], reason))
    if header.n_columns == 1:
        filled = [i for i, values in enumerate(rows) if values[0].strip()]
        line, rows = [line[i] for i in filled], [rows[i] for i in filled]
    texts = list(zip(*rows, strict=True))
    columns = {name: texts[place] for name, place in header.place.items()} if rows else {}
    return _Rows(line, columns), bad


def _unquoted(text: str) -> list[str]:
    """Return the values of a line with quotes; a quoted value ends with its line at the latest."""
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def _points(rows: _Rows, names: PointNames) -> NDArray[np.int32]:
    texts = rows.texts("point")
    if not texts:
        return names.absent(len(rows.line))
    point, wrong = names.read(texts)
    rows.note("point", wrong)
    return point


def _numbers(rows: _Rows, name: str) -> NDArray[np.float64]:
    """Return a column of numbers, NaN for nothing and for what is none."""
    texts = rows.texts(name)
    if not texts:
        return EMPTY
    allowed = f"allowed: {ALLOWED['v1' if name == 'v' else name].replace('null', 'nothing')}"
    try:
        numbers = np.array([float(text) if text else math.nan for text in texts])
    except ValueError:
        numbers = np.array([_number(text) for text in texts])
    infinite = np.flatnonzero(np.isinf(numbers))
    rows.note(name, dict.fromkeys(infinite.tolist(), allowed))
    if "_" in "".join(texts):  # Python reads 1_000 as a number
        rows.note(name, {i: allowed for i, text in enumerate(texts) if "_" in text})
    if name in _LIMITS:
        beyond = np.flatnonzero(np.abs(numbers) > _LIMITS[name])
        rows.note(name, dict.fromkeys(beyond.tolist(), allowed))
        numbers[beyond] = math.nan
    return numbers


def _number(text: str) -> float:
    """Return a number, NaN for nothing, infinity for what is none."""
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        return math.inf


def _qualities(rows: _Rows) -> NDArray[np.uint8]:
    texts = [text.strip().lower() for text in rows.texts("quality")]
    if not texts:
        return np.full(len(rows.line), QUALITY_GOOD, np.uint8)
    unknown = {text for text in set(texts) if text and text not in QUALITIES}
    if unknown:
        wrong = (i for i, text in enumerate(texts) if text in unknown)
        rows.note("quality", dict.fromkeys(wrong, f"allowed: {', '.join(QUALITIES)}, or nothing"))
    return np.array([QUALITIES.get(text, QUALITY_GOOD) for text in texts], np.uint8)


def _without(columns: Columns, faulty: list[int]) -> Columns:
    """Return the columns without some rows."""
    if not faulty:
        return columns

    def rest(column: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.delete(column, faulty) if column.size else column

    return Columns(
        point=np.delete(columns.point, faulty),
        stamp_ms=np.delete(columns.stamp_ms, faulty),
        volts=tuple(rest(column) for column in columns.volts),
        pf=rest(columns.pf),
        p_kw=rest(columns.p_kw),
        q_kvar=rest(columns.q_kvar),
        quality=np.delete(columns.quality, faulty),
    )
