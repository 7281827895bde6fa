"""Which rule set a request asks for, and whether figures of many points are kept under it."""

from typing import Annotated

from fastapi import Query

from service.api.context import ServeContext
from service.api.parameters import Text
from service.domain.rules import RuleSet
from service.errors import RequestError, UnknownRuleSetError
from service.store.beside_reads import names_beside, require_same_beside
from service.store.deployment_reads import Snapshot

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


KeptRuleSetName = Annotated[
    Text | None,
    Query(
        description="the rule set in force, or one that is judged beside it (`beside` in /v1/rule-sets), "
        "of which days that are over are kept; without: the one in force"
    ),
]


async def kept_rules_of(context: ServeContext, snapshot: Snapshot, name: str | None) -> RuleSet:
    """Return the rule set that a request names, or the one in force; days are stored under it.

    Raises:
        RequestError: There is none of that name, or its days are not kept.
        RuleSetDiffersError: Its days were counted under another version of it.
    """
    if name is None or name == context.rule_set.name:
        return context.rule_set
    beside = await names_beside(snapshot.connection)
    if name in beside:
        rule_set = rules_of(context, name)
        await require_same_beside(snapshot.connection, rule_set)
        return rule_set
    there_are = ", ".join([context.rule_set.name, *beside])
    if name in context.catalogue.names():
        how = f"add {name} to VOLTPASS_RULE_SETS_BESIDE of `settle` and start it again"
    else:
        how = (
            "add the name of another one to VOLTPASS_RULE_SETS_BESIDE of `settle` and start it again, one of "
            f"{', '.join(context.catalogue.names())}"
        )
    raise RequestError(
        f"days are kept under {there_are}, not under {name!r}; to have them, {how}",
        "query",
        "rule_set",
    )
