"""Dead letters of meter events: into JSON as it came on the wire, and back when they are taken up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from service.domain.batch import Refusal
from service.domain.letters import (
    Letter,
    epoch_ms_of_wall_clock,
    of_refusal,
    time_of,
    wall_clock_text,
)
from service.domain.meter_event_codes import EVENTS
from service.domain.meter_events import EventRefusal, SaidEvent, Stamp


def event_letters_of(
    refusals: Sequence[Refusal], refused: Sequence[tuple[SaidEvent, EventRefusal]]
) -> list[Letter]:
    """Return the letters of one partition's checkpoint, in the order of the log."""
    letters = [of_refusal(refusal) for refusal in refusals]
    letters += [_letter(said, why) for said, why in refused]
    return sorted(letters, key=lambda letter: (letter.offset, letter.index))


def said_in(
    letter: Mapping[str, str | int], offset: int, place: int, record_at: datetime
) -> SaidEvent:
    """Return the event that a letter's JSON says."""
    return SaidEvent(
        device=cast("str", letter["device"]),
        word=cast("str", letter.get("event") or letter["code"]),
        at=_stamp(letter["at"]),
        until=_stamp(letter["until"]) if "until" in letter else None,
        offset=offset,
        place=place,
        record_ms=round(record_at.timestamp() * 1000),
    )


def _letter(said: SaidEvent, why: EventRefusal) -> Letter:
    event: dict[str, str | int | float | None] = {
        "device": said.device,
        "event" if said.word in EVENTS else "code": said.word,
        "at": _sent(said.at),
    }
    if said.until is not None:
        event["until"] = _sent(said.until)
    return Letter(
        offset=said.offset,
        index=said.place,
        reason=why.reason,
        detail=why.detail,
        device=said.device,
        record_at=time_of(said.record_ms),
        reading=event,
        payload=None,
        payload_size=None,
    )


def _sent(stamp: Stamp) -> int | str:
    return stamp.ms if stamp.has_zone else wall_clock_text(stamp.ms)


def _stamp(sent: str | int) -> Stamp:
    if isinstance(sent, int):
        return Stamp(sent, has_zone=True)
    return Stamp(epoch_ms_of_wall_clock(datetime.fromisoformat(sent)), has_zone=False)
