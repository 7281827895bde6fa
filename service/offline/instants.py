"""Instants in files and options of the offline commands, in microseconds since the Unix epoch."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from service.domain.csv_fields import NotAllowedError
from service.domain.instants import at_us, epoch_us
from service.domain.periods import day_start
from service.errors import ScoreInputError
from service.offline.stamps import StampColumn
from service.wire.stamps import NO_STAMP, StampCache

_US_PER_MS = 1000
_MILLISECOND = timedelta(milliseconds=1)


def instants(zone: ZoneInfo) -> Callable[[str], int]:
    """Return a reader of times; without offset they are the clocks of ``zone``."""
    stamps, known = StampColumn(zone), StampCache()

    def read(text: str) -> int:
        code = known[text]
        if code != NO_STAMP:
            ms, has_offset = divmod(code, 2)
            offsets = {0} if has_offset else _offsets_ms(ms, zone)
            if len(offsets) == 1:
                return (ms - offsets.pop()) * _US_PER_MS
        # A number, or what needs to be told about: a column of one.
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


def _offsets_ms(wall_ms: int, zone: ZoneInfo) -> set[int]:
    """Return how far ``zone`` is ahead of UTC at a time of its clocks: two values where they change."""
    wall = at_us(wall_ms * _US_PER_MS)
    offsets = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return {offset // _MILLISECOND for offset in offsets if offset is not None}


def read_day(text: str) -> date:
    """Return a day of a file."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAllowedError("a day, like 2024-01-31") from None
