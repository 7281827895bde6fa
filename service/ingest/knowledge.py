"""What is known under the judgement number in force: registry, judge and lane directory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from service.domain.judging import Judge, make_judge
from service.domain.lanes import LaneDirectory, lane_directory
from service.domain.registry import Registry, TargetArea
from service.domain.rules import RuleSet
from service.ingest.folding import FoldThread
from service.ingest.holding import Holding
from service.logs import logger

_log = logger(__name__)


class Registrar(Protocol):
    """Where the registry is kept."""

    async def number(self) -> int:
        """Return the judgement number in force."""
        ...

    async def load(self, previous: Registry | None) -> tuple[Registry, Mapping[int, TargetArea]]:
        """Return the registry in force, with its number, and the areas of points."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Everything that folding and judging depend on, under one number."""

    registry: Registry
    areas: Mapping[int, TargetArea]  # by point id; others supply no customer
    judge: Judge
    directory: LaneDirectory


class KnowledgeInForce:
    """Keeps the knowledge of this process at the judgement number in force."""

    def __init__(
        self, registrar: Registrar, rule_set: RuleSet, thread: FoldThread, holding: Holding
    ) -> None:
        self._registrar = registrar
        self._rule_set = rule_set
        self._thread = thread
        self._holding = holding
        self._now: Knowledge | None = None
        self._loading = asyncio.Lock()

    @property
    def now(self) -> Knowledge:
        """The knowledge in force, as far as this process has heard.

        Raises:
            RuntimeError: It was never loaded.
        """
        if self._now is None:
            raise RuntimeError("the registry is not loaded yet")
        return self._now

    @property
    def number(self) -> int:
        """The judgement number of ``now``; 0 before the first load."""
        return 0 if self._now is None else self._now.registry.judgement

    async def listen(self) -> None:
        """Ask for the number in force, and load what it stands for if it is another one.

        Raises:
            StoreError: The database did not answer.
        """
        number = await self._registrar.number()
        if number != self.number:
            await self.refresh(number)

    async def refresh(self, number: int) -> None:
        """Load the registry, unless it is as new as ``number``; engines go on with it.

        Raises:
            StoreError: The database did not answer.
        """
        async with self._loading:
            if self.number >= number:
                return
            before = self._now
            registry, areas = await self._registrar.load(
                None if before is None else before.registry
            )
            knowledge = await asyncio.to_thread(_knowledge, registry, areas, self._rule_set, before)
            self._now = knowledge
            if before is None or before.directory is not knowledge.directory:
                await self._thread.run(_apply, self._holding, knowledge.directory)
            _log.info(
                "registry_loaded",
                judgement=registry.judgement,
                n_points=len(registry.points),
                n_devices=len(registry.devices),
            )


def _knowledge(
    registry: Registry,
    areas: Mapping[int, TargetArea],
    rule_set: RuleSet,
    before: Knowledge | None,
) -> Knowledge:
    judge = make_judge(registry, rule_set, None if before is None else before.judge)
    if before is not None and registry.has_network_of(before.registry):
        return Knowledge(registry=registry, areas=areas, judge=judge, directory=before.directory)
    directory = lane_directory(registry, judge.live_bands)
    if before is not None and directory.gives_the_same_as(before.directory):
        directory = before.directory  # a declaration changes no lane: engines need not know
    return Knowledge(registry=registry, areas=areas, judge=judge, directory=directory)


def _apply(holding: Holding, directory: LaneDirectory) -> None:
    for held in holding.partitions.values():
        held.engine.apply(directory)
