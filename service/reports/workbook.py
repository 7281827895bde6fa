"""A report as a workbook: real numbers with number formats, one table a sheet, ready to be printed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO
from math import ceil
from typing import Final, cast
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from service.reports.columns import Kind, Language, Sheet
from service.reports.figures import Value
from service.reports.monthly_report import MonthlyReport
from service.reports.notes import notes_of, period_of, standing_of, title_of, warning_of
from service.reports.sheets import Cell, WrittenSheet, written_sheets
from service.reports.texts import ALMOST_WHOLE
from service.reports.words import shown_word

# A share that is not 1 never shows as 100 %; what a cell holds is not rounded.
_SHARE: Final = f'[=1]0.0000%;[>=0.9999995]"{ALMOST_WHOLE}";0.0000%'
_FORMATS: Final[Mapping[Kind, str]] = {
    "text": "@",
    "word": "@",
    "count": "#,##0",
    "share": _SHARE,
    "points": "+#,##0.0000;-#,##0.0000;0.0000",
    "number": "#,##0.0000",
    "hours": "#,##0.0000",
    "minutes": "#,##0.00",
    "instant": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
}
_WHOLE: Final = "#,##0"
_A4: Final = 9
_TEXT_MAX: Final = 32_000  # a cell has 32767 characters at most
_LINE_HEIGHT: Final = 14.0  # points
_LINES_MAX: Final = 10
_LINE: Final = Side(style="thin", color="BFBFBF")
_BORDER: Final = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEADER_FILL: Final = PatternFill("solid", fgColor="D9E6F2")
_WARNING: Final = "C00000"
_FONTS: Final[Mapping[Language, str]] = {"zh": "宋体", "en": "Calibri"}


def workbook_bytes(report: MonthlyReport, language: Language) -> bytes:
    """Return a report as an xlsx file; its rows are streamed, so the file is what memory it takes."""
    book = Workbook(write_only=True)
    book.properties.title = title_of(report, language)
    book.properties.creator = "Voltpass"
    writer = _Writer(report, language)
    for one in written_sheets(report, language):
        # A write-only sheet; its type is not told to have what both kinds have.
        page = cast("Worksheet", book.create_sheet(one.sheet.name.of(language)))
        writer.write(page, one)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


class _Writer:
    """Writes the sheets of one report in one language."""

    def __init__(self, report: MonthlyReport, language: Language) -> None:
        self._report = report
        self._language: Language = language
        self._zone = ZoneInfo(report.figures.zone)
        name = _FONTS[language]
        self._plain = Font(name=name, size=10)
        self._bold = Font(name=name, size=10, bold=True)
        self._title = Font(name=name, size=14, bold=True)
        self._warning = Font(name=name, size=10, bold=True, color=_WARNING)
        self._centre = Alignment(horizontal="center", vertical="center", wrap_text=True)
        self._wrapped = _indented(0)
        self._middle = Alignment(vertical="center")

    def write(self, page: Worksheet, one: WrittenSheet) -> None:
        """Write a sheet: title, standing, notes, a header that stays, rows."""
        above = self._lines_above(page, one.sheet)
        header_row = len(above) + 1
        for number, column in enumerate(one.sheet.columns, 1):
            page.column_dimensions[get_column_letter(number)].width = column.width
        if one.sheet.table != "sources":  # there too much stands above
            page.freeze_panes = f"B{header_row + 1}"
        self._set_up_print(page, header_row)
        for line in above:
            page.append(list(line))
        names = [column.name.of(self._language) for column in one.sheet.columns]
        page.row_dimensions[header_row].height = 30
        page.append([self._header(page, name) for name in names])
        for number, row in enumerate(one.rows, header_row + 1):
            if (
                n_lines := max(self._n_lines(cell) for cell in row)
            ) > 1:  # nobody fits it to a wrapped text
                page.row_dimensions[number].height = _LINE_HEIGHT * n_lines
            page.append([self._cell(page, cell) for cell in row])
        if not one.rows:
            page.append([self._text(page, "（无）" if self._language == "zh" else "(none)")])

    def _lines_above(self, page: Worksheet, sheet: Sheet) -> Sequence[Sequence[BookCell]]:
        report, language = self._report, self._language
        name = sheet.name.of(language)
        lines = [
            [self._text(page, f"{title_of(report, language)}  {name}", self._title)],
            [self._text(page, f"{period_of(report, language)}  {standing_of(report, language)}")],
        ]
        if warning := warning_of(report, language):
            lines.append([self._text(page, warning, self._warning)])
        if sheet.table == "sources":
            lines += [
                [self._text(page, key, self._bold), self._text(page, value)]
                for key, value in notes_of(report, language)
            ]
        if sheet.note is not None:
            lines.append([self._text(page, sheet.note.of(language))])
        return lines

    def _text(self, page: Worksheet, value: str, font: Font | None = None) -> BookCell:
        """Return a cell that is a text, whatever it begins with: names come from people."""
        cell = WriteOnlyCell(
            page, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)[:_TEXT_MAX]
        )
        cell.data_type = "s"  # = makes no formula
        cell.quotePrefix = value[:1] in {"=", "+", "-", "@", "\t", "\r"}  # nor does editing it
        cell.font = font or self._plain
        return cell

    def _header(self, page: Worksheet, name: str) -> BookCell:
        cell = self._text(page, name, self._bold)
        cell.fill, cell.border, cell.alignment = _HEADER_FILL, _BORDER, self._centre
        return cell

    def _cell(self, page: Worksheet, one: Cell) -> BookCell:
        kind, value = one.column.kind, one.value
        if isinstance(value, str):
            text = shown_word(value, self._language) if kind == "word" else value
            cell = self._text(page, text)
            cell.alignment = self._wrapped if not one.indent else _indented(one.indent)
        else:
            cell = WriteOnlyCell(page, self._plain_value(value, kind))
            is_whole = kind == "minutes" and isinstance(value, int)
            cell.number_format = _WHOLE if is_whole else _FORMATS[kind]
            cell.font, cell.alignment = self._plain, self._middle
        cell.border = _BORDER
        return cell

    def _n_lines(self, one: Cell) -> int:
        """Return how many lines a text takes in its column, at most ten; a Chinese sign is as wide as two others."""
        if not isinstance(one.value, str):
            return 1
        text = shown_word(one.value, self._language) if one.column.kind == "word" else one.value
        width = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
        return min(_LINES_MAX, max(1, ceil(width / (one.column.width - 1))))

    def _plain_value(self, value: Value, kind: Kind) -> float | datetime | str | None:
        """Return a value as a workbook holds it: the double next to it; an instant by the clocks of the zone."""
        if isinstance(value, datetime):
            return value.astimezone(self._zone).replace(tzinfo=None)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (a workbook knows no zone)
        if kind == "points" and isinstance(value, Fraction):
            return float(100 * value)
        return float(value) if isinstance(value, Fraction) else value

    def _set_up_print(self, page: Worksheet, header_row: int) -> None:
        page.page_setup.orientation = "landscape"
        page.page_setup.paperSize = _A4
        page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
        page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        page.print_title_rows = f"{header_row}:{header_row}"
        page.page_margins.left = page.page_margins.right = 0.4
        standing = standing_of(self._report, self._language)
        title = title_of(self._report, self._language)
        page.HeaderFooter.oddHeader = _sides(_escaped(title), _escaped(standing)[:120])
        page.HeaderFooter.oddFooter = _sides("&A", "&P / &N")


def _indented(indent: int) -> Alignment:
    return Alignment(horizontal="left", vertical="center", wrap_text=True, indent=indent)


def _sides(left: str, right: str) -> HeaderFooterItem:
    return HeaderFooterItem(left=_HeaderFooterPart(left), right=_HeaderFooterPart(right))


def _escaped(text: str) -> str:
    """Return a text for a page's header, where & begins a code."""
    return text.replace("&", "&&")
