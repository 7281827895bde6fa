"""Declarations: what people tell of the grid's state. The one thing that `serve` writes."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, ConfigDict, Field

from service.api.context import Context, ServeContext
from service.api.paging import NEXT_CURSOR, Paging, encode_cursor
from service.api.parameters import Text, instant
from service.api.shapes import Shape, local
from service.errors import DeclarationsRefusedError, UnknownDeclarationError
from service.logs import logger
from service.store.declaration_reads import (
    DeclarationFilter,
    StoredDeclaration,
    find_declaration,
    list_declarations,
    may_declare,
)
from service.store.declarations import (
    Kind,
    NewDeclaration,
    Place,
    PlaceKind,
    add_declaration,
    end_declaration,
    withdraw_declaration,
)
from service.store.deployment_reads import reading
from service.store.pool import Connection

router = APIRouter(tags=["declarations"])
log = logger(__name__)

PLACES_MAX: Final = 1000
_REACH: Final = "day or instant with offset: only declarations that reach into the time "

Number = Annotated[int, Path(ge=1, lt=2**63, description="number of the declaration")]


class PlaceShape(Shape):
    """A part of the grid."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    place: PlaceKind = Field(description="what it is", examples=["feeder"])
    code: Text = Field(description="its code in the registry", examples=["F-10-07"])


class Told(Shape):
    """What is told of the grid's state."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    kind: Kind = Field(
        description="abnormal_state: minutes are judged by the wider band; "
        "outage: minutes without a measurement are without supply",
        examples=["abnormal_state"],
    )
    places: list[PlaceShape] = Field(
        min_length=1,
        max_length=PLACES_MAX,
        description="where; every point that belongs to one of them",
    )
    ticket: Text = Field(description="of the operator's own system", examples=["2024-0815"])
    author: Text = Field(description="who declares", examples=["li.na"])
    approver: Text = Field(description="who approved it; somebody else", examples=["wang.wei"])
    cause: str = Field(default="", max_length=2000, pattern=r"^[^\x00]*$")
    from_at: AwareDatetime = Field(
        alias="from",
        description="actual start, inclusive, with offset",
        examples=["2024-03-01T08:00:00+08:00"],
    )
    to_at: AwareDatetime | None = Field(
        default=None,
        alias="to",
        description="actual end, exclusive, with offset; null: it lasts",
        examples=["2024-03-01T09:30:00+08:00"],
    )


class End(Shape):
    """The actual end of a declaration, set or corrected."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    to_at: AwareDatetime = Field(alias="to", description="actual end, exclusive, with offset")
    author: Text = Field(description="who says so")


class DeclarationShape(Shape):
    """A declaration."""

    declaration_id: int
    kind: Kind
    places: list[PlaceShape]
    ticket: str
    author: str
    approver: str
    cause: str
    from_at: datetime = Field(alias="from", description="actual start, inclusive")
    to_at: datetime | None = Field(alias="to", description="actual end, exclusive; null: it lasts")
    made_at: datetime
    withdrawn_at: datetime | None = Field(description="it counts no longer since; null: it counts")


class DeclarationPage(Shape):
    """Declarations, the newest first."""

    declarations: list[DeclarationShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


@router.get("/v1/declarations", summary="List declarations")
async def declarations(
    context: Context,
    paging: Paging,
    from_: Annotated[str | None, Query(alias="from", description=_REACH + "from here")] = None,
    to: Annotated[str | None, Query(description=_REACH + "to here, exclusive")] = None,
    kind: Annotated[Kind | None, Query(description="only of this kind")] = None,
    withdrawn: Annotated[bool, Query(description="also withdrawn ones")] = False,
) -> DeclarationPage:
    """Return the declarations that fit in everything that is given, the newest first."""
    before = paging.after(int)
    async with reading(context.reader) as snapshot:
        zone = snapshot.zone
        chosen = DeclarationFilter(
            from_at=instant(from_, "from", zone) if from_ else None,
            to_at=instant(to, "to", zone) if to else None,
            kind=kind,
            with_withdrawn=withdrawn,
        )
        found = await list_declarations(
            snapshot.connection, chosen, int(before[0]) if before else None, paging.limit + 1
        )
    shown = found[: paging.limit]
    last = shown[-1].declaration_id if len(found) > paging.limit else None
    return DeclarationPage(
        declarations=[_shape(one, zone) for one in shown],
        next_cursor=None if last is None else encode_cursor(last),
    )


@router.post("/v1/declarations", summary="Declare", status_code=HTTPStatus.CREATED)
async def declare(context: Context, told: Told, response: Response) -> DeclarationShape:
    """Store a declaration, also of times long past, and return it.

    Pages in its scope are judged again: by `settle`, within its interval, and by every checkpoint
    from now on. After a problem that is `retryable` look at the list before you repeat the request.
    """
    new = NewDeclaration(
        kind=told.kind,
        places=[Place(one.place, one.code) for one in told.places],
        ticket=told.ticket,
        author=told.author,
        approver=told.approver,
        from_at=told.from_at,
        to_at=told.to_at,
        cause=told.cause,
    )
    async with context.writer.transaction() as connection:
        await _check_right(connection)
        number = await add_declaration(connection, new)
    log.info("declaration_made", declaration_id=number, author=told.author, ticket=told.ticket)
    response.headers["Location"] = f"/v1/declarations/{number}"
    return await _stored(context, number)


@router.get("/v1/declarations/{declaration_id}", summary="Show one declaration")
async def one_declaration(context: Context, declaration_id: Number) -> DeclarationShape:
    """Return a declaration, also a withdrawn one."""
    return await _stored(context, declaration_id)


@router.patch("/v1/declarations/{declaration_id}", summary="Set the actual end")
async def set_end(context: Context, declaration_id: Number, end: End) -> DeclarationShape:
    """Set or correct the actual end of a declaration, and return it; pages are judged again."""
    async with context.writer.transaction() as connection:
        await _check_right(connection)
        await end_declaration(connection, declaration_id, end.to_at)
    log.info("declaration_ended", declaration_id=declaration_id, author=end.author)
    return await _stored(context, declaration_id)


@router.delete("/v1/declarations/{declaration_id}", summary="Withdraw")
async def withdraw(
    context: Context,
    declaration_id: Number,
    author: Annotated[Text, Query(description="who withdraws it; goes to the log")],
) -> DeclarationShape:
    """Let a declaration count no longer, and return it; it stays on record, pages are judged again."""
    async with context.writer.transaction() as connection:
        await _check_right(connection)
        await withdraw_declaration(connection, declaration_id)
    log.info("declaration_withdrawn", declaration_id=declaration_id, author=author)
    return await _stored(context, declaration_id)


async def _check_right(connection: Connection) -> None:
    if not await may_declare(connection):
        raise DeclarationsRefusedError(
            "the database login of this `serve` may read, but not write declarations"
        )


async def _stored(context: ServeContext, number: int) -> DeclarationShape:
    async with reading(context.reader) as snapshot:
        found = await find_declaration(snapshot.connection, number)
    if found is None:
        raise UnknownDeclarationError(f"there is no declaration {number}")
    return _shape(found, snapshot.zone)


def _shape(one: StoredDeclaration, zone: ZoneInfo) -> DeclarationShape:
    names = ("from_at", "to_at", "made_at", "withdrawn_at")
    times = {name: local(getattr(one, name), zone) for name in names}
    return DeclarationShape.model_validate({**asdict(one), **times})
