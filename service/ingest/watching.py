"""The tasks beside the loop: the progress supervisor, and listening for a new judgement."""

import asyncio
from collections.abc import Callable
from typing import Final

from service import clock
from service.errors import StalledError, StoreError
from service.ingest.knowledge import KnowledgeInForce
from service.ingest.loop import ConsumeLoop
from service.ingest.supervisor import Glance, ProgressPolicy, ProgressState, ends_process, look
from service.logs import logger
from service.metrics import ConsumeMetrics

_LOOK_EVERY_S: Final = 1.0
_LISTEN_EVERY_S: Final = 3.0

_log = logger(__name__)


async def supervise(
    loop: ConsumeLoop, policy: ProgressPolicy, metrics: ConsumeMetrics, tell: Callable[[bool], None]
) -> None:
    """Look once a second whether the consumer moves; ``tell`` hears whether it is ready.

    Raises:
        StalledError: It has not moved for too long; only a new process helps.
        TopicRecreatedError: A log ends before the offset that is to be read.
    """
    state = ProgressState()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        now_s = clock.monotonic_s()
        stall = look(policy, state, await _glance(loop), now_s)
        metrics.show_stalled(stall is not None)
        tell(stall is None and loop.is_restored)
        if stall is None:
            continue
        still_s = round(now_s - stall.since_s, 1)
        _log.warning("no_progress", what=stall.what, since_s=still_s)
        if ends_process(policy, stall, now_s):
            raise StalledError(f"{stall.what}, for {still_s} s")


async def _glance(loop: ConsumeLoop) -> Glance:
    checkpointer = loop.checkpointer
    return Glance(
        turned_s=loop.turned_s,
        trying_since_s=checkpointer.trying_since_s,
        stored_s=checkpointer.stored_s,
        has_unstored=any(held.is_changed for held in loop.holding.partitions.values()),
        positions=await loop.source.positions(),
    )


async def listen(knowledge: KnowledgeInForce) -> None:
    """Ask for the judgement number every few seconds: so new devices are known without a restart.

    A notification would be quicker, but is not always delivered; the question costs next to nothing.
    """
    while True:
        await asyncio.sleep(_LISTEN_EVERY_S)
        try:
            await knowledge.listen()
        except StoreError as error:
            if not error.retryable:
                raise
            _log.warning("judgement_not_known", error=repr(error))
