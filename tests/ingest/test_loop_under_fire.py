"""Whatever happens to a consumer, each reading counts once."""

import asyncio
from random import Random

import pytest

from service.errors import StoreConflictError, StoreTimeoutError, StoreUnavailableError
from service.ingest.checkpoint_policy import CheckpointPolicy
from tests.ingest.consumers import consumer_of, running, until
from tests.ingest.fakes import P0, P1, FakeRegistrar, FakeSource, FakeStore, message, registry

pytestmark = pytest.mark.slow

N_MESSAGES = 400


class Fire:
    """Things that happen to a consumer, one at a time."""

    def __init__(self, seed: int, source: FakeSource, store: FakeStore, registrar: FakeRegistrar):
        self._random = Random(seed)
        self._source, self._store, self._registrar = source, store, registrar

    async def strike(self) -> None:
        """Let something happen."""
        await self._random.choice(
            [self._rebalance, self._half, self._takeover, self._outage, self._judgement]
        )()

    async def _rebalance(self) -> None:
        await self._source.revoke()
        self._source.assign(P0, P1)

    async def _half(self) -> None:
        """Another member joins, takes a partition, and leaves without having done anything."""
        await self._source.revoke()
        self._source.assign(P0)
        await self._store.take_over(P1.topic, [P1.number], "another")
        await asyncio.sleep(self._random.random() / 100)
        await self._source.revoke()
        self._source.assign(P0, P1)

    async def _takeover(self) -> None:
        """A partition is taken while nobody tells this consumer."""
        await self._store.take_over(P0.topic, [P0.number], "another")

    async def _outage(self) -> None:
        kinds = (StoreUnavailableError, StoreTimeoutError, StoreConflictError)
        self._store.failures += [self._random.choice(kinds)("for a moment")]

    async def _judgement(self) -> None:
        self._store.judgement += 1
        self._registrar.registry = registry("M1", "M2", judgement=self._store.judgement)


@pytest.mark.parametrize("seed", range(6))
async def test_each_reading_counts_once(seed: int) -> None:
    random = Random(seed)
    logs = {
        one: [message(i, random.choice(["M1", "M2", "?"])) for i in range(N_MESSAGES)]
        for one in (P0, P1)
    }
    source = FakeSource(logs, at_once=3, assigned_at_start=(P0, P1))
    store, registrar = FakeStore(), FakeRegistrar(registry("M1", "M2"))
    fire = Fire(seed, source, store, registrar)
    policy = CheckpointPolicy(interval_s=0.003, max_letters=30)

    async with running(consumer_of(source, store, registrar, checkpoint=policy)) as consumer:
        for _ in range(12):
            await asyncio.sleep(random.random() / 50)
            if source.let_go is not None and source.assignment is not None:
                await fire.strike()
        await until(lambda: store.n_consumed >= 2 * N_MESSAGES)

    assert store.n_consumed == 2 * N_MESSAGES
    assert {row.next_offset for row in store.progress.values()} == {N_MESSAGES}
    assert consumer.value("voltpass_messages_total") >= 2 * N_MESSAGES
