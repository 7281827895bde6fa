"""The API in this process, asked as over HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from service.api.app import create_app
from service.settings import Settings
from service.settings.parts import DatabaseSettings

NOW = datetime(2024, 6, 1, tzinfo=UTC)  # later than all data of the tests

NOWHERE = Settings(  # a database that is away
    database_dsn="postgresql://nobody@127.0.0.1:1/none", database_connect_timeout_s=0.5
)


def settings_of(database: DatabaseSettings, **others: Any) -> Settings:
    """Return settings with this database."""
    return Settings.model_validate({"database_dsn": database.database_dsn, **others})


def application(settings: Settings, now: Callable[[], datetime] = lambda: NOW) -> FastAPI:
    """Return the application with a clock that stands."""
    return create_app(settings, now=now)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Start the application, lend a client of it, and end it."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://serve") as client,
    ):
        yield client


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    """Return the body of a good answer."""
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    """Return the problem that a request meets."""
    return problem_of(await client.get(path, params=params))


def problem_of(answer: httpx.Response) -> Any:
    """Return the problem in an answer."""
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"] == f"urn:voltpass:problem:{found['code']}"
    assert found["title"]
    assert found["detail"]
    assert found["next"]
    return found
