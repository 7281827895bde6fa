"""The slow plain twin of the weekly figures: value by value, minute by minute, in fractions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

MINUTE_S = 60


@dataclass(frozen=True)
class Minute:
    """A minute of one phase: its voltage in cells, None where it was not measured."""

    cell: int | None
    is_told_dark: bool = False  # known to be without supply, without a measurement


@dataclass(frozen=True)
class Told:
    """A rule as a test tells it."""

    n_minutes: int  # of a value: 1 or 10
    lower: int | None  # cells
    upper: int | None
    n_known_min: int
    leaves_out_flagged: bool
    dark_below: int
    longest_s: int = 60  # of a dip or swell that flags


Phase = Mapping[int, Minute]  # by minute since the epoch; a minute that is not due is absent
Event = tuple[str, float, float | None]  # kind, start and end in seconds


def values_of(
    phase: Phase, week: tuple[int, int], rule: Told, events: Sequence[Event]
) -> tuple[int, int, int, int]:
    """Return due, valid, outside and flagged values that begin in the week's minutes, half-open."""
    n_due = n_values = n_outside = n_flagged = 0
    for start in range(*week):
        if start % rule.n_minutes:
            continue
        minutes = [
            phase[minute] for minute in range(start, start + rule.n_minutes) if minute in phase
        ]
        dark = [one for one in minutes if is_dark(one, rule)]
        known = [one.cell for one in minutes if one.cell is not None and one not in dark]
        needed = min(rule.n_known_min, rule.n_minutes)
        if rule.leaves_out_flagged and minutes and (dark or is_hit(start, rule, events)):
            n_flagged += 1
            n_due += 1
            continue
        if len(minutes) - len(dark) >= needed:
            n_due += 1
        if len(known) < needed:
            continue
        n_values += 1
        mean = Fraction(sum((10_000 + cell) ** 2 for cell in known), len(known))
        below = rule.lower is not None and mean < (10_000 + rule.lower) ** 2
        above = rule.upper is not None and mean > (10_000 + rule.upper) ** 2
        n_outside += below or above
    return n_due, n_values, n_outside, n_flagged


def is_dark(minute: Minute, rule: Told) -> bool:
    if minute.cell is None:
        return minute.is_told_dark
    return minute.cell < rule.dark_below


def is_hit(start: int, rule: Told, events: Sequence[Event]) -> bool:
    """Return whether an event touches the value that begins at minute ``start``."""
    begin_s, end_s = start * MINUTE_S, (start + rule.n_minutes) * MINUTE_S
    for kind, from_s, to_s in events:
        is_long = to_s is None or to_s - from_s > rule.longest_s
        if kind != "interruption" and is_long:
            continue
        last_s = end_s if to_s is None else max(to_s, from_s + 1)
        if from_s < end_s and last_s > begin_s:
            return True
    return False


def percentile(values: Sequence[int], percent: int) -> int | None:
    """Return the least value that at least ``percent`` of the values do not exceed."""
    for value in sorted(values):
        if 100 * sum(other <= value for other in values) >= percent * len(values):
            return value
    return None
