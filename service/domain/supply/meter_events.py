"""What meters say of their supply, as it is stored: each event once, by the meter's own clock."""

from dataclasses import dataclass
from typing import Final, Literal

MeterEventKind = Literal["power_off", "power_on", "last_gasp", "restored", "power_failure_log"]
METER_EVENT_KINDS: Final[tuple[MeterEventKind, ...]] = (
    "power_off",
    "power_on",
    "last_gasp",
    "restored",
    "power_failure_log",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """One event; microseconds since the Unix epoch on the meter's clock, usually whole seconds."""

    event: MeterEventKind
    at: int
    until: int = 0  # of a power_failure_log; of the others it means nothing
    device_id: int = 0  # whose clock it was
