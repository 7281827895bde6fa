"""Who loses the right to an answer that lasts is not answered on, and is told why."""

import asyncio
import csv
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from service.api.app import create_app
from service.api.export_pace import ExportPace, PaceState
from service.domain.access import EVERYWHERE, Access, Territory
from service.errors import StoreUnavailableError
from service.errors.access import UnauthenticatedError
from service.settings import Settings
from tests.api.clients import NOW, client_of
from tests.api.key_holders import keyed_application, new_key, revoke
from tests.api.seeding import NewPoint, Seeder
from tests.api.test_leaving import scope_of
from tests.api.test_live import events_in

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 1, tzinfo=UTC)
N_POINTS = 6
READS = Access(principal="oidc:li", scopes=frozenset({"read:customer"}), territory=EVERYWHERE)


@pytest.fixture
async def keyed(settings: Settings, seeder: Seeder) -> AsyncIterator[FastAPI]:
    """An application that reads the keys anew whenever it is shown one."""
    await seeder.points(*(NewPoint(point=f"P{n}") for n in range(N_POINTS)))
    await seeder.reach(START + timedelta(days=1))
    await seeder.run("UPDATE partition_progress SET stored_at = data_through")
    seconds = itertools.count(step=60)
    async with (
        keyed_application(settings, lambda: float(next(seconds))) as app,
        app.router.lifespan_context(app),
    ):
        yield app


class Heard:
    """An answer as it comes."""

    def __init__(self) -> None:
        self.body = b""
        self.has_begun = asyncio.Event()

    async def of(self, app: FastAPI, path: str, query: str, key: str) -> None:
        """Ask, and hear the answer to its end."""
        scope = scope_of("GET", path)
        scope["query_string"] = query.encode()
        scope["headers"] = [(b"authorization", f"Bearer {key}".encode())]
        messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            for message in messages:
                return message
            await asyncio.Event().wait()  # stays
            raise AssertionError

        async def send(message: Message) -> None:
            self.body += message.get("body", b"")
            if self.body:
                self.has_begun.set()

        await app(scope, receive, send)


async def test_a_listener_whose_key_is_revoked_is_told_and_left(
    settings: Settings, keyed: FastAPI
) -> None:
    key = await new_key(settings, "read:customer")
    keyed.state.context.live.ask_again_s = 0.3
    heard = Heard()

    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        tasks.create_task(heard.of(keyed, "/v1/breaches/live", "seconds=3600", key))
        await heard.has_begun.wait()
        await revoke(settings, key)

    first, *_, last = [part for part in heard.body.decode().split("\n\n") if "event: " in part]
    assert "event: snapshot" in first
    assert "event: refused" in last
    assert '"code":"unauthenticated"' in last
    assert "was revoked" in last


@pytest.mark.slow
async def test_an_export_whose_key_is_revoked_says_why_it_ends(
    settings: Settings, keyed: FastAPI
) -> None:
    key = await new_key(settings, "read:customer")
    desk = keyed.state.context.exports
    desk.ask_again_s = 0.0
    desk.pace = ExportPace(level_share=0.01, points_max=1, silence_s=1.0)
    desk.state = PaceState(n_points=1)
    heard = Heard()

    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:

        async def broken_off() -> None:
            with pytest.raises(RuntimeError, match="response already started"):
                await heard.of(keyed, "/v1/minutes", "from=2024-03-01&to=2024-03-02", key)

        tasks.create_task(broken_off())
        await heard.has_begun.wait()
        await revoke(settings, key)

    *rows, last = csv.reader(StringIO(heard.body.decode(), newline=""))
    assert last[0].startswith("# ended early: the API key ")
    assert last[0].endswith("was revoked")
    assert 0 < len({row[0] for row in rows[1:]}) < N_POINTS


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (READS, None),
        (StoreUnavailableError("away"), None),  # it may be back soon
        (UnauthenticatedError("the token has expired"), "the token has expired"),
        (Access(principal="oidc:li", scopes=frozenset(), territory=EVERYWHERE), "read:customer"),
        (
            Access(principal="oidc:li", scopes=READS.scopes, territory=Territory.of(["R1"])),
            "has changed",
        ),
    ],
)
async def test_a_listener_is_asked_again_for_what_it_may(
    settings: Settings, later: Access | Exception, said: str | None
) -> None:
    answers = iter([READS])

    async def access_of(_: Request) -> Access:
        found = next(answers, later)
        if isinstance(found, Exception):
            raise found
        return found

    app = create_app(settings, now=lambda: NOW, access_of=access_of)
    async with client_of(app) as client:
        app.state.context.live.ask_again_s = 0.2
        answer = await client.get("/v1/breaches/live?seconds=1")

    refused = [content for event, _, content in _told(answer.text) if event == "refused"]
    assert len(refused) == (0 if said is None else 1)
    if said is not None:
        assert said in refused[0]
    else:
        assert [event for event, *_ in events_in(answer)] == ["snapshot"]


def _told(text: str) -> list[tuple[str, str, str]]:
    found = []
    for part in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], lines.get("id", ""), lines["data"]))
    return found
