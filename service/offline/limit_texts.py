"""Limits in words: edges, shares, plain numbers."""

from collections.abc import Callable
from decimal import Decimal

from service.domain.rule_rows import BandRow, WeekLimitRow


def edges_text(row: BandRow | WeekLimitRow) -> str:
    """Return the edges of a band or limit, with their unit."""
    if row.lower_v is not None or row.upper_v is not None:
        return between_text(row.lower_v, row.upper_v, "V", plain)
    return between_text(row.lower_percent, row.upper_percent, "%", lambda value: f"{value:+.2f}")


def between_text(
    lower: Decimal | None, upper: Decimal | None, unit: str, shown: Callable[[Decimal], str]
) -> str:
    """Return what lies between two edges, either of which may be missing."""
    if lower is not None and upper is not None:
        return f"{shown(lower)} to {shown(upper)} {unit}"
    if lower is not None:
        return f"at least {shown(lower)} {unit}"
    return "" if upper is None else f"at most {shown(upper)} {unit}"


def plain(value: Decimal) -> str:
    """Return a number without an exponent or trailing zeros."""
    return f"{value.normalize():f}"


def percent(share: Decimal) -> str:
    """Return a share in percent."""
    return f"{plain(share * 100)} %"
