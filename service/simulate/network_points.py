"""What the points of a network are like: wiring, supply of the meter, its clock, its customer."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.simulate.network import NO_UNIT, Feeder, Points, Role, Unit
from service.simulate.plan import GridPlan

_CLOCK_OFFSET_MIN_S: Final = 20
_SINGLE_KVA: Final = (6, 8, 10, 13)
_THREE_PHASE_KVA: Final = (20, 30, 50, 80)
_PLANT_KVA: Final = (315, 500, 630, 800, 1250)
_FIRST_ACCOUNT: Final = 3_301_000_001
_FIRST_DEVICE: Final = 330_100_000_001


def points_of(
    feeders: tuple[Feeder, ...],
    units: tuple[Unit, ...],
    role: NDArray[np.int8],
    grid: GridPlan,
    random: np.random.Generator,
) -> Points:
    """Return the columns of the points; their order is that of ``role``."""
    n = role.size
    is_customer, is_entrance = role == Role.CUSTOMER, role == Role.MEDIUM_VOLTAGE
    feeder = np.repeat(
        np.arange(len(feeders), dtype=np.int32),
        [one.stop_point - one.first_point for one in feeders],
    )
    unit = np.full(n, NO_UNIT, np.int32)
    along_line = np.zeros(n, np.float32)
    for one in units:
        span = slice(one.first_point, one.stop_point)
        unit[span] = one.number
        along_line[span] = np.linspace(0, 1, one.stop_point - one.first_point)
    is_single = is_customer & (random.random(n) >= grid.three_phase_share)
    phase = np.where(is_single, random.integers(1, 4, n), 0).astype(np.int8)
    sleeps = is_single & (random.random(n) < grid.sleeping_share)
    self_powered = is_customer & ~sleeps & (random.random(n) < grid.self_powered_share)
    residential = is_single & (random.random(n) >= grid.business_share)
    # Feeders may differ by a share's luck, but a district has at least one important customer.
    important = (is_customer | is_entrance) & (random.random(n) < grid.important_share)
    if grid.important_share and not important.any():
        important[np.flatnonzero(is_customer)[0]] = True
    return Points(
        code=_point_codes(feeders, units, role),
        device=[f"M{_FIRST_DEVICE + number}" for number in range(n)],
        customer=[
            str(_FIRST_ACCOUNT + number) if has_account else ""
            for number, has_account in enumerate((is_customer | is_entrance).tolist())
        ],
        role=role,
        feeder=feeder,
        unit=unit,
        phase=phase,
        along_line=along_line,
        self_powered=self_powered,
        gasps=self_powered & (random.random(n) < grid.gasping_share),
        sleeps=sleeps,
        clock_offset_ms=_clock_offsets(is_customer, grid, random),
        residential=residential,
        important=important,
        capacity_kva=_capacities_kva(role, phase, random),
    )


def _capacities_kva(
    role: NDArray[np.int8], phase: NDArray[np.int8], random: np.random.Generator
) -> NDArray[np.int64]:
    """Return what customers have connected; a customer's second entrance has nothing of its own."""
    n = role.size
    low = np.where(phase > 0, random.choice(_SINGLE_KVA, n), random.choice(_THREE_PHASE_KVA, n))
    of_customers = np.where(role == Role.CUSTOMER, low, 0)
    return np.where(role == Role.MEDIUM_VOLTAGE, random.choice(_PLANT_KVA, n), of_customers)


def _clock_offsets(
    is_customer: NDArray[np.bool_], grid: GridPlan, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return what clocks show minus true time, whole seconds, either sign; 0 for most."""
    n = is_customer.size
    is_off = is_customer & (random.random(n) < grid.clock_offset_share)
    most = round(grid.clock_offset_max_s)
    seconds = random.integers(min(_CLOCK_OFFSET_MIN_S, most), most + 1, n)
    sign = random.choice((-1, 1), n)
    return np.where(is_off, sign * seconds * 1000, 0)


def _point_codes(
    feeders: tuple[Feeder, ...], units: tuple[Unit, ...], role: NDArray[np.int8]
) -> list[str]:
    codes: list[str] = []
    for feeder in feeders:
        codes += [f"{feeder.code}-HEAD"] * feeder.has_head
        for unit in units[feeder.first_unit : feeder.stop_unit]:
            n_terminals = int(role[unit.first_point] == Role.TERMINAL)
            first = 1 - n_terminals  # 000 is the terminal meter
            n = unit.stop_point - unit.first_point
            codes += [f"{unit.code}-{first + place:03d}" for place in range(n)]
    return codes
