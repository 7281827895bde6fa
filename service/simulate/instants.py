"""Instants: milliseconds since 1970 inside, and text on the clocks of China outside."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.errors.simulation import SimulationError

ZONE_NAME: Final = "Asia/Shanghai"
ZONE: Final = timezone(timedelta(hours=8))  # no daylight saving since 1991
OFFSET_MS: Final = 8 * 3_600_000
SECOND_MS: Final = 1000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000


def day_start_ms(day: str) -> int:
    """Return the first instant of a day like ``2026-03-01``.

    Raises:
        SimulationError: There is no such day.
    """
    try:
        midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZONE)
    except ValueError as error:
        raise SimulationError(f"start is {day!r}, which is no day: {error}") from error
    return round(midnight.timestamp()) * SECOND_MS


def day_text(at_ms: int) -> str:
    """Return the day of an instant, like ``2026-03-01``."""
    return datetime.fromtimestamp(at_ms // 1000, ZONE).date().isoformat()


def year_of(at_ms: int) -> int:
    """Return the calendar year of an instant."""
    return datetime.fromtimestamp(at_ms // 1000, ZONE).year


def minute_text(at_ms: int | None) -> str:
    """Return an instant cut to its minute, with offset; nothing for None."""
    if at_ms is None:
        return ""
    return datetime.fromtimestamp(at_ms // 1000, ZONE).isoformat(timespec="minutes")


def instant_text(at_ms: int) -> str:
    """Return an instant to the millisecond, with offset."""
    return instant_texts(np.array([at_ms], np.int64))[0]


def instant_texts(at_ms: NDArray[np.int64]) -> list[str]:
    """Return instants to the millisecond, with offset."""
    local = (at_ms + OFFSET_MS).astype("datetime64[ms]")
    return [f"{text}+08:00" for text in np.datetime_as_string(local).tolist()]
