"""The rows of a rule set in words: what is limited, to which value in which unit, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import singledispatch
from typing import Final, get_args

from service.domain.catalogue import Catalogue
from service.domain.promise_rows import (
    CrewRow,
    DeadlineRow,
    NoticeRow,
    PlannedCountRow,
    PlannedWindowRow,
)
from service.domain.registry import PointClass, Wiring
from service.domain.rule_rows import (
    BandRow,
    CompositeRow,
    CoverageRow,
    DaySpreadRow,
    DenominatorRow,
    LevelsRow,
    MajorEventDayRow,
    OperatorBandRow,
    PlacedRow,
    PowerFactorRow,
    ReliabilityRow,
    Row,
    ThresholdRow,
    WeekLimitRow,
    WeekRow,
)
from service.domain.rules import RuleSet
from service.domain.supply_rows import EvidenceRow
from service.domain.target_rows import TargetRow
from service.offline import alert_lines, communication_lines, promise_lines
from service.offline.limit_texts import edges_text, percent, plain

_EVERYWHERE: Final = "all points"
_LIMITS: Final[Mapping[str, str]] = {
    "bands": "band",
    "abnormal_bands": "band in abnormal state",
    "assessment_bands": "assessment band",
    "contract_band": "a point's own band",
    "operator_band": "band of the operator",
    "day_spread": "spread of a day",
    "week": "values of a week",
    "week_limits": "limit of a week",
    "levels": "standard levels",
    "interruption": "interruption",
    "coverage": "coverage floor",
    "denominator": "minutes not judged",
    "power_factor": "power factor",
    "composite": "composite rate",
    "reliability": "supply reliability",
    "major_event_day": "major event day",
    "evidence": "evidence of lost supply",
    "targets": "target",
    "promises": "promise",
    "deadlines": "deadline",
}
_FIGURES: Final = {
    "pass_rate": "pass rate",
    "composite_pass_rate": "composite pass rate",
    "supply_reliability": "supply reliability",
    "compliant_share": "share that keeps the week limits",
}
_POPULATIONS: Final = {
    "residential_points": "residential points",
    "points_from_10kv": "points from 10 kV on",
    "all_points": "all points",
    "users": "users",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a rule set."""

    part: str  # as the file names it
    limit: str  # what is limited
    value: str  # with its unit
    scope: str  # for whom
    source: str
    certainty: str
    in_force: str  # from, and to where it ends
    given_by: str  # the set that holds the row: this one, or one that it extends


def lines_of(catalogue: Catalogue, rule_set: RuleSet) -> list[Line]:
    """Return every row of ``rule_set`` in words, in the order of the parts."""
    return [
        Line(
            part=part,
            limit=_LIMITS.get(part) or part.replace("events.", "").replace("_", " "),
            value=_value(row),
            scope=_scope(row),
            source=row.source,
            certainty=row.certainty,
            in_force=in_force(row, rule_set.effective_to),
            given_by=_giver(catalogue, rule_set, part.partition(".")[0]),
        )
        for part, row in rule_set.named_rows()
    ]


def in_force(row: Row | RuleSet, at_most_to: date | None = None) -> str:
    """Return since when something is in force, and until when (exclusive), ``at_most_to`` at the latest."""
    ends = [end for end in (row.effective_to, at_most_to) if end is not None]
    return row.effective_from.isoformat() + (f" to {min(ends).isoformat()}" if ends else "")


def n_to_confirm(rule_set: RuleSet) -> int:
    """Return how many rows have to be compared with the paper standard."""
    return sum(row.certainty == "confirm" for row in rule_set.rows())


def _giver(catalogue: Catalogue, rule_set: RuleSet, part: str) -> str:
    """Return the name of the set that gives a part: the lowest one that has it as it is here."""
    if rule_set.extends is None:
        return rule_set.name
    extended = catalogue.load(rule_set.extends)
    if getattr(extended, part) != getattr(rule_set, part):
        return rule_set.name
    return _giver(catalogue, extended, part)


def _scope(row: Row) -> str:
    match row:
        case PlacedRow():
            return _place(row)
        case OperatorBandRow() | DaySpreadRow():
            return f"from {plain(row.from_kv)} kV"
        case TargetRow():
            area = "all areas" if row.area == "any" else row.area.replace("_", " ")
            return f"{area}, {_POPULATIONS[row.population]}"
        case NoticeRow() | PlannedCountRow() | PlannedWindowRow() | CrewRow() | DeadlineRow():
            return promise_lines.scope_of(row)
    return _EVERYWHERE


def _place(row: PlacedRow) -> str:
    words = []
    if len(row.wirings) < len(get_args(Wiring)):
        words.append(", ".join(sorted(row.wirings)))
    if len(row.classes) < len(get_args(PointClass)):
        words.append(f"class {', '.join(sorted(row.classes))}")
    levels = (
        ("from", row.from_kv),
        ("above", row.above_kv),
        ("below", row.below_kv),
        ("up to", row.up_to_kv),
    )
    words += [f"{word} {plain(level)} kV" for word, level in levels if level is not None]
    return "; ".join(words) or _EVERYWHERE


@singledispatch
def _value(row: Row) -> str:  # noqa: ARG001  (a row of no further kind has no value)
    """Return the value of a row with its unit."""
    return "holds where a point has one"


@_value.register
def _(row: BandRow) -> str:
    return edges_text(row) if row.lower_v is not None else f"{edges_text(row)} of nominal"


@_value.register
def _(row: OperatorBandRow) -> str:
    return f"at most {plain(row.max_width_percent)} % of nominal wide"


@_value.register
def _(row: DaySpreadRow) -> str:
    return f"at most {plain(row.max_percent)} % of nominal"


@_value.register
def _(row: WeekRow) -> str:
    flagged = "are left out" if row.leaves_out_flagged else "count"
    return (
        f"ten minutes count with {row.known_minutes_min} of them measured; values with an interruption, or a dip or "
        f"swell of at most {row.flagged_s_max} s, {flagged}"
    )


@_value.register
def _(row: WeekLimitRow) -> str:
    kind = "minutes" if row.value_s == 60 else "ten-minute values"  # noqa: PLR2004 (one minute)
    share = f"at most {percent(row.outside_share_max)}" if row.outside_share_max else "none"
    return f"{edges_text(row)}; {share} of the {kind} ({row.value_s} s) outside"


@_value.register
def _(row: LevelsRow) -> str:
    levels = ", ".join(plain(level) for level in row.standard_kv)
    return f"{levels} kV; a nominal within {plain(row.tolerance_percent)} % is taken for one"


@_value.register
def _(row: ThresholdRow) -> str:
    return f"{plain(row.percent)} % of nominal"


@_value.register
def _(row: CoverageRow) -> str:
    return f"{percent(row.floor)} of the minutes to judge"


@_value.register
def _(row: DenominatorRow) -> str:
    words = {"excluded": "excluded", "good": "counted good", "bad": "counted bad"}
    return f"interrupted {words[row.interrupted]}, missing {words[row.missing]}"


@_value.register
def _(row: PowerFactorRow) -> str:
    windows = ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in row.peak_windows)
    return f"peak load at {windows}; known for at least {percent(row.known_share_min)} of that time"


@_value.register
def _(row: CompositeRow) -> str:
    weight, rest = plain(row.class_a_weight), plain(1 - row.class_a_weight)
    return f"{weight} A + {rest} (B + C + D) / 3"


@_value.register
def _(row: ReliabilityRow) -> str:
    longer = "at least" if row.sustained_inclusive else "longer than"
    many = "n or more" if row.many_inclusive else "more than n"
    return (
        f"users: {row.users}; sustained: {longer} {row.sustained_s} s; one interruption if no more than "
        f"{row.merge_within_s} s apart; one momentary event within {row.momentary_event_s} s; "
        f"CEMI_n and CELID: {many}; a transformer without a terminal is out with "
        f"{percent(row.transformer_share_min)} of its meters"
    )


@_value.register
def _(row: MajorEventDayRow) -> str:
    beta = plain(row.beta_factor)
    return f"SAIDI of the day above exp(alpha + {beta} beta) of {row.years} years"


@_value.register
def _(row: EvidenceRow) -> str:
    return (
        f"a last gasp comes {row.last_gasp_after_s_min} to {row.last_gasp_after_s_max} s after supply went, "
        f"a restored {row.restored_after_s_min} to {row.restored_after_s_max} s after it came back; a gasp is repeated "
        f"within {row.gasp_repeated_within_s} s; silence up to a word is dark for {row.silence_certain_s} s; "
        f"tolerance of events {row.event_tolerance_s} s, readings {row.reading_tolerance_s} s, "
        f"clocks {row.clock_tolerance_s} s, declared times {row.declared_tolerance_s} s; "
        f"a witness with {row.witness_points_min} meter below it, at most {percent(row.live_share_max)} live; "
        f"without one {percent(row.inferred_share_min)} of a transformer's meters and {row.inferred_points_min}; "
        f"one outage within {row.outage_window_s} s, "
        f"nested at most {percent(row.nested_share_max)}"
    )


@_value.register
def _(row: TargetRow) -> str:
    figure = _FIGURES[row.figure]
    if row.at_least is None:
        return f"{figure}: set by {row.set_by}"
    words = {
        "each": f"at least {percent(row.at_least)} in each region",
        "average": f"on average at least {percent(row.at_least)}",
        "generality": f"at least {percent(row.at_least)} of them, each by itself",
    }
    return f"{figure}: {words[row.reach]}"


@_value.register
def _(row: NoticeRow | PlannedCountRow | PlannedWindowRow | CrewRow | DeadlineRow) -> str:
    return promise_lines.value_of(row)


_value.register(alert_lines.value_of)
_value.register(communication_lines.value_of)


def row_kinds() -> set[type]:
    """Return the kinds of rows that have words."""
    return set(_value.registry)
