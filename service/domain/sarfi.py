"""SARFI: how many short-duration events a monitored point sees, below a voltage or below a curve.

Source: IEEE 1564 (SARFI-X, SARFI-curve); GB/T 30137 (brought to 30 or 365 days).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from service.domain.event_classes import VoltageEvent
from service.domain.event_tables import EventTables


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingStep:
    """Durations in which events beyond a level count."""

    above_s: Fraction  # exclusive; of the first step, where it begins: inclusive
    up_to_s: Fraction  # inclusive
    level_pu: Fraction  # on it, an event does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class SarfiIndex:
    """What one index counts: of short-duration events those beyond a level, which may go by duration."""

    name: str  # "90", "ITIC": what stands behind SARFI-
    half_cycle_s: Fraction  # what is shorter is no variation of the RMS voltage
    is_above: bool  # counts what is above the level, else what is below
    steps: tuple[CountingStep, ...]  # one after the other without a gap

    def counts(self, event: VoltageEvent) -> bool:
        """Return whether an event counts."""
        if event.duration_s < self.steps[0].above_s:
            return False
        for step in self.steps:
            if event.duration_s <= step.up_to_s:
                level = step.level_pu
                return event.voltage_pu > level if self.is_above else event.voltage_pu < level
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sarfi:
    """An index over some points and a time; None without points or without time."""

    n_events: int
    per_point: Fraction | None  # events a monitored point, in the time
    per_days: dict[int, Fraction | None]  # the same brought to a number of days, by that number


def sarfi_names(tables: EventTables) -> list[str]:
    """Return the names of the indices there are, in the order of the table."""
    thresholds = [str(row.percent) for row in tables.sarfi.thresholds]
    return [*thresholds, *(row.name for row in tables.sarfi.curves)]


def sarfi_index(name: str, tables: EventTables, frequency_hz: int) -> SarfiIndex:
    """Return the index of that name.

    Raises:
        KeyError: There is none.
    """
    half_cycle_s, last = short_durations_s(tables, frequency_hz)
    curve = next((row for row in tables.sarfi.curves if row.name == name), None)
    if curve is not None:
        begin, first = tables.semi_f47.begins, half_cycle_s
        if curve.verdict == "no_damage":
            steps = [(s.level_pu, s.up_to_s) for s in tables.itic.steps if s.side == "lower"]
        else:  # may_trip: below the curve, and beyond its last step every sag
            steps = [(s.level_pu, s.up_to_s) for s in tables.semi_f47.steps]
            steps.append((begin.sag_below_pu, None))
            first = max(first, Fraction(begin.from_s))
        return SarfiIndex(
            name=name, half_cycle_s=half_cycle_s, is_above=False, steps=_clipped(steps, first, last)
        )
    percent = next((r.percent for r in tables.sarfi.thresholds if str(r.percent) == name), None)
    if percent is None:
        raise KeyError(name)
    step = CountingStep(above_s=half_cycle_s, up_to_s=last, level_pu=Fraction(percent, 100))
    return SarfiIndex(name=name, half_cycle_s=half_cycle_s, is_above=percent > 100, steps=(step,))  # noqa: PLR2004 (nominal)


def sarfi_of(
    n_events: int, n_points: int, point_days: Fraction, periods_days: Iterable[int]
) -> Sarfi:
    """Return an index.

    Args:
        n_events: Events that count, of all points.
        n_points: Points that were monitored.
        point_days: For how many days, the sum over the points.
        periods_days: Periods to bring it to.
    """
    return Sarfi(
        n_events=n_events,
        per_point=Fraction(n_events, n_points) if n_points else None,
        per_days={
            days: Fraction(n_events * days) / point_days if point_days else None
            for days in periods_days
        },
    )


def short_durations_s(tables: EventTables, frequency_hz: int) -> tuple[Fraction, Fraction]:
    """Return the first and the last duration that IEEE 1159 calls short, both inclusive."""
    rows = [row for row in tables.ieee_1159.regions if row.short_duration]
    cycles = [row.cycles.low for row in rows if row.cycles.low is not None]
    seconds = [row.duration_s.high for row in rows if row.duration_s.high is not None]
    return min(cycles) / frequency_hz, max(seconds)


def _clipped(
    steps: Iterable[tuple[Decimal, Decimal | None]], first: Fraction, last: Fraction
) -> tuple[CountingStep, ...]:
    """Return the part of a staircase, level and end of each step, that lies in short durations."""
    found: list[CountingStep] = []
    above = first
    for level_pu, end_s in steps:
        up_to = last if end_s is None else min(last, Fraction(end_s))
        if up_to > above:
            step = CountingStep(above_s=above, up_to_s=up_to, level_pu=Fraction(level_pu))
            found.append(step)
            above = up_to
    return tuple(found)
