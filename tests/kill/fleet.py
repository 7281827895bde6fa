"""Some consumers of one group, and what is kept of those that are gone."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.kill.consumers import Consumer, Surroundings
from tests.kill.sight import Sight, Standing

_FOLDS_WITHIN_S = 120.0  # the kernels may have to be compiled
_POLL_S = 0.1


@dataclass(slots=True)
class Fleet:
    """The consumers of one group. ``totals`` are process counters, summed over all that ever ran."""

    where: Surroundings
    sight: Sight
    alive: list[Consumer] = field(default_factory=list)
    totals: dict[str, float] = field(default_factory=dict)
    n_started: int = 0
    settler: Consumer | None = None  # works beside them, if asked for

    @classmethod
    @asynccontextmanager
    async def of(cls, where: Surroundings, sight: Sight) -> AsyncIterator["Fleet"]:
        fleet = cls(where, sight)
        try:
            yield fleet
        finally:
            for consumer in [*fleet.alive, *([fleet.settler] if fleet.settler else [])]:
                with contextlib.suppress(ProcessLookupError):
                    consumer.kill()

    def grow_to(self, n_consumers: int) -> None:
        """Start as many as are missing."""
        for consumer in self.alive:
            assert consumer.is_alive, f"consumer {consumer.pid} ended by itself"
        while len(self.alive) < n_consumers:
            self.n_started += 1
            self.alive.append(Consumer.start(self.where, self.n_started))

    def settle_anew(self) -> None:
        """Let a new process settle, and kill the one that did."""
        if self.settler is not None:
            assert self.settler.is_alive, "settle ended by itself"
            self.settler.kill()
        self.n_started += 1
        self.settler = Consumer.start(self.where, self.n_started, "settle")

    def forget(self, consumer: Consumer) -> None:
        """Keep the counters of one that has ended."""
        self.alive.remove(consumer)
        for name, value in consumer.told.items():
            if name.endswith("_total"):
                self.totals[name] = self.totals.get(name, 0.0) + value

    async def stop(self, consumer: Consumer) -> None:
        """Stop one in order."""
        has_begun = bool(consumer.told)  # it answered a scrape, so it listens to signals
        status = await consumer.stop()
        in_order = (0,) if has_begun else (0, -signal.SIGTERM)
        assert status in in_order, f"consumer {consumer.pid} ended with {status}"
        self.forget(consumer)

    async def stop_all(self) -> None:
        for consumer in list(self.alive):
            await self.stop(consumer)
        if self.settler is not None:
            assert await self.settler.stop() == 0

    async def folding(self, *, but: Consumer | None = None) -> Consumer:
        """Return a consumer that owns partitions and has folded what is not stored."""
        deadline = time.monotonic() + _FOLDS_WITHIN_S
        while time.monotonic() < deadline:
            for consumer in list(self.alive):
                assert consumer.is_alive, f"consumer {consumer.pid} ended by itself"
                if consumer is not but and await self.is_folding(consumer):
                    return consumer
            await asyncio.sleep(_POLL_S)
        raise TimeoutError(f"nobody folds for {_FOLDS_WITHIN_S} s")

    async def is_folding(self, consumer: Consumer) -> bool:
        """Whether a consumer owns partitions and has folded what is not stored."""
        await consumer.ask()
        return consumer.n_unstored > 0 and bool(await self.owned_by(consumer))

    async def owned_by(self, consumer: Consumer) -> list[Standing]:
        """Return the partitions that a consumer owns, as the database says."""
        return [one for one in await self.sight.standing() if one.pid == consumer.pid]

    async def caught_up(self, ends: dict[int, int], within_s: float) -> None:
        """Return when the logs are stored up to these offsets."""
        deadline = time.monotonic() + within_s
        standing: dict[int, int | None] = {}
        while time.monotonic() < deadline:
            self.grow_to(len(self.alive))
            standing = {one.partition: one.next_offset for one in await self.sight.standing()}
            if standing == ends:
                return
            await asyncio.sleep(_POLL_S)
        raise TimeoutError(f"not caught up within {within_s} s: {standing} of {ends}")
