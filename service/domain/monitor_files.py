"""Daily counters that meters and voltage monitors froze themselves, as a file."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, cast

from service.domain import csv_fields as fields
from service.domain.csv_rows import BadRow, Column, Rows, column, read_rows
from service.domain.reconciliation import Counted, MonitorDay

_VOLTS_MAX: Final = 2_000_000
_MINUTES_MAX: Final = 100_000  # what is more than a day has is a remark, not an error of the file
_EDGES: Final = ("lower_limit_v", "upper_limit_v")
_OUTER_EDGES: Final = ("assessment_lower_v", "assessment_upper_v")


def read_monitor_days(text: str) -> Rows[MonitorDay]:
    """Return the days of a file; each point, day and phase once, and limits in pairs."""
    found = read_rows(text, _COLUMNS, lambda values: values)
    result: Rows[MonitorDay] = Rows(bad_rows=list(found.bad_rows))
    first: dict[tuple[object, ...], int] = {}
    for line, values in zip(found.lines, found.rows, strict=True):
        wrong = list(_wrong_with(values, line))
        key = tuple(values[name] for name in ("point", "day", "phase"))
        if key in first:
            allowed = f"each point, day and phase once; they stand in line {first[key]}"
            wrong.append(BadRow(line, "point", str(values["point"]), allowed))
        first.setdefault(key, line)
        result.bad_rows += wrong
        if not wrong:
            result.rows.append(_monitor_day(values))
            result.lines.append(line)
    return result


def _wrong_with(values: Mapping[str, object], line: int) -> "list[BadRow]":
    wrong = []
    for lower, upper in (_EDGES, _OUTER_EDGES):
        low, high = values[lower], values[upper]
        if (low is None) != (high is None):
            missing = lower if low is None else upper
            wrong.append(BadRow(line, missing, "", f"a limit, as {lower} and {upper} go together"))
        elif low is not None and cast("Fraction", low) >= cast("Fraction", high):
            wrong.append(BadRow(line, upper, str(float(cast("Fraction", high))), f"above {lower}"))
    return wrong


def _monitor_day(values: Mapping[str, object]) -> MonitorDay:
    counters = (cast("int", values[f"{name}_min"]) for name in Counted.__slots__)
    return MonitorDay(
        point=cast("str", values["point"]),
        day=cast("date", values["day"]),
        phase=cast("int | None", values["phase"]),
        counted=Counted(*counters),
        qualified_v=_pair(values, _EDGES),
        assessment_v=_pair(values, _OUTER_EDGES),
    )


def _pair(values: Mapping[str, object], names: tuple[str, str]) -> tuple[Fraction, Fraction] | None:
    lower, upper = (cast("Fraction | None", values[name]) for name in names)
    return None if lower is None or upper is None else (lower, upper)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise fields.NotAllowedError("a day, like 2026-01-31") from None


def _read_volts(text: str) -> Fraction:
    try:
        volts = Decimal(text)
    except InvalidOperation:
        volts = Decimal(0)
    if not volts.is_finite() or not 0 < volts <= _VOLTS_MAX:
        raise fields.NotAllowedError(f"volts, above 0, up to {_VOLTS_MAX}")
    return Fraction(volts)


def _minutes_column(name: str) -> Column:
    return column(f"{name}_min", fields.read_whole(0, _MINUTES_MAX), is_required=True)


_COLUMNS: Final = (
    column("point", fields.read_code, is_required=True),
    column("day", _read_day, is_required=True),
    column("phase", fields.read_whole(1, 3)),
    *(_minutes_column(name) for name in Counted.__slots__),
    *(column(name, _read_volts) for name in (*_EDGES, *_OUTER_EDGES)),
)
