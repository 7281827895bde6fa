"""The months that reports are about: twelve in a year, begun on the day that the operator closes its books."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.domain.periods import next_month

_LABEL: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_YEARS: Final = range(1970, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMonth:
    """A month of reports, in days of the deployment's zone."""

    label: str  # 2026-11
    from_day: date  # inclusive
    to_day: date  # exclusive

    @property
    def days(self) -> tuple[date, date]:
        """The days, half-open."""
        return self.from_day, self.to_day


def report_month(label: str, start_day: int) -> ReportMonth:
    """Return the month of a label: the one whose last day lies in that calendar month.

    With ``start_day`` 1 that is the calendar month; with 26, as is usual with operators in China,
    2026-11 is 26 October to 25 November. One rule for every start day: months follow each other
    without gap or overlap, and each has the name of the calendar month in which it ends.

    Args:
        label: Year and month, 2026-11.
        start_day: Of the month on which a month of reports begins, 1..28, a day that every month has.

    Raises:
        ValueError: The label is none, or lies outside 1970..2199.
    """
    found = _LABEL.fullmatch(label)
    if found is None or int(found[1]) not in _YEARS:
        raise ValueError(
            f"month must be a year and a month of {_YEARS[0]} to {_YEARS[-1]}, like 2026-11, not {label!r}"
        )
    first = date(int(found[1]), int(found[2]), 1)
    if start_day == 1:
        return ReportMonth(label=label, from_day=first, to_day=next_month(first))
    before = _month_before(first)
    return ReportMonth(
        label=label, from_day=before.replace(day=start_day), to_day=first.replace(day=start_day)
    )


def _month_before(first: date) -> date:
    return date(first.year - (first.month == 1), first.month - 1 or 12, 1)
