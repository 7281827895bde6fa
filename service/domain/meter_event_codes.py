"""Codes of the field that may stand for the word of a meter event; docs/telemetry.md says whence.

A new code is one line here.
"""

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

Event = Literal["power_off", "power_on", "last_gasp", "restored", "power_failure_log"]

EVENTS: Final[tuple[Event, ...]] = get_args(Event)
LOG: Final = "power_failure_log"  # the one that has an end


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says; the same words come at other moments from a device that loses its supply."""

    event: Event  # of a device with a supply of its own
    self_powered: Event  # of a device that lives on the circuit it measures


CODES: Final = {
    # IEC 61968-9, end-device events: power out, meter power failure, power restored
    "26.26.0.85": Meaning("power_off", "last_gasp"),
    "3.26.0.85": Meaning("power_off", "last_gasp"),
    "26.26.0.216": Meaning("restored", "restored"),
    # DLMS/COSEM: an entry of the log of long power failures
    "1-0:99.97.0": Meaning(LOG, LOG),
}


# Words and codes of a log, which has to have an end.
LOGS: Final = {LOG, *(code for code, meaning in CODES.items() if meaning.event == LOG)}


def event_of(word: str, *, self_powered: bool) -> Event:
    """Return the event that a word or code means for a device.

    Requires: it is one of ours; the decoder has checked it.
    """
    meaning = CODES.get(word)
    if meaning is None:
        return cast("Event", word)
    return meaning.self_powered if self_powered else meaning.event
