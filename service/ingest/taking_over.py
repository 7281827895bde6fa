"""Becoming the owner of partitions: where each goes on, and what is noted of a gap before it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.ingest.offsets import OffsetPolicy, Start, start_of
from service.ingest.polled import Partition
from service.ingest.retrying import retried
from service.logs import logger
from service.metrics import ConsumeMetrics

_log = logger(__name__)


class PartitionStart(Protocol):
    """Where a new owner goes on, as the store has it."""

    @property
    def partition(self) -> int:
        """Number of the partition."""
        ...

    @property
    def epoch(self) -> int:
        """Of this owner."""
        ...

    @property
    def next_offset(self) -> int | None:
        """First offset that is not stored; None if nothing was ever stored."""
        ...

    @property
    def data_through_ms(self) -> int:
        """End of the newest reading folded."""
        ...

    @property
    def blocks(self) -> list[tuple[int, bytes, bytes]]:
        """Lane states."""
        ...


class Progress(Protocol):
    """Where the database has it how far partitions are stored."""

    async def take_over(
        self, topic: str, numbers: Sequence[int], owner: str
    ) -> Sequence[PartitionStart]:
        """Become the owner of partitions; whoever owned them is fenced."""
        ...

    async def record_gap(
        self, topic: str, partition: int, from_offset: int, to_offset: int
    ) -> None:
        """Note that offsets were gone when they were asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingOver:
    """Takes partitions over, and says where each of them goes on."""

    archive: Progress
    offset_policy: OffsetPolicy
    owner: str  # of the partitions; for people who look into the database
    within_s: float  # how long the database is tried
    metrics: ConsumeMetrics

    async def take_over(
        self, beginnings: Mapping[Partition, int]
    ) -> list[tuple[Partition, PartitionStart, Start]]:
        """Become the owner of partitions; return each as it was stored, and where it goes on.

        Raises:
            DataGapError: A log begins after what is stored, and the policy is to refuse.
            StoreError: The database refuses, or did not answer for ``within_s``.
        """
        taken = []
        for topic, numbers in _by_topic(beginnings).items():
            for one in await self._take_over(topic, numbers):
                partition = Partition(topic, one.partition)
                start = start_of(
                    self.offset_policy, partition, one.next_offset, beginnings[partition]
                )
                taken.append((partition, one, start))
        return taken

    async def note_gap(self, partition: Partition, start: Start) -> None:
        """Note the gap before ``start``, if there is one.

        Raises:
            StoreError: The database refuses, or did not answer for ``within_s``.
        """
        if start.gap is not None:
            self.metrics.count_data_gap()
            _log.error("data_gap", partition=str(partition), offsets=start.gap)
            first, end = start.gap
            await retried(
                lambda: self.archive.record_gap(*partition, first, end),
                name="record_gap",
                within_s=self.within_s,
            )

    async def _take_over(self, topic: str, numbers: Sequence[int]) -> Sequence[PartitionStart]:
        return await retried(
            lambda: self.archive.take_over(topic, numbers, self.owner),
            name="take_over",
            within_s=self.within_s,
        )


def _by_topic(partitions: Iterable[Partition]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for partition in sorted(partitions):
        numbers[partition.topic].append(partition.number)
    return numbers
