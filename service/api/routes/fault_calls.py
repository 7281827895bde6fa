"""Fault calls: when a customer called, when a crew was there, when supply was back."""

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
from service.domain.register import NewFaultCall
from service.domain.registry import ResponseArea
from service.store.fault_calls import FAULT_CALLS
from service.store.register_entries import EntryFilter, StoredEntry

router = APIRouter(tags=["register"], route_class=TableRoute)

_SPAN: Final = "day or instant with offset: only calls made "
_WEATHER: Final = "such weather that no time of arrival is promised"

Number = Annotated[int, Path(ge=1, lt=2**63, description="number of the fault call")]


class ToldCall(Shape):
    """A call about a fault, and what followed."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    call: EntryText = Field(
        description="its number with the caller's desk", examples=["95598-000123"]
    )
    customer: EntryText | None = Field(
        default=None, description="account in the registry, if known"
    )
    point: EntryText | None = Field(default=None, description="point of the registry, if known")
    response_area: ResponseArea = Field(description="how soon a crew has to come")
    called_at: AwareDatetime = Field(
        description="with offset", examples=["2024-03-01T08:02:00+08:00"]
    )
    arrived_at: AwareDatetime | None = Field(
        default=None, description="the crew, with offset; null while it is on its way"
    )
    restored_at: AwareDatetime | None = Field(
        default=None, description="with offset; null while supply is away"
    )
    severe_weather: bool = Field(default=False, description=_WEATHER)
    author: EntryText = Field(description="who enters it")


class ChangedCall(Shape):
    """What becomes different; a field that is left out stays as it is, null takes it away."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    customer: EntryText | None = Field(default=None, description="account in the registry")
    point: EntryText | None = Field(default=None, description="point of the registry")
    response_area: ResponseArea | None = Field(default=None, description="how soon to come")
    called_at: AwareDatetime | None = Field(default=None, description="with offset")
    arrived_at: AwareDatetime | None = Field(default=None, description="the crew, with offset")
    restored_at: AwareDatetime | None = Field(default=None, description="with offset")
    severe_weather: bool | None = Field(default=None, description=_WEATHER)
    author: EntryText = Field(description="who says so; goes to the trail")

    def changes(self) -> dict[str, object]:
        """Return the fields that were given."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"author"}}
        for name in ("customer", "point"):
            if name in given:
                given[name] = given[name] or ""
        can_go = {"arrived_at", "restored_at"}
        return {name: one for name, one in given.items() if one is not None or name in can_go}


class CallShape(Shape):
    """A fault call."""

    call_id: int
    call: str
    customer: str = Field(description="account; empty: not known")
    point: str = Field(description="empty: not known")
    response_area: ResponseArea
    called_at: datetime
    arrived_at: datetime | None = Field(description="null while the crew is on its way")
    restored_at: datetime | None = Field(description="null while supply is away")
    severe_weather: bool
    author: str = Field(description="who entered it")
    made_at: datetime = Field(description="when it was stored")
    withdrawn_at: datetime | None = Field(description="it counts no longer since; null: it counts")


class CallPage(Shape):
    """Fault calls, the newest entry first."""

    fault_calls: list[CallShape]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def _chosen(
    response_area: Annotated[ResponseArea | None, Query(description="only of this area")] = None,
    open_: OpenOnly = False,
    withdrawn: Withdrawn = False,
) -> EntryFilter:
    return EntryFilter(open_only=open_, word=response_area, with_withdrawn=withdrawn)


@router.get("/v1/fault-calls", summary="List fault calls")
async def fault_calls(
    context: Context,
    paging: Paging,
    chosen: Annotated[EntryFilter, Depends(_chosen)],
    from_: Annotated[str | None, Query(alias="from", description=_SPAN + "from here")] = None,
    to: Annotated[str | None, Query(description=_SPAN + "before here")] = None,
) -> CallPage:
    """Return the fault calls that fit in everything that is given, the newest entry first; open: not restored yet."""
    shown, zone, cursor = await entry_page(context, FAULT_CALLS, chosen, (from_, to), paging)
    return CallPage(fault_calls=[_shape(one, zone) for one in shown], next_cursor=cursor)


@router.post("/v1/fault-calls", summary="Enter a fault call", status_code=HTTPStatus.CREATED)
async def enter_call(
    context: Context, asking: Asking, told: ToldCall, response: Response
) -> CallShape:
    """Store a fault call and return it; refused with 409 where one that counts has its number."""
    fields = told.model_dump(exclude={"author"})
    fields |= {name: fields[name] or "" for name in ("customer", "point")}
    new, author = NewFaultCall(**fields), told.author
    found = await make_entry(context, FAULT_CALLS, new, author, asking.signs(author))
    response.headers["Location"] = f"/v1/fault-calls/{found[0].entry_id}"
    return _shape(*found)


@router.get("/v1/fault-calls/{call_id}", summary="Show one fault call")
async def one_call(context: Context, call_id: Number) -> CallShape:
    """Return a fault call, also a withdrawn one."""
    return _shape(*await stored_entry(context, FAULT_CALLS, call_id))


@router.get("/v1/fault-calls/{call_id}/changes", summary="Who changed a fault call")
async def call_changes(context: Context, paging: Paging, call_id: Number) -> ChangePage:
    """Return the trail of a fault call."""
    await stored_entry(context, FAULT_CALLS, call_id)
    return await change_page(context, "fault_call", call_id, paging)


@router.patch("/v1/fault-calls/{call_id}", summary="Say when the crew came, and supply")
async def change_call(
    context: Context, asking: Asking, call_id: Number, changed: ChangedCall
) -> CallShape:
    """Change a fault call and return it."""
    made_by = asking.signs(changed.author)
    return _shape(*await update_entry(context, FAULT_CALLS, call_id, changed.changes(), made_by))


@router.delete("/v1/fault-calls/{call_id}", summary="Withdraw a fault call")
async def withdraw_call(
    context: Context, asking: Asking, call_id: Number, author: Author
) -> CallShape:
    """Let a fault call count no longer, and return it; it stays on record."""
    return _shape(*await take_back_entry(context, FAULT_CALLS, call_id, asking.signs(author)))


def _shape(one: StoredEntry[NewFaultCall], zone: ZoneInfo) -> CallShape:
    told = one.told
    return CallShape(
        call_id=one.entry_id,
        call=told.call,
        customer=told.customer,
        point=told.point,
        response_area=told.response_area,
        called_at=told.called_at.astimezone(zone),
        arrived_at=local(told.arrived_at, zone),
        restored_at=local(told.restored_at, zone),
        severe_weather=told.severe_weather,
        author=one.author,
        made_at=one.made_at.astimezone(zone),
        withdrawn_at=local(one.withdrawn_at, zone),
    )
