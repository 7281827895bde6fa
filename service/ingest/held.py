"""Alerts that are held back: breaches of points that are silent in an open communications incident.

What such a point was last seen in is no news, and nobody knows whether it still is so. It leaves the
counts that alerts are made from, and is noted once in its incident. A point that is read again
speaks for itself at once, whatever becomes of the incident.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import numpy as np

from service.domain.instants import epoch_us
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding
from service.ingest.live import NOBODY, HeldPoints, held_breaches, lane_events
from service.metrics import ConsumeMetrics, Kind


class Incidents(Protocol):
    """Where communications incidents are kept."""

    async def silent_points(self) -> Mapping[int, datetime]:
        """Return the points that are silent in open incidents, and up to when nothing of them had come."""
        ...

    async def hold_alerts(self, breaches: Mapping[int, Kind]) -> int:
        """Note that alerts for these points are held back; return how many were not noted before."""
        ...


class HeldAlerts:
    """Keeps the points whose alerts are held back, as the settle role sees it."""

    def __init__(
        self, incidents: Incidents, thread: FoldThread, holding: Holding, metrics: ConsumeMetrics
    ) -> None:
        self._incidents = incidents
        self._thread = thread
        self._holding = holding
        self._metrics = metrics
        self._noted: dict[int, Kind] = {}
        self.points = NOBODY

    async def refresh(self) -> None:
        """Ask which points are silent now, and note those of this process whose alert is held back.

        Raises:
            StoreError: The database did not answer; what was known holds on.
        """
        self.points = held_points(await self._incidents.silent_points())
        if not self.points.point.size:
            self._noted = {}
            return
        lanes = await self._thread.run(lane_events, list(self._holding.partitions.values()))
        breaches = held_breaches(lanes, self.points)
        if fresh := {point: kind for point, kind in breaches.items() if point not in self._noted}:
            n_points = await self._incidents.hold_alerts(fresh)
            self._metrics.count_alerts_held("communication", n_points)
        self._noted = breaches


def held_points(silent: Mapping[int, datetime]) -> HeldPoints:
    """Return silent points, and up to when nothing of them had come, as columns, by point."""
    points = sorted(silent)
    times = [epoch_us(silent[point]) // 1000 for point in points]
    return HeldPoints(point=np.array(points, np.int32), silent_to_ms=np.array(times, np.int64))
