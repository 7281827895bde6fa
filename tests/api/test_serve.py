"""The role as a process runs it: where it listens, and how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from service.errors import SettingsError, UnknownRuleSetError
from service.settings import Settings
from service.wiring.serve import run_serve
from tests.api.key_holders import new_key
from tests.api.seeding import NewPoint, Seeder

NOWHERE = {"database_dsn": "postgresql://nobody@127.0.0.1:1/none", "api_port": 0}

_WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '%WHERE point = $1%' AND wait_event_type = 'Lock'
"""


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Run the role; give its address and what stops it."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run_serve(settings, stop, ready.set_result))
        yield await ready, stop
        stop.set()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1"])  # noqa: S104
async def test_it_refuses_to_listen_where_others_can_reach_it(host: str) -> None:
    settings = Settings.model_validate({**NOWHERE, "api_host": host})

    with pytest.raises(SettingsError, match="VOLTPASS_API_HOST") as caught:
        await run_serve(settings, asyncio.Event())

    for said in ("loopback", "127.0.0.1", "VOLTPASS_AUTH = keys", "voltpass keys create"):
        assert said in str(caught.value)


@pytest.mark.integration
async def test_with_keys_it_listens_elsewhere_and_asks_for_one(settings: Settings) -> None:
    asked = {"api_host": "0.0.0.0", "api_port": 0, "auth": "keys"}  # noqa: S104
    key = await new_key(settings, "read:customer")

    async with serving(settings.model_copy(update=asked)) as (url, _):
        port = httpx.URL(url).port
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            answers = [
                await client.get(path, headers=headers)
                for path in ("/healthz", "/v1/points")
                for headers in ({}, {"Authorization": f"Bearer {key}"})
            ]

    assert [one.status_code for one in answers] == [200, 200, 401, 200]


async def test_a_host_that_is_none_is_named() -> None:
    settings = Settings.model_validate({**NOWHERE, "api_host": "no.such.host.invalid"})

    with pytest.raises(SettingsError, match=r"no\.such\.host\.invalid"):
        await run_serve(settings, asyncio.Event())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_it_answers_on_loopback_until_it_is_told_to_stop(host: str) -> None:
    settings = Settings.model_validate({**NOWHERE, "api_host": host})

    async with serving(settings) as (url, stop), httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/healthz")
        stop.set()

    assert answer.json() == {"status": "ok"}
    assert "server" not in answer.headers
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/healthz")


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings.model_validate({**NOWHERE, "api_port": port})

        with pytest.raises(SettingsError, match=rf"VOLTPASS_API_PORT = {port}"):
            await run_serve(settings, asyncio.Event())


async def test_a_rule_set_that_is_not_there_ends_it_at_once() -> None:
    settings = Settings.model_validate({**NOWHERE, "rule_set": "none-1999"})

    with pytest.raises(UnknownRuleSetError, match="sgcc-2003"):
        await run_serve(settings, asyncio.Event())


@pytest.mark.integration
async def test_requests_under_way_are_finished(settings: Settings, seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.reach(datetime(2024, 3, 8, tzinfo=UTC))
    week = {"from": "2024-03-01", "to": "2024-03-08"}

    async with (
        serving(settings.model_copy(update={"api_port": 0})) as (url, stop),
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        asyncio.TaskGroup() as tasks,
        seeder.pool.transaction() as held,
    ):
        await held.execute("LOCK TABLE point")
        asked = [
            tasks.create_task(client.get("/v1/points/P/minutes", params=week)) for _ in range(3)
        ]
        while await seeder.run(_WAITING) < len(asked):  # noqa: ASYNC110  (the server tells nobody)
            await asyncio.sleep(0.01)
        stop.set()

    assert [len(task.result().json()["minutes"]) for task in asked] == [7 * 1440] * 3
