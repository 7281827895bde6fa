"""Customers with many, or long, interruptions: the lists behind CEMI_n and CELID."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from service.api.context import Context
from service.api.paging import Paging, encode_cursor
from service.api.parameters import From, Text, To, check_length, span_of
from service.api.routes.reliability import Cause, Declared
from service.api.rule_choice import RuleSetName, rules_of
from service.api.table_routes import TableRoute
from service.api.worst_served import WorstAsked, WorstServedList, read_worst_served, shown_list
from service.domain.registry import UserClass
from service.domain.reliability.worst_served import Criterion, Index, WorstServed
from service.errors import RequestError
from service.store.deployment_reads import reading

router = APIRouter(tags=["reliability"], route_class=TableRoute)

LONGEST: Final = timedelta(days=400)
HOURS_MAX: Final = 9600  # of the longest period


def _criterion(
    n: Annotated[
        int | None, Query(ge=1, le=10_000, description="CEMI_n: so many interruptions")
    ] = None,
    single_hours: Annotated[
        float | None,
        Query(gt=0, le=HOURS_MAX, description="CELID_s: one interruption of so many hours"),
    ] = None,
    total_hours: Annotated[
        float | None,
        Query(gt=0, le=HOURS_MAX, description="CELID_t: so many hours without supply together"),
    ] = None,
) -> Criterion:
    given: dict[Index, int | float | None] = {
        "cemi": n,
        "celid_s": single_hours,
        "celid_t": total_hours,
    }
    chosen = [
        Criterion(index=index, at_least=Fraction(str(number)))
        for index, number in given.items()
        if number is not None
    ]
    if len(chosen) != 1:
        raise RequestError("give one of n, single_hours and total_hours", "query", "n")
    return chosen[0]


def _asked(
    criterion: Annotated[Criterion, Depends(_criterion)],
    users: Annotated[UserClass, Query(description="whom to list")] = "LV",
    cause: Cause = "all",
    declarations: Declared = "with",
    region: Annotated[Text | None, Query(description="only of this region")] = None,
    feeder: Annotated[Text | None, Query(description="only of this feeder")] = None,
) -> WorstAsked:
    return WorstAsked(
        criterion=criterion,
        users=users,
        cause=cause,
        declarations=declarations,
        region=region,
        feeder=feeder,
    )


@router.get("/v1/worst-served", summary="Customers with many, or long, interruptions")
async def worst_served(
    context: Context,
    paging: Paging,
    asked: Annotated[WorstAsked, Depends(_asked)],
    from_: From = None,
    to: To = None,
    rule_set: RuleSetName = None,
) -> WorstServedList:
    """Return the users that CEMI_n or CELID count, the worst first; it names single customers.

    Sustained interruptions of one user, as in `/v1/reliability`, whose `cemi_users` and so on are how many this list
    has in all. At most 400 days.
    """
    rules = rules_of(context, rule_set)
    after = paging.after(str)
    async with reading(context.reader) as snapshot:
        span = span_of(from_, to, snapshot, context.now())
        check_length(*span, LONGEST)
        every = await read_worst_served(snapshot, span, asked, rules)
    first = 0 if after is None else _place_after(every, str(after[0]))
    shown = every[first : first + paging.limit]
    is_last = first + len(shown) == len(every)
    next_cursor = None if is_last else encode_cursor(shown[-1].user.user)
    return shown_list(snapshot, span, asked, rules, (shown, len(every), next_cursor))


def _place_after(every: Sequence[WorstServed], user: str) -> int:
    """Return where the list goes on behind a user.

    Raises:
        RequestError: The list does not have it any more.
    """
    for place, one in enumerate(every):
        if one.user.user == user:
            return place + 1
    raise RequestError(
        "cursor stands for a customer who is not in the list any more; begin with the first page",
        "query",
        "cursor",
    )
