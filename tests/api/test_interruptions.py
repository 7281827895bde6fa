"""Interruptions and events: which are listed, in what order, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATHS = {"/v1/interruptions": "interruptions", "/v1/events": "events"}
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}


async def seed(seeder: Seeder) -> None:
    """Put an interruption of ten minutes every hour, on three points at once, and one that lasts."""
    await seeder.points(
        NewPoint(point="P1", feeder="F1", area="urban"),
        NewPoint(point="P2", feeder="F1"),
        NewPoint(point="P3", feeder="F2", region="R2"),
    )
    await seeder.device("P1", "M1")
    device_id = await seeder.run("SELECT device_id FROM device")
    for name, point_id in seeder.point_ids.items():
        for hour in range(5):
            await _add(seeder, point_id, device_id, START + hour * 60 * MINUTE, 10 * MINUTE)
        if name == "P3":
            await _add(seeder, point_id, device_id, START + 600 * MINUTE, None)
    await seeder.run(
        "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)"
        " VALUES ($1, 'swell', $2, $2, $2, $2, 1153000, 5, $3)",
        seeder.point_ids["P1"],
        START,
        device_id,
    )
    await seeder.reach(START + 660 * MINUTE)


async def _add(
    seeder: Seeder, point_id: int, device_id: int, at: datetime, lasts: timedelta | None
) -> None:
    end = None if lasts is None else at + lasts
    latest = None if end is None else end + MINUTE
    await seeder.run(
        "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause)"
        " VALUES ($1, $2, $3, $4, $5, 'measured', '{measured,declared}', 'tree')",
        point_id, at, at - MINUTE, end, latest,
    )  # fmt: skip
    await seeder.run(
        "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)"
        " VALUES ($1, 'interruption', $2, $3, $4, $5, 4000, 1, $6)",
        point_id, at, at - MINUTE, end, latest, device_id,
    )  # fmt: skip


async def listed(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return every entry, page by page."""
    entries: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(client, path, **params, **cursor)
        entries += page[PATHS[path]]
        if page["next_cursor"] is None:
            return entries
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("limit", [1, 4, 16, 100])
@pytest.mark.parametrize(("path", "n_all"), [("/v1/interruptions", 16), ("/v1/events", 17)])
async def test_pages_give_every_entry_once_the_newest_first(
    reader: httpx.AsyncClient, path: str, n_all: int, limit: int
) -> None:
    entries = await listed(reader, path, limit=limit, **MARCH)

    assert len({(one["point"], one["start_at"], one.get("kind")) for one in entries}) == n_all
    starts = [one["start_at"] for one in entries]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("from_", "to", "n"),
    [
        ("2024-03-01T00:00:00Z", "2024-03-01T00:01:00Z", 3),
        ("2024-03-01T00:09:00Z", "2024-03-01T00:10:00Z", 3),
        ("2024-03-01T00:10:00Z", "2024-03-01T01:00:00Z", 0),  # half-open on both sides
        ("2024-03-01T00:09:00Z", "2024-03-01T01:01:00Z", 6),
        ("2024-03-20", "2024-03-21", 1),  # the one that lasts
    ],
)
async def test_what_reaches_into_the_time_is_listed(
    reader: httpx.AsyncClient, path: str, from_: str, to: str, n: int
) -> None:
    entries = await listed(reader, path, **{"from": from_, "to": to})

    assert len([one for one in entries if one.get("kind") != "swell"]) == n


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_given_all_has_to_fit(reader: httpx.AsyncClient, path: str) -> None:
    async def points(**params: str) -> set[str]:
        return {one["point"] for one in await listed(reader, path, **params, **MARCH)}

    assert await points(point="P2") == {"P2"}
    assert await points(feeder="F1") == {"P1", "P2"}
    assert await points(region="R2") == {"P3"}
    assert await points(region="R2", feeder="F1") == set()


async def test_an_interruption_with_its_edges(reader: httpx.AsyncClient) -> None:
    found = await listed(reader, "/v1/interruptions", point="P1", **MARCH)

    assert found[-1] == {
        "point": "P1",
        "region": "R1",
        "feeder": "F1",
        "transformer": "T1",
        "class": "D",
        "earliest_at": "2024-03-01T07:59:00+08:00",
        "start_at": "2024-03-01T08:00:00+08:00",
        "end_at": "2024-03-01T08:10:00+08:00",
        "latest_at": "2024-03-01T08:11:00+08:00",
        "duration_s": 600.0,
        "evidence": "measured",
        "grades": ["measured", "declared"],
        "cause": "tree",
        "ticket": None,
        "outage_id": None,
        "nested": False,
        "customers": 1,
    }


async def test_one_that_lasts_counts_up_to_where_the_data_reach(reader: httpx.AsyncClient) -> None:
    newest, *_ = await listed(reader, "/v1/interruptions", point="P3", **MARCH)

    assert (newest["end_at"], newest["latest_at"]) == (None, None)
    assert newest["duration_s"] == 3600.0


async def test_an_event_with_its_extreme_and_phases(reader: httpx.AsyncClient) -> None:
    [swell] = await listed(reader, "/v1/events", kind="swell", **MARCH)

    assert swell["kind"] == "swell"
    assert swell["extreme_percent"] == 115.3
    assert swell["phases"] == [1, 3]
    assert swell["device"] == "M1"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "WyJ4IiwxXQ"},  # no time
        {"cursor": "WyIyMDI0LTAzLTAxIiwxLDEsMV0"},
        {"cursor": "W10"},
        {"from": "soon"},
        {"point": "\0"},
        {"limit": -1},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, path: str, params: dict[str, str]
) -> None:
    found = await problem(reader, path, **params)

    assert (found["status"], found["code"]) == (422, "invalid_request")


async def test_an_unknown_kind_of_event_is_refused(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, "/v1/events", kind="flicker")

    assert "'dip', 'swell', 'interruption' or 'phase_loss'" in found["detail"]
