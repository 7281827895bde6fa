"""The schema comes into being once, however many want it."""

import asyncio
from collections.abc import Callable

import pytest

from service.settings.parts import DatabaseSettings
from service.store.migrations import current_revision, head_revision, migrate

pytestmark = pytest.mark.integration


async def test_four_at_once_migrate_an_empty_database(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    database = empty_database()

    revisions = await asyncio.gather(*(migrate(database) for _ in range(4)))

    assert revisions == [head_revision()] * 4
    assert await current_revision(database) == head_revision()
