"""The sheets of a report as they are written: the laid-out tables, and what moved since it was signed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from service.reports.changes import Change
from service.reports.columns import Column, Language, Name, Sheet, text
from service.reports.figures import Row, Value
from service.reports.layouts import LAYOUTS
from service.reports.monthly_report import MonthlyReport
from service.reports.texts import shown

CHANGES_MAX: Final = 5000
_SIGNED: Final = text("signed", "签发值", "Signed", 16)
_PRESENT: Final = text("present", "现值", "Now", 16)
_CHANGES: Final = Sheet(
    table="changes",
    name=Name("签发后变动", "Changes"),
    note=Name(
        "签发之后因迟到申报、迟到数据等变动的数字；至多列 5000 处。",
        "Figures that moved since they were signed off: late declarations, late data. 5000 at most.",
    ),
    columns=(
        text("sheet", "表", "Sheet", 16),
        text("row", "行", "Row", 40),
        text("column", "列", "Column", 20),
        _SIGNED,
        _PRESENT,
    ),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and the column that says how it is written."""

    value: Value
    column: Column
    indent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSheet:
    """A sheet with its rows."""

    sheet: Sheet
    rows: Sequence[Sequence[Cell]]


def written_sheets(report: MonthlyReport, language: Language) -> Iterator[WrittenSheet]:
    """Yield the sheets of a report; what moved comes first, if anything did."""
    if report.changes:
        zone = ZoneInfo(report.figures.zone)
        rows = [_of_change(one, language, zone) for one in report.changes[:CHANGES_MAX]]
        yield WrittenSheet(sheet=_CHANGES, rows=rows)
    for sheet in LAYOUTS[report.figures.report]:
        yield WrittenSheet(
            sheet=sheet,
            rows=[_of_row(sheet, row) for row in report.figures.tables.get(sheet.table, ())],
        )


def _of_row(sheet: Sheet, row: Row) -> list[Cell]:
    depth = row.get("depth")
    cells = [Cell(row.get(column.key), column) for column in sheet.columns]
    if isinstance(depth, int):
        cells[0] = Cell(cells[0].value, cells[0].column, indent=depth)
    return cells


def _of_change(change: Change, language: Language, zone: ZoneInfo) -> list[Cell]:
    """Return a change as cells; its two values are written as those of their own column are."""
    keys = [column for column in change.sheet.columns if column.is_key]
    row = " / ".join(shown(change.key[column.key], column, language, zone) for column in keys)
    sheet, where, column, _, _ = _CHANGES.columns
    return [
        Cell(change.sheet.name.of(language), sheet),
        Cell(row, where),
        Cell(change.column.name.of(language), column),
        Cell(change.signed, change.column),
        Cell(change.present, change.column),
    ]
