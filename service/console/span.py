"""The period of a page: which one its address means, and the ones before and after it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.domain.periods import day_start, next_month
from service.errors import RangeTooLongError, RequestError

LONGEST: Final = timedelta(days=92)
_YEARS: Final = range(1970, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range of days of the deployment's zone."""

    first: date
    end: date  # exclusive
    zone: ZoneInfo

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The same as instants, UTC."""
        return day_start(self.first, self.zone), day_start(self.end, self.zone)

    @property
    def is_month(self) -> bool:
        """Whether it is one whole month of the calendar."""
        return self.first.day == 1 and self.end == next_month(self.first)

    @property
    def query(self) -> dict[str, str]:
        """How an address carries it."""
        return {"from": self.first.isoformat(), "to": self.end.isoformat()}

    def before(self) -> "Span":
        """Return the period of the same kind before it."""
        if self.is_month:
            last = self.first - timedelta(days=1)
            return Span(first=last.replace(day=1), end=self.first, zone=self.zone)
        length = self.end - self.first
        return Span(first=self.first - length, end=self.first, zone=self.zone)

    def after(self) -> "Span":
        """Return the period of the same kind after it."""
        if self.is_month:
            return Span(first=self.end, end=next_month(self.end), zone=self.zone)
        return Span(first=self.end, end=self.end + (self.end - self.first), zone=self.zone)


def span_asked(
    first: str | None,
    end: str | None,
    newest: datetime,
    zone: ZoneInfo,
    longest: timedelta = LONGEST,
) -> Span:
    """Return the period that an address means: without an end a month, without a start that of the newest data.

    Args:
        first: A day (2024-03-01) or a month (2024-03); None: see above.
        end: A day, exclusive.
        newest: The last instant that there is something of.
        zone: Of the deployment.
        longest: That is shown at once.

    Raises:
        RequestError: One of them is no day, or the range is empty.
        RangeTooLongError: It is too long.
    """
    start = _day(first, "from") if first else None
    if start is None:
        reached = newest - timedelta(microseconds=1)
        start = (
            _day(end, "to").replace(day=1)
            if end
            else reached.astimezone(zone).date().replace(day=1)
        )
        if end and _day(end, "to") == start:
            start = (start - timedelta(days=1)).replace(day=1)
    stop = _day(end, "to") if end else next_month(start)
    if start >= stop:
        raise RequestError(
            f"from = {start} has to be before to = {stop}: `to` is the day after the last one",
            "query",
            "from",
        )
    if stop - start > longest:
        raise RangeTooLongError(
            f"{(stop - start).days} days are asked for, at most {longest.days} are shown at once: "
            "ask for a month, or for a shorter range",
            "query",
            "from",
        )
    return Span(first=start, end=stop, zone=zone)


def day_asked(text: str | None, span: Span) -> date | None:
    """Return the day of a period that is looked at closely; None: none.

    Raises:
        RequestError: It is no day, or lies outside the period.
    """
    if not text:
        return None
    day = _day(text, "day")
    if not span.first <= day < span.end:
        raise RequestError(
            f"day = {day} is not in the period {span.first} to {span.end} (exclusive)",
            "query",
            "day",
        )
    return day


def _day(text: str, name: str) -> date:
    given = f"{text}-01" if len(text) == len("2024-03") else text
    try:
        day = date.fromisoformat(given)
    except ValueError as error:
        raise RequestError(
            f"{name} has to be a day (2024-03-01) or a month (2024-03), not {text!r}", "query", name
        ) from error
    if day.year not in _YEARS:
        raise RequestError(
            f"{name} has to be in the years 1970 to 2199, not {text!r}", "query", name
        )
    return day
