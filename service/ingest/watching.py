"""The tasks beside the loop: the progress supervisor, and listening for what others decide."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from service import clock
from service.errors import StalledError, StoreError
from service.ingest.clock_keeping import ClockKeeper
from service.ingest.held import HeldAlerts
from service.ingest.holding import E
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.loop import ConsumeLoop
from service.ingest.supervisor import Glance, ProgressPolicy, ProgressState, ends_process, look
from service.logs import logger
from service.metrics import ConsumeMetrics

_LOOK_EVERY_S: Final = 1.0
_LISTEN_EVERY_S: Final = 3.0

_log = logger(__name__)


@dataclass(slots=True)
class Readiness:
    """Whether every loop of this process is ready, and whether any of them stands still."""

    metrics: ConsumeMetrics
    tell: Callable[[bool], None]  # hears whether the process is ready
    _ready: dict[str, bool] = field(default_factory=dict)
    _stalled: dict[str, bool] = field(default_factory=dict)

    def expect(self, *loops: str) -> Self:
        """Wait for these loops before the process is ready."""
        self._ready |= dict.fromkeys(loops, False)
        return self

    def note(self, loop: str, *, is_ready: bool, is_stalled: bool) -> None:
        """Note how one loop is."""
        self._ready[loop], self._stalled[loop] = is_ready, is_stalled
        self.metrics.show_stalled(any(self._stalled.values()))
        self.tell(all(self._ready.values()))


async def supervise(
    name: str, loop: ConsumeLoop[E], policy: ProgressPolicy, readiness: Readiness
) -> None:
    """Look once a second whether a loop moves, and note it.

    Raises:
        StalledError: It has not moved for too long; only a new process helps.
        TopicRecreatedError: A log ends before the offset that is to be read.
    """
    state = ProgressState()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        now_s = clock.monotonic_s()
        stall = look(policy, state, await _glance(loop), now_s)
        is_ready = stall is None and loop.is_restored
        readiness.note(name, is_ready=is_ready, is_stalled=stall is not None)
        if stall is None:
            continue
        still_s = round(now_s - stall.since_s, 1)
        _log.warning("no_progress", loop=name, what=stall.what, since_s=still_s)
        if ends_process(policy, stall, now_s):
            raise StalledError(f"{name}: {stall.what}, for {still_s} s")


async def _glance(loop: ConsumeLoop[E]) -> Glance:
    checkpointer = loop.checkpointer
    return Glance(
        turned_s=loop.turned_s,
        trying_since_s=checkpointer.trying_since_s,
        stored_s=checkpointer.stored_s,
        has_unstored=any(held.is_changed for held in loop.holding.partitions.values()),
        positions=await loop.source.positions(),
    )


async def listen(knowledge: KnowledgeInForce, held: HeldAlerts) -> None:
    """Ask for the judgement number every few seconds: so new devices are known without a restart.

    And for the points that communications incidents make silent.

    A notification would be quicker, but is not always delivered; the question costs next to nothing.
    """
    while True:
        await asyncio.sleep(_LISTEN_EVERY_S)
        try:
            await knowledge.listen()
            await held.refresh()
        except StoreError as error:
            if not error.retryable:
                raise
            _log.warning("judgement_not_known", error=repr(error))


async def keep_clocks(clocks: ClockKeeper) -> None:
    """Hand on every few seconds what was seen of clocks; at midnight, of every device, that takes longer."""
    while True:
        await asyncio.sleep(_LISTEN_EVERY_S)
        try:
            await clocks.hand_on()
        except StoreError as error:
            if not error.retryable:
                raise
            _log.warning("clocks_not_kept", n_waiting=clocks.n_waiting, error=repr(error))
