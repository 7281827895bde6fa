"""What nobody waits for is not read on, and what takes too long is given up with advice."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Scope

from service.settings import Settings
from service.store.pool import Pool
from service.store.statements import STATEMENTS
from tests.api.clients import application, client_of, problem_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

# The list that was asked for: what `serve` keeps fresh by itself may wait for the same table.
WAITING = """
    SELECT count(*)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND wait_event_type = 'Lock'
       AND left(query, 500) = left($1::text, 500)
"""


def scope_of(method: str, path: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("test", 1),
        "server": ("serve", 80),
        "state": {},
    }


async def until(seeder: Seeder, n_waiting: int) -> None:
    async with asyncio.timeout(30):
        while await seeder.run(WAITING, STATEMENTS["points_list"]) != n_waiting:  # noqa: ASYNC110 (the server tells nobody)
            await asyncio.sleep(0.02)


async def test_a_client_that_goes_takes_its_query_with_it(
    settings: Settings, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    app = application(settings.model_copy(update={"writer_lock_timeout_s": 60.0}))
    leaves = asyncio.Event()
    sent: list[Message] = []

    async def receive() -> Message:
        if leaves.is_set():
            return {"type": "http.disconnect"}
        if not sent_request.is_set():
            sent_request.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    sent_request = asyncio.Event()
    async with (
        app.router.lifespan_context(app),
        Pool(settings, "writer", max_size=1) as other,
        other.transaction() as connection,
        asyncio.TaskGroup() as tasks,
    ):
        await connection.execute("LOCK TABLE point IN ACCESS EXCLUSIVE MODE")
        asked = tasks.create_task(app(scope_of("GET", "/v1/points"), receive, send))
        await until(seeder, 1)

        leaves.set()
        async with asyncio.timeout(10):
            await asked

        await until(seeder, 0)
        assert sent == []
    async with client_of(application(settings)) as client:
        assert (await client.get("/v1/points")).status_code == 200


async def test_a_query_that_takes_too_long_is_given_up_with_advice(
    settings: Settings, seeder: Seeder
) -> None:
    hasty = settings.model_copy(update={"reader_statement_timeout_s": 0.2})
    async with (
        client_of(application(hasty)) as client,
        Pool(settings, "writer", max_size=1) as other,
        other.transaction() as connection,
    ):
        await connection.execute("LOCK TABLE point IN ACCESS EXCLUSIVE MODE")
        answer = await client.get("/v1/points")

    found: Any = problem_of(answer)
    assert (found["status"], found["code"], found["retryable"]) == (503, "store_timeout", True)
    assert "less time or fewer points" in found["next"]
    assert answer.headers["retry-after"] == "5"
