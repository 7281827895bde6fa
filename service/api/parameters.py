"""What requests say: identifiers and times, and what they mean."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import StringConstraints

from service.domain.periods import day_start, month_start
from service.errors import RangeTooLongError, RequestError
from service.store.deployment_reads import Snapshot, newest_day

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
# Of entries of the register: as a file has it, without blanks around it.
EntryText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]

From = Annotated[
    str | None,
    Query(
        alias="from",
        description="Start, inclusive: a day of the deployment's zone, or an instant with offset. "
        "Without it: the first of the month that the data have reached.",
        examples=["2024-03-01"],
    ),
]
To = Annotated[
    str | None,
    Query(
        alias="to",
        description="End, exclusive, in the same forms. Without it: the end of the day that the data have reached.",
        examples=["2024-04-01", "2024-03-01T12:00:00+08:00"],
    ),
]

FrequencyHz = Annotated[
    Literal["50", "60"],
    Query(description="of the supply, hertz: IEEE 1159 has limits in cycles"),
]

_YEARS: Final = range(1970, 2200)
_LOST_PLUS: Final = re.compile(r" (?=\d\d:?\d\d$)")  # in a query string + means a space


def span_of(
    from_: str | None, to: str | None, snapshot: Snapshot, now: datetime
) -> tuple[datetime, datetime]:
    """Return the half-open span of time that a request means; whole minutes, UTC.

    Raises:
        RequestError: An end cannot be understood, or the span is empty.
    """
    zone = snapshot.zone
    to_at = instant(to, "to", zone) if to else _day_end(newest_day(snapshot, now), zone)
    from_at = instant(from_, "from", zone) if from_ else month_start(_last_day(to_at, zone), zone)
    return _ordered(from_at, to_at, zone)


def day_span_of(
    from_: str | None, to: str | None, snapshot: Snapshot, now: datetime
) -> tuple[datetime, datetime]:
    """Return the same where an end that is left out means one day.

    Raises:
        RequestError: An end cannot be understood, or the span is empty.
    """
    zone = snapshot.zone
    day = newest_day(snapshot, now)
    from_at = instant(from_, "from", zone) if from_ else None
    if to:
        to_at = instant(to, "to", zone)
        return _ordered(from_at or day_start(_last_day(to_at, zone), zone), to_at, zone)
    if from_at is not None:
        day = from_at.astimezone(zone).date()
    return _ordered(from_at or day_start(day, zone), _day_end(day, zone), zone)


def days_of(
    from_: str | None, to: str | None, snapshot: Snapshot, now: datetime
) -> tuple[date, date]:
    """Return the half-open range of days that a request means, in the deployment's zone.

    Raises:
        RequestError: An end cannot be understood or is no start of a day, or the range is empty.
    """
    zone = snapshot.zone
    edges = span_of(from_, to, snapshot, now)
    for name, at in zip(("from", "to"), edges, strict=True):
        _check_day(at, name, zone)
    from_at, to_at = edges
    return from_at.astimezone(zone).date(), to_at.astimezone(zone).date()


def day_of(text: str, name: str, zone: ZoneInfo) -> datetime:
    """Return the start of the day that a request means, in UTC.

    Raises:
        RequestError: ``text`` cannot be understood, or is no start of a day.
    """
    at = instant(text, name, zone)
    _check_day(at, name, zone)
    return at


def instant(text: str, name: str, zone: ZoneInfo) -> datetime:
    """Return the instant that a request means, UTC, on a whole minute; of a day its start in ``zone``.

    Raises:
        RequestError: ``text`` cannot be understood, or is far away.
    """
    given = _LOST_PLUS.sub("+", text)
    try:
        day = date.fromisoformat(given)
    except ValueError:
        at = _with_offset(given, name)
    else:
        _check_year(day.year, name, text)
        return day_start(day, zone)
    _check_year(at.year, name, text)
    at = at.astimezone(UTC)
    if at.second or at.microsecond:
        raise RequestError(f"{name} must be on a whole minute, not {text!r}", "query", name)
    return at


def check_length(from_at: datetime, to_at: datetime, longest: timedelta) -> None:
    """Refuse a span longer than ``longest``; an hour more is let through, where clocks change.

    Raises:
        RangeTooLongError: It is.
    """
    if to_at - from_at > longest + timedelta(hours=1):
        asked = (to_at - from_at) / timedelta(days=1)
        raise RangeTooLongError(
            f"{asked:g} days are asked for, at most {longest.days} are answered at once",
            "query",
            "from",
        )


def _check_day(at: datetime, name: str, zone: ZoneInfo) -> None:
    if day_start(at.astimezone(zone).date(), zone) != at:
        local = at.astimezone(zone).isoformat()
        raise RequestError(
            f"{name} must be a day or its start in {zone.key}, not {local}", "query", name
        )


def _ordered(from_at: datetime, to_at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if from_at >= to_at:
        shown = f"{from_at.astimezone(zone).isoformat()} .. {to_at.astimezone(zone).isoformat()}"
        raise RequestError(f"from must be before to, not {shown}", "query", "from")
    return from_at, to_at


def _day_end(day: date, zone: ZoneInfo) -> datetime:
    return day_start(day + timedelta(days=1), zone)


def _last_day(to_at: datetime, zone: ZoneInfo) -> date:
    return (to_at - timedelta(microseconds=1)).astimezone(zone).date()


def _with_offset(given: str, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise RequestError(
            f"{name} must be a day (2024-03-01) or an instant with offset (2024-03-01T12:00:00+08:00), not {given!r}",
            "query",
            name,
        ) from error
    if at.tzinfo is None:
        raise RequestError(
            f"{name} = {given!r} needs an offset, for example {given}+08:00 or {given}Z; a day alone needs none",
            "query",
            name,
        )
    return at


def _check_year(year: int, name: str, text: str) -> None:
    if year not in _YEARS:
        raise RequestError(
            f"{name} must be in the years {_YEARS[0]} to {_YEARS[-1]}, not {text!r}", "query", name
        )
