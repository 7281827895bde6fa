"""The console beside the API, before a database that the module has seeded."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from service.settings import Settings
from service.settings.parts import DatabaseSettings
from tests.api.clients import client_of
from tests.api.conftest import seeded as seeded  # noqa: PLC0414 (a fixture)
from tests.console.serving import application


@pytest.fixture
async def console(seeded: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The console before the database of ``seeded``."""
    async with client_of(application(seeded)) as client:
        yield client


@pytest.fixture
def empty(fresh_database: Callable[[], DatabaseSettings]) -> Settings:
    """Settings with a migrated database without rows."""
    return Settings(database_dsn=fresh_database().database_dsn)
