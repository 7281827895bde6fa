"""The database of the integration tests: embedded by default, the real one on demand.

``TEST_BACKENDS=real`` takes TimescaleDB; a part that is missing then is an error.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.embedded.postgres import EmbeddedPostgres
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.wiring.migrate import run_migrate

IS_REAL = os.environ.get("TEST_BACKENDS") == "real"
_TEMPLATE = "migrated"

T = TypeVar("T")


class PostgresServer(Protocol):
    """A running server, of either kind."""

    def dsn(self, database: str) -> str:
        """Return the address of a database, as the superuser."""
        ...


class _Embedded:
    """PostgreSQL from the wheel; it has no TimescaleDB."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    def dsn(self, database: str) -> str:
        return urlsplit(self._server.dsn)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of the session."""
    if IS_REAL:
        from tests.real.parts import read_parts  # noqa: PLC0415
        from tests.real.timescale import RealTimescale  # noqa: PLC0415

        with RealTimescale(parts=read_parts(os.environ), fsync=False) as timescale:
            yield timescale
        return
    embedded = EmbeddedPostgres(parameters={"max_connections": "100"})
    with asyncio.Runner() as here:  # the server lives as long as the thread that starts it
        here.run(embedded.start())
        try:
            yield _Embedded(embedded)
        finally:
            here.run(embedded.stop())


@pytest.fixture(scope="session")
def empty_database(postgres_server: PostgresServer) -> Callable[[], DatabaseSettings]:
    """Makes databases with nothing in them; they go with the session."""
    return lambda: _create(postgres_server, template="template0")


@pytest.fixture(scope="session")
def fresh_database(postgres_server: PostgresServer) -> Callable[[], DatabaseSettings]:
    """Makes migrated databases without rows, judged by the default rule set; they go with the session."""
    template = _create(postgres_server, template="template0", name=_TEMPLATE)
    _in_a_loop(run_migrate(Settings(database_dsn=template.database_dsn)))
    _in_a_loop(_close(postgres_server, _TEMPLATE))
    return lambda: _create(postgres_server, template=_TEMPLATE)


@pytest.fixture(scope="module")
def database(fresh_database: Callable[[], DatabaseSettings]) -> DatabaseSettings:
    """A migrated database of the test module's own."""
    return fresh_database()


def _create(server: PostgresServer, *, template: str, name: str | None = None) -> DatabaseSettings:
    name = name or f"test_{secrets.token_hex(6)}"

    async def create() -> None:
        connection = await asyncpg.connect(server.dsn("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()

    _in_a_loop(create())
    return DatabaseSettings(database_dsn=server.dsn(name))


async def _close(server: PostgresServer, name: str) -> None:
    """Keep everybody out of a database: TimescaleDB's workers would sit in it, and none may in a template."""
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", name
        )
    finally:
        await connection.close()


def _in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in a loop of its own, on a thread of its own: the caller's may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
