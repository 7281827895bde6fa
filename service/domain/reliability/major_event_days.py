"""Major event days: days whose SAIDI is beyond what the years before make likely (2.5 beta)."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from service.domain.instants import MINUTE_US, at_us
from service.domain.reliability.outages import Span
from service.domain.reliability.user_interruptions import UserInterruption

_DAYS_MIN = 2  # a sample of one has no deviation
DailySaidi = Mapping[date, Fraction]  # minutes; a day that is not in it had none


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorEventThreshold:
    """From which SAIDI on the days of a year are major event days."""

    alpha: float  # mean of the logarithms of daily SAIDI, minutes
    beta: float  # their standard deviation, of a sample (n - 1)
    t_med_minutes: float  # exp(alpha + factor * beta)
    n_days: int  # with SAIDI above zero, that it rests on


def past_days(daily: DailySaidi, year: int, n_years: int) -> DailySaidi:
    """Return the days of at most ``n_years`` years before ``year``: the ones that set its threshold."""
    return {day: saidi for day, saidi in daily.items() if year - n_years <= day.year < year}


def threshold_of(daily: DailySaidi, beta_factor: Decimal) -> MajorEventThreshold | None:
    """Return the threshold that these days set, None if fewer than two had any interruption.

    Days without interruption are left out: zero has no logarithm.

    Source: IEEE 1366-2012, annex B: ``T_MED = exp(alpha + 2.5 beta)``.
    """
    logs = [math.log(saidi) for saidi in daily.values() if saidi > 0]
    if len(logs) < _DAYS_MIN:
        return None
    alpha = math.fsum(logs) / len(logs)
    beta = math.sqrt(math.fsum((each - alpha) ** 2 for each in logs) / (len(logs) - 1))
    t_med_minutes = math.exp(alpha + float(beta_factor) * beta)
    return MajorEventThreshold(
        alpha=alpha, beta=beta, t_med_minutes=t_med_minutes, n_days=len(logs)
    )


def major_event_days(daily: DailySaidi, threshold: MajorEventThreshold) -> list[date]:
    """Return the days beyond the threshold, in order; a day that just reaches it is none."""
    return sorted(day for day, saidi in daily.items() if saidi > threshold.t_med_minutes)


def daily_saidi(
    interruptions: Iterable[UserInterruption],
    period: Span,
    n_users_on: Callable[[date], Fraction],
    zone: ZoneInfo,
) -> dict[date, Fraction]:
    """Return SAIDI by day, minutes: the whole of a sustained interruption on the day it starts.

    Also what lies beyond midnight, and beyond the period.

    Args:
        interruptions: Of the users, in any order.
        period: Whose days.
        n_users_on: How many users were in service on a day, on average; a day of none has no SAIDI.
        zone: Of the days.

    Source: IEEE 1366-2012, annex B: accrued to the day on which the interruption begins.
    """
    customer_us: dict[date, int] = defaultdict(int)
    for one in interruptions:
        if one.is_sustained and one.starts_in(period):
            customer_us[start_day(one, zone)] += one.n_users * one.length_us
    return {
        day: Fraction(us, MINUTE_US) / n_users
        for day, us in sorted(customer_us.items())
        if (n_users := n_users_on(day))
    }


def without_days(
    interruptions: Iterable[UserInterruption], days: Iterable[date], zone: ZoneInfo
) -> Sequence[UserInterruption]:
    """Return the interruptions that did not start on one of these days."""
    left_out = frozenset(days)
    return [one for one in interruptions if start_day(one, zone) not in left_out]


def start_day(one: UserInterruption, zone: ZoneInfo) -> date:
    """Return the day in ``zone`` on which an interruption starts."""
    return at_us(one.start).astimezone(zone).date()
