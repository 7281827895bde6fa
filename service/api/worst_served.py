"""The customers served worst, as the API and the command line list them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final, Self

from pydantic import Field

from service.api.shapes import Basis, Shape, local
from service.domain.instants import MINUTE_US
from service.domain.registry import TargetArea, UserClass
from service.domain.reliability.causes import CauseNode
from service.domain.reliability.grades import Declarations
from service.domain.reliability.outages import definition_of
from service.domain.reliability.user_interruptions import parts_of, user_interruptions
from service.domain.reliability.worst_served import Criterion, Index, WorstServed, worst_served
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.reliability_reads import KnownNetwork, known_network

_TRANSFORMER: Final = "transformer:"


class WorstServedShape(Shape):
    """A customer, or a public transformer, and its sustained interruptions."""

    customer: str | None = Field(description="account number; null: a public transformer")
    transformer: str | None = Field(description="code of a public transformer; null: a customer")
    region: str = Field(description="of its first point; empty where the registry has none")
    feeder: str
    area: TargetArea | None = Field(description="target area; null: nobody says")
    interruptions: int = Field(description="sustained ones that start in the period")
    longest_minutes: float = Field(description="the longest of these, to its end")
    minutes: float = Field(description="without supply in the period, of sustained interruptions")

    @classmethod
    def of(cls, one: WorstServed) -> Self:
        """Return one of them as part of an answer."""
        kind, _, name = one.user.user.partition(":")
        is_transformer = f"{kind}:" == _TRANSFORMER
        return cls(
            customer=None if is_transformer else name,
            transformer=name if is_transformer else None,
            region=one.user.region,
            feeder=one.user.feeder,
            area=one.user.area,
            interruptions=one.n_interruptions,
            longest_minutes=float(Fraction(one.longest_us, MINUTE_US)),
            minutes=float(Fraction(one.dark_us, MINUTE_US)),
        )


class WorstServedList(Basis):
    """Users that an index counts, the worst first."""

    from_at: datetime = Field(alias="from", description="inclusive")
    to_at: datetime = Field(
        alias="to", description="exclusive; where the data end earlier, so does the list"
    )
    users: UserClass
    cause: CauseNode
    declarations: Declarations
    index: Index = Field(
        description="cemi: by interruptions; celid_s: by the longest; celid_t: by the time together"
    )
    at_least: float = Field(description="interruptions, or hours")
    inclusive: bool = Field(description="exactly so many are enough; false: more than that")
    found: int = Field(description="on all pages together")
    worst: list[WorstServedShape]
    next_cursor: str | None = Field(
        description="give it as `cursor` for the next page; null: there is none"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstAsked:
    """Which users are meant."""

    criterion: Criterion
    users: UserClass
    cause: CauseNode = "all"
    declarations: Declarations = "with"
    region: str | None = None
    feeder: str | None = None


async def read_worst_served(
    snapshot: Snapshot, span: tuple[datetime, datetime], asked: WorstAsked, rules: RuleSet
) -> list[WorstServed]:
    """Return all users that are meant, the worst first; none where the data do not reach."""
    known = await known_network(snapshot, span, rules, with_bounds=False)
    return [] if known is None else await asyncio.to_thread(_chosen, known, asked, rules)


def shown_list(
    snapshot: Snapshot,
    span: tuple[datetime, datetime],
    asked: WorstAsked,
    rules: RuleSet,
    found: tuple[list[WorstServed], int, str | None],
) -> WorstServedList:
    """Return a page of the list; ``found`` has its users, how many there are in all, and where it goes on."""
    shown, n_found, next_cursor = found
    zone = snapshot.zone
    return WorstServedList(
        rule_set=rules.name,
        zone=zone.key,
        data_through=local(snapshot.data_through, zone),
        from_at=span[0].astimezone(zone),
        to_at=span[1].astimezone(zone),
        users=asked.users,
        cause=asked.cause,
        declarations=asked.declarations,
        index=asked.criterion.index,
        at_least=float(asked.criterion.at_least),
        inclusive=rules.reliability.many_inclusive,
        found=n_found,
        worst=[WorstServedShape.of(one) for one in shown],
        next_cursor=next_cursor,
    )


def _chosen(known: KnownNetwork, asked: WorstAsked, rules: RuleSet) -> list[WorstServed]:
    definition = definition_of(rules.reliability)
    users = [
        user
        for user in known.users(asked.users, asked.declarations)
        if asked.region in {None, user.region} and asked.feeder in {None, user.feeder}
    ]
    outages = [outage for user in users for outage in user.outages]
    interruptions = parts_of(user_interruptions(outages, definition, known.through), asked.cause)
    period = known.network.period
    return list(worst_served(users, interruptions, period, definition, asked.criterion))
