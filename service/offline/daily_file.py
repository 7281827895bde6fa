"""A file of daily SAIDI, as major event days are found from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from service.domain.csv_rows import BadRow, Column
from service.errors import ScoreInputError
from service.offline.instants import read_day
from service.offline.record_files import decimals, read_records, refuse_bad


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    date: date
    saidi_minutes: Decimal


def read_daily_saidi(path: Path) -> dict[date, Fraction]:
    """Return SAIDI by day, minutes, of a CSV file with the columns ``date`` and ``saidi_minutes``.

    Raises:
        ScoreInputError: The file cannot be read, has no day, or a row of it is wrong.
    """
    minutes = decimals(Decimal(0), "minutes, 0 or more")
    columns = [
        Column(name="date", read=read_day, write=str, is_required=True),
        Column(name="saidi_minutes", read=minutes, write=str, is_required=True),
    ]
    rows, _ = read_records(path, columns, _day)
    daily: dict[date, Fraction] = {}
    for row, line in zip(rows.rows, rows.lines, strict=True):
        if row.date in daily:
            rows.bad_rows.append(BadRow(line, "date", str(row.date), "each day once"))
        daily[row.date] = Fraction(row.saidi_minutes)
    refuse_bad(path, rows)
    if not daily:
        raise ScoreInputError(f"{path} has no days after its first line")
    return daily


def _day(values: Mapping[str, object]) -> _Day:
    return msgspec.convert(dict(values), _Day)
