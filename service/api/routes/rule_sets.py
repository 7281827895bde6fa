"""The rule sets: limits, thresholds and targets, each with its source."""

from datetime import date, time
from decimal import Decimal
from typing import Final

from fastapi import APIRouter
from pydantic import Field, JsonValue

from service.api.context import Context, ServeContext
from service.api.shapes import Shape
from service.api.table_routes import TableRoute
from service.domain.catalogue import checksum_of
from service.domain.rules import RuleSet

router = APIRouter(tags=["rule sets"], route_class=TableRoute)

_TOLD_APART: Final = {"name", "title", "extends", "effective_from", "effective_to"}


class RuleSetShape(Shape):
    """A rule set."""

    name: str
    title: str
    in_force: bool = Field(description="whether it is the statutory one: pages hold its verdicts")
    beside: bool = Field(description="whether it is judged beside that one, over the same pages")
    extends: str | None = Field(description="the set whose rows it takes over where it has none")
    effective_from: date
    effective_to: date | None = Field(description="exclusive; null: still in force")
    checksum: str = Field(description="SHA-256 of all that a figure may depend on")
    rules: dict[str, JsonValue] = Field(
        description="all its rows, those taken over among them, as the rule set's file names them; "
        "each with source, certainty and dates"
    )


class RuleSets(Shape):
    """All rule sets: those of this version, and those of the deployment's own folder."""

    rule_sets: list[RuleSetShape]


@router.get("/v1/rule-sets", summary="Rule sets with their sources")
async def rule_sets(context: Context) -> RuleSets:
    """Return the rule sets there are: the one `in_force`, those judged `beside` it, then all others by name.

    `certainty` says `confirm` where a value is a default that has to be compared with the paper
    standard.
    """
    chosen = [context.rule_set, *context.beside]
    names = {one.name for one in chosen}
    others = [context.catalogue.load(one) for one in context.catalogue.names() if one not in names]
    return RuleSets(rule_sets=[_shape(one, context) for one in [*chosen, *others]])


def _shape(rule_set: RuleSet, context: ServeContext) -> RuleSetShape:
    rows = rule_set.model_dump(exclude=_TOLD_APART, exclude_none=True)
    return RuleSetShape(
        name=rule_set.name,
        title=rule_set.title,
        in_force=rule_set.name == context.rule_set.name,
        beside=any(one.name == rule_set.name for one in context.beside),
        extends=rule_set.extends,
        effective_from=rule_set.effective_from,
        effective_to=rule_set.effective_to,
        checksum=checksum_of(rule_set),
        rules={name: _plain(value) for name, value in rows.items() if value != ()},
    )


def _plain(value: object) -> JsonValue:
    """Return a value of a rule set with numbers as numbers and sets in order."""
    match value:
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
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
