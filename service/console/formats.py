"""Figures as people read them: with their unit, on the clocks of the deployment, in their language.

Shares are cut and not rounded: 99.996 % of good minutes is not 100.00 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from service.console.texts import Language

ABSENT: Final = "–"
_NBSP: Final = "\u00a0"  # between a number and its unit

_LOCALES: Final[Mapping[Language, Locale]] = MappingProxyType(
    {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en_GB")}
)
_HOURS_FROM_MINUTES: Final = 120  # longer times are shown in hours
_KV_FROM_MV: Final = 1_000_000
Number = int | float | Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one language, with times on the clocks of ``zone``."""

    language: Language
    zone: ZoneInfo

    @property
    def _locale(self) -> Locale:
        return _LOCALES[self.language]

    def number(self, value: Number | None, places: int = 0) -> str:
        """Return a number with so many places, thousands apart."""
        if value is None:
            return ABSENT
        return self._shown(_cut(value, places, ROUND_HALF_EVEN), places)

    def percent(self, share: Number | None, places: int = 2) -> str:
        """Return a share, 0..1, in percent, cut downward: 96.41 %."""
        if share is None:
            return ABSENT
        return f"{self._shown(_cut(100 * _exact(share), places, ROUND_FLOOR), places)}{_NBSP}%"

    def target(self, share: Number | None) -> str:
        """Return a share that somebody set in percent, with the places that it has: 95 %, 99.89 %."""
        if share is None:
            return ABSENT
        exact = (100 * _exact(share)).normalize()
        exponent = exact.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        return f"{self._shown(exact, places)}{_NBSP}%"

    def points(self, points: Number | None, places: int = 2) -> str:
        """Return percentage points with their sign, cut downward: what is below zero never shows as zero."""
        if points is None:
            return ABSENT
        cut = _cut(points, places, ROUND_FLOOR)
        unit = "个百分点" if self.language == "zh" else "pp"
        return f"{'+' if cut >= 0 else ''}{self._shown(cut, places)}{_NBSP}{unit}"

    def volts(self, millivolts: Number | None, places: int | None = None) -> str:
        """Return a voltage: in V below 1 kV with one place, in kV from there on with two, or ``places``."""
        if millivolts is None:
            return ABSENT
        exact = _exact(millivolts)
        if abs(exact) < _KV_FROM_MV:
            n = 1 if places is None else places
            return f"{self._shown(_cut(exact / 1000, n, ROUND_HALF_EVEN), n)}{_NBSP}V"
        n = 2 if places is None else places
        return f"{self._shown(_cut(exact / _KV_FROM_MV, n, ROUND_HALF_EVEN), n)}{_NBSP}kV"

    def deviation(self, cells: int | None) -> str:
        """Return a deviation from nominal, given in 0.01 %: +7.00 %."""
        if cells is None:
            return ABSENT
        sign = "+" if cells > 0 else ""
        return f"{sign}{self._shown(Decimal(cells) / 100, 2)}{_NBSP}%"

    def span(self, cells: Number | None) -> str:
        """Return how far two voltages are apart, given in 0.01 % of nominal: 7.00 %."""
        if cells is None:
            return ABSENT
        return f"{self._shown(_exact(cells) / 100, 2)}{_NBSP}%"

    def minutes(self, minutes: Number | None, places: int = 1) -> str:
        """Return a time: in minutes up to two hours, above that in hours."""
        if minutes is None:
            return ABSENT
        exact = _exact(minutes)
        if exact < _HOURS_FROM_MINUTES:
            unit = "分钟" if self.language == "zh" else "min"
            return f"{self._trimmed(exact, places)}{_NBSP}{unit}"
        unit = "小时" if self.language == "zh" else "h"
        return f"{self._trimmed(exact / 60, places)}{_NBSP}{unit}"

    def minutes_per_customer(self, minutes: Number | None, places: int = 1) -> str:
        """Return the same for each customer: 12.3 min per customer."""
        per = "/户" if self.language == "zh" else " per customer"
        return ABSENT if minutes is None else f"{self.minutes(minutes, places)}{per}"

    def duration(self, span: timedelta | None) -> str:
        """Return how long something lasted, like ``minutes``."""
        return self.minutes(None if span is None else span / timedelta(minutes=1), 0)

    def time(self, at: datetime | None) -> str:
        """Return an instant on the deployment's clocks, with their distance from UTC."""
        if at is None:
            return ABSENT
        pattern = "y年M月d日 HH:mm ZZZZZ" if self.language == "zh" else "d MMM y, HH:mm ZZZZZ"
        return self._datetime(at, pattern)

    def clock(self, at: datetime | None) -> str:
        """Return the same without year and distance, where a heading says both: 3 Mar, 14:05."""
        if at is None:
            return ABSENT
        return self._datetime(at, "M月d日 HH:mm" if self.language == "zh" else "d MMM, HH:mm")

    def day(self, day: date | None) -> str:
        """Return a day: 3 Mar 2024."""
        if day is None:
            return ABSENT
        pattern = "y年M月d日" if self.language == "zh" else "d MMM y"
        return format_date(day, pattern, locale=self._locale)

    def days(self, first: date, end: date) -> str:
        """Return a half-open range of days as people say it, its last day included."""
        last = end - timedelta(days=1)
        if last == first:
            return self.day(first)
        dash = " 至 " if self.language == "zh" else " to "
        return f"{self.day(first)}{dash}{self.day(last)}"

    def _datetime(self, at: datetime, pattern: str) -> str:
        return format_datetime(at, pattern, tzinfo=self.zone, locale=self._locale)

    def _trimmed(self, value: Decimal, places: int) -> str:
        """Return a number without the places that are zero."""
        cut = _cut(value, places, ROUND_HALF_EVEN)
        whole = cut == cut.to_integral_value()
        return self._shown(cut, 0 if whole else places)

    def _shown(self, value: Decimal, places: int) -> str:
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return format_decimal(value, pattern, locale=self._locale)


def _exact(value: Number) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _cut(value: Number, places: int, rounding: str) -> Decimal:
    return _exact(value).quantize(Decimal(1).scaleb(-places), rounding)
