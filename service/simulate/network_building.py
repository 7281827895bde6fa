"""The network of a plan: its feeders, transformers, customers' entrances and concentrators."""

from typing import Final

import numpy as np

from service.simulate import names
from service.simulate.network import NO_UNIT, Concentrator, Feeder, Network, Role, Unit
from service.simulate.network_points import points_of
from service.simulate.network_sizes import FeederSizes, feeder_sizes, in_proportion
from service.simulate.plan import GridPlan, SimulationPlan
from service.simulate.random_streams import Purpose, random_of

_CONCENTRATOR_SIZES: Final = (1, 2, 3)  # transformers
_CONCENTRATOR_SHARES: Final = (0.5, 0.3, 0.2)
_FEEDERS_PER_SUBSTATION: Final = 8
_REMOTE_SHARES: Final = (0.55, 0.35, 0.1)  # of rural feeders: near, remote, special remote
_OWN_MODEM: Final = (Role.HEAD, Role.MEDIUM_VOLTAGE, Role.RESERVE)  # send by themselves


def build_network(plan: SimulationPlan) -> Network:
    """Return the network of a plan; it has exactly ``plan.meters`` points."""
    random = random_of(plan.seed, Purpose.NETWORK)
    layout = _Layout(feeder_sizes(plan, random), random, plan.grid)
    for number in range(plan.feeders):
        layout.add_feeder(number)
    feeders, units = tuple(layout.feeders), tuple(layout.units)
    points = points_of(feeders, units, np.array(layout.roles, np.int8), plan.grid, random)
    collecting = [
        one for feeder in feeders for one in _concentrators(feeder, units, plan.grid, random)
    ]
    alone = [
        _alone(points.device[point], int(points.feeder[point]), point)
        for point in np.flatnonzero(np.isin(points.role, _OWN_MODEM)).tolist()
    ]
    concentrators = sorted([*collecting, *alone], key=lambda one: one.first_point)
    return Network(feeders=feeders, units=units, concentrators=tuple(concentrators), points=points)


class _Layout:
    """Feeders and units as they are added, and the roles of their points in order."""

    def __init__(self, sizes: FeederSizes, random: np.random.Generator, grid: GridPlan) -> None:
        self.feeders: list[Feeder] = []
        self.units: list[Unit] = []
        self.roles: list[Role] = []
        self._sizes, self._random, self._grid = sizes, random, grid

    def add_feeder(self, number: int) -> None:
        sizes = self._sizes
        first_point, first_unit = len(self.roles), len(self.units)
        n_heads, n_transformers = int(sizes.heads[number]), int(sizes.transformers[number])
        self.roles += [Role.HEAD] * n_heads
        self._add_transformers(number, n_transformers)
        self._add_plants(number, int(sizes.plants[number]), int(sizes.reserves[number]))
        self.feeders.append(
            Feeder(
                number=number,
                code=_feeder_code(number),
                name=names.feeder_name(number),
                region=_region(self._random, self._grid),
                substation=number // _FEEDERS_PER_SUBSTATION,
                first_point=first_point,
                stop_point=len(self.roles),
                first_unit=first_unit,
                stop_unit=len(self.units),
                n_transformers=n_transformers,
                has_head=n_heads > 0,
            )
        )

    def _add_transformers(self, feeder: int, n_transformers: int) -> None:
        weights = self._random.uniform(0.75, 1.25, n_transformers)
        customers = in_proportion(int(self._sizes.customers[feeder]), weights)
        with_terminal = self._random.permutation(n_transformers)
        n_terminals = int(self._sizes.terminals[feeder])
        for place, n_customers in enumerate(customers.tolist()):
            terminal = [Role.TERMINAL] * bool(with_terminal[place] < n_terminals)
            name = names.transformer_name(feeder, place + 1)
            roles = terminal + [Role.CUSTOMER] * n_customers
            self._add_unit(feeder, f"T{place + 1:02d}", name, roles)

    def _add_plants(self, feeder: int, n_plants: int, n_reserves: int) -> None:
        for place in range(n_plants):
            roles = [Role.MEDIUM_VOLTAGE] + [Role.RESERVE] * (place < n_reserves)
            name = names.plant_name(feeder, place + 1)
            self._add_unit(feeder, f"U{place + 1:02d}", name, roles)

    def _add_unit(self, feeder: int, suffix: str, name: str, roles: list[Role]) -> None:
        first_point = len(self.roles)
        self.roles += roles
        self.units.append(
            Unit(
                number=len(self.units),
                code=f"{_feeder_code(feeder)}-{suffix}",
                name=name,
                feeder=feeder,
                is_public=suffix.startswith("T"),
                first_point=first_point,
                stop_point=len(self.roles),
            )
        )


def _feeder_code(number: int) -> str:
    return f"F{number + 1:04d}"


def _region(random: np.random.Generator, grid: GridPlan) -> int:
    if random.random() >= grid.rural_share:
        return int(random.integers(names.N_URBAN_REGIONS))
    return names.N_URBAN_REGIONS + int(random.choice(len(_REMOTE_SHARES), p=_REMOTE_SHARES))


def _concentrators(
    feeder: Feeder, units: tuple[Unit, ...], grid: GridPlan, random: np.random.Generator
) -> list[Concentrator]:
    """Return the concentrators of a feeder's transformers, each of neighbours."""
    stop = feeder.first_unit + feeder.n_transformers
    made: list[Concentrator] = []
    first = feeder.first_unit
    while first < stop:
        last = (
            min(stop, first + int(random.choice(_CONCENTRATOR_SIZES, p=_CONCENTRATOR_SHARES))) - 1
        )
        made.append(
            Concentrator(
                key=f"C{feeder.number + 1:04d}-{len(made) + 1:02d}",
                feeder=feeder.number,
                first_point=units[first].first_point,
                stop_point=units[last].stop_point,
                home_unit=first,
                is_instant=bool(random.random() < grid.instant_share),
                stamps_at_end=bool(random.random() < grid.stamp_at_end_share),
            )
        )
        first = last + 1
    return made


def _alone(device: str, feeder: int, point: int) -> Concentrator:
    """Return a meter that sends by itself; it has a supply of its own."""
    return Concentrator(
        key=device,
        feeder=feeder,
        first_point=point,
        stop_point=point + 1,
        home_unit=NO_UNIT,
        is_instant=False,
        stamps_at_end=False,
    )
