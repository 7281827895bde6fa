"""A consume loop made of fakes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from service.domain.bands import event_limits
from service.domain.engine import FoldPolicy, PartitionEngine
from service.domain.rules import load_rule_set
from service.ingest.checkpoint_policy import CheckpointPolicy
from service.ingest.checkpointing import Checkpointer
from service.ingest.fold_counts import count_fold
from service.ingest.folding import FoldThread, fold_messages
from service.ingest.holding import Holding
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.loop import ConsumeLoop, LoopPolicy
from service.ingest.offsets import OffsetPolicy
from service.ingest.restoring import Restorer
from service.metrics import ConsumeMetrics, new_registry
from service.wire import Decoder
from tests.ingest.fakes import FakeRegistrar, FakeSource, FakeStore

RULES = load_rule_set("sgcc-2003")
OFTEN = CheckpointPolicy(interval_s=0.01)
NEVER = CheckpointPolicy(interval_s=1000.0)
REFUSE = OffsetPolicy(data_gap="refuse")


@dataclass(slots=True)
class Consumer:
    """A loop, and its parts."""

    loop: ConsumeLoop[PartitionEngine]
    knowledge: KnowledgeInForce
    thread: FoldThread
    stop: asyncio.Event

    def value(self, name: str, **labels: str) -> float:
        """Return a metric."""
        found = self.loop.metrics.registry.get_sample_value(name, labels)
        assert found is not None
        return found


def consumer_of(
    source: FakeSource,
    store: FakeStore,
    registrar: FakeRegistrar,
    *,
    checkpoint: CheckpointPolicy = OFTEN,
    offsets: OffsetPolicy = REFUSE,
    let_go_within_s: float = 5.0,
) -> Consumer:
    """Return a consumer of fakes; the registry is not loaded yet."""
    thread, holding = FoldThread(), Holding()
    metrics = ConsumeMetrics(new_registry())
    knowledge = KnowledgeInForce(registrar, RULES, thread, holding)
    loop = ConsumeLoop(
        source=source,
        holding=holding,
        thread=thread,
        fold=partial(fold_messages, decoder=Decoder()),
        count=partial(count_fold, metrics),
        checkpointer=Checkpointer(store, thread, holding, knowledge, metrics),
        restorer=Restorer(
            archive=store,
            thread=thread,
            knowledge=knowledge,
            fold_policy=FoldPolicy(events=event_limits(RULES)),
            offset_policy=offsets,
            owner="test",
            within_s=5.0,
            metrics=metrics,
        ),
        policy=LoopPolicy(
            checkpoint=checkpoint, let_go_within_s=let_go_within_s, start_within_s=5.0
        ),
        metrics=metrics,
    )
    return Consumer(loop, knowledge, thread, asyncio.Event())


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[Consumer]:
    """Run a consumer while the block runs, and stop it in order at its end."""
    await consumer.knowledge.listen()
    try:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.loop.run(consumer.stop))
            yield consumer
            consumer.stop.set()
    finally:
        consumer.thread.close()


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for the loop to get somewhere."""
    async with asyncio.timeout(10):
        while not is_true():  # noqa: ASYNC110  (of another task, that knows nothing of tests)
            await asyncio.sleep(0.001)
