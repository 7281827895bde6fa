"""The time that a page is about: the running day, month or year of the deployment, or days that its address names."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from service.domain.periods import next_month
from service.errors import RequestError
from service.store.deployment_reads import Snapshot, newest_day

PeriodName = Literal["day", "month", "year"]
PERIODS: Final[tuple[PeriodName, ...]] = get_args(PeriodName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A period, and its half-open days in the deployment's zone."""

    name: PeriodName
    days: tuple[date, date]
    newest_day: date  # that the data have reached


def chosen_period(name: str, snapshot: Snapshot, now: datetime) -> Chosen:
    """Return the period of this name that the data have reached.

    Raises:
        RequestError: There is none of this name.
    """
    day = newest_day(snapshot, now)
    for one in PERIODS:
        if one == name:
            return Chosen(name=one, days=_days(one, day), newest_day=day)
    raise RequestError(f"period is one of {', '.join(PERIODS)}, not {name!r}", "query", "period")


def _days(name: PeriodName, day: date) -> tuple[date, date]:
    if name == "day":
        return day, day + timedelta(days=1)
    if name == "month":
        return day.replace(day=1), next_month(day)
    return day.replace(month=1, day=1), date(day.year + 1, 1, 1)
