"""Figures as text: cut and not rounded, since 99.996 % of good minutes is not 100.00 %."""

from decimal import ROUND_FLOOR, Decimal
from typing import Final

ABSENT: Final = "-"


def percent(share: float | None, places: int = 4) -> str:
    """Return a share, 0..1, in percent."""
    return ABSENT if share is None else decimal(100 * Decimal(repr(share)), places)


def decimal(value: Decimal | float | None, places: int) -> str:
    """Return a number cut downward to so many places, thousands apart."""
    if value is None:
        return ABSENT
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR):,}"


def signed(value: float | None, places: int) -> str:
    """Return a number with its sign, cut downward: what is below zero never shows as zero."""
    text = decimal(value, places)
    return text if value is None or text.startswith("-") else f"+{text}"


def whole_percent(share: float | None) -> str:
    """Return a share in percent with as many places as it has: 95, 99.89."""
    if share is None:
        return ABSENT
    return f"{(100 * Decimal(repr(share))).normalize():f}"
