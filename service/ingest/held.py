"""Alerts that are held back: breaches of points that are silent in an incident, or inside a declared window.

What a silent point was last seen in is no news, and nobody knows whether it still is so. What a
declared window covers was told ahead. Both leave the counts that alerts are made from, and are noted
once. A silent point that is read again speaks for itself at once, whatever becomes of the incident.
So does a reading that is too old when it is looked at: it tells nothing of now, and is not noted.
Nor is a reading in which supply went or came back: it is no breach, and its outage tells it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np

from kernels.layout import NO_TIME
from service import clock
from service.domain.instants import epoch_us
from service.domain.rules import RuleSet
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding
from service.ingest.live import (
    NO_INTERRUPTION,
    NOBODY,
    HeldPoints,
    Holds,
    Interrupted,
    declared_breaches,
    held_breaches,
    lane_events,
)
from service.metrics import ConsumeMetrics, HeldReason, Kind

# The longest reading, and its delivery: one that touches what ended before is no longer the newest.
_READ_WITHIN: Final = timedelta(hours=3)


class Incidents(Protocol):
    """Where communications incidents and declarations are kept."""

    async def silent_points(self) -> Mapping[int, datetime]:
        """Return the points that are silent in open incidents, and up to when nothing of them had come."""
        ...

    async def hold_alerts(self, breaches: Mapping[int, Kind]) -> int:
        """Note that alerts for these points are held back; return how many were not noted before."""
        ...

    async def declared_points(self, now: datetime) -> Mapping[int, int]:
        """Return the points inside a declared window now, and the number of a declaration that says so."""
        ...

    async def interruptions(
        self, since: datetime
    ) -> Sequence[tuple[int, datetime, datetime | None]]:
        """Return point, earliest start and latest end (None: it lasts) of interruptions that ended after ``since``."""
        ...

    async def hold_declared(self, breaches: Mapping[int, tuple[int, Kind]]) -> int:
        """Note breaches inside a declaration, by point; return how many were not noted before."""
        ...


class HeldAlerts:
    """Keeps the points whose alerts are held back, as the settle role and the register see it."""

    def __init__(
        self,
        incidents: Incidents,
        thread: FoldThread,
        holding: Holding,
        metrics: ConsumeMetrics,
        news_age_max_s: int | None = None,
    ) -> None:
        self._incidents = incidents
        self._thread = thread
        self._holding = holding
        self._metrics = metrics
        self._news_age_max_ms = None if news_age_max_s is None else news_age_max_s * 1000
        self._noted: dict[int, Kind] = {}
        self._noted_declared: dict[int, tuple[int, Kind]] = {}
        self._declared: Mapping[int, int] = {}
        self._interrupted = NO_INTERRUPTION
        self.points = NOBODY

    def holds(self, now_ms: int) -> Holds:
        """Return what keeps breaches from being counted at an instant, milliseconds since the Unix epoch."""
        age_ms = self._news_age_max_ms
        return Holds(
            silent=self.points,
            declared=np.array(sorted(self._declared), np.int32),
            interrupted=self._interrupted,
            stale_before_ms=NO_TIME if age_ms is None else now_ms - age_ms,
        )

    async def refresh(self) -> None:
        """Ask which points are silent or declared now, and note those of this process whose alert is held back.

        Raises:
            StoreError: The database did not answer; what was known holds on.
        """
        now = clock.now()
        self.points = held_points(await self._incidents.silent_points())
        self._declared = await self._incidents.declared_points(now)
        self._interrupted = interrupted_points(
            await self._incidents.interruptions(now - _READ_WITHIN)
        )
        holds = self.holds(epoch_us(now) // 1000)
        if not holds.silent.point.size and not holds.declared.size:
            self._noted, self._noted_declared = {}, {}
            return
        lanes = await self._thread.run(lane_events, list(self._holding.partitions.values()))
        breaches = held_breaches(lanes, self.points)
        if fresh := {point: kind for point, kind in breaches.items() if point not in self._noted}:
            self._count("communication", await self._incidents.hold_alerts(fresh))
        self._noted = breaches
        declared = {
            point: (self._declared[point], kind)
            for point, kind in declared_breaches(lanes, holds).items()
        }
        if new := {
            point: held
            for point, held in declared.items()
            if self._noted_declared.get(point, (None,))[0] != held[0]
        }:
            self._count("declared_window", await self._incidents.hold_declared(new))
        self._noted_declared = declared

    def _count(self, reason: HeldReason, n_points: int) -> None:
        self._metrics.alerts.count_held(reason, n_points)


def news_age_max_s(rule_set: RuleSet) -> int | None:
    """Return how old a reading may be that still is news, seconds; None where the rule set tells nobody."""
    return None if rule_set.alerts is None else rule_set.alerts.news_age_max_s


def interrupted_points(
    found: Sequence[tuple[int, datetime, datetime | None]],
) -> Interrupted:
    """Return interruptions as columns, by point."""
    ordered = sorted(found, key=lambda one: one[0])
    return Interrupted(
        point=np.array([point for point, _, _ in ordered], np.int32),
        from_ms=np.array([epoch_us(from_at) // 1000 for _, from_at, _ in ordered], np.int64),
        to_ms=np.array(
            [-NO_TIME if to_at is None else -(-epoch_us(to_at) // 1000) for _, _, to_at in ordered],
            np.int64,
        ),
    )


def held_points(silent: Mapping[int, datetime]) -> HeldPoints:
    """Return silent points, and up to when nothing of them had come, as columns, by point."""
    points = sorted(silent)
    times = [epoch_us(silent[point]) // 1000 for point in points]
    return HeldPoints(point=np.array(points, np.int32), silent_to_ms=np.array(times, np.int64))
