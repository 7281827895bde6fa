"""Meter events: what meters say of their supply, and of which point they say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from service.domain.lanes import wall_clock_offset_ms
from service.domain.meter_event_codes import Event, event_of

MALFORMED_EVENT: Final = "malformed_event"
Reason = Literal[
    "unknown_device", "outside_service", "stamp_ahead", "stamp_too_old", "malformed_event"
]

_DETAILS: Final[dict[Reason, str]] = {
    "unknown_device": "no device of this name is registered; it is taken up by itself once it is imported",
    "outside_service": "the device serves no point at this time; correct its validity or its clock",
    "stamp_ahead": "the event is later than its Kafka record allows; set the device's clock or zone",
    "stamp_too_old": "the event is older than its Kafka record allows (meter_event_age_s)",
    "malformed_event": "until is not after at; allowed: the end of the failure, later than at",
}


class Stamp(NamedTuple):
    """A time as it was sent."""

    ms: int  # UTC; without zone the wall clock of the device's own, as if it were UTC
    has_zone: bool


class SaidEvent(NamedTuple):
    """An event in the words of its message: a device by its name, times by its clock."""

    device: str
    word: str  # an event, or a code that stands for one
    at: Stamp
    until: Stamp | None  # of a log, its end
    offset: int
    place: int  # in its message
    record_ms: int  # of the Kafka record


class Assignment(NamedTuple):
    """A device in the service of a point, for a period (milliseconds, half-open)."""

    device_id: int
    point_id: int
    zone: str
    self_powered: bool
    from_ms: int
    to_ms: int


class PlacedEvent(NamedTuple):
    """An event of a point; equal ones are copies of one event."""

    point_id: int
    device_id: int
    event: Event
    at_ms: int
    until_ms: int  # of anything but a log the same as at_ms


@dataclass(frozen=True, slots=True)
class EventRefusal:
    """Why an event belongs to no point."""

    reason: Reason

    @property
    def detail(self) -> str:
        """What is wrong and what is allowed, for people."""
        return _DETAILS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """How far an event may lie from the time of its Kafka record, milliseconds."""

    ahead_ms: int = 300_000
    oldest_ms: int = 35 * 86_400_000  # 0: any time


def placed(
    said: SaidEvent, assignments: Sequence[Assignment], policy: EventPolicy
) -> PlacedEvent | EventRefusal:
    """Return the event with the point that its device served at its time, or why there is none.

    Args:
        said: The event as it came.
        assignments: Those of its device; their periods do not overlap.
        policy: The log is held to it by its end: it was written then.
    """
    if not assignments:
        return EventRefusal("unknown_device")
    for one in assignments:
        at_ms = _utc_ms(said.at, one.zone)
        if one.from_ms <= at_ms < one.to_ms:
            return _of_point(said, one, at_ms, policy)
    return EventRefusal("outside_service")


def _of_point(
    said: SaidEvent, one: Assignment, at_ms: int, policy: EventPolicy
) -> PlacedEvent | EventRefusal:
    until_ms = at_ms if said.until is None else _utc_ms(said.until, one.zone)
    if said.until is not None and until_ms <= at_ms:
        return EventRefusal("malformed_event")
    if until_ms > said.record_ms + policy.ahead_ms:
        return EventRefusal("stamp_ahead")
    if policy.oldest_ms and until_ms < said.record_ms - policy.oldest_ms:
        return EventRefusal("stamp_too_old")
    event = event_of(said.word, self_powered=one.self_powered)
    return PlacedEvent(one.point_id, one.device_id, event, at_ms, until_ms)


def _utc_ms(stamp: Stamp, zone: str) -> int:
    return stamp.ms if stamp.has_zone else stamp.ms - wall_clock_offset_ms(zone, stamp.ms)
