"""Between which durations an event lies that readings showed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """When readings showed an event; of an open one the ends are where the data reach."""

    earliest_at: datetime
    start_at: datetime  # of the first reading that showed it
    end_at: datetime  # of the last one, exclusive
    latest_at: datetime


def duration_bounds_s(
    seen: SeenEvent, interval_s: int, frequency_hz: int
) -> tuple[Fraction, Fraction]:
    """Return the shortest and the longest duration, seconds.

    The first reading that shows an event and the last one may lie in it with a part of their
    interval only, and the readings beside them, too, may have a part of it and still be inside the
    thresholds: so each edge is known to one interval, either way. What an RMS value shows has
    lasted half a cycle or more: it is no transient.

    Args:
        seen: By the readings.
        interval_s: Of a reading.
        frequency_hz: Of the supply.
    """
    half_cycle = Fraction(1, 2 * frequency_hz)
    shortest = _seconds(seen.end_at - seen.start_at) - 2 * interval_s
    longest = _seconds(seen.latest_at - seen.earliest_at) + 2 * interval_s
    return max(half_cycle, shortest), max(half_cycle, longest)


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span // _MICROSECOND, 1_000_000)
