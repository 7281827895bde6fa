"""Declarations: the outage register and abnormal states of the grid; the past is judged again by them."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from service.api.access import Asking
from service.api.context import Context, ServeContext
from service.api.declaration_shapes import (
    Changed,
    DeclarationShape,
    Told,
    declaration_shape,
)
from service.api.paging import NEXT_CURSOR, Paging, encode_cursor
from service.api.parameters import EntryText, instant
from service.api.register_shapes import (
    Author,
    ChangePage,
    Withdrawn,
    change_page,
    check_right,
)
from service.api.shapes import Shape
from service.api.table_routes import TableRoute
from service.api.territory import check_changed_declaration, check_declaration
from service.domain.register import Kind, OutageKind
from service.errors import RequestError, UnknownDeclarationError
from service.logs import logger
from service.store.declaration_reads import (
    DeclarationFilter,
    find_declaration,
    list_declarations,
    outage_of_ticket,
)
from service.store.declarations import (
    add_declaration,
    change_declaration,
    put_declaration,
    withdraw_declaration,
)
from service.store.deployment_reads import reading

router = APIRouter(tags=["declarations"], route_class=TableRoute)
log = logger(__name__)

_REACH: Final = "day or instant with offset: only declarations that reach into the time "

Number = Annotated[int, Path(ge=1, lt=2**63, description="number of the declaration")]


class DeclarationPage(Shape):
    """Declarations, the newest first."""

    declarations: list[DeclarationShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def _chosen_words(
    kind: Annotated[Kind | None, Query(description="only of this kind")] = None,
    outage_kind: Annotated[
        OutageKind | None, Query(description="only outages of this kind")
    ] = None,
    ticket: Annotated[EntryText | None, Query(description="only those with this ticket")] = None,
) -> DeclarationFilter:
    return DeclarationFilter(kind=kind, outage_kind=outage_kind, ticket=ticket)


@router.get("/v1/declarations", summary="List declarations")
async def declarations(
    context: Context,
    paging: Paging,
    words: Annotated[DeclarationFilter, Depends(_chosen_words)],
    from_: Annotated[str | None, Query(alias="from", description=_REACH + "from here")] = None,
    to: Annotated[str | None, Query(description=_REACH + "to here, exclusive")] = None,
    withdrawn: Withdrawn = False,
) -> DeclarationPage:
    """Return the declarations that fit in everything that is given, the newest first.

    One that has not taken place reaches from edge to edge of its window.
    """
    before = paging.after(int)
    async with reading(context.reader) as snapshot:
        zone = snapshot.zone
        chosen = replace(
            words,
            from_at=instant(from_, "from", zone) if from_ else None,
            to_at=instant(to, "to", zone) if to else None,
            with_withdrawn=withdrawn,
        )
        found = await list_declarations(
            snapshot.connection, chosen, int(before[0]) if before else None, paging.limit + 1
        )
    shown = found[: paging.limit]
    last = shown[-1].declaration_id if len(found) > paging.limit else None
    return DeclarationPage(
        declarations=[declaration_shape(one, zone) for one in shown],
        next_cursor=None if last is None else encode_cursor(last),
    )


@router.post("/v1/declarations", summary="Declare", status_code=HTTPStatus.CREATED)
async def declare(
    context: Context, asking: Asking, told: Told, response: Response
) -> DeclarationShape:
    """Store a declaration, also of times long past, and return it.

    An abnormal state may be told ahead; of an outage to come its window is told, its actual times at most a day ahead.
    Pages in its scope are judged again: by `settle`, within its interval, and by every checkpoint
    from now on; interruptions take their cause from it. An outage with a kind is refused with 409 where another one
    that counts has its ticket and kind. Of others look at the list before you repeat a request after a problem that
    is `retryable`.
    """
    new = told.new()
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_declaration(connection, asking, new)
        number = await add_declaration(connection, new, asking.signs(new.author), context.now())
    log.info("declaration_made", declaration_id=number, author=told.author, ticket=told.ticket)
    response.headers["Location"] = f"/v1/declarations/{number}"
    return await _stored(context, number)


@router.put("/v1/declarations", summary="Declare an outage by its ticket")
async def put_by_ticket(
    context: Context, asking: Asking, told: Told, response: Response
) -> DeclarationShape:
    """Make the outage of this ticket and `outage_kind`, or bring the one that is there in line with what is told.

    So a system of outage plans says what stands in it now, as often as it likes: a new window reschedules,
    `cancelled_at` cancels, and the same again changes nothing. Whatever is not told is empty afterwards, but who made
    it and when. Answers 201 where it is new.
    """
    new = told.new()
    if new.outage_kind is None:
        raise RequestError(
            "outage_kind is missing: only outages of a kind have their ticket to themselves"
        )
    made_by = asking.signs(new.author)
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_declaration(connection, asking, new)
        before = await outage_of_ticket(connection, new)
        if before is not None:
            await check_changed_declaration(connection, asking, before.declaration_id, {})
        number, is_new = await put_declaration(connection, new, made_by, context.now())
    log.info("declaration_put", declaration_id=number, is_new=is_new, ticket=new.ticket)
    response.headers["Location"] = f"/v1/declarations/{number}"
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return await _stored(context, number)


@router.get("/v1/declarations/{declaration_id}", summary="Show one declaration")
async def one_declaration(context: Context, declaration_id: Number) -> DeclarationShape:
    """Return a declaration, also a withdrawn one."""
    return await _stored(context, declaration_id)


@router.get("/v1/declarations/{declaration_id}/changes", summary="Who changed a declaration")
async def declaration_changes(
    context: Context, paging: Paging, declaration_id: Number
) -> ChangePage:
    """Return the trail of a declaration: who changed what, when, and which interruptions took their cause from it."""
    await _stored(context, declaration_id)
    return await change_page(context, "declaration", declaration_id, paging)


@router.patch("/v1/declarations/{declaration_id}", summary="Change, end or cancel")
async def change(
    context: Context, asking: Asking, declaration_id: Number, changed: Changed
) -> DeclarationShape:
    """Change what was declared, and return it; pages and interruptions that are concerned are made again.

    So the actual times of planned work are told when it has taken place, the end of an outage when supply is back, a
    cause when it is known, and with `cancelled_at` that planned work will not take place. Its approver cannot be the
    one who changes it.
    """
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_changed_declaration(connection, asking, declaration_id, changed.changes())
        await change_declaration(
            connection,
            declaration_id,
            changed.changes(),
            asking.signs(changed.author),
            context.now(),
        )
    log.info("declaration_changed", declaration_id=declaration_id, author=changed.author)
    return await _stored(context, declaration_id)


@router.delete("/v1/declarations/{declaration_id}", summary="Withdraw")
async def withdraw(
    context: Context, asking: Asking, declaration_id: Number, author: Author
) -> DeclarationShape:
    """Let a declaration count no longer, and return it; it stays on record, pages are judged again."""
    async with context.writer.transaction() as connection:
        await check_right(connection)
        await check_changed_declaration(connection, asking, declaration_id, {})
        await withdraw_declaration(connection, declaration_id, asking.signs(author))
    log.info("declaration_withdrawn", declaration_id=declaration_id, author=author)
    return await _stored(context, declaration_id)


async def _stored(context: ServeContext, number: int) -> DeclarationShape:
    async with reading(context.reader) as snapshot:
        found = await find_declaration(snapshot.connection, number)
    if found is None:
        raise UnknownDeclarationError(f"there is no declaration {number}")
    return declaration_shape(found, snapshot.zone)
