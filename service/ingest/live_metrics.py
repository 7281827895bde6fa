"""Metrics that are looked up when they are asked for: the network as it is now, and the lag."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from kernels.layout import NO_TIME
from service import clock
from service.ingest.folding import FoldThread
from service.ingest.held import HeldAlerts
from service.ingest.holding import Holding
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.live import lane_events, network_state
from service.ingest.live_places import Places, area_points, places_of
from service.ingest.polled import Source
from service.metrics import ConsumeMetrics, Lag

_AT_MOST_EVERY_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class LiveMetrics:
    """Brings the metrics of state up to date, at most once a second."""

    metrics: ConsumeMetrics
    source: Source
    holding: Holding
    thread: FoldThread
    knowledge: KnowledgeInForce
    held: HeldAlerts
    other_lags: Callable[[], Awaitable[list[Lag]]] | None = None
    _places: tuple[int, Places] | None = None  # judgement number, and what it says
    _shown_s: float = -math.inf
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def show(self) -> None:
        """Show breaches, interruptions, feeders in trouble, lag and judgement number as of now."""
        async with self._one_at_a_time:
            if clock.monotonic_s() - self._shown_s < _AT_MOST_EVERY_S:
                return
            await self._show()
            self._shown_s = clock.monotonic_s()

    async def _show(self) -> None:
        lanes = await self.thread.run(lane_events, list(self.holding.partitions.values()))
        places = await self._places_now()
        state = await asyncio.to_thread(
            network_state, lanes, places, self.held.holds(clock.now_ms())
        )
        self.metrics.show_breaches(state.breaches)
        self.metrics.show_open_interruptions(state.interruptions)
        self.metrics.show_feeders(state.feeders)
        self.metrics.alerts.show_high(state.high)
        self.metrics.alerts.show_area_points(area_points(places))
        self.metrics.alerts.show_held(state.n_held)
        self.metrics.show_judgement(self.knowledge.number)
        others = [] if self.other_lags is None else await self.other_lags()
        self.metrics.show_lag(await self._lags() + others)

    async def _places_now(self) -> Places:
        known = self.knowledge.now
        number = known.registry.judgement
        if self._places is None or self._places[0] != number:
            places = await asyncio.to_thread(places_of, known.registry.points, known.areas)
            self._places = (number, places)
        return self._places[1]

    async def _lags(self) -> list[Lag]:
        now_ms = clock.now_ms()
        lags = []
        for partition, at in (await self.source.positions()).items():
            held = self.holding.partitions.get(partition)
            if held is not None:
                through_ms = held.engine.data_through_ms
                lags.append(
                    Lag(
                        topic=partition.topic,
                        partition=partition.number,
                        n_messages=max(0, at.n_behind),
                        event_s=math.nan if through_ms == NO_TIME else (now_ms - through_ms) / 1000,
                    )
                )
        return lags
