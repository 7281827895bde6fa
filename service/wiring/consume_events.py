"""The meter events' part of the role ``consume``: a loop of its own beside that of the readings."""

import asyncio
import math
from functools import partial
from typing import Final

from service import clock
from service.ingest.dead_letters import LetterPublisher
from service.ingest.event_checkpointing import EventCheckpointer
from service.ingest.event_folding import EventHolding, EventsHeld, fold_events
from service.ingest.event_restoring import EventRestorer
from service.ingest.folding import FoldThread
from service.ingest.letter_topic import LetterTopic
from service.ingest.loop import ConsumeLoop, LoopPolicy
from service.ingest.offsets import OffsetPolicy
from service.ingest.source import KafkaSource
from service.ingest.supervisor import ProgressPolicy
from service.ingest.watching import Readiness, supervise
from service.metrics import ConsumeMetrics, Lag
from service.metrics.meter_events import MeterEventMetrics
from service.settings import Settings
from service.store.checkpoints import CheckpointStore
from service.store.event_checkpoints import EventStore
from service.store.pool import Pool
from service.wire.meter_events import MeterEventDecoder
from service.wiring.event_policy import event_policy

NAME: Final = "meter events"


class MeterEventConsumer:
    """Reads the topics of meter events, with a thread, a group and dead letters of its own.

    It shares nothing with the loop of the readings but the connections to the database, of which
    it takes two: so neither waits for the other.
    """

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        thread: FoldThread,
        owner: str,
        policy: LoopPolicy,
        shared: ConsumeMetrics,
    ) -> None:
        self._holding = EventHolding()
        metrics = MeterEventMetrics(shared.registry, shared)
        store = EventStore(pool, event_policy(settings))
        letters = CheckpointStore(pool, settings.zone)
        self._publisher = LetterPublisher(letters, LetterTopic(settings), self._holding)
        self._loop: ConsumeLoop[EventsHeld] = ConsumeLoop(
            source=KafkaSource(
                settings.model_copy(
                    update={
                        "topics": settings.meter_event_topics,
                        "group": f"{settings.group}.meter-events",
                    }
                )
            ),
            holding=self._holding,
            thread=thread,
            fold=partial(fold_events, decoder=MeterEventDecoder()),
            count=lambda report: metrics.count_messages(report.n_messages),
            checkpointer=EventCheckpointer(store, thread, self._holding, metrics),
            restorer=EventRestorer(
                archive=store,
                offset_policy=OffsetPolicy(data_gap=settings.data_gap),
                owner=owner,
                within_s=settings.stall_s,
                metrics=shared,
            ),
            policy=policy,
            metrics=shared,
            on_stored=self._publisher.wake,
        )

    async def run(self, stop: asyncio.Event, policy: ProgressPolicy, readiness: Readiness) -> None:
        """Consume until ``stop``; then store what was decoded, and leave the group.

        Raises:
            ServiceError: It cannot go on. What was not stored is read again at the next start.
        """
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(supervise(NAME, self._loop, policy, readiness)),
                tasks.create_task(self._publisher.run()),
            ]
            await self._loop.run(stop)
            for task in beside:
                task.cancel()

    async def lags(self) -> list[Lag]:
        """Return how far this process is behind each partition."""
        now_ms, lags = clock.now_ms(), []
        for partition, at in (await self._loop.source.positions()).items():
            held = self._holding.partitions.get(partition)
            if held is not None:
                record_ms = held.engine.record_ms
                lags.append(
                    Lag(
                        topic=partition.topic,
                        partition=partition.number,
                        n_messages=max(0, at.n_behind),
                        event_s=math.nan if record_ms is None else (now_ms - record_ms) / 1000,
                    )
                )
        return lags
