"""Dated promises: what was asked for, and when it was answered."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AwareDatetime, ConfigDict, Field

from service.api.access import Asking
from service.api.context import Context
from service.api.entry_routes import (
    entry_page,
    make_entry,
    stored_entry,
    take_back_entry,
    update_entry,
)
from service.api.paging import NEXT_CURSOR, Paging
from service.api.parameters import EntryText
from service.api.register_shapes import Author, ChangePage, OpenOnly, Withdrawn, change_page
from service.api.shapes import Shape, local
from service.api.table_routes import TableRoute
from service.domain.register import NewDeadline
from service.store.deadlines import DEADLINES
from service.store.register_entries import EntryFilter, StoredEntry

router = APIRouter(tags=["register"], route_class=TableRoute)

_SPAN: Final = "day or instant with offset: only what was opened "
_SUBJECT: Final = "class or area that chooses among the rows of the promise"

Number = Annotated[int, Path(ge=1, lt=2**63, description="number of the deadline")]


class ToldDeadline(Shape):
    """Something that was asked for and is to be answered by a day."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    reference: EntryText = Field(description="of the file it stands for", examples=["YK-2024-0815"])
    promise: EntryText = Field(description="the promise of the rule set that it falls under")
    subject: EntryText | None = Field(default=None, description=_SUBJECT)
    opened_at: AwareDatetime = Field(
        description="with offset", examples=["2024-03-01T08:02:00+08:00"]
    )
    answered_at: AwareDatetime | None = Field(
        default=None, description="with offset; null while it is open"
    )
    author: EntryText = Field(description="who enters it")


class ChangedDeadline(Shape):
    """What becomes different; a field that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    promise: EntryText | None = Field(default=None, description="of the rule set")
    subject: EntryText | None = Field(default=None, description=f"{_SUBJECT}; null: none")
    opened_at: AwareDatetime | None = Field(default=None, description="with offset")
    answered_at: AwareDatetime | None = Field(
        default=None, description="with offset; null: it is open again"
    )
    author: EntryText = Field(description="who says so; goes to the trail")

    def changes(self) -> dict[str, object]:
        """Return the fields that were given."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"author"}}
        if "subject" in given:
            given["subject"] = given["subject"] or ""
        return {
            name: one for name, one in given.items() if one is not None or name == "answered_at"
        }


class DeadlineShape(Shape):
    """A dated promise."""

    deadline_id: int
    reference: str
    promise: str
    subject: str = Field(description=f"{_SUBJECT}; empty: none")
    opened_at: datetime
    answered_at: datetime | None = Field(description="null while it is open")
    author: str = Field(description="who entered it")
    made_at: datetime = Field(description="when it was stored")
    withdrawn_at: datetime | None = Field(description="it counts no longer since; null: it counts")


class DeadlinePage(Shape):
    """Dated promises, the newest entry first."""

    deadlines: list[DeadlineShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def _chosen(
    promise: Annotated[EntryText | None, Query(description="only of this promise")] = None,
    open_: OpenOnly = False,
    withdrawn: Withdrawn = False,
) -> EntryFilter:
    return EntryFilter(open_only=open_, word=promise, with_withdrawn=withdrawn)


@router.get("/v1/deadlines", summary="List dated promises")
async def deadlines(
    context: Context,
    paging: Paging,
    chosen: Annotated[EntryFilter, Depends(_chosen)],
    from_: Annotated[str | None, Query(alias="from", description=_SPAN + "from here")] = None,
    to: Annotated[str | None, Query(description=_SPAN + "before here")] = None,
) -> DeadlinePage:
    """Return the dated promises that fit in everything that is given, the newest entry first; open: not answered."""
    shown, zone, cursor = await entry_page(context, DEADLINES, chosen, (from_, to), paging)
    return DeadlinePage(deadlines=[_shape(one, zone) for one in shown], next_cursor=cursor)


@router.post("/v1/deadlines", summary="Enter a dated promise", status_code=HTTPStatus.CREATED)
async def enter_deadline(
    context: Context, asking: Asking, told: ToldDeadline, response: Response
) -> DeadlineShape:
    """Store a dated promise and return it; refused with 409 where one that counts has its reference."""
    fields = told.model_dump(exclude={"author"})
    new, author = NewDeadline(**fields | {"subject": told.subject or ""}), told.author
    found = await make_entry(context, DEADLINES, new, author, asking.signs(author))
    response.headers["Location"] = f"/v1/deadlines/{found[0].entry_id}"
    return _shape(*found)


@router.get("/v1/deadlines/{deadline_id}", summary="Show one dated promise")
async def one_deadline(context: Context, deadline_id: Number) -> DeadlineShape:
    """Return a dated promise, also a withdrawn one."""
    return _shape(*await stored_entry(context, DEADLINES, deadline_id))


@router.get("/v1/deadlines/{deadline_id}/changes", summary="Who changed a dated promise")
async def deadline_changes(context: Context, paging: Paging, deadline_id: Number) -> ChangePage:
    """Return the trail of a dated promise."""
    await stored_entry(context, DEADLINES, deadline_id)
    return await change_page(context, "deadline", deadline_id, paging)


@router.patch("/v1/deadlines/{deadline_id}", summary="Say when it was answered")
async def change_deadline(
    context: Context, asking: Asking, deadline_id: Number, changed: ChangedDeadline
) -> DeadlineShape:
    """Change a dated promise and return it."""
    made_by = asking.signs(changed.author)
    return _shape(*await update_entry(context, DEADLINES, deadline_id, changed.changes(), made_by))


@router.delete("/v1/deadlines/{deadline_id}", summary="Withdraw a dated promise")
async def withdraw_deadline(
    context: Context, asking: Asking, deadline_id: Number, author: Author
) -> DeadlineShape:
    """Let a dated promise count no longer, and return it; it stays on record."""
    return _shape(*await take_back_entry(context, DEADLINES, deadline_id, asking.signs(author)))


def _shape(one: StoredEntry[NewDeadline], zone: ZoneInfo) -> DeadlineShape:
    told = one.told
    return DeadlineShape(
        deadline_id=one.entry_id,
        reference=told.reference,
        promise=told.promise,
        subject=told.subject,
        opened_at=told.opened_at.astimezone(zone),
        answered_at=local(told.answered_at, zone),
        author=one.author,
        made_at=one.made_at.astimezone(zone),
        withdrawn_at=local(one.withdrawn_at, zone),
    )
