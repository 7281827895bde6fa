"""A file of voltage events, row by row; a row with a value that cannot be read is set aside."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from service.domain.event_classes import VoltageEvent
from service.errors import ScoreInputError
from service.offline.columns import BadRow
from service.offline.csv_text import CsvText, open_csv

_BAD_ROWS_KEPT: Final = 1000
_VALUE_CHARS_MAX: Final = 60
_POINT_CHARS_MAX: Final = 200
_PU_MAX: Final = 10
_SECONDS_MAX: Final = 1_000_000_000
# Digits that a number of the field has; an exponent without bound would be a number without bound.
_NUMBER: Final = re.compile(r"\+?\d{0,30}(\d|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
_REQUIRED: Final = ("residual_pu", "duration_s")
_ALLOWED: Final = {
    "residual_pu": f"a number from 0 to {_PU_MAX}, per unit of nominal (0.85, not 85 %)",
    "duration_s": f"a number from 0 to {_SECONDS_MAX}, seconds",
    "point": f"a name of 1 to {_POINT_CHARS_MAX} characters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvent:
    """An event of the file."""

    event: VoltageEvent
    point: str | None  # None: the file has no such column


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """The events of a file, and what was found in it."""

    events: tuple[FileEvent, ...]  # in the order of the file
    has_points: bool
    n_rows: int  # those that could not be read included
    n_bad: int
    bad_rows: tuple[BadRow, ...]  # the first ones


def read_events(path: Path) -> EventFile:
    """Return the events in a file, gzip or plain.

    Raises:
        ScoreInputError: It cannot be read, has no events, or a column is missing.
    """
    with open_csv(path, example=",".join(_REQUIRED)) as text:
        place, n_columns = _places(text.header)
        events, bad, n_rows, n_bad = _rows(text, place, n_columns)
    if not n_rows:
        raise ScoreInputError(f"{path} has no rows below its first line")
    if not events:
        first = bad[0]
        raise ScoreInputError(
            f"none of the {n_rows} rows could be read; line {first.line}, column "
            f"{first.column or '-'}, value {first.value!r}: {first.reason}"
        )
    return EventFile(
        events=tuple(events),
        has_points="point" in place,
        n_rows=n_rows,
        n_bad=n_bad,
        bad_rows=tuple(bad),
    )


def _places(header: str) -> tuple[Mapping[str, int], int]:
    """Return where each column is that is known, and how many columns there are."""
    names = [name.strip().lower() for name in _values(header)]
    for name in _ALLOWED:
        if names.count(name) > 1:
            raise ScoreInputError(f"column {name} is there twice; rename or remove one of them")
    for name in _REQUIRED:
        if name not in names:
            shown = ascii(", ".join(each[:40] for each in names[:12]))[1:-1]
            raise ScoreInputError(
                f"no column {name}; the first line has: {shown}. It has to name residual_pu and "
                "duration_s, divided by commas; point, if wanted"
            )
    return {name: names.index(name) for name in _ALLOWED if name in names}, len(names)


def _rows(
    text: CsvText, place: Mapping[str, int], n_columns: int
) -> tuple[list[FileEvent], list[BadRow], int, int]:
    events: list[FileEvent] = []
    bad: list[BadRow] = []
    n_rows, n_bad = 0, 0
    for lines in text.batches:
        for number, line in enumerate(lines.texts, lines.first):
            if not line or line.isspace():
                continue
            n_rows += 1
            found = _row(number, line, place, n_columns)
            if isinstance(found, FileEvent):
                events.append(found)
            else:
                n_bad += 1
                if n_bad <= _BAD_ROWS_KEPT:
                    bad.append(found)
    return events, bad, n_rows, n_bad


def _row(number: int, line: str, place: Mapping[str, int], n_columns: int) -> FileEvent | BadRow:
    """Return the event in a line, or the first thing that is wrong with it."""
    values = _values(line)
    if len(values) != n_columns:
        reason = f"{len(values)} values, the first line names {n_columns} columns"
        return BadRow(number, "", line[:_VALUE_CHARS_MAX], reason)
    texts = {name: values[i].strip() for name, i in place.items()}
    voltage_pu = _number(texts["residual_pu"], _PU_MAX)
    if voltage_pu is None:
        return _bad(number, "residual_pu", texts)
    duration_s = _number(texts["duration_s"], _SECONDS_MAX)
    if duration_s is None:
        return _bad(number, "duration_s", texts)
    point = texts.get("point")
    if point is not None and not _is_name(point):
        return _bad(number, "point", texts)
    event = VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)
    return FileEvent(event=event, point=point)


def _bad(number: int, column: str, texts: Mapping[str, str]) -> BadRow:
    return BadRow(number, column, texts[column][:_VALUE_CHARS_MAX], f"allowed: {_ALLOWED[column]}")


def _values(line: str) -> list[str]:
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _number(text: str, largest: int) -> Fraction | None:
    """Return a number of 0 to ``largest``, exactly; None if it is none."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = Fraction(text)
    return number if number <= largest else None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _POINT_CHARS_MAX and text.isprintable() and "\ufffd" not in text
