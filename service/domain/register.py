"""The outage register: what people tell of outages, abnormal states, fault calls and dated promises."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, get_args

from service.domain.registry import ResponseArea

Kind = Literal["abnormal_state", "outage"]
PlaceKind = Literal["organisation", "region", "substation", "feeder", "transformer", "point"]
OutageKind = Literal["planned", "temporary", "emergency", "customer_request", "rationing", "fault"]
NoticeField = Literal["area", "lines", "off", "restore"]  # of a public notice, article 9(3)

KINDS: Final = get_args(Kind)
PLACE_KINDS: Final = get_args(PlaceKind)
OUTAGE_KINDS: Final = get_args(OutageKind)
NOTICE_FIELDS: Final = get_args(NoticeField)
RESPONSE_AREAS: Final = get_args(ResponseArea)

# Words of the cause tree, by the kinds of outage that may have them; the kind's own word says no more
# than the kind does, until more is known.
CAUSES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "planned": ("planned_maintenance", "planned_construction", "planned"),
        "temporary": ("temporary",),
        "emergency": ("emergency",),
        "customer_request": ("customer_request",),
        "rationing": ("supply_shortage", "network_limit", "rationing"),
        "fault": ("fault_internal", "fault_external", "fault"),
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A part of the grid; it holds the points that name it."""

    place: PlaceKind
    code: str


@dataclass(frozen=True, slots=True, order=True)
class ToldCustomer:
    """An important customer who was told of an outage in person, and when."""

    customer: str  # account
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeclaration:
    """What is told of the grid's state; times with zone."""

    kind: Kind
    places: Collection[Place]  # where; at least one
    ticket: str
    author: str
    approver: str  # somebody else
    from_at: datetime | None  # actual start, inclusive; None: not yet, or never
    to_at: datetime | None  # actual end, exclusive; None while it lasts
    cause: str = ""  # of an outage with a kind: a word of the cause tree; else any text
    outage_kind: OutageKind | None = None
    window_from: datetime | None = None  # as announced, inclusive
    window_to: datetime | None = None  # exclusive
    notice_at: datetime | None = None  # public notice
    notice_fields: Collection[NoticeField] = ()  # what it named
    important_told: Collection[ToldCustomer] = ()
    cancelled_at: datetime | None = None
    made_at: datetime | None = None  # entered with the operator; None: when it is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFaultCall:
    """A customer's call about a fault, and what followed; times with zone."""

    call: str  # its number with the caller's desk
    customer: str = ""  # account; empty: not known
    point: str = ""  # empty: not known
    response_area: ResponseArea
    called_at: datetime
    arrived_at: datetime | None = None  # the crew; None while it is on its way
    restored_at: datetime | None = None
    severe_weather: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeadline:
    """Something that was asked for and is to be answered by a day; times with zone."""

    reference: str  # of the file it stands for
    promise: str  # which deadline row of the rule set it falls under
    subject: str = ""  # class or area that chooses among its rows
    opened_at: datetime
    answered_at: datetime | None = None
