"""A database of each test's own."""

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from service.settings.parts import DatabaseSettings
from service.store.pool import Pool


@pytest_asyncio.fixture
async def pool(fresh_database: Callable[[], DatabaseSettings]) -> AsyncIterator[Pool]:
    """Writers on a fresh database."""
    async with Pool(fresh_database(), "writer", max_size=4) as writers:
        yield writers


@pytest_asyncio.fixture
async def other_pool(fresh_database: Callable[[], DatabaseSettings]) -> AsyncIterator[Pool]:
    """Writers on a second fresh database, to compare with."""
    async with Pool(fresh_database(), "writer", max_size=4) as writers:
        yield writers
