"""From a file of daily SAIDI to T_MED and the major event days of a year."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from service.domain.reliability.major_event_days import (
    DailySaidi,
    MajorEventThreshold,
    major_event_days,
    past_days,
    threshold_of,
)
from service.domain.rule_rows import MajorEventDayRow
from service.domain.rules import RuleSet
from service.errors import ScoreInputError
from service.offline.daily_file import read_daily_saidi


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorEventReport:
    """The threshold of a year, and the days of the file that are beyond it."""

    year: int  # for which the threshold holds
    threshold: MajorEventThreshold
    days: dict[date, Fraction]  # major event days, and their SAIDI in minutes
    following: MajorEventThreshold | None  # of the year after it, if the file has days of ``year``
    rule_set: str
    remarks: tuple[str, ...]


def find_major_events(path: Path, rule_set: RuleSet, year: int | None) -> MajorEventReport:
    """Return the major event days of a year, by the years before it.

    Without ``year`` it is the last one of the file. A file of one year has none before it: its
    days set the threshold of the year after, and are held against that one themselves.

    Raises:
        ScoreInputError: The file is wrong, or has no two days with interruptions before the year.
    """
    rule = rule_set.major_event_day
    daily = read_daily_saidi(path)
    first, last = min(daily).year, max(daily).year
    is_alone = year is None and first == last
    judged = last if year is None else year
    setting = past_days(daily, last + 1 if is_alone else judged, rule.years)
    threshold = threshold_of(setting, rule.beta_factor)
    if threshold is None:
        before = last + 1 if is_alone else judged
        n_days = sum(saidi > 0 for saidi in setting.values())
        raise ScoreInputError(
            f"{path}: T_MED needs two days with SAIDI above 0 in the {rule.years} years before "
            f"{before}, the file has {n_days}"
        )
    candidates = daily if is_alone else {d: v for d, v in daily.items() if d.year == judged}
    return MajorEventReport(
        year=last + 1 if is_alone else judged,
        threshold=threshold,
        days={day: daily[day] for day in major_event_days(candidates, threshold)},
        following=None if is_alone else _following(daily, judged, rule),
        rule_set=rule_set.name,
        remarks=_remarks(daily, setting, is_alone=is_alone, judged=judged),
    )


def _following(daily: DailySaidi, year: int, rule: MajorEventDayRow) -> MajorEventThreshold | None:
    if not any(day.year == year for day in daily):
        return None
    return threshold_of(past_days(daily, year + 1, rule.years), rule.beta_factor)


def _remarks(
    daily: DailySaidi, setting: DailySaidi, *, is_alone: bool, judged: int
) -> tuple[str, ...]:
    remarks = []
    n_zero = sum(saidi == 0 for saidi in setting.values())
    if n_zero:
        remarks.append(
            f"days without interruption, which take no part since zero has no logarithm: {n_zero}"
        )
    if is_alone:
        remarks.append(
            f"the file has the one year {judged}: its days set the T_MED of {judged + 1}, and are "
            "held against that one themselves; IEEE 1366 judges a year by the years before it"
        )
    elif not any(day.year == judged for day in daily):
        remarks.append(f"the file has no days of {judged}: none can be a major event day")
    return tuple(remarks)
