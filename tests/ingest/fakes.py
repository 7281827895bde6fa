"""A source, a store and a registry in memory; the store refuses what the real one would refuse."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NO_TIME
from service.domain.batch import Message
from service.domain.checkpoint import Checkpoint, chosen_pages
from service.domain.judging import Judge
from service.domain.pages import PageColumns, empty_pages
from service.domain.registry import Device, Point, Registry, TargetArea
from service.errors import FencedError, JudgementMovedError, OffsetGoneError
from service.ingest.polled import Assignment, LogPosition, Partition, Polled
from service.store.checkpoint_parts import StoredLetter

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS = 1_767_225_600_000
MINUTE_MS = 60_000
TOPIC = "readings"
P0, P1 = Partition(TOPIC, 0), Partition(TOPIC, 1)


def message(
    offset: int, device: str = "M1", volts: float = 220.0, minute: int | None = None
) -> Message:
    """One reading of one device, by default in the minute that its offset says."""
    stamp_ms = T0_MS + MINUTE_MS * (offset if minute is None else minute)
    value = json.dumps({"device": device, "ts": stamp_ms, "v1": volts}).encode()
    return Message(offset, stamp_ms + MINUTE_MS, value)


def registry(*devices: str, judgement: int = 1) -> Registry:
    return Registry(
        judgement=judgement,
        points=[
            Point(
                point_id=i,
                point=f"P-{name}",
                nominal_mv=220_000,
                wiring="1p",
                point_class="D",
                valid_from=T0,
            )
            for i, name in enumerate(devices, 1)
        ],
        devices=[
            Device(device_id=i, device=name, point_id=i, interval_s=60, valid_from=T0)
            for i, name in enumerate(devices, 1)
        ],
    )


@dataclass(slots=True)
class FakeRegistrar:
    """A registry that may change."""

    registry: Registry
    n_loads: int = 0

    async def number(self) -> int:
        return self.registry.judgement

    async def load(
        self,
        previous: Registry | None,  # noqa: ARG002
    ) -> tuple[Registry, Mapping[int, TargetArea]]:
        self.n_loads += 1
        return self.registry, {}


@dataclass(slots=True)
class FakeSource:
    """A member of a group that does what the test says; ``calls`` says in which order."""

    logs: dict[Partition, list[Message]]
    calls: list[str] = field(default_factory=list)
    generation: int = 0
    assignment: Assignment | None = None
    at_once: int = 2  # messages of a poll
    first: dict[Partition, int] = field(default_factory=dict)  # what retention has left
    is_paused: bool = True
    told: dict[Partition, int] = field(default_factory=dict)
    n_polls: int = 0
    on_poll: Callable[[], Awaitable[None]] | None = None  # runs after messages were taken
    assigned_at_start: Sequence[Partition] = ()
    position: dict[Partition, int] = field(default_factory=dict)
    let_go: Callable[[], Awaitable[None]] | None = None

    async def start(self, let_go: Callable[[], Awaitable[None]]) -> None:
        self.calls.append("start")
        self.let_go = let_go
        if self.assigned_at_start:
            self.assign(*self.assigned_at_start)

    async def stop(self) -> None:
        self.calls.append("stop")
        self.invalidate()

    def invalidate(self) -> None:
        self.generation += 1
        self.assignment = None

    def assign(self, *partitions: Partition) -> None:
        self.is_paused = True
        self.position = {}
        self.generation += 1
        self.assignment = Assignment(self.generation, frozenset(partitions))

    async def revoke(self) -> None:
        self.invalidate()
        assert self.let_go is not None
        await self.let_go()
        self.calls.append("let go")

    async def poll(self) -> Polled:
        self.n_polls += 1
        await asyncio.sleep(0.001)
        polled = Polled(self.generation, self._take())
        if self.on_poll is not None:
            await self.on_poll()
        return polled

    def seek(self, partition: Partition, offset: int) -> None:
        self.calls.append(f"seek {partition} {offset}")
        self.position[partition] = offset

    def pause(self) -> None:
        self.calls.append("pause")
        self.is_paused = True

    def resume(self) -> None:
        self.calls.append("resume")
        self.is_paused = False

    async def beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        return {partition: self.first.get(partition, 0) for partition in partitions}

    async def positions(self) -> dict[Partition, LogPosition]:
        return {
            partition: LogPosition(
                position=at,
                high_water=len(self.logs[partition]),
                answered_ms=self.n_polls,
                is_paused=self.is_paused,
            )
            for partition, at in self.position.items()
        }

    async def tell(self, offsets: Mapping[Partition, int]) -> None:
        self.told.update(offsets)

    def _take(self) -> dict[Partition, list[Message]]:
        if self.is_paused or self.assignment is None:
            return {}
        taken = {}
        for partition, at in self.position.items():
            if at < self.first.get(partition, 0) or at > len(self.logs[partition]):
                raise OffsetGoneError(partition.topic, partition.number, at)
            messages = self.logs[partition][at : at + self.at_once]
            if messages:
                taken[partition] = messages
                self.position[partition] = at + len(messages)
        return taken


@dataclass(frozen=True, slots=True)
class FakeStart:
    """What a new owner gets."""

    partition: int
    epoch: int
    next_offset: int | None
    data_through_ms: int
    blocks: list[tuple[int, bytes, bytes]]


@dataclass(slots=True)
class FakeProgress:
    """The row of one partition."""

    epoch: int = 0
    next_offset: int | None = None
    n_consumed: int = 0
    data_through_ms: int = NO_TIME
    blocks: dict[int, tuple[int, bytes, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FakeStored:
    """What became of pages."""

    revision: NDArray[np.int32]
    is_mixed: NDArray[np.bool_]
    pages: PageColumns
    n_rows: dict[str, int]


@dataclass(slots=True)
class FakeStore:
    """Offsets, lanes and pages with their fencing; it fails as often as ``failures`` says."""

    calls: list[str] = field(default_factory=list)
    judgement: int = 1
    progress: dict[Partition, FakeProgress] = field(default_factory=dict)
    pages: dict[tuple[int, int], PageColumns] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)  # every try
    judged_by: list[int] = field(default_factory=list)
    moved: list[bool] = field(default_factory=list)  # of every try: whether the judgement had moved
    failures: list[Exception] = field(default_factory=list)  # of the next tries
    before_commit: Callable[[], Awaitable[None]] | None = None
    gaps: list[tuple[str, int, int, int]] = field(default_factory=list)
    letters: list[StoredLetter] = field(default_factory=list)

    @property
    def n_consumed(self) -> int:
        return sum(row.n_consumed for row in self.progress.values())

    async def take_over(
        self,
        topic: str,
        numbers: Sequence[int],
        owner: str,  # noqa: ARG002
    ) -> list[FakeStart]:
        self.calls.append(f"take over {topic} {list(numbers)}")
        return [self._start(Partition(topic, number)) for number in numbers]

    async def read_pages(self, points: NDArray[np.int32], hours: NDArray[np.int32]) -> PageColumns:
        wanted = zip(points.tolist(), hours.tolist(), strict=True)
        stored = [self.pages[key] for key in wanted if key in self.pages]
        return stored[0] if len(stored) == 1 else empty_pages(np.zeros(0, np.uint8))

    async def commit(
        self, checkpoint: Checkpoint, judge: Judge, *, has_moved: bool = False
    ) -> FakeStored:
        self.moved.append(has_moved)
        self.checkpoints.append(checkpoint)
        self.judged_by.append(judge.judgement)
        if self.before_commit is not None:
            await self.before_commit()
        if self.failures:
            raise self.failures.pop(0)
        for part in checkpoint.partitions:
            row = self.progress[Partition(part.topic, part.partition)]
            if (row.epoch, row.next_offset) != (part.epoch, part.from_offset):
                raise FencedError(f"{part.topic}/{part.partition}")
        if judge.judgement != self.judgement:
            raise JudgementMovedError(self.judgement)
        self._write(checkpoint)
        self.calls.append("store")
        return FakeStored(
            revision=checkpoint.pages.revision + 1,
            is_mixed=checkpoint.shared,
            pages=checkpoint.pages,
            n_rows={"page": checkpoint.pages.n_pages},
        )

    async def record_gap(
        self, topic: str, partition: int, from_offset: int, to_offset: int
    ) -> None:
        self.gaps.append((topic, partition, from_offset, to_offset))

    async def unpublished_letters(
        self, topic: str, partition: int, limit: int
    ) -> list[StoredLetter]:
        mine = [one for one in self.letters if (one.topic, one.partition) == (topic, partition)]
        return mine[:limit]

    async def mark_published(self, letters: Sequence[StoredLetter]) -> None:
        for letter in letters:
            self.letters.remove(letter)

    def _start(self, partition: Partition) -> FakeStart:
        row = self.progress.setdefault(partition, FakeProgress())
        row.epoch += 1
        return FakeStart(
            partition=partition.number,
            epoch=row.epoch,
            next_offset=row.next_offset,
            data_through_ms=row.data_through_ms,
            blocks=[row.blocks[number] for number in sorted(row.blocks)],
        )

    def _write(self, checkpoint: Checkpoint) -> None:
        for part in checkpoint.partitions:
            row = self.progress[Partition(part.topic, part.partition)]
            row.next_offset = part.next_offset
            row.n_consumed += int(part.image.counts.sum()) + part.n_refused
            row.data_through_ms = max(row.data_through_ms, part.image.data_through_ms)
            row.blocks.update({block[0]: block for block in part.image.blocks})
        pages = checkpoint.pages
        for i, key in enumerate(zip(pages.point.tolist(), pages.hour.tolist(), strict=True)):
            self.pages[key] = chosen_pages(pages, np.array([i]))
            self.pages[key].revision += 1
