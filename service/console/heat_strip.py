"""The heat strip of a point: a row for each day, a column for each hour of the clock, readable without colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from service.console.formats import Formats
from service.console.texts import Texts
from service.domain.explanation.hours import DayOfPoint, HourOfPoint, State
from service.domain.rates import VerdictCounts

# A sign for each state, so that nobody needs the colour.
SIGNS: Final[dict[State, str]] = {
    "not_due": "",
    "pass": "",
    "over": "▲",
    "under": "▼",
    "interrupted": "✕",
    "exempt": "–",
    "invalid": "?",
    "missing": "○",
}
LEGEND: Final[tuple[State, ...]] = (
    "pass",
    "over",
    "under",
    "interrupted",
    "missing",
    "invalid",
    "exempt",
    "not_due",
)
_FRIDAY: Final = 5
_DAY: Final = 1440  # minutes, but where clocks change
_A_LITTLE: Final = Fraction(5, 100)  # of the hour's minutes: the palest shade
_SOME: Final = Fraction(25, 100)
_WORDS: Final = ("over", "under", "interrupted", "invalid", "missing", "exempt", "pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripHour:
    """An hour as it is shown."""

    state: State
    shade: int  # 1 a little of it, 2 up to a quarter, 3 more
    sign: str
    says: str  # all of it in words
    is_half: bool  # one of two that share a column, where clocks repeat the hour


@dataclass(frozen=True, slots=True, kw_only=True)
class StripDay:
    """A day as it is shown."""

    day: str  # 2024-03-01, for the address
    shown: str
    is_weekend: bool
    length: str  # where it has not 1440 minutes: how many
    columns: Sequence[Sequence[StripHour]]
    counts: VerdictCounts


def strip_of(days: Sequence[DayOfPoint], texts: Texts, fmt: Formats) -> list[StripDay]:
    """Return the days of a strip, in the order of time."""
    return [
        StripDay(
            day=one.day.isoformat(),
            shown=fmt.day(one.day),
            is_weekend=one.day.isoweekday() > _FRIDAY,
            length="" if one.n_minutes == _DAY else fmt.number(one.n_minutes),
            columns=[[_hour(hour, hours, texts, fmt) for hour in hours] for hours in one.clock],
            counts=one.counts,
        )
        for one in days
    ]


def _hour(
    one: HourOfPoint, together: Sequence[HourOfPoint], texts: Texts, fmt: Formats
) -> StripHour:
    return StripHour(
        state=one.state,
        shade=_shade(one),
        sign=SIGNS[one.state],
        says=_words_of(one, texts, fmt),
        is_half=len(together) > 1,
    )


def _shade(one: HourOfPoint) -> int:
    """Return how strongly an hour is coloured: by the share of its minutes that are in its state."""
    counts = one.counts
    if not counts.n_due:
        return 1
    share = Fraction(int(getattr(counts, f"n_{one.state}")), counts.n_due)
    return 1 if share <= _A_LITTLE else 2 if share <= _SOME else 3


def _words_of(one: HourOfPoint, texts: Texts, fmt: Formats) -> str:
    """Return an hour in words: when, minutes by verdict, the voltage it reached."""
    when = f"{fmt.time(one.from_at)} – {one.to_at:%H:%M}"
    if not one.counts.n_due:
        return f"{when}: {texts('point.state.not_due')}"
    parts = [
        f"{texts(f'point.state.{word}')} {fmt.number(n)}"
        for word in _WORDS
        if (n := getattr(one.counts, f"n_{word}"))
    ]
    known = [voltage for voltage in one.voltage if voltage is not None]
    if known:
        lowest = min(voltage.lowest_v for voltage in known)
        highest = max(voltage.highest_v for voltage in known)
        parts.append(f"{fmt.volts(lowest * 1000)} … {fmt.volts(highest * 1000)}")
    return f"{when}: {texts('point.minutes_by_verdict')} " + ", ".join(parts)
