"""Instants in files and options of the offline commands, in microseconds since the Unix epoch."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from service.domain.csv_fields import NotAllowedError
from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.errors import ScoreInputError
from service.offline.stamps import StampColumn

_US_PER_MS = 1000


def instants(zone: ZoneInfo) -> Callable[[str], int]:
    """Return a reader of times; without offset they are the clocks of ``zone``."""
    stamps = StampColumn(zone)

    def read(text: str) -> int:
        stamp_ms, faults = stamps.read([text])
        if faults:
            raise NotAllowedError(faults[0].removeprefix("allowed: "))
        return int(stamp_ms[0]) * _US_PER_MS

    return read


def read_edge(option: str, text: str, zone: ZoneInfo) -> int:
    """Return an edge of a period: a day, whose first instant is meant, or a time.

    Raises:
        ScoreInputError: It is neither.
    """
    try:
        return epoch_us(day_start(date.fromisoformat(text), zone))
    except ValueError:
        pass
    try:
        return instants(zone)(text)
    except NotAllowedError as error:
        raise ScoreInputError(
            f"{option} is {text}; allowed: a day (2024-01-01) or {error}"
        ) from error


def read_day(text: str) -> date:
    """Return a day of a file."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAllowedError("a day, like 2024-01-31") from None
