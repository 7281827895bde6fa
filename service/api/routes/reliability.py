"""Supply reliability of users, by DL/T 836 and IEEE 1366."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from service.api.context import Context
from service.api.parameters import From, To, check_length, span_of
from service.api.reliability_shapes import DefinitionShape, ReliabilityShape
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, basis_of
from service.domain.registry import UserClass
from service.domain.reliability.figures import figures_of
from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import definition_of
from service.domain.reliability.users import User
from service.domain.rules import RuleSet
from service.errors import TooMuchError
from service.store.deployment_reads import reading
from service.store.reliability_reads import KnownNetwork, known_network

router = APIRouter(tags=["reliability"])

GroupBy = Literal["none", "region", "feeder", "area", "cause"]
LONGEST: Final = timedelta(days=400)
GROUPS_MAX: Final = 5000
_HOURS: Final = (Fraction(4), Fraction(8), Fraction(12))
ASKED: Final = Asked(many=(1, 2, 3, 4, 5), single_hours=_HOURS, total_hours=_HOURS)

Users = Annotated[
    UserClass | None, Query(description="whose figures; without: those that the rule set publishes")
]


class Reliability(Basis):
    """The reliability of groups of users over a period."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(
        alias="to", description="exclusive; where the data end earlier, so do the figures"
    )
    group_by: GroupBy
    definition: DefinitionShape
    groups: list[ReliabilityShape] = Field(description="in the order of their codes")


@router.get("/v1/reliability", summary="Supply reliability by DL/T 836 and IEEE 1366")
async def reliability(
    context: Context,
    from_: From = None,
    to: To = None,
    users: Users = None,
    group_by: Annotated[GroupBy, Query(description="what makes a group")] = "none",
    rule_set: RuleSetName = None,
) -> Reliability:
    """Return the indices of both standards, side by side, from the interruptions of points.

    A customer is out while all of its points are; a public transformer while its terminal is, or, without one,
    while enough of its meters are. Only evidence counts as outage; `lower` says what uncertain edges and unobserved
    time leave open. Time counts in every period that it touches, an interruption in the one in which it starts. At
    most 400 days.
    """
    rules = rules_of(context, rule_set)
    user_class = users or rules.reliability.users
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST)
        known = await known_network(snapshot, span, rules)
    groups: list[ReliabilityShape] = []
    if known is not None:
        groups = await asyncio.to_thread(_groups, known, user_class, group_by, rules)
    basis = basis_of(context, snapshot)
    basis["rule_set"] = rules.name
    return Reliability(
        **basis,
        from_at=span[0].astimezone(snapshot.zone),
        to_at=span[1].astimezone(snapshot.zone),
        group_by=group_by,
        definition=DefinitionShape.of(rules.reliability, user_class),
        groups=groups,
    )


def _groups(
    known: KnownNetwork, user_class: UserClass, group_by: GroupBy, rules: RuleSet
) -> list[ReliabilityShape]:
    users = known.users(user_class)
    chosen = _by_cause(users) if group_by == "cause" else _by_place(users, group_by)
    if len(chosen) > GROUPS_MAX:
        raise TooMuchError(
            f"there are more than {GROUPS_MAX} groups; group by region", "query", "group_by"
        )
    definition = definition_of(rules.reliability)
    return [
        ReliabilityShape.of(
            group,
            figures_of(members, known.network.period, definition, known.through, ASKED),
            with_bounds=group_by != "cause",
        )
        for group, members in sorted(chosen.items())
    ]


def _by_place(users: Sequence[User], group_by: GroupBy) -> dict[str, list[User]]:
    found: dict[str, list[User]] = defaultdict(list)
    for user in users:
        if group_by == "region":
            found[user.region].append(user)
        elif group_by == "feeder":
            found[user.feeder].append(user)
        elif group_by == "area":
            found[user.area or "none"].append(user)
        else:
            found["all"].append(user)
    return found


def _by_cause(users: Sequence[User]) -> dict[str, list[User]]:
    """Return all users for each cause there is, with the outages of that cause alone."""
    causes = {outage.cause for user in users for outage in user.outages}
    return {
        cause: [
            replace(user, outages=tuple(one for one in user.outages if one.cause == cause))
            for user in users
        ]
        for cause in causes
    }
