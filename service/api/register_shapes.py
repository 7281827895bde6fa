"""The trail of the register as a part of answers, and what the routes of its entries share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from service.api.context import ServeContext
from service.api.paging import NEXT_CURSOR, PageRequest, encode_cursor
from service.api.parameters import EntryText
from service.api.shapes import Shape, local
from service.errors import DeclarationsRefusedError
from service.store.declaration_reads import may_declare
from service.store.deployment_reads import reading
from service.store.pool import Connection
from service.store.register_changes import Action, Record, StoredChange, changes_of

Content = dict[str, object]

Author = Annotated[EntryText, Query(description="who withdraws it; goes to the trail")]
OpenOnly = Annotated[bool, Query(alias="open", description="only those that are still open")]
Withdrawn = Annotated[bool, Query(description="also withdrawn ones")]


class ChangeShape(Shape):
    """Who changed what, and when."""

    change_id: int
    action: Action = Field(
        description="reclassified: an interruption got another cause by it; then before and after are of that one"
    )
    made_by: str = Field(description="the principal of the request, else its author")
    made_at: datetime = Field(description="when it was stored")
    before: Content | None = Field(description="null: it was made; times in UTC")
    after: Content


class ChangePage(Shape):
    """The changes of one entry, the oldest first; none is ever taken away."""

    changes: list[ChangeShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


async def change_page(
    context: ServeContext, record: Record, number: int, paging: PageRequest
) -> ChangePage:
    """Return a page of the trail of one entry."""
    after = paging.after(int)
    async with reading(context.reader) as snapshot:
        found = await changes_of(
            snapshot.connection, record, number, int(after[0]) if after else 0, paging.limit + 1
        )
    shown = found[: paging.limit]
    last = shown[-1].change_id if len(found) > paging.limit else None
    return ChangePage(
        changes=_shapes(shown, snapshot.zone),
        next_cursor=None if last is None else encode_cursor(last),
    )


async def check_right(connection: Connection) -> None:
    """Refuse to write with a login that may only read.

    Raises:
        DeclarationsRefusedError: It may only read.
    """
    if not await may_declare(connection):
        raise DeclarationsRefusedError(
            "the database login of this `serve` may read, but not write declarations"
        )


def _shapes(changes: Sequence[StoredChange], zone: ZoneInfo) -> list[ChangeShape]:
    return [
        ChangeShape(
            change_id=one.change_id,
            action=one.action,
            made_by=one.made_by,
            made_at=local(one.made_at, zone) or one.made_at,
            before=one.before,
            after=one.after,
        )
        for one in changes
    ]
