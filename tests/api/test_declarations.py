"""Declarations over HTTP: the past is judged again by them, and what is wrong with one is said."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.settings.parts import DatabaseSettings
from tests.api.clients import application, client_of, get, problem_of, settings_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

GOLDEN_DAY = (
    [400] * 1300
    + [800] * 40  # in abnormal state
    + [800] * 20
    + [-950] * 20
    + [-1200] * 30
    + [-10000] * 20  # inside the outage
    + [CELL_NONE] * 10
)
START = datetime(2024, 2, 29, 16, tzinfo=UTC)
MARCH_1 = {"from": "2024-03-01", "to": "2024-03-02"}


def told(**others: Any) -> dict[str, Any]:
    """Return the body of a good request, changed as asked; None leaves a field out."""
    body = {
        "kind": "abnormal_state",
        "places": [{"place": "feeder", "code": "F1"}],
        "ticket": "2024-0815",
        "author": "li.na",
        "approver": "wang.wei",
        "from": "2024-03-01T21:40:00+08:00",
        "to": "2024-03-01T22:20:00+08:00",
        **others,
    }
    return {name: value for name, value in body.items() if value is not None}


OUTAGE = told(
    kind="outage",
    places=[{"place": "point", "code": "P"}],
    cause="tree on the line",
    **{"from": "2024-03-01T23:30:00+08:00", "to": "2024-03-01T23:50:00+08:00"},
)


async def declare(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    answer = await client.post("/v1/declarations", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/declarations/{found['declaration_id']}"
    return found


async def total(client: httpx.AsyncClient) -> Any:
    return (await get(client, "/v1/points/P/pass-rate", **MARCH_1))["total"]


async def golden_day(seeder: Seeder, nominal_v: float = 220, wiring: str = "1p") -> None:
    await seeder.points(NewPoint(point="P", nominal_v=nominal_v, wiring=wiring))
    await seeder.minutes("P", START, [GOLDEN_DAY] * (1 if wiring == "1p" else 3))
    await seeder.reach(datetime(2024, 3, 1, 16, tzinfo=UTC))
    await seeder.settle()


async def test_the_golden_day_declared_after_its_pages_were_stored(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await golden_day(seeder)
    before = await total(client)

    await declare(client, told())
    await declare(client, OUTAGE)
    await seeder.settle()

    after = await total(client)
    assert round(before["rate"], 6) == 0.936170
    assert after["minutes"] == {
        "due": 1440,
        "pass": 1360,
        "over": 20,
        "under": 30,
        "interrupted": 20,
        "exempt": 0,
        "invalid": 0,
        "missing": 10,
    }
    shown = [round(after[name], 6) for name in ("rate", "lower", "upper", "coverage")]
    assert shown == [0.964539, 0.957746, 0.964789, 0.992958]
    [group] = (await get(client, "/v1/pass-rate", group_by="class", **MARCH_1))["groups"]
    assert group["rate"] == after["rate"]
    evidence = await get(client, "/v1/points/P/minutes", **MARCH_1)
    assert evidence["minutes"][1300]["verdict"] == "pass"
    assert evidence["minutes"][1340]["verdict"] == "over"


async def test_the_golden_day_as_380_v_three_phase(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await golden_day(seeder, 380, "3p4w")

    await declare(client, told())
    await seeder.settle()

    assert round((await total(client))["rate"], 6) == 0.950355


async def test_a_declaration_made_before_the_pages_gives_the_same(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await declare(client, told())

    await seeder.minutes("P", START, [GOLDEN_DAY])
    await seeder.reach(datetime(2024, 3, 1, 16, tzinfo=UTC))

    assert round((await total(client))["rate"], 6) == 0.964539


async def test_an_outage_explains_silence_and_names_its_interruption(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    silent = [CELL_NONE if cell == -10000 else cell for cell in GOLDEN_DAY]
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", START, [silent])
    await seeder.reach(datetime(2024, 3, 1, 16, tzinfo=UTC))
    before = await total(client)

    await declare(client, OUTAGE)
    await seeder.settle()

    after = await total(client)
    assert (before["minutes"]["interrupted"], before["minutes"]["missing"]) == (0, 30)
    assert (after["minutes"]["interrupted"], after["minutes"]["missing"]) == (20, 10)
    [found] = (await get(client, "/v1/interruptions", **MARCH_1))["interruptions"]
    assert (found["evidence"], found["cause"], found["ticket"]) == (
        "declared",
        "tree on the line",
        "2024-0815",
    )
    assert found["duration_s"] == 1200.0


async def test_a_withdrawn_declaration_counts_no_longer_and_stays_on_record(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await golden_day(seeder)
    made = await declare(client, told())
    path = f"/v1/declarations/{made['declaration_id']}"

    answer = await client.delete(path, params={"author": "li.na"})
    await seeder.settle()

    assert answer.status_code == 200
    assert answer.json()["withdrawn_at"] is not None
    assert round((await total(client))["rate"], 6) == 0.936170
    assert (await get(client, path))["withdrawn_at"] is not None
    assert (await get(client, "/v1/declarations"))["declarations"] == []
    kept = await get(client, "/v1/declarations", withdrawn=True)
    assert [one["declaration_id"] for one in kept["declarations"]] == [made["declaration_id"]]
    again = problem_of(await client.delete(path, params={"author": "li.na"}))
    assert (again["status"], again["code"]) == (404, "unknown_declaration")


async def test_the_end_of_one_that_lasts_is_told_later(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await golden_day(seeder)
    made = await declare(client, told(to=None))
    await seeder.settle()
    lasting = await total(client)

    answer = await client.patch(
        f"/v1/declarations/{made['declaration_id']}",
        json={"to": "2024-03-01T22:20:00+08:00", "author": "li.na"},
    )
    await seeder.settle()

    assert made["to"] is None
    assert lasting["minutes"]["over"] == 0
    assert answer.json()["to"] == "2024-03-01T22:20:00+08:00"
    assert round((await total(client))["rate"], 6) == 0.964539


async def test_declarations_are_listed_the_newest_first_and_page_by_page(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    made = [await declare(client, told(ticket=f"T{i}")) for i in range(4)]
    made.append(await declare(client, OUTAGE))

    pages = [await get(client, "/v1/declarations", limit=2)]
    while pages[-1]["next_cursor"] is not None:
        cursor = pages[-1]["next_cursor"]
        pages.append(await get(client, "/v1/declarations", limit=2, cursor=cursor))

    assert [one for page in pages for one in page["declarations"]] == made[::-1]
    outages = await get(client, "/v1/declarations", kind="outage")
    assert outages["declarations"] == [made[-1]]
    evening = await get(
        client,
        "/v1/declarations",
        **{"from": "2024-03-01T23:50:00+08:00", "to": "2024-03-02"},
    )
    assert evening["declarations"] == []


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (told(places=[{"place": "feeder", "code": "F77"}]), "unknown_place", "feeder 'F77'"),
        (told(approver="li.na"), "declaration_invalid", "somebody else"),
        (told(author="  "), "declaration_invalid", "author is empty"),
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
    client: httpx.AsyncClient, seeder: Seeder, body: dict[str, Any], code: str, says: str
) -> None:
    await seeder.points(NewPoint(point="P"))

    found = problem_of(await client.post("/v1/declarations", json=body))

    assert (found["status"], found["code"]) == (422, code)
    assert says in found["detail"]
    assert (await get(client, "/v1/declarations"))["declarations"] == []


async def test_bytes_that_are_no_json_are_refused(client: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}

    cut = problem_of(await client.post("/v1/declarations", content=b'{"kind":', headers=json_type))
    form = problem_of(await client.post("/v1/declarations", data={"kind": "outage"}))
    surrogate = problem_of(
        await client.post("/v1/declarations", content=b'{"ticket": "\\ud800"}', headers=json_type)
    )

    assert cut["status"] == form["status"] == surrogate["status"] == 422
    assert "application/json" in form["detail"]


@pytest.mark.parametrize("number", ["7", "0", "x", "9223372036854775808"])
async def test_a_number_that_nothing_has(client: httpx.AsyncClient, number: str) -> None:
    path = f"/v1/declarations/{number}"
    end = {"to": "2024-03-01T22:20:00Z", "author": "li.na"}

    answers = [
        problem_of(await client.get(path)),
        problem_of(await client.delete(path, params={"author": "li.na"})),
        problem_of(await client.patch(path, json=end)),
    ]

    assert {one["status"] for one in answers} == {404 if number == "7" else 422}


async def test_who_withdraws_has_to_say_so(client: httpx.AsyncClient) -> None:
    found = problem_of(await client.delete("/v1/declarations/1"))

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
    from service.store.pool import connect  # noqa: PLC0415

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
