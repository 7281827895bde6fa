"""Who is without supply in an outage of some level, and when each is supplied again."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.instants import MINUTE_MS
from service.simulate.network import Feeder, Network, Role, Unit
from service.simulate.outages import Extent, Level

_NESTED_MINUTES: Final = (20, 180)  # how much longer what stays dark stays dark
_WHOLE_UNIT_SHARE: Final = 0.5  # of what stays dark; otherwise it is one customer
_STEPS_MAX: Final = 3
_NO_POINTS: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """How supply comes back."""

    after_ms: int  # the main part, after the start
    stepwise_share: float
    stays_dark_share: float


def units_extent(
    network: Network,
    feeder: Feeder,
    units: tuple[Unit, ...] | None,
    restoration: Restoration,
    random: np.random.Generator,
) -> Extent:
    """Return the extent of an outage of some units; None: of the feeder, with the monitor at its head."""
    level: Level = "feeder" if units is None else "transformer"
    codes = (feeder.code,) if units is None else tuple(unit.code for unit in units)
    units = network.units_of(feeder) if units is None else units
    unit_after_ms, n_steps = _steps(len(units), restoration, random)
    numbers = np.array([unit.number for unit in units], np.int64)
    stays_dark = bool(random.random() < restoration.stays_dark_share)
    nested_ms = round(random.uniform(*_NESTED_MINUTES) * MINUTE_MS)
    whole_unit = len(units) > 1 and bool(random.random() < _WHOLE_UNIT_SHARE)
    if stays_dark and whole_unit:
        unit_after_ms[random.integers(len(units))] = restoration.after_ms + nested_ms
    sizes = [unit.stop_point - unit.first_point for unit in units]
    points = np.concatenate([np.arange(unit.first_point, unit.stop_point) for unit in units])
    after_ms = np.repeat(unit_after_ms, sizes)
    customers = np.flatnonzero(network.points.role[points] == Role.CUSTOMER)
    if stays_dark and not whole_unit and customers.size:
        after_ms[random.choice(customers)] = restoration.after_ms + nested_ms
    if level == "feeder" and feeder.has_head:
        points = np.append(feeder.first_point, points)
        after_ms = np.append(unit_after_ms.min(), after_ms)
    return Extent(
        level=level,
        feeder=feeder.number,
        codes=codes,
        points=points,
        point_after_ms=after_ms,
        is_nested=after_ms > restoration.after_ms,
        units=numbers,
        unit_after_ms=unit_after_ms,
        phase=0,
        dimmed=_NO_POINTS,
        main_after_ms=restoration.after_ms,
        n_steps=n_steps,
    )


def phase_extent(
    network: Network, feeder: Feeder, unit: Unit, after_ms: int, phase: int
) -> Extent | None:
    """Return the extent of the loss of one phase behind a transformer; None if nobody is on it."""
    span = np.arange(unit.first_point, unit.stop_point)
    of_phase = network.points.phase[span]
    dark = span[of_phase == phase]
    if not dark.size:
        return None
    lost = _of_points(feeder, "phase", unit.code, dark, after_ms)
    return replace(lost, phase=phase, dimmed=span[of_phase == 0])


def plant_extent(network: Network, feeder: Feeder, unit: Unit, after_ms: int) -> Extent:
    """Return the extent of an outage of one customer at 10 kV, with its reserve entrance."""
    points = np.arange(unit.first_point, unit.stop_point)
    lost = _of_points(feeder, "customer", unit.code, points, after_ms)
    codes = tuple(network.points.code[point] for point in points.tolist())
    return replace(
        lost, codes=codes, units=np.array([unit.number]), unit_after_ms=np.array([after_ms])
    )


def customer_extent(network: Network, feeder: Feeder, point: int, after_ms: int) -> Extent:
    """Return the extent of an outage of one low-voltage customer."""
    return _of_points(feeder, "customer", network.points.code[point], np.array([point]), after_ms)


def _of_points(
    feeder: Feeder, level: Level, code: str, points: NDArray[np.int64], after_ms: int
) -> Extent:
    return Extent(
        level=level,
        feeder=feeder.number,
        codes=(code,),
        points=points,
        point_after_ms=np.full(points.size, after_ms),
        is_nested=np.zeros(points.size, np.bool_),
        units=_NO_POINTS,
        unit_after_ms=_NO_POINTS,
        phase=0,
        dimmed=_NO_POINTS,
        main_after_ms=after_ms,
        n_steps=1,
    )


def _steps(
    n_units: int, restoration: Restoration, random: np.random.Generator
) -> tuple[NDArray[np.int64], int]:
    """Return when each unit is supplied again, and in how many steps; the last step is the main one."""
    n_steps = 1
    if n_units > 1 and random.random() < restoration.stepwise_share:
        n_steps = int(random.integers(2, min(n_units, _STEPS_MAX) + 1))
    share = np.sort(random.uniform(0.3, 0.85, n_steps))
    share[-1] = 1
    step_of_unit = np.sort(np.arange(n_units) * n_steps // n_units)
    return np.round(share * restoration.after_ms).astype(np.int64)[step_of_unit], n_steps
