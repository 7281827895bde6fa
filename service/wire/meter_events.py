"""Meter events: JSON, one event a message or an array of them (docs/telemetry.md, Meter events)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from service.domain.batch import Message, Refusal
from service.domain.meter_event_codes import CODES, EVENTS, LOGS
from service.domain.meter_events import MALFORMED_EVENT, SaidEvent, Stamp
from service.wire.decoded import EMPTY_MESSAGE, UNDECODABLE, WHOLE_MESSAGE
from service.wire.fields import (
    ALLOWED,
    DEVICE_CHARS_MAX,
    STAMP_END_MS,
    STAMP_FIRST_MS,
    faulty_devices,
    shown,
)
from service.wire.json_elements import elements, shape
from service.wire.stamps import NO_STAMP, StampCache

MAX_EVENTS: Final = 100_000  # of one message, unless told otherwise
CONTENT_TYPE: Final = b"application/json"

_HEADER: Final = "content-type"
_WHAT: Final = "event"
_UNTIL: Final = "in a power_failure_log the end of the failure, after at"
EVENT_ALLOWED: Final = {
    "device": ALLOWED["device"],
    "event": ", ".join(EVENTS),
    "code": "in place of event one of " + ", ".join(CODES),
    "at": ALLOWED["ts"],
    "until": f"{_UNTIL}; otherwise null or absent; {ALLOWED['ts']}",
}

_StampKey = Annotated[int, Meta(ge=STAMP_FIRST_MS, lt=STAMP_END_MS)] | str


class _Event(msgspec.Struct, gc=False, eq=False):
    """An event with the keys of the contract; other keys are ignored."""

    device: Annotated[str, Meta(min_length=1, max_length=DEVICE_CHARS_MAX)]
    at: _StampKey
    event: Literal["power_off", "power_on", "last_gasp", "restored", "power_failure_log"] | None = (
        None
    )
    code: str | None = None
    until: _StampKey | None = None


_decode = msgspec.json.Decoder(_Event | list[_Event]).decode
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Fault(Exception):  # noqa: N818  (never leaves this module)
    """An event that is none; its text is the detail."""


@dataclass(slots=True)
class DecodedEvents:
    """What became of a run of messages; every event is said or refused, never both."""

    said: list[SaidEvent] = field(default_factory=list)  # in the order of the log
    refusals: list[Refusal] = field(default_factory=list)  # in the order of the log


class MeterEventDecoder:
    """Decodes messages of meter events; remembers stamps. Not safe for threads."""

    def __init__(self, max_events: int = MAX_EVENTS) -> None:
        """Refuse messages of more than ``max_events`` events."""
        self._max_events = max_events
        self._stamps = StampCache()

    def decode(self, messages: Sequence[Message]) -> DecodedEvents:
        """Return the events of ``messages`` and what was refused. Never raises, whatever the bytes."""
        decoded = DecodedEvents()
        for message in messages:
            why = _unfit(message)
            if why is not None:
                _refuse(decoded, message, *why)
            elif not self._take(message, decoded):
                self._salvage(message, decoded)
        return decoded

    def _take(self, message: Message, decoded: DecodedEvents) -> bool:
        """Take all events of a message, if nothing is wrong with any."""
        try:
            found = _decode(message.value)
            events = found if isinstance(found, list) else [found]
            if not 0 < len(events) <= self._max_events:
                return False
            said = [self._said(event, message, place) for place, event in enumerate(events)]
        except (*_REFUSED, _Fault):
            return False
        if faulty_devices([event.device for event in said]):
            return False
        decoded.said += said
        return True

    def _salvage(self, message: Message, decoded: DecodedEvents) -> None:
        """Look at a message event by event: refuse what is wrong, take the rest."""
        found = elements(message.value, self._max_events, _WHAT)
        if isinstance(found, str):
            _refuse(decoded, message, UNDECODABLE, found)
            return
        if not found:
            detail = f"an array without events; {shape(_WHAT)}"
            _refuse(decoded, message, EMPTY_MESSAGE, detail)
        for place, element in enumerate(found):
            try:
                event = _converted(element.value)
                decoded.said.append(self._said(event, message, place))
            except _Fault as fault:
                _refuse(decoded, message, MALFORMED_EVENT, str(fault), place, element.text.encode())

    def _said(self, event: _Event, message: Message, place: int) -> SaidEvent:
        word = _word(event)
        until = event.until
        if (word in LOGS) != (until is not None):
            raise _fault("until", until)
        said = SaidEvent(
            event.device,
            word,
            self._stamp("at", event.at),
            None if until is None else self._stamp("until", until),
            message.offset,
            place,
            message.record_ms,
        )
        if said.until is not None and _ends_before_it_begins(said.at, said.until):
            raise _fault("until", until)
        return said

    def _stamp(self, key: str, sent: int | str) -> Stamp:
        if isinstance(sent, int):
            return Stamp(sent, has_zone=True)
        code = self._stamps[sent]
        if code == NO_STAMP:
            raise _fault(key, sent)
        return Stamp(code >> 1, has_zone=bool(code & 1))


def _unfit(message: Message) -> tuple[str, str] | None:
    """Return reason and detail for which a message is not even looked at."""
    if not message.value:
        return EMPTY_MESSAGE, "a message without value"
    declared = message.headers.get(_HEADER) if message.headers else None
    if declared and declared.partition(b";")[0].strip().lower() != CONTENT_TYPE:
        text = declared[:100].decode("utf-8", "replace")
        return UNDECODABLE, f"{_HEADER} is {text!r}; allowed: {CONTENT_TYPE.decode()}"
    return None


def _word(event: _Event) -> str:
    """Return the event or the code, whichever there is."""
    if event.event is not None:
        if event.code is not None:
            raise _Fault(f"event and code are both there; allowed: one of them, {_WORDS}")
        return event.event
    if event.code is None:
        raise _Fault(f"event is missing; allowed: {_WORDS}")
    if event.code not in CODES:
        raise _fault("code", event.code)
    return event.code


_WORDS: Final = f"{EVENT_ALLOWED['event']}, or {EVENT_ALLOWED['code']}"


def _ends_before_it_begins(at: Stamp, until: Stamp) -> bool:
    """Return whether this is sure already; with one zone missing the device's has to be known."""
    return at.has_zone == until.has_zone and until.ms <= at.ms


def _converted(value: object) -> _Event:
    if not isinstance(value, dict):
        raise _Fault(f"an event is {shown(value)}; allowed: an object")
    try:
        event = msgspec.convert(value, _Event)
    except msgspec.ValidationError:
        raise _first_fault(value) from None
    if faulty_devices([event.device]):
        raise _fault("device", event.device)
    return event


def _first_fault(value: dict[str, object]) -> _Fault:
    for key in msgspec.structs.fields(_Event):
        if key.name not in value:
            if key.required:
                return _Fault(f"{key.name} is missing; the keys device, event and at are required")
            continue
        try:
            msgspec.convert(value[key.name], key.type)
        except msgspec.ValidationError:
            return _fault(key.name, value[key.name])
    return _Fault(f"{shown(value)} is no event")


def _fault(key: str, value: object) -> _Fault:
    return _Fault(f"{key} is {shown(value)}; allowed: {EVENT_ALLOWED[key]}")


def _refuse(
    decoded: DecodedEvents,
    message: Message,
    reason: str,
    detail: str,
    place: int = WHOLE_MESSAGE,
    payload: bytes | None = None,
) -> None:
    value = message.value if payload is None else payload
    decoded.refusals.append(
        Refusal(message.offset, place, message.record_ms, reason, detail, value)
    )
