"""Hours, days and months of a zone, and how many of their minutes are due.

A day has 1380, 1440 or 1500 minutes where clocks change; all arithmetic is done on instants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

By = Literal["hour", "day", "month"]

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """An hour, day or month of a zone, or the part of it that was asked for; whole minutes."""

    from_at: datetime  # inclusive, UTC
    to_at: datetime  # exclusive, UTC
    label: str  # local: 2024-03-31T02:00+02:00, 2024-03-31 or 2024-03

    @property
    def n_minutes(self) -> int:
        """Number of minutes."""
        return (self.to_at - self.from_at) // _MINUTE


def periods(from_at: datetime, to_at: datetime, by: By, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the periods of ``[from_at, to_at)`` in order, without gap or overlap.

    The first and the last are cut to what was asked for. Local hours begin at minute 0 of the
    zone's clocks, in half-hour zones too.

    Raises:
        ValueError: An end is without zone or not on a whole minute.
    """
    start, end = _whole_minute(from_at), _whole_minute(to_at)
    while start < end:
        local = start.astimezone(zone)
        next_start = min(end, _next_start(local, by, zone))
        yield Period(from_at=start, to_at=next_start, label=_label(local, by))
        start = next_start


def minutes_due(
    period: Period, validity: tuple[datetime, datetime | None], through: datetime
) -> int:
    """Return how many minutes of ``period`` a point was in service and the data have reached.

    Args:
        period: Of which minutes are counted.
        validity: The point's, half-open; None is open.
        through: Up to where every partition has been read; a minute that it cuts is not due yet.
    """
    valid_from, valid_to = validity
    through = through.replace(second=0, microsecond=0)
    start = max(period.from_at, valid_from)
    end = min(period.to_at, through, valid_to or period.to_at)
    return max(0, (end - start) // _MINUTE)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day in ``zone``, in UTC.

    Where clocks skip midnight that is the first instant after it, where they repeat it the first.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def month_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of the month of ``day`` in ``zone``, in UTC."""
    return day_start(day.replace(day=1), zone)


def next_month(day: date) -> date:
    """Return the first day of the month after that of ``day``."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _next_start(local: datetime, by: By, zone: ZoneInfo) -> datetime:
    """Return the first instant after ``local`` where another period begins, in UTC."""
    now = local.astimezone(UTC)
    if by == "hour":
        return now + timedelta(minutes=60 - local.minute)
    day = local.date()
    start = now
    while start <= now:  # once, unless clocks skip a whole day
        day = day + timedelta(days=1) if by == "day" else next_month(day)
        start = day_start(day, zone)
    return start


def _label(local: datetime, by: By) -> str:
    if by == "hour":
        # Not replace(minute=0): where clocks repeat half an hour, that is the hour before.
        return f"{local:%Y-%m-%dT%H}:00{local.isoformat()[19:]}"
    return local.strftime("%Y-%m-%d" if by == "day" else "%Y-%m")


def _whole_minute(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} is without zone")
    utc = at.astimezone(UTC)
    if utc.second or utc.microsecond:
        raise ValueError(f"{at.isoformat()} is not on a whole minute")
    return utc
