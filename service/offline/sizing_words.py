"""Figures of a plan in words: groups of three, bytes in powers of a thousand, no more digits than are known."""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

_PREFIXES: Final = ("", "k", "M", "G", "T", "P")
_THOUSAND: Final = Decimal(1000)
_TWO_DIGITS: Final = Context(prec=2, rounding=ROUND_HALF_EVEN)
_SMALL: Final = Decimal(10)


def quantity_text(value: Decimal, unit: str) -> str:
    """Return a figure with its unit: whole things as they are, everything measured to two digits."""
    if unit in {"B", "B/s"}:
        number, prefix = _scaled(value)
        return f"{number} {prefix}{unit}"
    if not unit:
        return f"{int(value.to_integral_value(ROUND_CEILING)):,}"
    return f"{_rounded(value)} {unit}"


def points_text(n_points: int) -> str:
    """Return a number of points that a limit allows, to two digits."""
    return _rounded(Decimal(n_points))


def _scaled(value: Decimal) -> tuple[str, str]:
    for prefix in _PREFIXES[:-1]:
        rounded = _TWO_DIGITS.plus(value)
        if rounded < _THOUSAND:
            return _rounded(value), prefix
        value /= _THOUSAND
    return _rounded(value), _PREFIXES[-1]


def _rounded(value: Decimal) -> str:
    """Return two digits of a number, without an exponent."""
    rounded = _TWO_DIGITS.plus(value)
    return f"{rounded:,f}" if rounded < _SMALL else f"{int(rounded):,}"
