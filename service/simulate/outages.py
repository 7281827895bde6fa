"""Outages as they are: where, from when to when for each point, and why."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal[
    "feeder_fault",
    "reclosed",
    "short_fault",
    "transformer_fault",
    "phase_loss",
    "customer_fault",
    "maintenance",
    "construction",
    "temporary",
    "emergency",
    "customer_request",
    "rationing",
    "network_limit",
]
Level = Literal["feeder", "transformer", "phase", "customer"]
Cause = Literal[
    "fault_internal",
    "fault_external",
    "planned_maintenance",
    "planned_construction",
    "temporary",
    "emergency",
    "customer_request",
    "supply_shortage",
    "network_limit",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Whom an outage concerns, and how long after its start each of them is supplied again.

    A point is without supply in ``[start, start + after)``.
    """

    level: Level
    feeder: int
    codes: tuple[str, ...]  # of the places that lost supply: feeder, transformers or points
    points: NDArray[np.int64]  # points without supply, each once
    point_after_ms: NDArray[np.int64]
    is_nested: NDArray[np.bool_]  # stays dark when the others are supplied again
    units: NDArray[np.int64]  # medium-voltage users without supply, each once
    unit_after_ms: NDArray[np.int64]
    phase: int  # 1 to 3: only this one is lost; 0: all
    dimmed: NDArray[np.int64]  # three-phase points that have lost this phase, but not their supply
    main_after_ms: int  # when all but the nested are supplied again
    n_steps: int  # of restoration

    @property
    def last_after_ms(self) -> int:
        """When the last point is supplied again."""
        return int(self.point_after_ms.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An extent that has begun."""

    number: int  # from 1, in the order of the starts
    kind: Kind
    cause: Cause
    start_ms: int
    extent: Extent
    leaves_evidence: bool  # False: its meters fall silent, and nobody ever says why

    @property
    def code(self) -> str:
        """Return its name in the truth."""
        return f"O{self.number:05d}"

    @property
    def end_ms(self) -> int:
        """Return when all but the nested points are supplied again."""
        return self.start_ms + self.extent.main_after_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOutages:
    """All outages by point, as columns, ``(n_point_outages,)`` each; by outage, then point."""

    outage: NDArray[np.int64]  # index into the outages
    point: NDArray[np.int64]
    start_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]
    is_nested: NDArray[np.bool_]


def point_outages(outages: tuple[Outage, ...]) -> PointOutages:
    """Return the outages by point."""
    extents = [outage.extent for outage in outages]
    sizes = [extent.points.size for extent in extents]
    start_ms = np.repeat(np.array([outage.start_ms for outage in outages], np.int64), sizes)
    after_ms = _joined([extent.point_after_ms for extent in extents])
    return PointOutages(
        outage=np.repeat(np.arange(len(outages)), sizes),
        point=_joined([extent.points for extent in extents]),
        start_ms=start_ms,
        end_ms=start_ms + after_ms,
        is_nested=np.concatenate([np.zeros(0, np.bool_), *(one.is_nested for one in extents)]),
    )


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *parts])
