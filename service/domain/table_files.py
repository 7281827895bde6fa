"""Tables as files that people open in a spreadsheet: CSV in the encodings that it writes, and workbooks."""

import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Literal
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from service.domain.chinese_words import HEADERS, chinese_of
from service.domain.csv_rows import decode
from service.errors import RegistryFileError

Language = Literal["en", "zh"]  # of headers and words
Encoding = Literal["utf-8", "utf-8-bom", "gbk"]

_ZIP: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_CODECS: Final = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "gbk": "gb18030"}
_WIDTH: Final = (8, 40)  # of a column, characters
_AS_TEXT: Final = "@"  # else a spreadsheet takes leading zeros and long numbers away
_ROWS_MAX: Final = 1_048_575  # below the header, what a sheet holds
_MIB: Final = 1 << 20
UNPACKED_MAX: Final = 512 * _MIB  # bytes; a sheet of 10^6 points has some 300 MB
_UNREADABLE: Final = (
    BadZipFile, InvalidFileException, SyntaxError, zlib.error, LookupError, ArithmeticError, AttributeError, EOFError,
    NotImplementedError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip  # what zipfile, the XML parser and openpyxl raise at damaged workbooks
_TOO_MANY: Final = "a sheet holds {:,} rows below its header; export CSV instead"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForm:
    """Which kind of file a table is written as."""

    is_workbook: bool = False  # xlsx; else CSV
    encoding: Encoding = (
        "utf-8"  # of CSV; gbk is written as its superset GB 18030, so that no character is lost
    )
    language: Language = "en"


def text_of(content: bytes) -> str:
    """Return the CSV text of a file: CSV in UTF-8 or GBK, or the first sheet of an xlsx workbook.

    A row of the sheet is a line of the text, also where it is empty; a field of several lines is as many. Dates and
    times come without an offset, as the workbook has them; whole numbers come without a decimal point.

    Raises:
        RegistryFileError: It is none of these, or a workbook that is larger than any table of ours.
    """
    if content.startswith(_OLD_WORKBOOK):
        raise RegistryFileError(
            "the file is an xls workbook of before 2007; save it as xlsx or CSV"
        )
    if not content.startswith(_ZIP):
        return decode(content)
    try:
        _require_size(content)
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            return _csv_text(_sheet_rows(workbook))
        finally:
            workbook.close()
    except _UNREADABLE as error:
        raise RegistryFileError(
            f"the file is no xlsx workbook that can be read ({error}); save it as xlsx or CSV"
        ) from error


def content_of(text: str, form: TableForm, title: str) -> bytes:
    """Return a file that ``text_of`` reads.

    Args:
        text: CSV with our own names in its header.
        form: Which kind of file.
        title: Of the sheet.

    Raises:
        RegistryFileError: There are more rows than a sheet holds.
    """
    if form.is_workbook:
        return workbook_of(text, title, form.language)
    if form.language == "zh":
        text = _csv_text(_in_chinese(_rows(text)))
    return text.encode(_CODECS[form.encoding])


def workbook_of(text: str, title: str, language: Language) -> bytes:
    """Return an xlsx workbook with the rows of ``text`` on one sheet; every field is text, so that nothing is lost.

    Raises:
        RegistryFileError: There are more rows than a sheet holds.
    """
    rows = _rows(text)
    header, *records = _in_chinese(rows) if language == "zh" else rows
    if len(records) > _ROWS_MAX:
        raise RegistryFileError(_TOO_MANY.format(_ROWS_MAX))
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{len(records) + 1}"
    for place, name in enumerate(header):
        widest = max([_width(name), *(_width(record[place]) for record in records)])
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(
            max(widest + 2, _WIDTH[0]), _WIDTH[1]
        )
    sheet.append([_cell(sheet, name, is_header=True) for name in header])
    for record in records:
        sheet.append([_cell(sheet, value) if value else None for value in record])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _require_size(content: bytes) -> None:
    """Refuse what unpacks to more than a table of ours needs: a small file may hold very much of nothing."""
    with ZipFile(io.BytesIO(content)) as parts:
        n_bytes = sum(part.file_size for part in parts.infolist())
    if n_bytes > UNPACKED_MAX:
        raise RegistryFileError(
            f"the workbook unpacks to {n_bytes / _MIB:,.0f} MB, more than the {UNPACKED_MAX // _MIB} MB "
            "that are read; save it as CSV, or split it"
        )


def _sheet_rows(workbook: Workbook) -> Iterator[list[str]]:
    if not workbook.worksheets:
        raise RegistryFileError("the workbook has no sheet of cells; save the table as xlsx or CSV")
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # some programs declare a range that ends before the rows do
    n_wide = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True)):
        if number > _ROWS_MAX:
            raise RegistryFileError(
                f"the sheet has rows below row {_ROWS_MAX + 1:,}, the last that a sheet holds; save it as CSV"
            )
        row = [_field(cell) for cell in cells]
        if number == 0:
            while row and not row[-1]:
                row.pop()
            n_wide = len(row)
        elif len(row) > n_wide and not any(row[n_wide:]):
            row = row[:n_wide]
        yield row + [""] * (n_wide - len(row))


def _field(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.time() != time(0) else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _rows(text: str) -> Iterator[list[str]]:
    yield from csv.reader(io.StringIO(text, newline=""))


def _csv_text(rows: Iterator[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _in_chinese(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    names = next(rows)
    yield [HEADERS.get(name, name) for name in names]
    for row in rows:
        yield [chinese_of(name, value) for name, value in zip(names, row, strict=True)]


def _cell(sheet: WriteOnlyWorksheet, value: str, *, is_header: bool = False) -> Cell:
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # also what begins with =, which else becomes a formula
    cell.number_format = _AS_TEXT
    if is_header:
        cell.font, cell.alignment = Font(bold=True), Alignment(vertical="center")
    return cell


def _width(text: str) -> int:
    """Return how wide a text is; Chinese characters take two places."""
    return sum(1 if character < "ᄀ" else 2 for character in text)
