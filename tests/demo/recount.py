"""Scorecard and budget of the street, recounted from what was sent: whole minutes and fractions, no code of ours."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.demo.sent import PointDay

RURAL_FEEDERS = {"F3"}
DAY = 1440
FLOOR = Fraction(9, 10)  # coverage below which a point is not monitored
TRANSFORMER_SHARE = Fraction(8, 10)  # of its meters without supply: so is the transformer
TARGETS = {  # norm, art. 8(4) and 9(1)
    ("pass_rate", "urban"): Fraction(95, 100),
    ("pass_rate", "rural"): Fraction(90, 100),
    ("supply_reliability", "urban"): Fraction(9989, 10_000),
    ("supply_reliability", "rural"): Fraction(99, 100),
}
WINDOW_MINUTES = {"1h": 60, "6h": 360, "3d": DAY, "30d": DAY}  # the street has but one day


@dataclass(frozen=True, slots=True)
class Use:
    """Bad and known minutes of all members together."""

    bad: int
    known: int


def of_area(days: Iterable[PointDay], area: str) -> list[PointDay]:
    return [day for day in days if (day.feeder in RURAL_FEEDERS) == (area == "rural")]


def figure_of(days: list[PointDay], figure: str) -> tuple[Fraction, int, int]:
    """Return what was reached, how many members there are, and how many of them are not known."""
    if figure == "supply_reliability":
        use, members = use_of(days, figure, DAY), len({day.transformer for day in days})
        return 1 - Fraction(use.bad, use.known), members, 0
    monitored = [day for day in days if Fraction(day.n_judged, day.n_to_judge) >= FLOOR]
    rates = [Fraction(day.minutes["pass"], day.n_judged) for day in monitored]
    return sum(rates, Fraction(0)) / len(rates), len(days), len(days) - len(rates)


def use_of(days: list[PointDay], figure: str, last_minutes: int) -> Use:
    """Return the use of the last minutes of the day."""
    first = DAY - last_minutes
    if figure == "pass_rate":
        verdicts = [one for day in days for one in day.verdicts[first:]]
        bad = verdicts.count("over") + verdicts.count("under")
        return Use(bad, bad + verdicts.count("pass"))
    meters: dict[str, list[PointDay]] = defaultdict(list)
    for day in days:
        meters[day.transformer].append(day)
    dark = 0
    for members in meters.values():
        for minute in range(first, DAY):
            n_dark = sum(day.verdicts[minute] == "interrupted" for day in members)
            dark += n_dark > 0 and Fraction(n_dark, len(members)) >= TRANSFORMER_SHARE
    return Use(dark, last_minutes * len(meters))


def rest_of_year(through: datetime, zone: str) -> int:
    """Return the minutes from ``through`` to the end of the year of the minute before."""
    local = through.astimezone(ZoneInfo(zone))
    is_new_year = (local.month, local.day, local.hour, local.minute) == (1, 1, 0, 0)
    year = local.year - 1 if is_new_year else local.year
    end = datetime(year + 1, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return round((end - through.astimezone(UTC)).total_seconds()) // 60
