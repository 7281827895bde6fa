"""Supply reliability of users, by DL/T 836 and IEEE 1366."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from service.api.context import Context
from service.api.few_members import WITHHELD, Fewest
from service.api.parameters import From, To, check_length, span_of
from service.api.reliability_shapes import DefinitionShape, EvidenceShape, ReliabilityShape
from service.api.rule_choice import RuleSetName, rules_of
from service.api.shapes import Basis, basis_of
from service.api.table_routes import TableRoute
from service.domain.few_members import without_few
from service.domain.registry import UserClass
from service.domain.reliability.causes import CauseNode, is_under
from service.domain.reliability.figures import CountedUsers, counted_users
from service.domain.reliability.grades import Declarations, inferred_outages, inferred_total
from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import definition_of
from service.domain.reliability.users import User
from service.domain.rules import RuleSet
from service.errors import TooMuchError
from service.store.deployment_reads import reading
from service.store.reliability_reads import KnownNetwork, known_network

router = APIRouter(tags=["reliability"], route_class=TableRoute)

GroupBy = Literal["none", "region", "feeder", "area", "level", "cause"]
LONGEST: Final = timedelta(days=400)
GROUPS_MAX: Final = 5000
_HOURS: Final = (Fraction(4), Fraction(8), Fraction(12))
ASKED: Final = Asked(many=(1, 2, 3, 4, 5), single_hours=_HOURS, total_hours=_HOURS)

Users = Annotated[
    UserClass | None, Query(description="whose figures; without: those that the rule set publishes")
]
Cause = Annotated[CauseNode, Query(description="only outages of this node of the tree of causes")]
Declared = Annotated[
    Declarations,
    Query(description="without: as if nobody had declared an outage, nor the cause of one"),
]


class FiguresAsked(NamedTuple):
    """Which figures are meant."""

    users: UserClass | None
    group_by: GroupBy
    cause: CauseNode
    declarations: Declarations


def _figures_asked(
    users: Users = None,
    group_by: Annotated[GroupBy, Query(description="what makes a group")] = "none",
    cause: Cause = "all",
    declarations: Declared = "with",
) -> FiguresAsked:
    return FiguresAsked(users, group_by, cause, declarations)


Asking = Annotated[FiguresAsked, Depends(_figures_asked)]


class Reliability(Basis):
    """The reliability of groups of users over a period."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(
        alias="to", description="exclusive; where the data end earlier, so do the figures"
    )
    group_by: GroupBy
    cause: CauseNode = Field(description="all: whatever the cause")
    declarations: Declarations
    definition: DefinitionShape
    groups: list[ReliabilityShape] = Field(
        description="in the order of their codes; causes as the tree is read"
    )
    withheld_groups: int = Field(description=WITHHELD)


@router.get("/v1/reliability", summary="Supply reliability by DL/T 836 and IEEE 1366")
async def reliability(
    context: Context,
    asked: Asking,
    fewest: Fewest,
    from_: From = None,
    to: To = None,
    rule_set: RuleSetName = None,
) -> Reliability:
    """Return the indices of both standards, side by side, from the interruptions of points.

    A customer is out while all of its points are; a public transformer while its terminal is, or, without one,
    while enough of its meters are. Only evidence counts as outage; `lower` says what uncertain edges and unobserved
    time leave open. Time counts in every period that it touches, an interruption in the one in which it starts.
    Outages belong to one cause each, so causes add up; of a level are customers supplied at it, public transformers
    are a group of their own. At most 400 days.
    """
    rules = rules_of(context, rule_set)
    user_class = asked.users or rules.reliability.users
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST)
        known = await known_network(snapshot, span, rules)
    groups: list[ReliabilityShape] = []
    n_withheld = 0
    if known is not None:
        groups, n_withheld = await asyncio.to_thread(
            _groups, known, asked, (user_class, fewest), rules
        )
    basis = basis_of(context, snapshot)
    basis["rule_set"] = rules.name
    return Reliability(
        **basis,
        from_at=span[0].astimezone(snapshot.zone),
        to_at=span[1].astimezone(snapshot.zone),
        group_by=asked.group_by,
        cause=asked.cause,
        declarations=asked.declarations,
        definition=DefinitionShape.of(rules.reliability, user_class),
        groups=groups,
        withheld_groups=n_withheld,
    )


def _groups(
    known: KnownNetwork, asked: FiguresAsked, members_asked: tuple[UserClass, int], rules: RuleSet
) -> tuple[list[ReliabilityShape], int]:
    """Return the groups, and how many have fewer users than are asked for, whatever the cause."""
    user_class, fewest = members_asked
    users = known.users(user_class, asked.declarations)
    chosen = _by_place(users, asked.group_by)
    if len(chosen) > GROUPS_MAX:
        raise TooMuchError(
            f"there are more than {GROUPS_MAX} groups; group by region", "query", "group_by"
        )
    every = sorted(chosen.items())
    shown, n_withheld = without_few(every, lambda one: len(one[1]), fewest)
    inferred = inferred_outages(users, known.network, user_class)
    definition, period = definition_of(rules.reliability), known.network.period
    groups: list[ReliabilityShape] = []
    for group, members in shown:
        counted = counted_users(members, period, definition, known.through)
        nodes = _nodes(counted, asked)
        groups += [
            ReliabilityShape.of(node if asked.group_by == "cause" else group, counted, node, ASKED)
            for node in nodes
        ]
        spells = [one for user in members for one in inferred.get(user.user, ())]
        if spells and asked.cause == "all":  # of what kind of outage they were nobody can say
            total = inferred_total(spells, period)
            groups[-len(nodes)].by_evidence.append(EvidenceShape.of(total))
    return groups, n_withheld


def _nodes(counted: CountedUsers, asked: FiguresAsked) -> list[CauseNode]:
    if asked.group_by != "cause":
        return [asked.cause]
    found = [node for node in counted.nodes() if is_under(node, asked.cause)]
    return found if asked.cause in found else [asked.cause, *found]


def _by_place(users: Sequence[User], group_by: GroupBy) -> dict[str, list[User]]:
    found: dict[str, list[User]] = defaultdict(list)
    for user in users:
        if group_by == "region":
            found[user.region].append(user)
        elif group_by == "feeder":
            found[user.feeder].append(user)
        elif group_by == "area":
            found[user.area or "none"].append(user)
        elif group_by == "level":
            found[_level(user)].append(user)
        else:
            found["all"].append(user)
    return found


def _level(user: User) -> str:
    """Return the level of a customer, kV; the registry does not know that of a public transformer."""
    if user.level_mv is None:
        return "public_transformer"
    return f"{Decimal(user.level_mv).scaleb(-6).normalize():f}"
