"""Declarations over HTTP: the past is judged again by them, and what is wrong with one is said."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from tests.api.clients import get, problem_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import OUTAGE, declare, told

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
