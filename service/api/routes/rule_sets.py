"""The rule sets: limits, thresholds and targets, each with its source."""

from datetime import date, time
from decimal import Decimal

from fastapi import APIRouter
from pydantic import Field, JsonValue

from service.api.context import Context
from service.api.shapes import Shape
from service.domain.rules import RuleSet, load_rule_set, rule_set_names

router = APIRouter(tags=["rule sets"])


class RuleSetShape(Shape):
    """A rule set."""

    name: str
    title: str
    in_force: bool = Field(description="whether this deployment judges by it")
    effective_from: date
    effective_to: date | None = Field(description="exclusive; null: still in force")
    rules: dict[str, JsonValue] = Field(
        description="its rows, as the rule set's file names them; each with source, certainty and dates"
    )


class RuleSets(Shape):
    """All rule sets of this version."""

    rule_sets: list[RuleSetShape]


@router.get("/v1/rule-sets", summary="Rule sets with their sources")
async def rule_sets(context: Context) -> RuleSets:
    """Return the rule sets there are; `in_force` is the one that the figures name.

    `certainty` says `confirm` where a value is a default that has to be compared with the paper
    standard.
    """
    names = rule_set_names()
    found = [context.rule_set, *(load_rule_set(n) for n in names if n != context.rule_set.name)]
    return RuleSets(rule_sets=[_shape(one, context.rule_set) for one in found])


def _shape(rule_set: RuleSet, in_force: RuleSet) -> RuleSetShape:
    rows = rule_set.model_dump(exclude={"name", "title", "effective_from", "effective_to"})
    return RuleSetShape(
        name=rule_set.name,
        title=rule_set.title,
        in_force=rule_set.name == in_force.name,
        effective_from=rule_set.effective_from,
        effective_to=rule_set.effective_to,
        rules={name: _plain(value) for name, value in rows.items()},
    )


def _plain(value: object) -> JsonValue:
    """Return a value of a rule set with numbers as numbers, sets in order, absent fields left out."""
    match value:
        case dict():
            return {str(key): _plain(one) for key, one in value.items() if one is not None}
        case list() | tuple():
            return [_plain(one) for one in value]
        case set() | frozenset():
            return sorted((_plain(one) for one in value), key=str)
        case Decimal():
            return float(value)
        case date() | time():
            return value.isoformat()
        case str() | int() | float():
            return value
    raise TypeError(f"{type(value).__name__} in a rule set")
