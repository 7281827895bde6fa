"""The figures of one point of a judged file."""

from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kernels.layout import PPM_MAX, PPM_NOMINAL, PPM_PER_CELL, QUALITY_GOOD
from service.domain.bands import band_of, has_day_spread, interruption_below, level_kv
from service.domain.rates import VerdictCounts, is_monitored, method_of, rate_of
from service.domain.registry import Point
from service.domain.rules import RuleSet
from service.offline.ledger import FileLedger
from service.offline.readings import ReadingTable
from service.offline.report import PointScore

_PPM_PER_VOLT_MV = 1e9  # ppm of nominal that a volt is worth, times the nominal in millivolts


def point_score(
    point: Point,
    table: ReadingTable,
    ledger: FileLedger,
    rule_set: RuleSet,
    *,
    interval_s: int,
    zone: ZoneInfo,
) -> PointScore:
    """Return the figures of ``point``, days apart.

    Args:
        point: In service for as long as its readings reach, in UTC: between times of one zone
            Python subtracts what the clocks show.
        table: All readings, in time order.
        ledger: Judged.
        rule_set: By which it was judged.
        interval_s: Of the readings.
        zone: In which times are shown.
    """
    to_at = point.valid_to or point.valid_from
    mine = ledger.pages_of(point.point_id)
    counts = VerdictCounts.of_due(
        max(0, (to_at - point.valid_from) // timedelta(minutes=1)),
        ledger.pages.scores.counter[mine].sum(axis=0, dtype=np.int64),
    )
    v_min, v_max = _extremes(point, table, rule_set)
    return PointScore(
        point=point.point,
        counts=counts,
        rate=rate_of(counts),
        v_min=v_min,
        v_max=v_max,
        from_at=point.valid_from.astimezone(zone),
        to_at=to_at.astimezone(zone),
        rule_set=rule_set.name,
        method=method_of(interval_s),
        days=None,
        remarks=tuple(_remarks(point, counts, rule_set, interval_s)),
    )


def _extremes(
    point: Point, table: ReadingTable, rule_set: RuleSet
) -> tuple[float | None, float | None]:
    """Return the lowest and highest good voltage outside interruptions, of any phase, as read."""
    rows = slice(*table.rows_of(point.point_id))
    is_good = table.quality[rows] == QUALITY_GOOD
    columns = [column[rows][is_good] for column in table.volts if column.size]
    alive = np.concatenate([_alive(column, point, rule_set) for column in columns])
    if not alive.size:
        return None, None
    return float(alive.min()), float(alive.max())


def _alive(volts: NDArray[np.float64], point: Point, rule_set: RuleSet) -> NDArray[np.float64]:
    """Return the valid voltages that are no interruption."""
    ppm = np.rint(volts * (_PPM_PER_VOLT_MV / point.nominal_mv))
    dark_below = PPM_NOMINAL + interruption_below(rule_set) * PPM_PER_CELL
    return volts[(ppm >= dark_below) & (ppm <= PPM_MAX)]


def _remarks(point: Point, counts: VerdictCounts, rule_set: RuleSet, interval_s: int) -> list[str]:
    """Return what a reader of the figures has to know."""
    remarks: list[str] = []
    floor = Fraction(rule_set.coverage.floor)
    if band_of(rule_set, point) is None:
        remarks.append(_no_rate(point, rule_set))
    elif not is_monitored(counts, floor):
        remarks.append(f"coverage below {float(floor):.0%}: not monitored, neither good nor bad")
    if method_of(interval_s) == "sampled":
        remarks.append("less than one value a minute: sampled, not a statutory rate")
    return remarks


def _no_rate(point: Point, rule_set: RuleSet) -> str:
    level = f"{level_kv(rule_set, point).normalize():f} kV"
    if has_day_spread(rule_set, point):
        return (
            f"no pass rate: at {level} it takes a band of the operator's (--band LOW..HIGH); "
            "the days' spreads stand without"
        )
    return f"no pass rate: rule set {rule_set.name} has no rule for {level}; give --band LOW..HIGH"
