"""Times as numbers: microseconds and minutes since the Unix epoch."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

MINUTE_US = 60_000_000
FOREVER_MINUTE = 2**33  # an open end: later than any minute
FOREVER_US = FOREVER_MINUTE * MINUTE_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def epoch_us(at: datetime) -> int:
    """Return microseconds since the Unix epoch of a time with zone, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def epoch_us_or_none(at: datetime | None) -> int | None:
    """Return the same of a time, None of None."""
    return None if at is None else epoch_us(at)


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


def edge_minutes(at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the same of instants in microseconds since the Unix epoch, none later than FOREVER_US."""
    minutes: NDArray[np.int64] = -((MINUTE_US // 2 - at_us) // MINUTE_US)
    return minutes
