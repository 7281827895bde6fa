"""A device in the service of a point, and what a voltage of it is worth."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tests.oracle.words import (
    FOREVER_MS,
    INTERRUPTION_PPM,
    MINUTE_MS,
    NOT_READ,
    NOT_VALID,
    PPM_MAX,
    Quality,
    Reading,
)

ZeroMeans = Literal["no_supply", "asleep", "no_input"]
MAX_POWER = 10**12  # watts; no supply is greater, so a greater one is nonsense


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A device in the service of a point, for one period."""

    device_id: int
    point_id: int
    nominal_mv: int
    interval_s: int  # a divisor of 60, or whole minutes up to 60
    n_phases: int = 1  # 1 or 3
    voltage_ratio: float = 1.0
    stamps_end: bool = False  # the stamp stands at the end of the interval, not at its start
    self_powered: bool = False
    zero_means: ZeroMeans = "no_supply"
    wants_power: bool = False
    live_band: tuple[int, int] = (0, PPM_MAX)  # ppm; a single reading outside is a live breach
    from_ms: int = -FOREVER_MS  # inclusive, by the start of a reading
    to_ms: int = FOREVER_MS  # exclusive

    @cached_property
    def ppm_per_volt(self) -> float:
        """Millionths of nominal that a volt of a reading is worth."""
        return self.voltage_ratio * 1e9 / self.nominal_mv

    @cached_property
    def interval_ms(self) -> int:
        """Length of a reading."""
        return self.interval_s * 1000

    @cached_property
    def sees_no_voltage(self) -> bool:
        """Whether it can read that the supply is off."""
        return not self.self_powered and self.zero_means == "no_supply"

    @cached_property
    def is_fast(self) -> bool:
        """Whether a minute has several readings."""
        return self.interval_s < 60

    @cached_property
    def n_places(self) -> int:
        """Readings that a minute expects."""
        return max(1, 60 // self.interval_s)

    @cached_property
    def n_minutes(self) -> int:
        """Minutes that a reading fills."""
        return max(1, self.interval_s // 60)

    def start_of(self, stamp_ms: int) -> int:
        """Return the start of the interval of a reading with this stamp."""
        return stamp_ms - self.interval_ms if self.stamps_end else stamp_ms

    def first_cell(self, start_ms: int) -> int:
        """Return the first cell of the grid, counted from the epoch, whose midpoint is covered.

        A cell is as long as a reading, or a minute if that is shorter.
        """
        cell_ms = min(self.interval_ms, MINUTE_MS)
        # The first k with start <= k * cell + cell / 2.
        return -((cell_ms - 2 * start_ms) // (2 * cell_ms))

    def measure(self, reading: Reading) -> tuple[int, ...]:
        """Return the phases of a reading in ppm of nominal, NOT_READ or NOT_VALID."""
        trusted = reading.quality != Quality.INVALID
        if self.n_phases == 1:
            phases: tuple[int, ...] = (self._ppm(reading.v1, trusted),)
        else:
            volts = (reading.v1, reading.v2, reading.v3)
            phases = tuple(self._ppm(each, trusted) for each in volts)
        highest = max(phases)
        if highest == NOT_READ or (not self.sees_no_voltage and highest < INTERRUPTION_PPM):
            return (NOT_VALID,) * self.n_phases
        return phases

    def _ppm(self, volts: float | None, trusted: bool) -> int:
        if volts is None or volts != volts:  # noqa: PLR0124 - NaN
            return NOT_READ
        scaled = volts * self.ppm_per_volt
        if not trusted or not -1 < scaled < PPM_MAX + 1:
            return NOT_VALID
        ppm = round(scaled)
        return ppm if 0 <= ppm <= PPM_MAX else NOT_VALID


def power_of(reading: Reading) -> tuple[int, int] | None:
    """Return watts and var of a good reading, None if either is not known."""
    p_w, q_var = reading.p_w, reading.q_var
    if p_w is None or q_var is None or reading.quality != Quality.GOOD:
        return None
    if not (abs(p_w) <= MAX_POWER and abs(q_var) <= MAX_POWER):
        return None
    return round(p_w), round(q_var)
