"""What the least delay of a device says of its clock."""

from dataclasses import dataclass
from typing import Final, Literal

ClockFinding = Literal["right", "zone", "drift", "late"]

DRIFT_S: Final = 120  # DL/T 645 and Q/GDW 1365 want 5 minutes at most; half of a minute's ledger is lost well before
_ZONE_STEP_S: Final = 1800  # zones differ by whole half hours, but for three
_ZONE_FROM_S: Final = 3600
_ZONE_TO_S: Final = 14 * 3600
_NEAR_S: Final = 300  # of a whole step


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A device's clock, as its readings show it."""

    finding: ClockFinding
    error_s: float  # what its stamps are behind the broker's clock; below 0: ahead


def judge_clock(delay_ms: int, usual_ms: int | None, delivery_delay_s: int) -> Clock:
    """Return what the least delay of a day says.

    A delay that whole half hours explain is a zone error, one that is off by more than two minutes otherwise a
    drift. Stamps behind are told from readings that come late only where peers behind the same concentrator show what
    is usual; without them they are `late`.

    Args:
        delay_ms: Least delay of the device.
        usual_ms: Median of the least delays of its peers; None where there are fewer than five.
        delivery_delay_s: What the registry expects at most.
    """
    if usual_ms is not None:
        error_ms = delay_ms - usual_ms
    else:
        error_ms = min(delay_ms, 0) + max(delay_ms - delivery_delay_s * 1000, 0)
    error_s = error_ms / 1000
    if abs(error_s) <= DRIFT_S:
        return Clock(finding="right", error_s=error_s)
    if _is_of_a_zone(error_s):
        return Clock(finding="zone", error_s=error_s)
    is_told_apart = error_s < 0 or usual_ms is not None
    return Clock(finding="drift" if is_told_apart else "late", error_s=error_s)


def _is_of_a_zone(error_s: float) -> bool:
    size = abs(error_s)
    off = size % _ZONE_STEP_S
    is_near = min(off, _ZONE_STEP_S - off) <= _NEAR_S
    return is_near and _ZONE_FROM_S - _NEAR_S <= size <= _ZONE_TO_S + _NEAR_S
