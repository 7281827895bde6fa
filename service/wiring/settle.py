"""The role ``settle``: one process works, any others stand by."""

import asyncio
from zoneinfo import ZoneInfo

import structlog

from service.clock import monotonic_s, now
from service.domain.catalogue import chosen_rule_sets
from service.domain.rules import RuleSet
from service.metrics import OutageAlertMetrics, SettleMetrics, new_registry
from service.settings import Settings
from service.settle.alerting import OutageWatch
from service.settle.settler import SettlePolicy, Settler
from service.store.pool import Pool
from service.store.single import held_alone
from service.wiring.event_policy import event_policy
from service.wiring.health import HealthServer

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 5.0  # whether the active process is still there
CONNECTIONS = 4


async def run_settle(settings: Settings, stop: asyncio.Event) -> None:
    """Settle what checkpoints leave for later, until told to stop; wait while another process does.

    Raises:
        StoreError: The database refused for good.
        RuleSetError: A rule set that the settings name is not there, or cannot be read.
        SettingsError: Zone or rule set are not those of the deployment.
    """
    chosen = chosen_rule_sets(settings)
    registry = new_registry()
    metrics, alert_metrics = SettleMetrics(registry), OutageAlertMetrics(registry)
    async with (
        HealthServer(registry, settings.metrics_host, settings.metrics_port) as health,
        Pool(settings, "writer", max_size=CONNECTIONS) as pool,
    ):
        settler = Settler(
            pool=pool,
            rule_set=chosen.statutory,
            load_rules=chosen.catalogue.load,
            beside=chosen.beside,
            zone=settings.zone,
            policy=policy_of(settings),
            metrics=metrics,
            monotonic_s=monotonic_s,
        )
        health.is_ready = True
        while not stop.is_set():
            async with held_alone(settings, "settle") as is_mine:
                if is_mine:
                    log.info("settling")
                    await _work(
                        settler, _watch(settings, chosen.statutory, pool, alert_metrics), stop
                    )
                    return
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await stop.wait()
            except TimeoutError:
                continue


def policy_of(settings: Settings) -> SettlePolicy:
    """Return the settle policy that the settings ask for."""
    return SettlePolicy(
        interval_s=settings.settle_interval_s,
        late_per_pass=settings.settle_rows_per_pass,
        lateness_window_s=settings.lateness_window_s,
        retention_days=settings.retention_days,
        events=event_policy(settings),
    )


async def _work(settler: Settler, watch: OutageWatch | None, stop: asyncio.Event) -> None:
    """Settle, and watch beside it; the first error ends both, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(settler.run(stop))
            if watch is not None:
                tasks.create_task(watch.run(stop))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


def _watch(
    settings: Settings, rule_set: RuleSet, pool: Pool, metrics: OutageAlertMetrics
) -> OutageWatch | None:
    """Return what watches who is without supply; None where the rule set tells nobody."""
    if rule_set.alerts is None:
        return None
    return OutageWatch(
        pool=pool,
        rule=rule_set.alerts,
        zone=ZoneInfo(settings.zone),
        metrics=metrics,
        now=now,
    )
