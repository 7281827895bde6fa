"""A database of the test's own, and one of the module's own, with the API before it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.store.pool import Pool
from tests.api.clients import application, client_of, settings_of
from tests.api.seeding import Seeder


@pytest.fixture
def settings(fresh_database: Callable[[], DatabaseSettings]) -> Settings:
    """Settings with a migrated database without rows, of the test's own."""
    return settings_of(fresh_database())


@pytest.fixture
async def seeder(settings: Settings) -> AsyncIterator[Seeder]:
    """Fills the database of ``settings``."""
    async with Pool(settings, "writer", max_size=4) as pool:
        yield Seeder(settings, pool)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API before the database of ``settings``."""
    async with client_of(application(settings)) as client:
        yield client


@pytest.fixture(scope="module")
def seeded(
    request: pytest.FixtureRequest, fresh_database: Callable[[], DatabaseSettings]
) -> Settings:
    """Settings with a database that the module's ``seed`` has filled, once; tests only read it."""
    settings = settings_of(fresh_database())
    seed: Callable[[Seeder], Awaitable[None]] = request.module.seed

    async def fill() -> None:
        async with Pool(settings, "writer", max_size=4) as pool:
            await seed(Seeder(settings, pool))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, fill()).result()
    return settings


@pytest.fixture
async def reader(seeded: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API before the database of ``seeded``."""
    async with client_of(application(seeded)) as client:
        yield client


@pytest.fixture
async def stored(seeded: Settings) -> AsyncIterator[Seeder]:
    """Reads the database of ``seeded`` past the API."""
    async with Pool(seeded, "writer", max_size=1) as pool:
        yield Seeder(seeded, pool)
