"""Declarations that are not taken, and what is said of them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from service.settings.parts import DatabaseSettings
from service.store.pool import connect
from tests.api.clients import application, client_of, get, problem_of, settings_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import OUTAGE, told

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (told(places=[{"place": "feeder", "code": "F77"}]), "unknown_place", "feeder 'F77'"),
        (told(approver="li.na"), "declaration_invalid", "somebody else"),
        (told(approver="Li.Na"), "declaration_invalid", "somebody else"),
        (OUTAGE | {"to": "2025-03-01T00:00:00Z"}, "declaration_invalid", "at most a day after now"),
        (told(author="  "), "invalid_request", "body.author"),
        (told(to="2024-03-01T21:40:00+08:00"), "declaration_invalid", "must be after"),
        (told(ticket=None), "invalid_request", "body.ticket"),
        (told(kind="storm"), "invalid_request", "'abnormal_state' or 'outage'"),
        (told(places=[]), "invalid_request", "at least 1"),
        (told(places=[{"place": "town", "code": "X"}]), "invalid_request", "body.places.0.place"),
        (told(**{"from": "2024-03-01T21:40:00"}), "invalid_request", "timezone"),
        (told(ticket="T\0"), "invalid_request", "body.ticket"),
        (told(tikcet="T"), "invalid_request", "body.tikcet"),
    ],
)
async def test_what_is_wrong_with_a_declaration_is_said(
    reader: httpx.AsyncClient, body: dict[str, Any], code: str, says: str
) -> None:
    found = problem_of(await reader.post("/v1/declarations", json=body))

    assert (found["status"], found["code"]) == (422, code)
    assert says in found["detail"]
    assert (await get(reader, "/v1/declarations"))["declarations"] == []


async def test_bytes_that_are_no_json_are_refused(reader: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}

    cut = problem_of(await reader.post("/v1/declarations", content=b'{"kind":', headers=json_type))
    form = problem_of(await reader.post("/v1/declarations", data={"kind": "outage"}))
    surrogate = problem_of(
        await reader.post("/v1/declarations", content=b'{"ticket": "\\ud800"}', headers=json_type)
    )

    assert cut["status"] == form["status"] == surrogate["status"] == 422
    assert "application/json" in form["detail"]


@pytest.mark.parametrize("number", ["7", "0", "x", "9223372036854775808"])
async def test_a_number_that_nothing_has(reader: httpx.AsyncClient, number: str) -> None:
    path = f"/v1/declarations/{number}"
    end = {"to": "2024-03-01T22:20:00Z", "author": "li.na"}

    answers = [
        problem_of(await reader.get(path)),
        problem_of(await reader.delete(path, params={"author": "li.na"})),
        problem_of(await reader.patch(path, json=end)),
    ]

    assert {one["status"] for one in answers} == {404 if number == "7" else 422}


async def test_who_withdraws_has_to_say_so(reader: httpx.AsyncClient) -> None:
    found = problem_of(await reader.delete("/v1/declarations/1"))

    assert found["errors"][0]["location"] == ["query", "author"]


async def test_a_login_that_may_only_read_takes_no_declarations(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()
    async with client_of(application(settings_of(database))) as client:
        await get(client, "/v1/declarations")
    reader = await _as_reader(database)

    async with client_of(application(settings_of(reader))) as client:
        listed = await get(client, "/v1/declarations")
        made = problem_of(await client.post("/v1/declarations", json=told()))
        withdrawn = problem_of(await client.delete("/v1/declarations/1", params={"author": "x"}))

    assert listed["declarations"] == []
    for found in (made, withdrawn):
        assert (found["status"], found["code"]) == (403, "declarations_refused")
        assert "voltpass_writer" in found["next"]


async def _as_reader(database: DatabaseSettings) -> DatabaseSettings:
    """Return settings with a login of its own that is in the role of readers."""
    connection = await connect(database, "migrator")
    name = urlsplit(database.database_dsn).path.removeprefix("/test_")
    try:
        await connection.execute(
            f"CREATE ROLE viewer_{name} LOGIN PASSWORD 'secret' IN ROLE voltpass_reader"
        )
    finally:
        await connection.close()
    parts = urlsplit(database.database_dsn)
    place = parts.netloc.rpartition("@")[2]
    dsn = parts._replace(netloc=f"viewer_{name}:secret@{place}").geturl()
    return DatabaseSettings(database_dsn=dsn)
