"""The task ``migrate``: the schema, and what the settings say of the whole deployment."""

from dataclasses import dataclass

from service.domain.catalogue import chosen_rule_sets
from service.settings import Settings
from service.store import migrations
from service.store.deployment import adopt_rule_set, adopt_zone
from service.store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What became of a database."""

    revision: str  # of its schema
    is_new_zone: bool  # days are counted in another zone than before
    is_new_rule_set: bool  # pages are judged by another rule set than before


async def run_migrate(settings: Settings) -> Migrated:
    """Bring the schema up to date, and adopt the zone and the statutory rule set of the settings.

    Any number may do so at once with the same settings, and as often as they like.

    Raises:
        RuleSetError: A rule set that the settings name cannot be had; nothing was done.
        StoreError: What was done before it stays; call again.
    """
    statutory = chosen_rule_sets(settings).statutory
    revision = await migrations.migrate(settings)
    async with Pool(settings, "migrator", max_size=1) as pool, pool.transaction() as connection:
        return Migrated(
            revision=revision,
            is_new_zone=await adopt_zone(connection, settings.zone),
            is_new_rule_set=await adopt_rule_set(connection, statutory),
        )
