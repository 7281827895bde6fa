"""Alerts that are made from the minutes of a feeder's points: too many outside their band, or one far above it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import CELL_NONE, INTERRUPTED, OVER, UNDER
from service.domain.alerts.rows import AlertsRow
from service.domain.alerts.words import Alert, AlertRule
from service.domain.instants import MINUTE_US

_MINUTE_S: Final = 60


class MinuteCount(NamedTuple):
    """Points of a feeder in one minute."""

    minute: int  # since the Unix epoch
    n_outside: int  # in breach, those in a declared window left out
    n_high: int  # dangerously high


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederMinutes:
    """The minutes of a feeder in which any of its points was in breach."""

    organisation: str
    feeder: str
    n_points: int
    n_customers: int  # of all its points
    delay: int  # microseconds from the end of a minute until it is known
    counts: tuple[MinuteCount, ...]  # by minute, each once
    through: int  # minutes since the Unix epoch: what is known ends here, exclusive


class _Run(NamedTuple):
    """Minutes since the Unix epoch."""

    first: int
    over: int | None  # exclusive, with the time in which it clears; None: not yet
    n_points: int  # when it was raised


def in_breach(
    cells: NDArray[np.int16], verdicts: NDArray[np.uint8], inner: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the minutes of one phase that are in breach: from one outside to one well inside the band.

    A minute without a value is none, and ends it: what is not known alerts nobody. So does one
    without supply, and the reading in which supply goes or comes back: its mean is of voltage and of
    none, and the outage tells it.

    Args:
        cells: ``(n_minutes,)``, 0.01 % from nominal; ``CELL_NONE`` where there is no value.
        verdicts: ``(n_minutes,)``.
        inner: Lowest and highest cell that end a breach, inclusive.
    """
    ends = (cells == CELL_NONE) | _of_interruption(cells, verdicts == INTERRUPTED)
    is_outside = ((verdicts == OVER) | (verdicts == UNDER)) & ~ends
    decides = is_outside | ((cells >= inner[0]) & (cells <= inner[1])) | ends
    last = np.maximum.accumulate(np.where(decides, np.arange(cells.size), -1))
    held: NDArray[np.bool_] = (last >= 0) & is_outside[np.maximum(last, 0)]
    return held


def _of_interruption(
    cells: NDArray[np.int16], is_interrupted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the minutes without supply, and those of a reading that touches one.

    The minutes of a reading have its cell, so they are neighbours that are alike.
    """
    touches = is_interrupted.copy()
    touches[1:] |= is_interrupted[:-1]
    touches[:-1] |= is_interrupted[1:]
    reading = np.cumsum(np.diff(cells, prepend=cells[:1]) != 0)
    touched: NDArray[np.bool_] = np.isin(reading, reading[touches])
    return touched


def breach_alerts(feeder: FeederMinutes, rule: AlertsRow) -> list[Alert]:
    """Return the tolerance breaches of a feeder, in order.

    One is raised when enough points have been in breach for long enough without a break, and is over
    when fewer were for long enough.
    """
    least = max(Fraction(rule.breach_points_min), Fraction(rule.breach_share_min) * feeder.n_points)
    bad = [(one.minute, one.n_outside) for one in feeder.counts if one.n_outside >= least]
    for_minutes = rule.breach_for_s // _MINUTE_S
    runs = _runs(bad, for_minutes, rule.breach_clear_s // _MINUTE_S, feeder.through)
    return [_alert("tolerance_breach", feeder, run, for_minutes) for run in runs]


def high_voltage_alerts(feeder: FeederMinutes, rule: AlertsRow) -> list[Alert]:
    """Return the times at which any point of a feeder was dangerously high, in order."""
    bad = [(one.minute, one.n_high) for one in feeder.counts if one.n_high]
    for_minutes = rule.high_voltage_for_s // _MINUTE_S
    runs = _runs(bad, for_minutes, rule.breach_clear_s // _MINUTE_S, feeder.through)
    return [_alert("high_voltage", feeder, run, for_minutes) for run in runs]


def _runs(
    bad: Iterable[tuple[int, int]], for_minutes: int, clear_minutes: int, through: int
) -> Iterator[_Run]:
    """Yield what is raised and when it is over, from the minutes that are bad with their counts."""
    first = last = n_raised = 0
    is_raised = False
    for minute, n in bad:
        if is_raised and minute - last > clear_minutes:
            yield _Run(first, last + 1 + clear_minutes, n_raised)
            is_raised = False
        if not is_raised and minute != last + 1:
            first = minute
        last = minute
        if not is_raised and last + 1 - first >= for_minutes:
            is_raised, n_raised = True, n
    if is_raised:
        over = last + 1 + clear_minutes
        yield _Run(first, over if over <= through else None, n_raised)


def _alert(rule: AlertRule, feeder: FeederMinutes, run: _Run, for_minutes: int) -> Alert:
    share = Fraction(run.n_points, max(feeder.n_points, run.n_points))
    return Alert(
        rule=rule,
        organisation=feeder.organisation,
        feeder=feeder.feeder,
        place="feeder",
        code=feeder.feeder,
        starts=run.first * MINUTE_US,
        ready=(run.first + for_minutes) * MINUTE_US + feeder.delay,
        over=None if run.over is None else run.over * MINUTE_US + feeder.delay,
        n_points=run.n_points,
        n_customers=int(share * feeder.n_customers),
    )
