"""An independent recomputation: minutes counted one by one, rates as fractions of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from kernels.layout import CELL_NONE

MINUTE = timedelta(minutes=1)
VERDICTS = ("pass", "over", "under", "interrupted", "exempt", "invalid", "missing")

Cells = Mapping[datetime, int]  # by start of the minute
Named = Callable[[datetime], str]


def cells_from(start: datetime, cells: Iterable[int]) -> dict[datetime, int]:
    """Return the minutes from ``start`` on, silence left out."""
    return {start + i * MINUTE: cell for i, cell in enumerate(cells) if cell != CELL_NONE}


def verdict_of(cell: int | None) -> str:
    """Return the verdict of a minute at 220 V, single phase, in normal state."""
    if cell is None:
        return "missing"
    if cell < -9000:
        return "interrupted"
    return "over" if cell > 700 else "under" if cell < -1000 else "pass"


def recount(
    cells: Cells, due: tuple[datetime, datetime], name_of: Named
) -> dict[str, dict[str, int]]:
    """Return the minutes by verdict of each period that has minutes due, as answers show them."""
    counted: dict[str, Counter[str]] = {}
    at, end = due
    while at < end:
        counted.setdefault(name_of(at), Counter())[verdict_of(cells.get(at))] += 1
        at += MINUTE
    return {
        name: {"due": counts.total(), **{verdict: counts[verdict] for verdict in VERDICTS}}
        for name, counts in counted.items()
    }


def local_days(zone: str) -> Named:
    """Return what names the day of a minute."""
    return lambda at: at.astimezone(ZoneInfo(zone)).date().isoformat()


def local_months(zone: str) -> Named:
    """Return what names the month of a minute."""
    return lambda at: at.astimezone(ZoneInfo(zone)).strftime("%Y-%m")


def local_hours(zone: str) -> Named:
    """Return what names the hour of a minute: by the clock, whose offset stands beside it."""

    def name_of(at: datetime) -> str:
        local = at.astimezone(ZoneInfo(zone))
        offset = f"{local:%z}"
        return f"{local:%Y-%m-%dT%H}:00{offset[:3]}:{offset[3:]}"

    return name_of


def rates_of(minutes: Mapping[str, int]) -> dict[str, float | None]:
    """Return the rate of counted minutes, as answers show it."""
    judged = minutes["pass"] + minutes["over"] + minutes["under"]
    to_judge = judged + minutes["missing"] + minutes["invalid"]
    shares = {
        "rate": (minutes["pass"], judged),
        "lower": (minutes["pass"], to_judge),
        "upper": (minutes["pass"] + minutes["missing"], to_judge),
        "coverage": (judged, to_judge),
    }
    return {
        name: float(Fraction(part, whole)) if whole else None
        for name, (part, whole) in shares.items()
    }


def sql_minutes(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the minutes in a row of a view, as answers show them."""
    return {name: int(row[f"n_{name}"]) for name in ("due", *VERDICTS)}
