"""Times as numbers: microseconds and minutes since the Unix epoch."""

from datetime import UTC, datetime, timedelta

MINUTE_US = 60_000_000
FOREVER_MINUTE = 2**33  # an open end: later than any minute

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def epoch_us(at: datetime) -> int:
    """Return microseconds since the Unix epoch of a time with zone, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def at_us(us: int) -> datetime:
    """Return the time, in UTC, that is ``us`` microseconds after the Unix epoch."""
    return _EPOCH + timedelta(microseconds=us)


def edge_minute(at: datetime | None) -> int:
    """Return the first minute whose midpoint is not before ``at``; FOREVER_MINUTE for an open end.

    A half-open interval covers the minutes from the edge minute of its start to before that of its
    end: those whose midpoint it covers.
    """
    if at is None:
        return FOREVER_MINUTE
    return -((MINUTE_US // 2 - epoch_us(at)) // MINUTE_US)
