"""Which words of a point belong to one of its interruptions, and what readings said of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.alerts.darkness import Word
from service.domain.supply.meter_events import MeterEventKind

_WENT: Final = frozenset({"power_off", "last_gasp"})
_CAME_BACK: Final = frozenset({"power_on", "restored"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardEvent:
    """A meter event, and when it arrived first; microseconds since the Unix epoch."""

    event: MeterEventKind
    at: int  # on the meter's clock
    until: int  # of an entry of the power failure log; of the others the same as ``at``
    arrives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dark:
    """An interruption of a point with its edges; microseconds since the Unix epoch."""

    earliest: int
    start: int
    end: int | None  # None while open
    latest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTimes:
    """How the readings of a point come; microseconds."""

    interval: int
    delay: int  # from the end of an interval until its reading is here, as registered


def words_of_events(
    dark: Dark, events: Iterable[HeardEvent], tolerance: int
) -> tuple[list[Word], list[Word]]:
    """Return what events say of an interruption: that supply went, and that it came back.

    An entry of the log says both, and speaks of when it ended.

    Args:
        dark: The interruption.
        events: Of its point, any order, those of other interruptions too.
        tolerance: Microseconds by which the clock of a meter may be off.
    """
    went: list[Word] = []
    back: list[Word] = []
    for one in events:
        if one.event == "power_failure_log":
            if _meets(dark, one.at, one.until, tolerance):
                word = Word(one.until, one.arrives)
                went.append(word)
                back.append(word)
        elif one.event in _WENT and _meets(dark, one.at, one.at, tolerance):
            went.append(Word(one.at, one.arrives))
        elif one.event in _CAME_BACK and _is_end(dark, one.at, tolerance):
            back.append(Word(one.at, one.arrives))
    return went, back


def words_of_readings(
    dark: Dark,
    pieces: Iterable[tuple[int, int | None]],
    times: ReadingTimes,
    silent: Sequence[tuple[int, int]],
    through: int,
) -> tuple[list[Word], list[Word]]:
    """Return when readings without voltage, and the first with voltage, came, as far as history tells.

    The time at which a reading arrived is not kept. It is taken to have come after its delay; one of
    a time in which its point was silent in a communications incident, when that was over.

    Args:
        dark: The interruption.
        pieces: Start and end of what was measured dark; of one that is open the end is None.
        times: Interval and delay.
        silent: When the point was silent in communications incidents, half-open.
        through: Where the data end.
    """
    ends = (
        end
        for start, stop in pieces
        for end in _ends(start, through if stop is None else stop, times.interval)
    )
    measured = [Word(end, _arrival(end, times, silent)) for end in ends]
    if dark.latest is None:
        return measured, []
    end = dark.latest + times.interval
    return measured, [Word(end, _arrival(end, times, silent))]


def _ends(start: int, stop: int, interval: int) -> Iterator[int]:
    """Yield the ends of the intervals that lie wholly in a dark time."""
    yield from range(start + interval, stop + 1, interval)


def _arrival(end: int, times: ReadingTimes, silent: Sequence[tuple[int, int]]) -> int:
    arrives = end + times.delay
    for from_, to in sorted(silent):
        if from_ < end <= to:
            return max(arrives, to + times.delay)
    return arrives


def _is_end(dark: Dark, at: int, tolerance: int) -> bool:
    """Return whether supply came back then, as far as clocks may be off."""
    if dark.end is None or at < dark.end - tolerance:
        return False
    return dark.latest is None or at <= dark.latest + tolerance


def _meets(dark: Dark, at: int, until: int, tolerance: int) -> bool:
    """Return whether an event is of this interruption, as far as clocks may be off."""
    if dark.end is not None and at > dark.end + tolerance:
        return False
    return until >= dark.earliest - tolerance
