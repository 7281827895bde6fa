"""What the pages work with, made when the process starts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fastapi import Request

from service.console.target_desk import TargetDesk
from service.domain.access import LOCAL_ACCESS, Access
from service.domain.catalogue import Catalogue
from service.domain.rules import RuleSet
from service.store.pool import Pool

AccessOf: TypeAlias = Callable[[Request], Awaitable[Access]]


async def everybody_is_local(request: Request) -> Access:  # noqa: ARG001 (the signature of AccessOf)
    """Return the access of all who can reach this process, where requests are not authenticated."""
    return LOCAL_ACCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleContext:
    """The parts of this process, shared by all pages."""

    rule_set: RuleSet  # in force: the statutory one
    beside: tuple[RuleSet, ...]  # judged over the same pages
    catalogue: Catalogue  # all there are
    reader: Pool  # of the console's own, so that its pages and the API do not wait for each other
    now: Callable[[], datetime]
    access_of: AccessOf  # says who asks
    public_url: (
        str | None
    )  # scheme and host by which people reach this process; None: as requests say
    fewest_in_group: int  # users or points, for who may not read customers
    targets: TargetDesk  # what stands against targets, read once for all who look


def context_of(request: Request) -> ConsoleContext:
    """Return what the pages of this application work with."""
    context: ConsoleContext = request.app.state.context
    return context
