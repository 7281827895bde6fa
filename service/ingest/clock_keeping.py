"""The clocks of devices, as this process sees them: kept beside the checkpoints, for they decide no figure."""

from typing import Protocol

import numpy as np

from service.domain.clock_watch import LeastDelays
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding


class ClockStore(Protocol):
    """Where the least delays of devices are kept."""

    async def keep(self, delays: LeastDelays) -> None:
        """Keep what is less than what is there."""
        ...


class ClockKeeper:
    """Hands on what was seen of clocks; what was not handed on when a process ends is seen again another day."""

    def __init__(self, store: ClockStore, thread: FoldThread, holding: Holding) -> None:
        self._store = store
        self._thread = thread
        self._holding = holding

    async def hand_on(self) -> None:
        """Keep the delays that became less since the last time.

        Raises:
            StoreError: The database did not take them; they are lost, and the next ones are not.
        """
        delays = await self._thread.run(_taken, self._holding)
        if delays.n_devices:
            await self._store.keep(delays)


def _taken(holding: Holding) -> LeastDelays:
    parts = [
        held.engine.clocks.take(held.engine.book.device_id) for held in holding.partitions.values()
    ]
    if not parts:
        return LeastDelays(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))
    return LeastDelays(
        device_id=np.concatenate([one.device_id for one in parts]),
        day=np.concatenate([one.day for one in parts]),
        delay_ms=np.concatenate([one.delay_ms for one in parts]),
    )
