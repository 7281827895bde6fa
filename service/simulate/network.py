"""The network: feeders, transformers, meters and concentrators, in an order in which every place is a range.

Points are numbered feeder by feeder: first the monitor of the feeder's head, then transformer by
transformer its terminal meter and its customers along the line, then the customers with a
transformer of their own. So feeders, transformers and concentrators are ranges of points.
"""

from dataclasses import dataclass
from enum import IntEnum, unique

import numpy as np
from numpy.typing import NDArray

NO_UNIT = -1


@unique
class Role(IntEnum):
    """What a point is for."""

    HEAD = 0  # the feeder's head, 10 kV; no customer
    TERMINAL = 1  # the terminals of a public transformer; no customer
    CUSTOMER = 2  # a low-voltage customer
    MEDIUM_VOLTAGE = 3  # a customer at 10 kV
    RESERVE = 4  # the reserve entrance of one; its transformer input is absent: 0 V always


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """A feeder of 10 kV."""

    number: int
    code: str
    name: str
    region: int  # index of names.REGIONS
    substation: int
    first_point: int
    stop_point: int  # exclusive
    first_unit: int
    stop_unit: int
    n_transformers: int  # public ones; they come first among its units
    has_head: bool  # a monitor stands behind its breaker; it is then its first point


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one medium-voltage user is: a public transformer, or a customer at 10 kV."""

    number: int
    code: str
    name: str
    feeder: int
    is_public: bool
    first_point: int
    stop_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentrator:
    """What sends: it collects the meters of some transformers of one feeder, or is a meter itself."""

    key: str
    feeder: int
    first_point: int
    stop_point: int
    home_unit: int  # feeds it; NO_UNIT: it has a supply of its own
    is_instant: bool  # its meters give instants, not means
    stamps_at_end: bool  # of the interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Columns of the points, ``(n_points,)`` each."""

    code: list[str]
    device: list[str]
    customer: list[str]  # account; empty where there is none
    role: NDArray[np.int8]
    feeder: NDArray[np.int32]
    unit: NDArray[np.int32]  # NO_UNIT at a feeder's head
    phase: NDArray[np.int8]  # 1 to 3 of a single-phase meter, 0 of all others
    along_line: NDArray[np.float32]  # 0 at the transformer, 1 at the end of the line
    self_powered: NDArray[np.bool_]  # falls silent without supply; the others read 0 V
    gasps: NDArray[np.bool_]  # can send a last gasp and `restored`
    sleeps: NDArray[np.bool_]  # reads 0 V at night
    clock_offset_ms: NDArray[np.int64]  # what its clock shows minus true time
    residential: NDArray[np.bool_]
    important: NDArray[np.bool_]
    capacity_kva: NDArray[np.int64]  # of the customer; 0 where there is none

    @property
    def n_points(self) -> int:
        """Number of points, and of devices."""
        return len(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A district."""

    feeders: tuple[Feeder, ...]
    units: tuple[Unit, ...]
    concentrators: tuple[Concentrator, ...]  # in the order of their points
    points: Points

    def units_of(self, feeder: Feeder) -> tuple[Unit, ...]:
        """Return the transformers and medium-voltage customers of a feeder."""
        return self.units[feeder.first_unit : feeder.stop_unit]

    def transformers_of(self, feeder: Feeder) -> tuple[Unit, ...]:
        """Return the public transformers of a feeder; there is at least one."""
        return self.units[feeder.first_unit : feeder.first_unit + feeder.n_transformers]

    def plants_of(self, feeder: Feeder) -> tuple[Unit, ...]:
        """Return the customers of a feeder at 10 kV; there may be none."""
        return self.units[feeder.first_unit + feeder.n_transformers : feeder.stop_unit]

    @property
    def n_customers(self) -> int:
        """Number of customers; a reserve entrance belongs to the customer of its unit."""
        role = self.points.role
        return int(np.isin(role, (Role.CUSTOMER, Role.MEDIUM_VOLTAGE)).sum())
