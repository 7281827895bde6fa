"""What scoring a file comes to, point by point."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from service.domain.rates import Method, Rate, VerdictCounts
from service.domain.registry import Wiring
from service.offline.columns import BadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """A day's spread of voltage, at 35 kV and above."""

    date: date  # of the zone
    spread_percent: Decimal | None  # of nominal; None if nothing ordinary was measured
    within: bool | None  # the limit is not exceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class PointScore:
    """The figures of one point."""

    point: str
    counts: VerdictCounts  # minutes of [from_at, to_at)
    rate: Rate
    v_min: float | None  # lowest good reading outside interruptions, volts, any phase
    v_max: float | None
    from_at: datetime  # first minute, inclusive; in the zone of the file
    to_at: datetime  # exclusive
    rule_set: str
    method: Method
    days: tuple[DayScore, ...] | None  # None below 35 kV
    remarks: tuple[str, ...]  # what a reader of the figures has to know


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """The figures of a file, and what was found in it."""

    points: tuple[PointScore, ...]
    nominal_mv: int
    wiring: Wiring
    zone: str
    n_rows: int  # those that could not be read included
    n_bad: int  # rows that could not be read
    bad_rows: tuple[BadRow, ...]  # the first ones
    notes: tuple[str, ...]  # of the file as a whole


PointJson = dict[str, object]


def as_json(report: ScoreReport) -> dict[str, list[PointJson]]:
    """Return the report as it is printed in JSON; rates are fractions at full precision."""
    return {"points": [_point_json(score) for score in report.points]}


def as_float(share: Fraction | None) -> float | None:
    """Return the float next to an exact share."""
    return None if share is None else float(share)


def _point_json(score: PointScore) -> PointJson:
    shown: PointJson = {
        "point": score.point,
        "minutes": score.counts.by_verdict(),
        "pass_rate": as_float(score.rate.rate),
        "lower": as_float(score.rate.lower),
        "upper": as_float(score.rate.upper),
        "coverage": as_float(score.rate.coverage),
        "v_min": score.v_min,
        "v_max": score.v_max,
        "from": score.from_at.isoformat(),
        "to": score.to_at.isoformat(),
        "rule_set": score.rule_set,
        "method": score.method,
    }
    if score.days is not None:
        shown["days"] = [
            {
                "date": day.date.isoformat(),
                "spread_percent": None if day.spread_percent is None else float(day.spread_percent),
                "within": day.within,
            }
            for day in score.days
        ]
    return shown
