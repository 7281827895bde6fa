"""Points: lists in pages, and everything that is known of one."""

from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

NAMES = ["A/1", "B", "Chao Yang 1", "É-1", "P-1", "P-2", "P-3", "城东-001"]


async def seed(seeder: Seeder) -> None:
    places = {"P-1": ("R2", "F2", "T2"), "P-2": ("R2", "F2", "T3"), "B": ("R2", "F3", "T4")}
    for name in NAMES:
        region, feeder, transformer = places.get(name, ("R1", "F1", "T1"))
        await seeder.points(
            NewPoint(
                point=name,
                region=region,
                feeder=feeder,
                transformer=transformer,
                point_class="B" if name == "P-3" else "D",
                nominal_v=34_500 if name == "P-3" else 220,
                wiring="3p3w" if name == "P-3" else "1p",
                area="rural" if name == "P-1" else None,
                valid_to=datetime(2030, 1, 1, tzinfo=UTC) if name == "P-1" else None,
            )
        )
    await seeder.device("P-1", "M-1", interval_s=1)
    await seeder.run("UPDATE device SET zero_means = 'asleep', concentrator = 'C1'")
    await seeder.run("UPDATE point SET is_feeder_head = true WHERE point = 'P-1'")


async def names(client: httpx.AsyncClient, **params: object) -> list[str]:
    found = await get(client, "/v1/points", **params)
    return [one["point"] for one in found["points"]]


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 9])
async def test_pages_give_every_point_once(reader: httpx.AsyncClient, limit: int) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    n_pages = 0

    while True:
        page = await get(reader, "/v1/points", limit=limit, **cursor)
        seen += [one["point"] for one in page["points"]]
        n_pages += 1
        assert len(page["points"]) <= limit
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert sorted(seen) == sorted(NAMES)
    assert n_pages == -(-len(NAMES) // limit)


async def test_what_is_given_all_has_to_fit(reader: httpx.AsyncClient) -> None:
    assert sorted(await names(reader, region="R2")) == ["B", "P-1", "P-2"]
    assert await names(reader, feeder="F2", transformer="T3") == ["P-2"]
    assert await names(reader, region="R1", feeder="F2") == []
    assert await names(reader, **{"class": "B"}) == ["P-3"]


async def test_filters_hold_on_every_page(reader: httpx.AsyncClient) -> None:
    first = await get(reader, "/v1/points", region="R2", limit=2)
    rest = await get(reader, "/v1/points", region="R2", limit=2, cursor=first["next_cursor"])

    assert len(first["points"]) == 2
    assert len(rest["points"]) == 1
    assert rest["next_cursor"] is None


async def test_a_point_with_its_meters_and_customers(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/points/P-1")

    assert found["nominal_v"] == 220.0
    assert (found["region"], found["region_name"]) == ("R2", "区 R2")
    assert found["class"] == "D"
    assert found["valid_from"] == "2020-01-01T08:00:00+08:00"
    assert found["valid_to"] == "2030-01-01T08:00:00+08:00"
    assert found["devices"][0]["device"] == "M-1"
    assert found["devices"][0]["interval_s"] == 1
    assert found["devices"][0]["valid_to"] is None
    assert (found["devices"][0]["zero_means"], found["devices"][0]["concentrator"]) == (
        "asleep",
        "C1",
    )
    assert (found["is_feeder_head"], found["is_terminal"]) == (True, False)
    assert found["customers"][0]["target_area"] == "rural"


async def test_a_point_shows_the_band_that_it_is_judged_by(reader: httpx.AsyncClient) -> None:
    household = await get(reader, "/v1/points/P-1")
    between_levels = await get(reader, "/v1/points/P-3")

    band = household["band"]
    assert (band["lower_percent"], band["upper_percent"]) == (-10.0, 7.0)
    assert (band["lower_v"], band["upper_v"]) == (198.0, 235.4)
    assert household["abnormal_band"]["upper_v"] == 242.0
    assert band["source"]
    assert between_levels["band"] is None  # 20 to 35 kV: no rule


@pytest.mark.parametrize("name", ["A/1", "Chao Yang 1", "城东-001", "É-1"])
async def test_an_identifier_may_hold_anything(reader: httpx.AsyncClient, name: str) -> None:
    found = await get(reader, f"/v1/points/{quote(name, safe='')}")
    rate = await get(reader, f"/v1/points/{name}/pass-rate")

    assert found["point"] == name
    assert rate["point"] == name


@pytest.mark.parametrize("path", ["", "/pass-rate", "/minutes"])
async def test_an_unknown_point_is_not_found(reader: httpx.AsyncClient, path: str) -> None:
    found = await problem(reader, f"/v1/points/P-9{path}")

    assert found["status"] == 404
    assert found["code"] == "not_found"
    assert "'P-9'" in found["detail"]
    assert "/v1/points" in found["next"]


@pytest.mark.parametrize(
    ("params", "location"),
    [
        ({"limit": 0}, ["query", "limit"]),
        ({"limit": 1001}, ["query", "limit"]),
        ({"limit": "many"}, ["query", "limit"]),
        ({"class": "E"}, ["query", "class"]),
        ({"region": ""}, ["query", "region"]),
        ({"feeder": "F\0"}, ["query", "feeder"]),
        ({"cursor": "xx"}, ["query", "cursor"]),
        ({"cursor": "WzFd"}, ["query", "cursor"]),  # [1]: of another list
        ({"cursor": "WyJcdTAwMDAiXQ"}, ["query", "cursor"]),  # ["\0"]
        ({"cursor": "é"}, ["query", "cursor"]),
    ],
)
async def test_what_is_wrong_is_named_with_its_place(
    reader: httpx.AsyncClient, params: dict[str, object], location: list[str]
) -> None:
    found = await problem(reader, "/v1/points", **params)

    assert found["status"] == 422
    assert found["code"] == "invalid_request"
    assert [one["location"] for one in found["errors"]] == [location]
