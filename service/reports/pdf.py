"""A report as a PDF: the same tables on A4 landscape, long lists cut, with page numbers."""

from collections.abc import Callable, Sequence
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
_INDENT: Final = "\u3000"


def pdf_bytes(report: MonthlyReport, language: Language, font_file: Path | None = None) -> bytes:
    """Return a report as a PDF.

    Args:
        report: What is to be written.
        language: Of its words.
        font_file: A TrueType font (.ttf, .ttc) that is embedded; without one the Chinese font of PDF readers is named.

    Raises:
        SettingsError: The font cannot be read.
    """
    font = _CHINESE if font_file is None else _EMBEDDED
    _register(font_file)
    page = landscape(A4)
    out = BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=page,
        title=title_of(report, language),
        author="Voltpass",
        invariant=1,  # the same report makes the same bytes
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN + _HEADER,
        bottomMargin=_MARGIN + _HEADER,
    )
    frame = Frame(
        _MARGIN,
        _MARGIN + _HEADER,
        page[0] - 2 * _MARGIN,
        page[1] - 2 * (_MARGIN + _HEADER),
        **{f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")},
    )
    document.addPageTemplates([PageTemplate(frames=[frame])])
    writer = _Writer(report, language, font, page[0] - 2 * _MARGIN)
    document.build(writer.story(), canvasmaker=writer.canvas_maker(page))
    return out.getvalue()


class _Writer:
    """Makes the parts of one PDF."""

    def __init__(self, report: MonthlyReport, language: Language, font: str, width: float) -> None:
        self._report, self._font, self._width = report, font, width
        self._language: Language = language
        self._zone = ZoneInfo(report.figures.zone)

    def story(self) -> list[Flowable]:
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

    def canvas_maker(self, page: tuple[float, float]) -> Callable[..., Canvas]:
        """Return what makes a canvas that writes header and footer once it knows how many pages there are."""
        font, left = self._font, f"{title_of(self._report, self._language)}"
        right = standing_of(self._report, self._language)

        class Numbered(Canvas):
            def __init__(self, *args: object, **named: object) -> None:
                super().__init__(*args, **named)
                self._states: list[dict[str, object]] = []

            def showPage(self) -> None:  # noqa: N802 (reportlab's name)
                self._states.append(dict(self.__dict__))
                self._startPage()

            def save(self) -> None:
                for number, state in enumerate(self._states, 1):
                    self.__dict__.update(state)
                    self.setFont(font, 8)
                    self.drawString(_MARGIN, page[1] - _MARGIN, left)
                    self.drawRightString(page[0] - _MARGIN, page[1] - _MARGIN, right)
                    self.drawRightString(
                        page[0] - _MARGIN, _MARGIN, f"{number} / {len(self._states)}"
                    )
                    super().showPage()
                super().save()

        return Numbered

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
        rows: list[Sequence[Paragraph]] = [
            [Paragraph(escape(column.name.of(self._language)), heading) for column in columns]
        ]
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
        return Paragraph(escape(_INDENT * cell.indent + _printable(text)), styles[column.is_number])

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
    return "".join(
        sign if sign.isprintable() or sign == _INDENT else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )
