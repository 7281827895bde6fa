"""What the settle role keeps when it starts: the rule sets that its settings name."""

import asyncio
from collections.abc import Callable

import pytest

from service.errors import RuleSetDiffersError
from service.settings.parts import DatabaseSettings
from service.store.pool import Pool
from service.wiring.settle import run_settle
from tests.settle.plant import table
from tests.wiring.test_migrate import settings_of

pytestmark = pytest.mark.integration

KEPT = "SELECT rule_set, is_beside FROM kept_rule_set ORDER BY rule_set"
BOTH = [
    {"rule_set": "en-50160", "is_beside": True},
    {"rule_set": "sgcc-2003", "is_beside": False},
]


async def keep_both(database: DatabaseSettings) -> list[dict[str, object]]:
    """Run the role with a set beside until it keeps one; return what is kept."""
    stop = asyncio.Event()
    settings = settings_of(database, rule_sets_beside="en-50160")
    async with Pool(database, "writer", max_size=1) as pool, asyncio.TaskGroup() as tasks:
        tasks.create_task(run_settle(settings, stop))
        async with asyncio.timeout(30):
            while not (kept := await table(pool, KEPT)):  # noqa: ASYNC110 (it is the database that tells)
                await asyncio.sleep(0.01)
        stop.set()
    return kept


async def test_the_role_keeps_the_sets_that_its_settings_name(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    assert await keep_both(fresh_database()) == BOTH


async def test_a_role_with_another_statutory_set_leaves_what_is_kept(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()
    await keep_both(database)

    with pytest.raises(RuleSetDiffersError, match="gb-12325-2008"):
        await run_settle(settings_of(database, rule_set="gb-12325-2008"), asyncio.Event())

    async with Pool(database, "writer", max_size=1) as pool:
        assert await table(pool, KEPT) == BOTH
