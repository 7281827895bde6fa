"""Monthly reports as answers show them: what the sheets of the workbook have, as numbers at full precision."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field

from service.api.shapes import Basis, Shape, local
from service.reports.columns import Column, Kind, Language, Sheet
from service.reports.figures import Report, Row, Value
from service.reports.layouts import LAYOUTS
from service.reports.monthly_report import MonthlyReport, Signature

Plain = int | float | str | None


class ColumnShape(Shape):
    """A column of a table."""

    key: str = Field(description="its name in the rows", examples=["rate"])
    name: str = Field(description="for people, with its unit")
    kind: Kind = Field(description="what it holds; share: 0..1, points: percentage points / 100")


class TableShape(Shape):
    """A sheet of the workbook."""

    table: str = Field(examples=["summary"])
    name: str = Field(description="for people")
    columns: list[ColumnShape]
    rows: list[dict[str, Plain]] = Field(
        description="by the keys of the columns; null: there is none"
    )


class SignatureShape(Shape):
    """Who signed the report off."""

    revision: int = Field(description="from 1; one more each time that it was signed again")
    signed_by: str
    approver: str
    signed_at: datetime
    judgement: int = Field(description="judgement number that the signed figures rest on")
    data_through: datetime = Field(description="how far the data reached then")
    digest: str = Field(description="SHA-256 of the signed figures")

    @classmethod
    def of(cls, one: Signature, zone: ZoneInfo) -> Self:
        """Return a signature as part of an answer."""
        return cls(
            revision=one.revision,
            signed_by=one.signed_by,
            approver=one.approver,
            signed_at=one.signed_at.astimezone(zone),
            judgement=one.judgement,
            data_through=one.data_through.astimezone(zone),
            digest=one.digest,
        )


class ChangeShape(Shape):
    """A figure that is not what was signed any more."""

    table: str
    row: dict[str, Plain] = Field(description="the columns that tell which row is meant")
    column: str
    signed: Plain = Field(description="null also where there was no such row")
    present: Plain = Field(description="null also where there is no such row any more")


class _Month(Shape):
    report: Report
    month: str = Field(description="the calendar month in which it ends", examples=["2026-10"])
    from_day: date = Field(alias="from", description="first day, inclusive")
    to_day: date = Field(alias="to", description="last day, exclusive")
    judgement: int = Field(description="judgement number that the figures rest on")
    digest: str = Field(description="SHA-256 of the figures")
    final: bool = Field(description="the figures shown are those that were signed off")
    signature: SignatureShape | None = Field(description="null: provisional, nobody has signed")
    changes: list[ChangeShape] = Field(description="what moved since it was signed off")


class ReportShape(Basis, _Month):
    """A monthly report."""

    tables: list[TableShape]

    @classmethod
    def of(cls, one: MonthlyReport, language: Language) -> Self:
        """Return a report as an answer."""
        figures, zone = one.figures, ZoneInfo(one.figures.zone)
        return cls(
            rule_set=figures.rule_set,
            zone=figures.zone,
            data_through=local(figures.data_through, zone),
            report=figures.report,
            month=figures.month,
            from_day=figures.from_day,
            to_day=figures.to_day,
            judgement=figures.judgement,
            digest=figures.digest,
            final=one.is_signed,
            signature=None if one.signature is None else SignatureShape.of(one.signature, zone),
            changes=[
                ChangeShape(
                    table=change.sheet.table,
                    row=_row(change.key, zone),
                    column=change.column.key,
                    signed=_plain(change.signed, zone),
                    present=_plain(change.present, zone),
                )
                for change in one.changes
            ],
            tables=[
                _table(sheet, figures.tables.get(sheet.table, ()), language, zone)
                for sheet in LAYOUTS[figures.report]
            ],
        )


def _table(sheet: Sheet, rows: Sequence[Row], language: Language, zone: ZoneInfo) -> TableShape:
    return TableShape(
        table=sheet.table,
        name=sheet.name.of(language),
        columns=[_column(column, language) for column in sheet.columns],
        rows=[_row(row, zone) for row in rows],
    )


def _column(column: Column, language: Language) -> ColumnShape:
    return ColumnShape(key=column.key, name=column.name.of(language), kind=column.kind)


def _row(row: Row, zone: ZoneInfo) -> dict[str, Plain]:
    return {key: _plain(value, zone) for key, value in row.items()}


def _plain(value: Value, zone: ZoneInfo) -> Plain:
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return value.isoformat() if isinstance(value, date) else value
