"""Who derives much leaves the judgement alone for a checkpoint that came too late before, but not for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.settings.parts import DatabaseSettings
from service.store.judgement import ask_for_quiet, give_way
from service.store.pool import Pool

pytestmark = pytest.mark.integration


@pytest.fixture
async def pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    async with Pool(database, "writer", max_size=4) as opened:
        yield opened


async def test_nobody_waits_while_nobody_asks(pool: Pool) -> None:
    is_quiet = await give_way(pool, within_s=0.0)

    assert is_quiet


async def test_a_wait_ends_with_the_checkpoint_that_asked(pool: Pool) -> None:
    async with asyncio.TaskGroup() as tasks, pool.transaction() as checkpoint:
        await ask_for_quiet(checkpoint)
        waiting = tasks.create_task(give_way(pool, within_s=60.0))
        await asyncio.sleep(0.3)
        is_waiting = not waiting.done()

    assert is_waiting
    assert waiting.result()


async def test_two_checkpoints_ask_at_once(pool: Pool) -> None:
    async with pool.transaction() as one, pool.transaction() as another:
        await ask_for_quiet(one)
        await ask_for_quiet(another)

        assert not await give_way(pool, within_s=0.0)


async def test_a_checkpoint_that_is_frozen_holds_nobody_up_for_ever(pool: Pool) -> None:
    async with pool.transaction() as frozen:
        await ask_for_quiet(frozen)

        is_quiet = await give_way(pool, within_s=0.3)

    assert not is_quiet
