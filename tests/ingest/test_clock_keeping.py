"""What was seen of clocks is handed on in chunks, and nothing of it is lost while the database is away."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from service.domain.clock_watch import LeastDelays
from service.errors import StoreUnavailableError
from service.ingest.clock_keeping import CHUNK, ClockKeeper
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding

N_DEVICES = 12_000


class KeptDelays:
    """A store that is away after some chunks."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.kept: dict[int, int] = {}
        self.n_until_away = 1_000_000

    async def keep(self, delays: LeastDelays) -> None:
        if len(self.sizes) >= self.n_until_away:
            raise StoreUnavailableError("away")
        self.sizes.append(delays.n_devices)
        self.kept |= zip(delays.device_id.tolist(), delays.delay_ms.tolist(), strict=True)


class SeenDelays:
    """The watch of a partition, that gives out what a test put in."""

    def __init__(self) -> None:
        self.news: list[int] = []

    def take(self, device_id: np.ndarray[tuple[int], np.dtype[np.int32]]) -> LeastDelays:
        news, self.news = self.news, []
        n = len(news)
        return LeastDelays(device_id[:n], np.full(n, 20_000, np.int32), np.array(news, np.int64))


@pytest.fixture
def thread() -> Iterator[FoldThread]:
    one = FoldThread()
    yield one
    one.close()


def keeper_of(store: KeptDelays, seen: SeenDelays, thread: FoldThread) -> ClockKeeper:
    book = SimpleNamespace(device_id=np.arange(N_DEVICES, dtype=np.int32))
    held = SimpleNamespace(engine=SimpleNamespace(clocks=seen, book=book))
    holding = cast("Holding", SimpleNamespace(partitions={0: held}))
    return ClockKeeper(store, thread, holding)


async def test_many_devices_are_handed_on_in_chunks(thread: FoldThread) -> None:
    store, seen = KeptDelays(), SeenDelays()
    seen.news = [1000] * N_DEVICES

    await keeper_of(store, seen, thread).hand_on()

    assert store.sizes == [CHUNK, CHUNK, N_DEVICES - 2 * CHUNK]
    assert len(store.kept) == N_DEVICES


async def test_what_the_database_did_not_take_is_handed_on_again_with_what_is_less_by_then(
    thread: FoldThread,
) -> None:
    store, seen = KeptDelays(), SeenDelays()
    keeper = keeper_of(store, seen, thread)
    seen.news, store.n_until_away = [1000] * N_DEVICES, 1

    with pytest.raises(StoreUnavailableError):
        await keeper.hand_on()
    n_waiting = keeper.n_waiting
    seen.news, store.n_until_away = [900] * N_DEVICES, 1_000_000
    await keeper.hand_on()

    assert n_waiting == N_DEVICES - CHUNK
    assert keeper.n_waiting == 0
    assert store.kept == dict.fromkeys(range(N_DEVICES), 900)
    assert sum(store.sizes) == CHUNK + N_DEVICES
