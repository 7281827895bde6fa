"""A report as a PDF: the same tables on A4 landscape, long lists cut, with page numbers."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)

from service.errors import SettingsError
from service.reports.columns import Column, Language
from service.reports.monthly_report import MonthlyReport
from service.reports.notes import notes_of, period_of, standing_of, title_of, warning_of
from service.reports.sheets import Cell, WrittenSheet, written_sheets
from service.reports.texts import shown

ROWS_MAX: Final = 200  # of a list; the workbook has all of it
_CHINESE: Final = "STSong-Light"  # comes with every reader of PDF, and is not embedded
_EMBEDDED: Final = "ReportFont"
_MARGIN: Final = 12 * mm
_HEADER: Final = 8 * mm
_SIZE: Final = 7.0
_SIZE_MIN: Final = 5.0
_COLUMNS_AT_FULL_SIZE: Final = 12


def pdf_bytes(report: MonthlyReport, language: Language, font_file: Path | None = None) -> bytes:
    """Return a report as a PDF.

    Args:
        report: What is to be written.
        language: Of its words.
        font_file: A TrueType font (.ttf, .ttc) that is embedded; without one the Chinese font of PDF readers is named.

    Raises:
        SettingsError: The font cannot be read.
    """
    _register(font_file)
    writer = _Writer(report, language, _CHINESE if font_file is None else _EMBEDDED)
    _, n_pages = writer.build(0)
    content, _ = writer.build(n_pages)  # each page says how many there are
    return content


class _Writer:
    """Makes the parts of one PDF."""

    def __init__(self, report: MonthlyReport, language: Language, font: str) -> None:
        self._report, self._font = report, font
        self._language: Language = language
        self._zone = ZoneInfo(report.figures.zone)
        self._page = landscape(A4)
        self._width = self._page[0] - 2 * _MARGIN

    def build(self, n_pages: int) -> tuple[bytes, int]:
        """Return the PDF with this number of pages written on each, and how many it has."""
        out = BytesIO()
        document = BaseDocTemplate(
            out,
            pagesize=self._page,
            title=title_of(self._report, self._language),
            author="Voltpass",
            invariant=1,  # the same report makes the same bytes
        )
        edge = _MARGIN + _HEADER
        frame = Frame(
            *(_MARGIN, edge, self._width, self._page[1] - 2 * edge),
            leftPadding=0,
            rightPadding=0,
            topPadding=0,
            bottomPadding=0,
        )

        def beside(canvas: Canvas, built: BaseDocTemplate) -> None:
            left = title_of(self._report, self._language)
            canvas.setFont(self._font, 8)
            canvas.drawString(_MARGIN, self._page[1] - _MARGIN, left)
            right, top = self._page[0] - _MARGIN, self._page[1] - _MARGIN
            canvas.drawRightString(right, top, standing_of(self._report, self._language))
            canvas.drawRightString(right, _MARGIN, f"{built.page} / {n_pages}")

        document.addPageTemplates([PageTemplate(frames=[frame], onPage=beside)])
        document.build(self._story())
        return out.getvalue(), document.page

    def _story(self) -> list[Flowable]:
        """Return all parts, from the title to the last table."""
        report, language = self._report, self._language
        lines: list[Flowable] = [
            self._line(title_of(report, language), 16),
            self._line(period_of(report, language), 9),
            self._line(standing_of(report, language), 9),
        ]
        if warning := warning_of(report, language):
            lines.append(self._line(warning, 9, colors.HexColor("#C00000")))
        for one in written_sheets(report, language):
            lines += self._section(one)
        return lines

    def _section(self, one: WrittenSheet) -> list[Flowable]:
        language, is_zh = self._language, self._language == "zh"
        parts: list[Flowable] = [Spacer(1, 4 * mm), self._line(one.sheet.name.of(language), 12)]
        if one.sheet.table == "sources":
            parts += [
                self._line(f"{name}: {value}", 8)
                for name, value in notes_of(self._report, language)
            ]
        if one.sheet.note is not None:
            parts.append(self._line(one.sheet.note.of(language), 8, colors.HexColor("#555555")))
        if not one.rows:
            return [*parts, self._line("（无）" if is_zh else "(none)", 8)]
        parts.append(self._table(one))
        n_left = len(one.rows) - ROWS_MAX
        if n_left > 0:
            more = f"另有 {n_left} 行，见工作簿"
            parts.append(self._line(more if is_zh else f"{n_left} more rows in the workbook", 8))
        return parts

    def _table(self, one: WrittenSheet) -> LongTable:
        columns = one.sheet.columns
        size = max(_SIZE_MIN, _SIZE * min(1.0, _COLUMNS_AT_FULL_SIZE / len(columns)))
        heading = self._style(size, TA_CENTER)
        rows = [[Paragraph(escape(column.name.of(self._language)), heading) for column in columns]]
        styles = {True: self._style(size, TA_RIGHT), False: self._style(size)}
        rows += [
            [self._cell(cell, column, styles) for cell, column in zip(row, columns, strict=True)]
            for row in one.rows[:ROWS_MAX]
        ]
        whole = sum(column.width for column in columns)
        table = LongTable(
            rows,
            colWidths=[self._width * column.width / whole for column in columns],
            repeatRows=1,
        )
        table.setStyle(
            TableStyle(
                [
                    ("GRID", (0, 0), (-1, -1), 0.25, colors.HexColor("#BFBFBF")),
                    ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#D9E6F2")),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 2),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
                ]
            )
        )
        return table

    def _cell(self, cell: Cell, column: Column, styles: dict[bool, ParagraphStyle]) -> Paragraph:
        text = shown(cell.value, cell.column, self._language, self._zone)
        style = styles[column.is_number]
        if cell.indent:
            style = ParagraphStyle(
                "indented", parent=style, leftIndent=cell.indent * style.fontSize
            )
        return Paragraph(escape(_printable(text)), style)

    def _line(self, text: str, size: float, colour: colors.Color = colors.black) -> Paragraph:
        return Paragraph(escape(_printable(text)), self._style(size, colour=colour))

    def _style(
        self, size: float, alignment: int = 0, colour: colors.Color = colors.black
    ) -> ParagraphStyle:
        return ParagraphStyle(
            "report",
            fontName=self._font,
            fontSize=size,
            leading=size * 1.3,
            alignment=alignment,
            textColor=colour,
            wordWrap="CJK",
        )


@cache
def _register(font_file: Path | None) -> None:
    """Make the font known to reportlab, once.

    Raises:
        SettingsError: The file is none that can be embedded.
    """
    if font_file is None:
        pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
        return
    try:
        pdfmetrics.registerFont(TTFont(_EMBEDDED, str(font_file)))
    except (TTFError, OSError) as error:
        raise SettingsError(
            f"VOLTPASS_REPORT_FONT = {str(font_file)!r}: {error}; give a TrueType font (.ttf or .ttc, "
            "no PostScript outlines), or nothing"
        ) from error


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
