"""Taking partitions of meter events over: nothing of them is kept but how far they are stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.ingest.event_folding import EventsHeld, HeldEvents
from service.ingest.polled import Partition
from service.ingest.taking_over import TakingOver
from service.logs import logger

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRestorer(TakingOver):
    """Takes partitions over that were assigned; it asks between its steps to go on."""

    async def restore(
        self, beginnings: Mapping[Partition, int], may_go_on: Callable[[], bool]
    ) -> dict[Partition, HeldEvents] | None:
        """Return the partitions as they were stored; None if ``may_go_on`` said no in between.

        Raises:
            DataGapError: A log begins after what is stored, and the policy is to refuse.
            StoreError: The database refuses, or did not answer for ``within_s``.
        """
        held: dict[Partition, HeldEvents] = {}
        for partition, one, start in await self.take_over(beginnings):
            if not may_go_on():
                return None
            await self.note_gap(partition, start)
            _log.info(
                "restored",
                partition=str(partition),
                epoch=one.epoch,
                next_offset=start.offset,
            )
            held[partition] = HeldEvents(
                partition=partition,
                epoch=one.epoch,
                engine=EventsHeld(),
                stored_offset=one.next_offset,
                next_offset=start.offset,
            )
        return held if may_go_on() else None
