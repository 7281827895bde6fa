"""The console beside the API, before a database that the module has seeded; and the demonstration in Chromium."""

import os
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from service.settings import Settings
from service.settings.parts import DatabaseSettings
from tests.api.clients import client_of
from tests.api.conftest import seeded as seeded  # noqa: PLC0414 (a fixture)
from tests.console.browser import Chromium, chromium
from tests.console.demo_server import demo_served
from tests.console.serving import application
from tests.real.parts import read_parts


@pytest.fixture
async def console(seeded: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The console before the database of ``seeded``."""
    async with client_of(application(seeded)) as client:
        yield client


@pytest.fixture
def empty(fresh_database: Callable[[], DatabaseSettings]) -> Settings:
    """Settings with a migrated database without rows."""
    return Settings(database_dsn=fresh_database().database_dsn)


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """Where the demonstration is served once it is settled; TEST_DEMO_DSN names a database that has it already."""
    with demo_served(os.environ.get("TEST_DEMO_DSN")) as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """Chromium of this machine; not for the session, since it keeps a loop in this thread."""
    with chromium(read_parts(os.environ).chromium) as found:
        yield found
