"""What the settle role works by: registry and judge under one judgement number."""

from dataclasses import dataclass, replace

from service.domain.judging import Judge, make_judge
from service.domain.lanes import LaneDirectory, lane_directory
from service.domain.registry import Registry
from service.domain.rules import RuleSet
from service.settle.network import Network, network_of
from service.store.deployment import require_rule_set, require_zone
from service.store.pool import Pool
from service.store.registry_store import load_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Everything that judging depends on, under one number."""

    registry: Registry
    judge: Judge
    directory: LaneDirectory
    network: Network

    @property
    def judgement(self) -> int:
        """The judgement number."""
        return self.registry.judgement


async def load_knowledge(
    pool: Pool, rule_set: RuleSet, zone: str, previous: Knowledge | None = None
) -> Knowledge:
    """Return what is known now; of ``previous`` serves again what no change has touched.

    Raises:
        SettingsError: The deployment counts its days in another zone, or its pages are judged by another rule set.
    """
    async with pool.transaction() as connection:
        # The number first: another zone or set that is adopted after it makes every write under it fail.
        registry = await load_registry(
            connection, zone, None if previous is None else previous.registry
        )
        await require_zone(connection, zone)
        await require_rule_set(connection, rule_set)
    judge = make_judge(registry, rule_set, None if previous is None else previous.judge)
    if previous is not None and registry.has_network_of(previous.registry):
        return replace(previous, registry=registry, judge=judge)
    return Knowledge(
        registry=registry,
        judge=judge,
        directory=lane_directory(registry, judge.live_bands),
        network=network_of(registry),
    )
