"""Clients that show a real key, before the API as `serve` runs it with VOLTPASS_AUTH = keys."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
from fastapi import FastAPI

from service import clock
from service.api.access import bearer_access
from service.api.app import create_app
from service.auth.api_keys import new_key_text
from service.auth.authenticator import authenticating
from service.domain.access import Scope
from service.settings import Settings
from service.store.api_keys import NewApiKey, add_api_key, revoke_api_key
from service.store.pool import Pool
from tests.api.clients import NOW, client_of


async def new_key(
    settings: Settings,
    *scopes: Scope,
    regions: Sequence[str] | None = None,
    expires_at: datetime = NOW + timedelta(days=9999),
) -> str:
    """Store a key and return it."""
    made = new_key_text()
    new = NewApiKey(
        key_id=made.key_id,
        secret_hash=made.secret_hash,
        owner="desk",
        scopes=frozenset(scopes),
        regions=None if regions is None else frozenset(regions),
        expires_at=expires_at,
    )
    async with (
        Pool(settings, "writer", max_size=1) as pool,
        pool.transaction() as connection,
    ):
        await add_api_key(connection, new, "tests")
    return made.text


@asynccontextmanager
async def keyed_application(
    settings: Settings, monotonic_s: Callable[[], float] = clock.monotonic_s
) -> AsyncIterator[FastAPI]:
    """Lend an application that asks everybody for a key."""
    asked = settings.model_copy(update={"auth": "keys"})
    async with authenticating(asked, now=lambda: NOW, monotonic_s=monotonic_s) as (
        authenticator,
        _,
    ):
        access_of = bearer_access(authenticator.access_of)
        yield create_app(asked, now=lambda: NOW, access_of=access_of)


@asynccontextmanager
async def keyed_client(settings: Settings, key: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Lend a client that shows a key with each request; None: it shows nothing."""
    async with keyed_application(settings) as app, client_of(app) as client:
        if key is not None:
            client.headers["Authorization"] = f"Bearer {key}"
        yield client


async def revoke(settings: Settings, key: str) -> None:
    """Revoke a key."""
    async with Pool(settings, "writer", max_size=1) as pool, pool.transaction() as connection:
        await revoke_api_key(connection, key.split("_")[1], "tests")
