"""Dead letters: what could not be taken, why, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.domain.batch import Refusal
from service.domain.reading_columns import DeadReading

PAYLOAD_MAX_BYTES = 65_536  # of an undecodable message; the rest stays in its topic
_QUALITIES = ("good", "estimated", "invalid")
_POWERS = (("p_kw", "p_w"), ("q_kvar", "q_var"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_DETAILS = {
    "unknown_device": "no device of this name is registered; it is taken up by itself once it is imported",
    "outside_service": "the device serves no point at this time; correct its validity or its clock",
    "wrong_phases": "the point is single-phase: v2 and v3 must be absent",
    "stamp_ahead": "the reading ends later than its Kafka record allows; set the device's clock or zone",
    "stamp_too_old": "the reading starts earlier than its Kafka record allows (oldest_reading_age_s)",
}


def detail_of(reason: str) -> str:
    """Return what is wrong with a reading that was refused for ``reason``, and what to do."""
    return _DETAILS[reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One dead letter, as it is stored and copied to the dead-letter topic."""

    offset: int
    index: int  # place in the message; -1 is the whole message
    reason: str
    detail: str
    device: str | None
    record_at: datetime
    reading: (
        dict[str, str | int | float | None] | None
    )  # as in the JSON wire format; None for a whole message
    payload: bytes | None  # of an undecodable message, cut at PAYLOAD_MAX_BYTES
    payload_size: int | None  # uncut


def letters_of(refusals: Sequence[Refusal], dead: Sequence[DeadReading]) -> list[Letter]:
    """Return the letters of one partition's checkpoint, in the order of the log."""
    letters = [of_refusal(refusal) for refusal in refusals] + [
        _of_reading(reading) for reading in dead
    ]
    return sorted(letters, key=lambda letter: (letter.offset, letter.index))


def epoch_ms_of_wall_clock(wall: datetime) -> int:
    """Return the milliseconds that a clock without zone shows, as if it were UTC."""
    return (wall.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def time_of(epoch_ms: int) -> datetime:
    """Return the time so many milliseconds after the Unix epoch."""
    return _EPOCH + timedelta(milliseconds=epoch_ms)


def wall_clock_text(wall_ms: int) -> str:
    """Return what a clock without zone shows, as the wire writes it."""
    try:
        return time_of(wall_ms).replace(tzinfo=None).isoformat()
    except OverflowError:
        return str(wall_ms)


def of_refusal(refusal: Refusal) -> Letter:
    """Return the letter of what could not be decoded."""
    return Letter(
        offset=refusal.offset,
        index=refusal.index,
        reason=refusal.reason,
        detail=refusal.detail,
        device=None,
        record_at=time_of(refusal.record_ms),
        reading=None,
        payload=refusal.payload[:PAYLOAD_MAX_BYTES],
        payload_size=len(refusal.payload),
    )


def _of_reading(reading: DeadReading) -> Letter:
    return Letter(
        offset=reading.offset,
        index=reading.index,
        reason=reading.reason,
        detail=_DETAILS[reading.reason],
        device=reading.device,
        record_at=time_of(reading.record_ms),
        reading={
            "device": reading.device,
            "ts": reading.stamp_ms if reading.has_zone else wall_clock_text(reading.stamp_ms),
            "quality": _QUALITIES[reading.quality],
            **{name: reading.values.get(name) for name in ("v1", "v2", "v3")},
            **{name: reading.values[key] / 1000 for name, key in _POWERS if key in reading.values},
        },
        payload=None,
        payload_size=None,
    )
