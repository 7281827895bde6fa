"""CSV files as rows of named fields; whatever is wrong is reported with its place, all of it."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, cast

from service.domain.chinese_words import HEADERS, column_of, word_of
from service.domain.csv_fields import NotAllowedError
from service.errors import RegistryFileError

T = TypeVar("T")
V = TypeVar("V")
_ENCODINGS: Final = ("utf-8-sig", "gb18030")  # with or without its mark; GBK is part of the second
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_REMEMBERED: Final = 10_000  # values of a column; most columns hold few
_HEADER_LINE: Final = 1


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with one field of a file."""

    line: int  # counted from 1, the header
    column: str  # empty: the row as a whole
    value: str
    allowed: str

    def __str__(self) -> str:
        """Return one line for people."""
        place = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{place}: {self.value!r} is not allowed; allowed: {self.allowed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a file, in both directions."""

    name: str
    read: Callable[[str], object]  # raises NotAllowedError
    write: Callable[[object], str]
    default: object = None  # of an empty field
    is_required: bool = False  # an empty field is an error


def column(
    name: str,
    read: Callable[[str], V],
    write: Callable[[V], str] = str,
    default: V | None = None,
    *,
    is_required: bool = False,
) -> Column:
    """Return a column; ``write`` is only ever given what ``read`` or ``default`` gave."""
    written = cast("Callable[[object], str]", write)
    return Column(name=name, read=read, write=written, default=default, is_required=is_required)


@dataclass(slots=True)
class Rows(Generic[T]):
    """What a file holds: rows with their lines, and what is wrong."""

    rows: list[T] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # of each row
    bad_rows: list[BadRow] = field(default_factory=list)


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark, or GBK.

    Raises:
        RegistryFileError: It is neither.
    """
    if not content.startswith(_UTF_16_MARKS):
        for encoding in _ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise RegistryFileError("the file is neither UTF-8 nor GBK text; save it as CSV UTF-8")


def read_rows(
    text: str, columns: Sequence[Column], make: Callable[[Mapping[str, object]], T]
) -> Rows[T]:
    """Return the rows of ``text``; where one field of a row is wrong, ``make`` is not asked for it.

    Headers, and words of columns that hold one of some, may be Chinese; what is wrong is reported as it stands there.
    """
    result: Rows[T] = Rows()
    records = _records(text, result.bad_rows)
    given_header = [name.strip() for name in next(records, (_HEADER_LINE, []))[1]]
    header = [column_of(name) for name in given_header]
    _check_header(given_header, header, columns, result.bad_rows)
    if result.bad_rows:
        return result
    by_name = {column.name: column for column in columns}
    readers = [_Reader(by_name[name]) for name in header]
    shown = dict(zip(header, given_header, strict=True))
    absent = {column.name: column.default for column in columns if column.name not in header}
    for line, record in records:
        if len(record) != len(header):
            start = ",".join(record)[:80]
            result.bad_rows.append(BadRow(line, "", start, f"{len(header)} fields, as the header"))
            continue
        values, n_bad = dict(absent), len(result.bad_rows)
        for reader, given in zip(readers, record, strict=True):
            try:
                values[reader.column.name] = reader.read(given)
            except NotAllowedError as error:
                bad = BadRow(line, shown[reader.column.name], given.strip(), str(error))
                result.bad_rows.append(bad)
        if len(result.bad_rows) == n_bad:
            result.rows.append(make(values))
            result.lines.append(line)
    return result


def write_rows(columns: Sequence[Column], rows: Iterator[Sequence[object]]) -> str:
    """Return the text of a file with every column; an absent value (None) is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow(
            "" if value is None else column.write(value)
            for column, value in zip(columns, row, strict=True)
        )
    return text.getvalue()


class _Reader:
    """Reads a column, and remembers what it has read."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._known: dict[str, object] = {}

    def read(self, given: str) -> object:
        known = self._known
        if given in known:
            return known[given]
        value = self._read(given.strip())
        if len(known) < _REMEMBERED:
            known[given] = value
        return value

    def _read(self, text: str) -> object:
        if text:
            return self.column.read(word_of(self.column.name, text))
        if self.column.is_required:
            raise NotAllowedError("not empty")
        return self.column.default


def _records(text: str, bad_rows: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its first line; blank lines are none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = _HEADER_LINE
    try:
        for record in reader:
            if any(part.strip() for part in record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        bad_rows.append(BadRow(line, "", "", f"CSV ({error})"))


def _check_header(
    given: Sequence[str], header: Sequence[str], columns: Sequence[Column], bad_rows: list[BadRow]
) -> None:
    names = [column.name for column in columns]
    for place, name in enumerate(header):
        if name not in names or name in header[:place]:
            allowed = f"each of these once: {', '.join(names)}; in Chinese: " + ", ".join(
                HEADERS[known] for known in names if known in HEADERS
            )
            bad_rows.append(BadRow(_HEADER_LINE, given[place], given[place], allowed))
    bad_rows += (
        BadRow(_HEADER_LINE, column.name, "", "this column is required")
        for column in columns
        if column.is_required and column.name not in header
    )
