"""The heat strip: minutes of a point by local day and hour, and the voltage of each hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from service.domain.explanation.minutes import Part, SpanMinutes
from service.domain.periods import Period, periods
from service.domain.rates import VerdictCounts

State = Literal["not_due", "pass", "over", "under", "interrupted", "exempt", "invalid", "missing"]
HOURS_OF_CLOCK: Final = 24
# What an hour is shown as: of the first three the one with the most minutes, the first of those alike; else the first
# of the others that has a minute.
_BAD: Final[tuple[tuple[State, str], ...]] = (
    ("under", "n_under"),
    ("over", "n_over"),
    ("interrupted", "n_interrupted"),
)
_OTHERS: Final[tuple[tuple[State, str], ...]] = (
    ("invalid", "n_invalid"),
    ("missing", "n_missing"),
    ("exempt", "n_exempt"),
    ("pass", "n_pass"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseVoltage:
    """Measured voltage of one phase in an hour, while there was supply; volts."""

    lowest_v: float
    mean_v: float  # root of the mean of the squares of the minutes
    highest_v: float
    n_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfPoint:
    """One hour of the clock, or the part of it that lies in the span."""

    from_at: datetime  # local
    to_at: datetime
    counts: VerdictCounts  # of the minutes due
    state: State  # the worst there was
    voltage: tuple[PhaseVoltage | None, ...]  # by phase; None: nothing measured

    @property
    def outside_share(self) -> Fraction | None:
        """Share of the judged minutes that were over or under, 0..1; None without one."""
        counts = self.counts
        n_judged = counts.n_judged
        return Fraction(n_judged - counts.n_pass, n_judged) if n_judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfPoint:
    """One day of the deployment's zone, or the part of it that lies in the span."""

    day: date
    n_minutes: int  # of the day in the span: 1380, 1440 or 1500 of a whole one
    counts: VerdictCounts  # of the minutes due
    clock: tuple[tuple[HourOfPoint, ...], ...]
    # by the hour of the clock, 24 of them: none where clocks skip it, two where they repeat it

    @property
    def hours(self) -> list[HourOfPoint]:
        """The hours in the order of time."""
        return sorted((hour for hours in self.clock for hour in hours), key=lambda one: one.from_at)


def days_of_point(minutes: SpanMinutes, to_at: datetime, zone: ZoneInfo) -> list[DayOfPoint]:
    """Return the days of the span in the order of time, with their hours."""
    days: list[DayOfPoint] = []
    hours = [
        _hour(minutes, period, zone) for period in periods(minutes.from_at, to_at, "hour", zone)
    ]
    taken = 0
    for period in periods(minutes.from_at, to_at, "day", zone):
        n_before = taken
        while taken < len(hours) and hours[taken].from_at < period.to_at:
            taken += 1
        days.append(_day(minutes, period, hours[n_before:taken]))
    return days


def _day(minutes: SpanMinutes, period: Period, hours: Sequence[HourOfPoint]) -> DayOfPoint:
    clock: list[list[HourOfPoint]] = [[] for _ in range(HOURS_OF_CLOCK)]
    for hour in hours:
        clock[hour.from_at.hour].append(hour)
    return DayOfPoint(
        day=date.fromisoformat(period.label),
        n_minutes=period.n_minutes,
        counts=minutes.counts(minutes.part(period)),
        clock=tuple(map(tuple, clock)),
    )


def _hour(minutes: SpanMinutes, period: Period, zone: ZoneInfo) -> HourOfPoint:
    part = minutes.part(period)
    counts = minutes.counts(part)
    return HourOfPoint(
        from_at=period.from_at.astimezone(zone),
        to_at=period.to_at.astimezone(zone),
        counts=counts,
        state=state_of(counts),
        voltage=tuple(_voltage(minutes, phase, part) for phase in range(minutes.n_phases)),
    )


def state_of(counts: VerdictCounts) -> State:
    """Return the worst that some minutes were; ``not_due`` of none."""
    state, name = max(_BAD, key=lambda one: int(getattr(counts, one[1])))
    if getattr(counts, name):
        return state
    return next((state for state, name in _OTHERS if getattr(counts, name)), "not_due")


def _voltage(minutes: SpanMinutes, phase: int, part: Part) -> PhaseVoltage | None:
    is_measured = minutes.measured_of(phase, part)
    volts = minutes.volts(phase, part)[is_measured]
    if not volts.size:
        return None
    return PhaseVoltage(
        lowest_v=float(volts.min()),
        mean_v=float(np.sqrt(np.mean(volts * volts))),
        highest_v=float(volts.max()),
        n_minutes=int(volts.size),
    )
