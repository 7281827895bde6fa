"""What moved since a report was signed off: cell by cell, by the keys of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.reports.columns import Column, Sheet
from service.reports.figures import ReportFigures, Row, Value
from service.reports.layouts import LAYOUTS

_Key = tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure that is not what was signed."""

    sheet: Sheet
    key: Row  # the row's key columns
    column: Column
    signed: Value  # None also where there was no such row
    present: Value  # None also where there is no such row any more


def changes_between(signed: ReportFigures, present: ReportFigures) -> list[Change]:
    """Return every figure that differs, in the order of the sheets; nothing if both have one digest.

    A column that one of both does not have counts as empty there: a later version may have more of them.
    """
    found: list[Change] = []
    for sheet in LAYOUTS[signed.report]:
        found += _of_sheet(
            sheet, signed.tables.get(sheet.table, ()), present.tables.get(sheet.table, ())
        )
    return found


def _of_sheet(sheet: Sheet, signed: Sequence[Row], present: Sequence[Row]) -> list[Change]:
    keys = [column for column in sheet.columns if column.is_key]
    before, after = _by_key(keys, signed), _by_key(keys, present)
    found: list[Change] = []
    for key in {**before, **after}:
        old, new = before.get(key, {}), after.get(key, {})
        found += [
            Change(
                sheet=sheet,
                key={column.key: value for column, value in zip(keys, key, strict=True)},
                column=column,
                signed=old.get(column.key),
                present=new.get(column.key),
            )
            for column in sheet.columns
            if not column.is_key and old.get(column.key) != new.get(column.key)
        ]
    return found


def _by_key(keys: Sequence[Column], rows: Sequence[Row]) -> Mapping[_Key, Row]:
    return {tuple(row.get(column.key) for column in keys): row for row in rows}
