"""Communications incidents: which are listed, in what order, and with which points."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATH = "/v1/communication-incidents"
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}


async def seed(seeder: Seeder) -> None:
    """Put three losses that ended, of which two began at once, and one that lasts."""
    await seeder.points(
        NewPoint(point="P1", feeder="F1"),
        NewPoint(point="P2", feeder="F1"),
        NewPoint(point="P3", feeder="F2"),
    )
    await _add(seeder, "concentrator", "K1", 0, 2, {"P1": "over", "P2": None})
    await _add(seeder, "concentrator", "K2", 0, 3, {"P3": None})
    await _add(seeder, "feeder", "F1", 10, 12, {})
    await _add(seeder, "transformer", "T1", 20, None, {"P2": None})
    await seeder.run(
        "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades)"
        " VALUES ($1, $2, $2, $3, $3, 'meter_event', ARRAY['meter_event'])",
        seeder.point_ids["P2"],
        START + HOUR / 2,
        START + HOUR,
    )
    await seeder.reach(START + 24 * HOUR)


async def _add(
    seeder: Seeder,
    place: str,
    code: str,
    first: int,
    last: int | None,
    points: dict[str, str | None],
) -> None:
    end = None if last is None else START + last * HOUR
    number = await seeder.run(
        "INSERT INTO communication_incident (place, code, from_at, to_at, against, n_due, n_usual, n_silent)"
        " VALUES ($1, $2, $3, $4, 'usual', 12, 10, 6) RETURNING incident_id",
        place, code, START + first * HOUR, end,
    )  # fmt: skip
    for name, held in points.items():
        await seeder.run(
            "INSERT INTO communication_incident_point (incident_id, point_id, silent_from, silent_to, held)"
            " VALUES ($1, $2, $3, $4, $5)",
            number, seeder.point_ids[name], START + first * HOUR, end or START + 24 * HOUR, held,
        )  # fmt: skip


async def codes(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """Return the codes of every entry, page by page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(client, PATH, **{**MARCH, **params}, **cursor)
        found += [one["code"] for one in page["incidents"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_give_every_incident_once_the_newest_first(
    reader: httpx.AsyncClient, limit: int
) -> None:
    assert await codes(reader, limit=limit) == ["T1", "F1", "K2", "K1"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"open": "true"}, ["T1"]),
        ({"open": "false"}, ["F1", "K2", "K1"]),
        ({"place": "concentrator"}, ["K2", "K1"]),
        ({"code": "K1"}, ["K1"]),
        ({"feeder": "F1"}, ["T1", "F1", "K1"]),  # with points of it, or the feeder itself
        ({"feeder": "F2", "open": "true"}, []),
        ({"from": "2024-03-01T02:00Z", "to": "2024-03-01T03:00Z"}, ["K2"]),  # half-open
        ({"from": "2024-03-20", "to": "2024-03-21"}, ["T1"]),  # it lasts
    ],
)
async def test_what_is_given_all_has_to_fit(
    reader: httpx.AsyncClient, params: dict[str, str], expected: list[str]
) -> None:
    assert await codes(reader, **params) == expected


async def test_an_incident_with_its_counts(reader: httpx.AsyncClient) -> None:
    page = await get(reader, PATH, code="K1", **MARCH)

    (one,) = page["incidents"]
    number = one.pop("incident_id")
    assert one == {
        "place": "concentrator",
        "code": "K1",
        "from_at": "2024-03-01T08:00:00+08:00",
        "to_at": "2024-03-01T10:00:00+08:00",
        "duration_s": 7200.0,
        "against": "usual",
        "due": 12,
        "usual": 10,
        "silent": 6,
        "points": 2,
        "held": 1,
        "interrupted": 1,
    }
    assert number >= 1


async def test_one_that_lasts_counts_up_to_where_the_data_reach(reader: httpx.AsyncClient) -> None:
    page = await get(reader, PATH, open="true", **MARCH)

    assert [(one["to_at"], one["duration_s"]) for one in page["incidents"]] == [(None, 14400.0)]


async def test_the_points_of_an_incident(reader: httpx.AsyncClient) -> None:
    page = await get(reader, PATH, code="K1", **MARCH)
    path = f"{PATH}/{page['incidents'][0]['incident_id']}/points"

    first = await get(reader, path, limit=1)
    second = await get(reader, path, limit=1, cursor=first["next_cursor"])

    assert first["points"] == [
        {
            "point": "P1",
            "region": "R1",
            "feeder": "F1",
            "transformer": "T1",
            "silent_from": "2024-03-01T08:00:00+08:00",
            "silent_to": "2024-03-01T10:00:00+08:00",
            "held": "over",
            "interrupted": False,
        }
    ]
    assert [(one["point"], one["held"], one["interrupted"]) for one in second["points"]] == [
        ("P2", None, True)
    ]
    assert second["next_cursor"] is None


async def test_an_incident_that_is_not_there_is_a_problem(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, f"{PATH}/4711/points")

    assert (found["status"], found["code"]) == (404, "unknown_entry")


async def test_a_place_of_no_kind_is_a_problem(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, PATH, place="substation")

    assert found["status"] == 422
