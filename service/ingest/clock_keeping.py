"""The clocks of devices, as this process sees them: kept beside the checkpoints, for they decide no figure."""

from typing import Final, Protocol

from service.domain.clock_watch import LeastDelays, least_of
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding

CHUNK: Final = 5000  # entries that the store is given at once; at midnight every device is news


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
        self._waiting = least_of([])

    @property
    def n_waiting(self) -> int:
        """Number of entries that the store has not taken yet; one a device and day at most."""
        return self._waiting.n_devices

    async def hand_on(self) -> None:
        """Keep the delays that became less since the last time, and those that are still to be kept.

        Raises:
            StoreError: The database did not take some of them; they wait for the next call.
        """
        news = await self._thread.run(_taken, self._holding)
        self._waiting = least_of([self._waiting, *news])
        while self.n_waiting:
            chunk, others = self._waiting.parted(CHUNK)
            await self._store.keep(chunk)
            self._waiting = others


def _taken(holding: Holding) -> list[LeastDelays]:
    return [
        held.engine.clocks.take(held.engine.book.device_id) for held in holding.partitions.values()
    ]
