"""What the figures of a report rest on: each rule with its formula, its value, its source clause."""

from collections.abc import Iterator
from decimal import Decimal

from service.domain.rule_rows import Row as RuleRow
from service.domain.rules import RuleSet
from service.reports.figures import Report, Row


def source_rows(report: Report, rule_set: RuleSet) -> list[Row]:
    """Return the rules that a report's figures rest on; ``rule`` is a word that has a formula in each language."""
    rules = _of_voltage(rule_set) if report == "voltage" else _of_supply(rule_set)
    return [
        {
            "rule": word,
            "value": value,
            "source": "" if row is None else row.source,
            "certainty": "" if row is None else row.certainty,
        }
        for word, value, row in rules
    ]


def _of_voltage(rule_set: RuleSet) -> Iterator[tuple[str, str, RuleRow | None]]:
    yield "rule_rate", "", None
    yield "rule_bounds", "", None
    yield "rule_mean", "", None
    if rule_set.composite is not None:
        weight = rule_set.composite.class_a_weight
        yield "rule_composite", f"w = {_plain(weight)}", rule_set.composite
    yield "rule_coverage", _plain(rule_set.coverage.floor), rule_set.coverage
    words = (
        f"interrupted: {rule_set.denominator.interrupted}, missing: {rule_set.denominator.missing}"
    )
    yield "rule_denominator", words, rule_set.denominator
    if rule_set.power_factor is not None:
        yield "rule_power_factor", "", rule_set.power_factor
    yield "rule_method", "", None
    for band in rule_set.bands:
        edges = (
            f"{band.lower_percent} .. +{band.upper_percent} %"
            if band.lower_percent is not None
            else f"{band.lower_v} .. {band.upper_v} V"
        )
        yield "rule_band", edges, band


def _of_supply(rule_set: RuleSet) -> Iterator[tuple[str, str, RuleRow | None]]:
    rule = rule_set.reliability
    yield "rule_rs", "", rule
    yield "rule_ways", "", rule
    yield "rule_users", rule.users, rule
    comparison = ">=" if rule.sustained_inclusive else ">"
    yield "rule_sustained", f"{comparison} {rule.sustained_s} s", rule
    yield "rule_indices", "", None
    yield "rule_rs_bounds", "", None
    yield "rule_declarations", "", None
    days = rule_set.major_event_day
    yield "rule_major_event_day", f"{_plain(days.beta_factor)} beta, {days.years} a", days


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
