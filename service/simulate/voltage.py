"""The voltage of every meter of a feeder, day by day.

In per unit of nominal, at a meter of transformer ``u``, phase ``p``, place ``x`` along its line (0 to 1):

    bus(t) + tap(u) - mv_drop(u) * load(t) - lv_drop(u) * unbalance(u, p) * load(u, t) * x
        + sun(u) * sunshine(t) * x - abnormal(t) + noise

- ``bus``: the substation holds 10 kV at +1 to +2.5 %, and slow irregular deviations of half a percent.
- ``tap``: transformers are set to give -1 to +4 %.
- ``mv_drop``: up to 3 % at the end of the feeder. ``lv_drop``: 3 to 7 % in towns, 7 to 18 % on the weak
  lines of the country, so that some of their ends fall below -10 % in the evening.
- ``load``: two profiles (homes, business), a factor for each day, lower at weekends for business, and an
  irregular part for each transformer.
- ``sun``: a third of rural transformers have rooftop generation that lifts the ends of their lines by up to
  7 % at noon, a few beyond +7 %.
- ``noise``: 0.25 % for each reading, and 0.3 % for each meter and day.

In the default district 0.1 % of single-phase readings are under -10 % and 0.05 % over +7 % (measured).
Meters show 0.1 V; those behind voltage transformers (10 kV / 100 V) 0.01 V.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate import names
from service.simulate.instants import DAY_MS, OFFSET_MS
from service.simulate.load import hours_of_day, irregular, load_curve, sunshine
from service.simulate.network import NO_UNIT, Feeder, Network
from service.simulate.plan import SimulationPlan
from service.simulate.random_streams import Purpose, random_of
from service.simulate.registry_rows import is_medium_voltage
from service.simulate.scenario import AbnormalState

_SATURDAY: Final = 5  # Monday is 0
_HOMES_SHARE: Final = 0.75  # of feeders; the others supply business
_SUN_SHARE: Final = 1 / 3  # of rural transformers have rooftop generation
_LOW_V: Final = 220.0
_SECONDARY_V: Final = 100.0  # of 10 kV, behind the voltage transformer


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederDay:
    """What the meters of a feeder would measure on a day if nothing failed."""

    volts: NDArray[np.float32]  # (n_points, n_intervals, 3); single-phase meters use the first
    p_kw: NDArray[np.float32]  # (n_points, n_intervals); 0 where it is not measured
    q_kvar: NDArray[np.float32]


class FeederVoltage:
    """The voltage of one feeder: what is fixed about it, and each day of it."""

    def __init__(
        self,
        plan: SimulationPlan,
        network: Network,
        feeder: Feeder,
        abnormal_states: tuple[AbnormalState, ...],
    ) -> None:
        """Draw what does not change from day to day."""
        self._plan, self._feeder = plan, feeder
        self._abnormal = [one for one in abnormal_states if one.feeder == feeder.number]
        self._hour = hours_of_day(plan.intervals_per_day)
        points = network.points
        span = slice(feeder.first_point, feeder.stop_point)
        self._along = points.along_line[span]
        self._phase = points.phase[span]
        self._is_mv = np.array([is_medium_voltage(role) for role in points.role[span].tolist()])
        # The head of the feeder is treated as one more unit, at its beginning.
        unit = points.unit[span]
        self._unit = np.where(unit == NO_UNIT, 0, unit - feeder.first_unit + 1)
        self._draw_fixed(feeder.stop_unit - feeder.first_unit + 1)

    def _draw_fixed(self, n_units: int) -> None:
        random = random_of(self._plan.seed, Purpose.FEEDER_VOLTAGE, self._feeder.number)
        is_rural = self._feeder.region >= names.N_URBAN_REGIONS
        self._bus = random.uniform(0.01, 0.025)
        self._tap = random.uniform(-0.01, 0.04, n_units)
        self._mv_drop = random.uniform(0.01, 0.03) * np.linspace(0, 1, n_units)
        lv_drop = random.uniform(*((0.07, 0.18) if is_rural else (0.03, 0.07)), n_units)
        self._lv_drop = lv_drop[:, None] * random.uniform(0.8, 1.2, (n_units, 3))
        has_sun = is_rural & (random.random(n_units) < _SUN_SHARE)
        self._sun = np.where(has_sun, random.uniform(0.01, 0.07, n_units), 0)
        self._kind = "homes" if random.random() < _HOMES_SHARE else "business"
        self._peak_kw = random.uniform(150, 800, self._along.size)
        self._power_factor = random.uniform(0.86, 0.98, self._along.size)

    def day(self, day_ms: int) -> FeederDay:
        """Return the day that begins with ``day_ms``."""
        random = random_of(
            self._plan.seed, Purpose.METER_VOLTAGE, self._feeder.number, day_ms // DAY_MS
        )
        hour, n_units = self._hour, self._tap.size
        load = load_curve(self._kind, hour) * random.uniform(0.85, 1.1)
        if self._kind == "business" and _weekday(day_ms) >= _SATURDAY:
            load *= 0.6
        unit_load = (load * (1 + irregular(hour, n_units, random))).clip(0.05)
        bus = 1 + self._bus + irregular(hour, 1, random)[0] / 18 - self._dip(day_ms)
        feeder_level = bus - self._mv_drop[:, None] * load
        levels = (feeder_level + self._tap[:, None], feeder_level)
        volts = self._low_voltage(levels[0], unit_load, random)
        volts[self._is_mv] = self._medium_voltage(levels[1], random)
        kw = np.where(self._is_mv[:, None], self._peak_kw[:, None] * unit_load[self._unit], 0)
        tangent = np.tan(np.arccos(self._power_factor))[:, None]
        return FeederDay(
            volts=volts,
            p_kw=kw.round(2).astype(np.float32),
            q_kvar=(kw * tangent).round(2).astype(np.float32),
        )

    def _low_voltage(
        self,
        level: NDArray[np.float64],
        unit_load: NDArray[np.float64],
        random: np.random.Generator,
    ) -> NDArray[np.float32]:
        unit, n, n_intervals = self._unit, self._along.size, self._hour.size
        sun = self._sun[:, None] * sunshine(self._hour)
        along = self._along[:, None].astype(np.float64)
        volts = np.empty((n, n_intervals, 3), np.float32)
        each_day = random.normal(0, 0.003, n)
        for column in range(3):
            phase = np.where(self._phase > 0, self._phase - 1, column)
            drop = self._lv_drop[unit, phase][:, None]
            per_unit = level[unit] + along * (sun[unit] - drop * unit_load[unit])
            noise = random.standard_normal((n, n_intervals), np.float32) * np.float32(0.0025)
            volts[:, :, column] = (per_unit + each_day[:, None] + noise) * _LOW_V
        return volts.clip(0.75 * _LOW_V, 1.2 * _LOW_V).round(1)

    def _medium_voltage(
        self, level: NDArray[np.float64], random: np.random.Generator
    ) -> NDArray[np.float32]:
        of_points = level[self._unit[self._is_mv]][:, :, None]
        noise = random.normal(0, 0.001, (of_points.shape[0], of_points.shape[1], 3))
        secondary: NDArray[np.float32] = ((of_points + noise) * _SECONDARY_V).astype(np.float32)
        return secondary.round(2)

    def _dip(self, day_ms: int) -> NDArray[np.float64]:
        """Return by how much abnormal states lower the voltage."""
        middle_ms = day_ms + self._hour * (DAY_MS / 24)
        dip = np.zeros(self._hour.size)
        for state in self._abnormal:
            dip[(middle_ms >= state.from_ms) & (middle_ms < state.to_ms)] = state.depth
        return dip


def _weekday(day_ms: int) -> int:
    """Return 0 for Monday."""
    return datetime.fromtimestamp((day_ms + OFFSET_MS) // 1000, UTC).weekday()
