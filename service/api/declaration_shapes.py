"""Declarations as parts of requests and answers."""

from datetime import datetime
from typing import Annotated, Final, cast
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from service.api.parameters import EntryText
from service.api.shapes import Shape, local
from service.domain.register import (
    CAUSES,
    Kind,
    NewDeclaration,
    NoticeField,
    OutageKind,
    Place,
    PlaceKind,
    ToldCustomer,
)
from service.store.declaration_reads import StoredDeclaration
from service.store.declarations import DeclarationChanges

PLACES_MAX: Final = 1000
TOLD_MAX: Final = 1000
_OUTAGE_KIND: Final = (
    "what kind of outage; then `cause` is a word of the cause tree ("
    + "; ".join(f"{kind}: {', '.join(words)}" for kind, words in CAUSES.items())
    + "), and no other declaration that counts has the same ticket and kind"
)
_WINDOW: Final = "as announced, with offset: window_from inclusive, window_to exclusive"
_FROM: Final = (
    "actual start, inclusive, with offset; null as long as what has a window has not begun"
)
_TO: Final = "actual end, exclusive, with offset; null: it lasts, or has not begun"

_TIMES: Final = (*("from_at", "to_at", "window_from", "window_to", "notice_at", "cancelled_at"),)
Cause = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


class PlaceShape(Shape):
    """A part of the grid."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    place: PlaceKind = Field(description="what it is", examples=["feeder"])
    code: EntryText = Field(description="its code in the registry", examples=["F-10-07"])


class ToldShape(Shape):
    """An important customer who was told in person."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    customer: EntryText = Field(description="account in the registry", examples=["C-0001"])
    told_at: AwareDatetime = Field(description="when, with offset")


class Told(Shape):
    """What is told of the grid's state."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    kind: Kind = Field(
        description="abnormal_state: minutes are judged by the wider band; "
        "outage: minutes without a measurement are without supply",
        examples=["abnormal_state"],
    )
    outage_kind: OutageKind | None = Field(default=None, description=_OUTAGE_KIND)
    places: list[PlaceShape] = Field(
        min_length=1,
        max_length=PLACES_MAX,
        description="where; every point that belongs to one of them",
    )
    ticket: EntryText = Field(description="of the operator's own system", examples=["2024-0815"])
    author: EntryText = Field(description="who declares", examples=["li.na"])
    approver: EntryText = Field(description="who approved it; somebody else", examples=["wang.wei"])
    cause: Cause = ""
    from_at: AwareDatetime | None = Field(
        default=None, alias="from", description=_FROM, examples=["2024-03-01T08:00:00+08:00"]
    )
    to_at: AwareDatetime | None = Field(
        default=None, alias="to", description=_TO, examples=["2024-03-01T09:30:00+08:00"]
    )
    window_from: AwareDatetime | None = Field(default=None, description=_WINDOW)
    window_to: AwareDatetime | None = Field(default=None, description=_WINDOW)
    notice_at: AwareDatetime | None = Field(default=None, description="public notice")
    notice_fields: list[NoticeField] = Field(
        default=[], description="what it named", examples=[["area", "lines", "off", "restore"]]
    )
    important_told: list[ToldShape] = Field(
        default=[], max_length=TOLD_MAX, description="important customers who were told in person"
    )
    cancelled_at: AwareDatetime | None = Field(
        default=None, description="it will not take place; what has an actual start cannot have it"
    )

    def new(self) -> NewDeclaration:
        """Return what is told, to be stored."""
        return NewDeclaration(
            kind=self.kind,
            outage_kind=self.outage_kind,
            places=_places(self.places),
            ticket=self.ticket,
            author=self.author,
            approver=self.approver,
            cause=self.cause.strip(),
            from_at=self.from_at,
            to_at=self.to_at,
            window_from=self.window_from,
            window_to=self.window_to,
            notice_at=self.notice_at,
            notice_fields=tuple(self.notice_fields),
            important_told=_told(self.important_told),
            cancelled_at=self.cancelled_at,
        )


class Changed(Shape):
    """What becomes different; a field that is left out stays as it is, null takes a time away."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    author: EntryText = Field(description="who says so; goes to the trail")
    outage_kind: OutageKind | None = Field(default=None, description=_OUTAGE_KIND)
    places: list[PlaceShape] | None = Field(
        default=None, min_length=1, max_length=PLACES_MAX, description="where, all of it"
    )
    ticket: EntryText | None = Field(default=None, description="of the operator's own system")
    approver: EntryText | None = Field(
        default=None, description="who approved it; somebody else than its author"
    )
    cause: Cause | None = Field(default=None, description="why")
    from_at: AwareDatetime | None = Field(default=None, alias="from", description=_FROM)
    to_at: AwareDatetime | None = Field(default=None, alias="to", description=_TO)
    window_from: AwareDatetime | None = Field(default=None, description=_WINDOW)
    window_to: AwareDatetime | None = Field(default=None, description=_WINDOW)
    notice_at: AwareDatetime | None = Field(default=None, description="public notice")
    notice_fields: list[NoticeField] | None = Field(
        default=None, description="what it named, all of it"
    )
    important_told: list[ToldShape] | None = Field(
        default=None, max_length=TOLD_MAX, description="customers who were told, all of them"
    )
    cancelled_at: AwareDatetime | None = Field(
        default=None, description="it will not take place; null: it will, after all"
    )

    def changes(self) -> DeclarationChanges:
        """Return the fields that were given."""
        given: dict[str, object] = {
            name: value.strip() if isinstance(value, str) else value
            for name in self.model_fields_set - {"author", "places", "important_told"}
            if (value := getattr(self, name)) is not None or name in _TIMES
        }
        if self.places is not None:
            given["places"] = _places(self.places)
        if self.important_told is not None:
            given["important_told"] = _told(self.important_told)
        return cast("DeclarationChanges", given)  # fields of the same names and types


class DeclarationShape(Shape):
    """A declaration."""

    declaration_id: int
    kind: Kind
    outage_kind: OutageKind | None = Field(description="null: an abnormal state, or not told")
    places: list[PlaceShape]
    ticket: str
    author: str
    approver: str
    cause: str
    from_at: datetime | None = Field(alias="from", description=_FROM)
    to_at: datetime | None = Field(alias="to", description=_TO)
    window_from: datetime | None = Field(description=_WINDOW)
    window_to: datetime | None = Field(description=_WINDOW)
    notice_at: datetime | None = Field(description="public notice")
    notice_fields: list[NoticeField] = Field(description="what it named")
    important_told: list[ToldShape] = Field(
        description="important customers who were told in person"
    )
    cancelled_at: datetime | None = Field(description="null: it was not")
    made_at: datetime = Field(description="when it was entered")
    withdrawn_at: datetime | None = Field(description="it counts no longer since; null: it counts")


def declaration_shape(one: StoredDeclaration, zone: ZoneInfo) -> DeclarationShape:
    """Return a declaration as part of an answer."""
    told = one.told
    times = {name: local(getattr(told, name), zone) for name in _TIMES}
    words = {
        name: getattr(told, name)
        for name in ("kind", "outage_kind", "ticket", "author", "approver", "cause")
    }
    return DeclarationShape.model_validate(
        {
            **words,
            **times,
            "declaration_id": one.declaration_id,
            "places": [PlaceShape(place=each.place, code=each.code) for each in told.places],
            "notice_fields": list(told.notice_fields),
            "important_told": [
                ToldShape(customer=each.customer, told_at=each.told_at.astimezone(zone))
                for each in told.important_told
            ],
            "made_at": local(one.made_at, zone),
            "withdrawn_at": local(one.withdrawn_at, zone),
        }
    )


def _places(shapes: list[PlaceShape]) -> tuple[Place, ...]:
    return tuple(Place(one.place, one.code) for one in shapes)


def _told(shapes: list[ToldShape]) -> tuple[ToldCustomer, ...]:
    return tuple(ToldCustomer(one.customer, one.told_at) for one in shapes)
