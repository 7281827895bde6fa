"""Which rule set a request asks for."""

from typing import Annotated

from fastapi import Query

from service.api.context import ServeContext
from service.api.parameters import Text
from service.domain.rules import RuleSet
from service.errors import RequestError, UnknownRuleSetError

RuleSetName = Annotated[
    Text | None,
    Query(description="name of a rule set, see /v1/rule-sets; without: the one in force"),
]


def rules_of(context: ServeContext, name: str | None) -> RuleSet:
    """Return the rule set that a request names, or the one in force.

    Raises:
        RequestError: There is none of that name.
    """
    if name is None or name == context.rule_set.name:
        return context.rule_set
    try:
        return context.catalogue.load(name)
    except UnknownRuleSetError as error:
        raise RequestError(str(error), "query", "rule_set") from error
