"""Which limits of a rule set apply to a point, in the units of the kernels."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from kernels.events import EventLimits
from kernels.layout import PPM_NOMINAL
from service.domain.registry import Point, Wiring
from service.domain.rule_rows import BandRow, Certainty, Row, ThresholdRow, cells_of
from service.domain.rules import RuleSet

_CELLS_PER_NOMINAL = 10_000
_HIGHEST_CELL = 30_000  # no valid voltage is above four times nominal
_SQRT_3 = Decimal(3).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of permitted voltage for one point."""

    lower: int  # 0.01 % of nominal from nominal, inclusive
    upper: int  # the same
    source: str
    certainty: Certainty
    snapped: bool = False  # an edge given in volts lay off the grid of 0.01 % and was moved outward


def band_of(rule_set: RuleSet, point: Point) -> Band | None:
    """Return the band of ``point`` in normal state, None where no rule covers it.

    A point's own band comes first, if the rule set knows such: a contract, or from 35 kV on the
    operator's. An operator band wider than the rule set allows is no band.

    Source: State Grid norm, art. 8(1); GB/T 12325.
    """
    level = level_kv(rule_set, point)
    contract = rule_set.contract_band
    if contract is not None and point.band_lower is not None and point.band_upper is not None:
        return _own_band(rule_set, contract, level, (point.band_lower, point.band_upper))
    return _first_fit(rule_set.bands, level, point)


def abnormal_band_of(rule_set: RuleSet, point: Point) -> Band | None:
    """Return the band of ``point`` in abnormal grid state, None where it has no normal band.

    Source: State Grid norm, art. 8(2).
    """
    if band_of(rule_set, point) is None:
        return None
    return _first_fit(rule_set.abnormal_bands, level_kv(rule_set, point), point)


def level_kv(rule_set: RuleSet, point: Point) -> Decimal:
    """Return the voltage level that ``point`` belongs to, kilovolts.

    That is its nominal, but for a point that measures phase voltages (``3p4w``) the nominal between
    phases, taken as the nearest standard level within the rule set's tolerance: 20.2 kV phase
    voltage is the 35 kV level.
    """
    return level_of(rule_set, point.nominal_mv, point.wiring)


def level_of(rule_set: RuleSet, nominal_mv: int, wiring: Wiring) -> Decimal:
    """Return the same of any point of this nominal and wiring."""
    nominal = Decimal(nominal_mv) / 1_000_000
    if wiring != "3p4w":
        return nominal
    between_phases = nominal * _SQRT_3
    levels = rule_set.levels
    nearest = min(levels.standard_kv, key=lambda level: abs(level - between_phases), default=None)
    if nearest is None or abs(nearest - between_phases) * 100 > nearest * levels.tolerance_percent:
        return between_phases
    return nearest


def assessment_band_of(rule_set: RuleSet, point: Point) -> Band | None:
    """Return the band outside which a minute of ``point`` leaves the rate, None if all stay in it.

    Source: DL/T 645 and DL/T 698.45 (考核上限, 考核下限), the wider band beside the qualified one.
    """
    return _first_fit(rule_set.assessment_bands, level_kv(rule_set, point), point)


def has_day_spread(rule_set: RuleSet, point: Point) -> bool:
    """Return whether the day's spread of ``point`` is bounded (GB/T 12325, 35 kV and above)."""
    limit = rule_set.day_spread
    return limit is not None and level_kv(rule_set, point) >= limit.from_kv


def needs_operator_band(rule_set: RuleSet, point: Point) -> bool:
    """Return whether the limits of ``point`` float: minutes are judged by a band that the operator sets, if any."""
    row = rule_set.operator_band
    return row is not None and level_kv(rule_set, point) >= row.from_kv


def interruption_below(rule_set: RuleSet) -> int:
    """Return the cell below which a phase is dark, 0.01 % of nominal from nominal."""
    return cells_of(rule_set.interruption.percent) - _CELLS_PER_NOMINAL


def event_limits(rule_set: RuleSet) -> EventLimits:
    """Return the thresholds of the live watch, in ppm of nominal."""
    events = rule_set.events
    return EventLimits(
        dip_below=_ppm(events.dip),
        swell_above=_ppm(events.swell),
        interruption_below=_ppm(rule_set.interruption),
        hysteresis=_ppm(events.hysteresis),
        high_above=_ppm(events.high_voltage),
        breach_hysteresis=_ppm(events.breach_hysteresis),
    )


def _ppm(threshold: ThresholdRow) -> int:
    return cells_of(threshold.percent) * PPM_NOMINAL // _CELLS_PER_NOMINAL


def _own_band(
    rule_set: RuleSet, contract: Row, level: Decimal, edges: tuple[int, int]
) -> Band | None:
    row, (lower, upper) = contract, edges
    operator = rule_set.operator_band
    if operator is not None and level >= operator.from_kv:
        row = operator
        if upper - lower > cells_of(operator.max_width_percent):
            return None
    return Band(lower=lower, upper=upper, source=row.source, certainty=row.certainty)


def _first_fit(rows: tuple[BandRow, ...], level: Decimal, point: Point) -> Band | None:
    for row in rows:
        fits = point.wiring in row.wirings and point.point_class in row.classes
        if fits and row.covers_level(level):
            return _band(row, point)
    return None


def _band(row: BandRow, point: Point) -> Band:
    """Return the band of ``row`` for the nominal of ``point``.

    Edges in volts are snapped outward, because a cell is rounded away from nominal; one that no
    valid voltage reaches ends where those do.
    """
    if row.lower_percent is not None and row.upper_percent is not None:
        lower, upper = Decimal(cells_of(row.lower_percent)), Decimal(cells_of(row.upper_percent))
    else:
        lower, upper = _cells_of_volts(row.lower_v, point), _cells_of_volts(row.upper_v, point)
    snapped_lower = min(int(lower.to_integral_value(ROUND_FLOOR)), _HIGHEST_CELL)
    snapped_upper = min(int(upper.to_integral_value(ROUND_CEILING)), _HIGHEST_CELL)
    return Band(
        lower=snapped_lower,
        upper=snapped_upper,
        source=row.source,
        certainty=row.certainty,
        snapped=snapped_lower != lower or snapped_upper != upper,
    )


def _cells_of_volts(volts: Decimal | None, point: Point) -> Decimal:
    """Return a voltage as deviation from nominal in 0.01 %, off the grid as it may be."""
    millivolts = Decimal(0) if volts is None else volts * 1000
    return (millivolts / point.nominal_mv - 1) * _CELLS_PER_NOMINAL
