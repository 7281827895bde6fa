"""The overview reads the figures against targets once, and again when the data have moved."""

import asyncio

import pytest
from fastapi import Request

from service.console.periods import chosen_period
from service.console.target_desk import TargetDesk, TargetFigures
from service.domain.access import EVERYWHERE, Access, Territory
from service.domain.catalogue import chosen_rule_sets
from service.settings import Settings
from service.store.deployment_reads import data_version, reading
from service.store.pool import Connection, Pool
from tests.api.clients import NOW, client_of
from tests.api.conftest import seeder as seeder  # noqa: PLC0414 (a fixture)
from tests.api.conftest import settings as settings  # noqa: PLC0414 (a fixture)
from tests.api.seeding import Seeder
from tests.console.serving import application
from tests.console.test_pages import DAY, START, seed, text_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_a_second_look_reads_no_days_of_points(settings: Settings, seeder: Seeder) -> None:
    """Nobody else can read the days while they are locked: who needs them would wait in vain."""
    await seed(seeder)
    hasty = settings.model_copy(update={"reader_statement_timeout_s": 1.0})
    async with client_of(application(hasty)) as client:
        first = await client.get("/console/?lang=en")
        async with seeder.pool.transaction() as connection:
            await connection.execute("LOCK TABLE point_day IN ACCESS EXCLUSIVE MODE")
            second = await client.get("/console/?lang=en")
            other_period = await client.get("/console/?lang=en&period=year")

    assert text_of(second) == text_of(first)
    assert "97.50" in text_of(first)
    assert other_period.status_code == 503  # it needs them


async def test_each_territory_is_kept_apart(settings: Settings, seeder: Seeder) -> None:
    await seed(seeder)

    async def access_of(request: Request) -> Access:
        regions = request.headers.get("x-region")
        territory = Territory(regions=None if regions is None else frozenset({regions}))
        return Access(principal="test", scopes=frozenset({"read:customer"}), territory=territory)

    async with client_of(application(settings, access_of=access_of)) as client:
        seen = [
            text_of(await client.get("/console/?lang=en", headers=headers))
            for headers in ({}, {"x-region": "R2"}, {}, {"x-region": "R2"})
        ]

    assert seen[0] == seen[2] != seen[1] == seen[3]
    assert "97.50" in seen[0]
    assert "97.50" not in seen[1]


class _Clock:
    """A monotonic clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_new_data_are_seen_when_figures_are_old_enough_and_nothing_is_read_before(
    settings: Settings, seeder: Seeder
) -> None:
    await seed(seeder)
    clock = _Clock()
    desk = TargetDesk(chosen_rule_sets(settings).statutory, now_s=clock)

    versions = []

    async def look() -> TargetFigures:
        async with Pool(settings, "reader", max_size=1) as pool, reading(pool) as snapshot:
            versions.append(await data_version(snapshot.connection))
            return await desk.figures(snapshot, EVERYWHERE, chosen_period("month", snapshot, NOW))

    first = await look()
    clock.now_s = 3600.0
    unmoved = await look()
    await seeder.minutes("B", START, [[900] * 720 + [0] * 720])
    await seeder.settle()
    clock.now_s = 7200.0  # unmoved may have been read anew at 3600
    moved = await look()
    await seeder.minutes("B", START, [[900] * 1440])
    await seeder.settle()
    clock.now_s += desk.fresh_for_s - 1
    young = await look()
    clock.now_s += 2
    old = await look()

    def rural(found: TargetFigures) -> float | None:
        return {one.key: one.rate for one in found.trend}["rural"]

    # However old: nothing was written, unless the server's own housekeeping was in between.
    assert unmoved is first or versions[1] != versions[0]
    assert young is moved
    assert rural(first) is not None
    assert rural(first) > rural(moved) > rural(old)  # type: ignore[operator]


async def test_who_comes_while_figures_are_read_gets_the_ones_before(
    settings: Settings, seeder: Seeder
) -> None:
    await seed(seeder)
    clock = _Clock()
    desk = TargetDesk(chosen_rule_sets(settings).statutory, now_s=clock)
    async with Pool(settings, "reader", max_size=3) as pool:

        async def look() -> TargetFigures:
            async with reading(pool) as snapshot:
                chosen = chosen_period("month", snapshot, NOW)
                return await desk.figures(snapshot, EVERYWHERE, chosen)

        together = await asyncio.gather(look(), look(), look())
        await seeder.reach(START + DAY)  # written again: the data have another version
        clock.now_s = 3600.0
        async with seeder.pool.transaction() as connection:
            await connection.execute("LOCK TABLE point_day IN ACCESS EXCLUSIVE MODE")
            reading_anew = asyncio.create_task(look())
            await _until_one_waits(connection)
            meanwhile = await look()
        anew = await reading_anew

    assert together[0] is together[1] is together[2]
    assert meanwhile is together[0]
    assert anew is not together[0]


async def _until_one_waits(connection: Connection) -> None:
    """Return as soon as somebody waits for a lock."""
    for _ in range(500):
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
