"""The role ``consume``: from the settings to a running consumer with its metrics."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from kernels import warm_up
from service import clock
from service.domain.bands import event_limits
from service.domain.catalogue import chosen_rule_sets
from service.domain.clock_watch import LeastDelays
from service.domain.engine import FoldPolicy
from service.domain.registry import Registry, TargetArea
from service.domain.rules import RuleSet
from service.errors import StalledError
from service.ingest.checkpoint_policy import CheckpointPolicy
from service.ingest.checkpointing import Checkpointer
from service.ingest.clock_keeping import ClockKeeper
from service.ingest.dead_letters import LetterPublisher
from service.ingest.fold_counts import count_fold
from service.ingest.folding import FoldThread, fold_messages
from service.ingest.heap import keep_one_heap
from service.ingest.held import HeldAlerts, news_age_max_s
from service.ingest.holding import Holding
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.letter_topic import LetterTopic
from service.ingest.live_metrics import LiveMetrics
from service.ingest.loop import ConsumeLoop, LoopPolicy
from service.ingest.offsets import OffsetPolicy
from service.ingest.restoring import Restorer
from service.ingest.retrying import retried
from service.ingest.source import KafkaSource
from service.ingest.supervisor import ProgressPolicy
from service.ingest.watching import Readiness, keep_clocks, listen, supervise
from service.logs import logger
from service.metrics import ConsumeMetrics, Kind, new_registry
from service.settings import Settings
from service.settings.parts import JudgingSettings
from service.store.checkpoints import CheckpointStore
from service.store.communication_rows import hold_alerts, silent_points
from service.store.declared_windows import declared_points, hold_declared
from service.store.deployment import require_rule_set, require_zone
from service.store.device_clocks import keep_delays
from service.store.judgement import judgement_number
from service.store.point_areas import point_areas
from service.store.pool import Pool
from service.store.registry_store import load_registry
from service.store.supply_now import interruptions_since
from service.wire import Decoder
from service.wiring.consume_events import NAME, MeterEventConsumer
from service.wiring.health import HealthServer

_CONNECTIONS: Final = 7  # checkpoint, registry, number, dead letters, clocks; two for meter events
_LET_GO_SHARE: Final = 0.8  # of the time that the group waits for a member
# Of the time after which the supervisor gives a checkpoint up: one that takes longer is halved.
_LONG_PART: Final = 4
_EXIT_STALLED: Final = 75  # EX_TEMPFAIL

_log = logger(__name__)


async def run_consume(settings: Settings, stop: asyncio.Event) -> None:
    """Consume until ``stop``; then store what was folded, and leave the group.

    Raises:
        StalledError: Nothing moves any more; the process has to be started again.
        ServiceError: It cannot go on. What was not stored is read again at the next start.
    """
    keep_one_heap()
    metrics = ConsumeMetrics(new_registry())
    rule_set = chosen_rule_sets(settings).statutory
    threads = FoldThread(), FoldThread()  # of readings, of meter events
    try:
        async with Pool(settings, "writer", max_size=_CONNECTIONS) as pool:
            await _Consumer(settings, rule_set, pool, threads, metrics).run(stop)
    except BaseExceptionGroup as group:
        error = _first(group)
        if isinstance(error, StalledError) and not all(thread.is_idle for thread in threads):
            _log.critical("fold_thread_hangs", error=str(error))
            os._exit(_EXIT_STALLED)  # the interpreter would wait for that thread, for ever
        raise error from group
    finally:
        for thread in threads:
            thread.close()


@dataclass(slots=True)
class _Registrar:
    """The registry, as the database has it."""

    pool: Pool
    zone: str
    rule_set: RuleSet
    _areas: Mapping[int, TargetArea] = field(default_factory=dict)  # of the registry loaded last

    async def number(self) -> int:
        async with self.pool.connection() as connection:
            return await judgement_number(connection)

    async def load(self, previous: Registry | None) -> tuple[Registry, Mapping[int, TargetArea]]:
        async with self.pool.transaction() as connection:
            # The number first: another zone or set that is adopted after it makes every write under it fail.
            registry = await load_registry(connection, self.zone, previous)
            await require_zone(connection, self.zone)
            await require_rule_set(connection, self.rule_set)
            if previous is None or not registry.has_network_of(previous):
                self._areas = await point_areas(connection)
            return registry, self._areas


@dataclass(frozen=True, slots=True)
class _Incidents:
    """The communications incidents and the declared windows, as the database has them."""

    pool: Pool
    early: timedelta | None  # a window begins so long before its start; None: none holds

    async def silent_points(self) -> Mapping[int, datetime]:
        async with self.pool.connection() as connection:
            return await silent_points(connection)

    async def hold_alerts(self, breaches: Mapping[int, Kind]) -> int:
        async with self.pool.connection() as connection:
            return await hold_alerts(connection, breaches)

    async def declared_points(self, now: datetime) -> Mapping[int, int]:
        if self.early is None:
            return {}
        async with self.pool.connection() as connection:
            return await declared_points(connection, now, self.early)

    async def interruptions(
        self, since: datetime
    ) -> Sequence[tuple[int, datetime, datetime | None]]:
        async with self.pool.connection() as connection:
            return await interruptions_since(connection, since)

    async def hold_declared(self, breaches: Mapping[int, tuple[int, Kind]]) -> int:
        # The kernel's dangerous voltage is never held for a window, so only the other two come.
        held = {
            point: (number, kind) for point, (number, kind) in breaches.items() if kind != "high"
        }
        async with self.pool.connection() as connection:
            return await hold_declared(connection, held)


@dataclass(frozen=True, slots=True)
class _Clocks:
    """What is kept of the clocks of devices, in the database."""

    pool: Pool

    async def keep(self, delays: LeastDelays) -> None:
        async with self.pool.connection() as connection:
            await keep_delays(connection, delays)


class _Consumer:
    """The parts of the role, put together."""

    def __init__(
        self,
        settings: Settings,
        rule_set: RuleSet,
        pool: Pool,
        threads: tuple[FoldThread, FoldThread],
        metrics: ConsumeMetrics,
    ) -> None:
        thread, thread_of_events = threads
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        policy = LoopPolicy(
            checkpoint=CheckpointPolicy(
                interval_s=settings.checkpoint_interval_s, long_s=settings.stall_s / _LONG_PART
            ),
            let_go_within_s=_LET_GO_SHARE * settings.rebalance_timeout_s,
            start_within_s=settings.stall_s,
        )
        self._settings = settings
        self._metrics = metrics
        store = CheckpointStore(pool, settings.zone)
        holding = Holding()
        metrics.measure_unstored(holding.n_unstored)
        self._knowledge = KnowledgeInForce(
            _Registrar(pool, settings.zone, rule_set), rule_set, thread, holding
        )
        self._publisher = LetterPublisher(store, LetterTopic(settings), holding)
        self._loop = ConsumeLoop(
            source=KafkaSource(settings),
            holding=holding,
            thread=thread,
            fold=partial(fold_messages, decoder=Decoder()),
            count=partial(count_fold, metrics),
            checkpointer=Checkpointer(store, thread, holding, self._knowledge, metrics),
            restorer=Restorer(
                archive=store,
                thread=thread,
                knowledge=self._knowledge,
                fold_policy=fold_policy(settings, rule_set),
                offset_policy=OffsetPolicy(data_gap=settings.data_gap),
                owner=owner,
                within_s=settings.stall_s,
                metrics=metrics,
            ),
            policy=policy,
            metrics=metrics,
            on_stored=self._publisher.wake,
        )
        self._events: MeterEventConsumer | None = None
        if settings.meter_event_topics:
            self._events = MeterEventConsumer(
                settings, pool, thread_of_events, owner, policy, metrics
            )
        other_lags = None if self._events is None else self._events.lags
        self._clocks = ClockKeeper(_Clocks(pool), thread, holding)
        alerts = rule_set.alerts
        early = None if alerts is None else timedelta(seconds=alerts.declared_early_s)
        self._held = HeldAlerts(
            _Incidents(pool, early), thread, holding, metrics, news_age_max_s(rule_set)
        )
        self._live = LiveMetrics(
            metrics=metrics,
            source=self._loop.source,
            holding=holding,
            thread=thread,
            knowledge=self._knowledge,
            held=self._held,
            other_lags=other_lags,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Get ready, and consume until ``stop``."""
        settings, checkpointer = self._settings, self._loop.checkpointer
        self._metrics.measure_checkpoint_age(lambda: clock.monotonic_s() - checkpointer.stored_s)
        async with HealthServer(
            self._metrics.registry, settings.metrics_host, settings.metrics_port, self._show
        ) as health:
            _log.info("metrics_served", host=settings.metrics_host, port=health.port)
            # Before the group is joined: compiling there would look like a hang.
            n_kernels = await asyncio.to_thread(warm_up)
            await retried(self._knowledge.listen, name="registry", within_s=settings.stall_s)
            _log.info("ready_to_join", n_kernels=n_kernels, judgement=self._knowledge.number)
            await self._work(health, stop)

    async def _work(self, health: HealthServer, stop: asyncio.Event) -> None:
        def tell(is_ready: bool) -> None:
            health.is_ready = is_ready

        stall_s = self._settings.stall_s
        policy = ProgressPolicy(
            stall_s=stall_s, suspect_s=stall_s / 2, beyond_end_s=min(10.0, stall_s / 4)
        )
        readiness = Readiness(self._metrics, tell)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(supervise("readings", self._loop, policy, readiness)),
                tasks.create_task(listen(self._knowledge, self._held)),
                tasks.create_task(keep_clocks(self._clocks)),
                tasks.create_task(self._publisher.run()),
            ]
            events = None
            if self._events is not None:
                readiness.expect("readings", NAME)
                events = tasks.create_task(self._events.run(stop, policy, readiness))
            await self._loop.run(stop)
            if events is not None:
                await events
            health.is_ready = False
            for task in beside:
                task.cancel()

    async def _show(self) -> None:
        if self._knowledge.number:
            await self._live.show()


def fold_policy(settings: JudgingSettings, rule_set: RuleSet) -> FoldPolicy:
    """Return what the settings and the rule set say about refusing readings and about events."""
    return FoldPolicy(
        stamp_ahead_ms=settings.stamp_ahead_s * 1000,
        oldest_reading_ms=settings.oldest_reading_age_s * 1000,
        events=event_limits(rule_set),
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of the task that failed first; the others were cancelled for it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
