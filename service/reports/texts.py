"""Values as people read them: one way for PDF, notes and lists of changes."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from service.reports.columns import Column, Kind, Language
from service.reports.figures import Value
from service.reports.words import shown_word

ABSENT: Final = "—"
ALMOST_WHOLE: Final = "<100%"  # of a share that is not 1 and would be rounded to it
_PLACES: Final[dict[Kind, int]] = {
    "share": 4,
    "points": 4,
    "number": 4,
    "hours": 4,
    "minutes": 2,
}
_DIGITS: Final = 60
_HALF_OF_LAST: Final = Fraction(5, 10**7)


def shown(value: Value, column: Column, language: Language, zone: ZoneInfo) -> str:
    """Return a value of a column as text, numbers rounded half away from zero as spreadsheets do."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return shown_word(value, language) if column.kind == "word" else value
    return _number(Fraction(value), column.kind)


def is_almost_whole(share: Fraction) -> bool:
    """Return whether a share below 1 would show as 100 %."""
    return 1 - _HALF_OF_LAST <= share < 1


def _number(value: Fraction, kind: Kind) -> str:
    if kind == "count" or (kind == "minutes" and value.denominator == 1):
        return f"{value.numerator:,}"
    if kind == "share" and is_almost_whole(value):
        return ALMOST_WHOLE
    places = _PLACES.get(kind, 4)
    scaled = 100 * value if kind in {"share", "points"} else value
    with localcontext() as context:
        context.prec = _DIGITS
        exact = Decimal(scaled.numerator) / Decimal(scaled.denominator)
        cut = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if kind == "share":
        return f"{cut:,}%"
    return f"{cut:+,}" if kind == "points" else f"{cut:,}"
