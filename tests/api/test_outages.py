"""Outages of the network and the evidence of an interruption, over HTTP, as settling found them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.store.interruption_due import Window, mark_interruptions_due
from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 1, tzinfo=UTC)
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
HOUR_DARK = [0] * 60 + [-10_000] * 60 + [0] * 180


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def shown(n: int) -> str:
    return minute(n).astimezone(UTC).isoformat()


def silent(first: int, last: int) -> list[int]:
    return [CELL_NONE if first <= n < last else 0 for n in range(300)]


async def seed(seeder: Seeder) -> None:
    """Let feeder F1 be dark from minute 60 to 120, P3 of it to 150; and P5, on another feeder, from 200 on."""
    await seeder.points(
        NewPoint(point="H", feeder="F1", transformer=""),
        *(
            NewPoint(point=f"P{n}", feeder="F1", transformer="T1", area="urban")
            for n in range(1, 5)
        ),
        NewPoint(point="P5", feeder="F2", transformer="T2", region="R2", area="rural"),
    )
    await seeder.run("UPDATE point SET is_feeder_head = true WHERE point = 'H'")
    for name in seeder.point_ids:
        await seeder.device(name, f"M{name}")
    await seeder.minutes("H", START, [HOUR_DARK])
    for name, last in (("P1", 120), ("P2", 120), ("P3", 150), ("P4", 120)):
        await seeder.minutes(name, START, [silent(60, last)])
    await seeder.minutes("P5", START, [[0] * 200 + [-10_000] * 100])
    await tell(seeder, "P1", "power_off", 60)
    await tell(seeder, "P3", "power_failure_log", 60, 150)
    await seeder.reach(minute(300))
    await seeder.settle()


async def tell(seeder: Seeder, point: str, event: str, first: int, last: int | None = None) -> None:
    point_id = seeder.point_ids[point]
    until = minute(first if last is None else last)
    await seeder.run(
        "INSERT INTO meter_event (point_id, device_id, event, at, until_at, arrived_at, n_copies)"
        " SELECT $1, device_id, $2, $3, $4, $4, 2 FROM device WHERE point_id = $1",
        point_id, event, minute(first), until,
    )  # fmt: skip
    await mark(seeder, point_id, minute(first), until)


async def mark(seeder: Seeder, point_id: int, from_at: datetime, to_at: datetime) -> None:
    margin = timedelta(minutes=10)
    async with seeder.pool.transaction() as connection:
        await mark_interruptions_due(
            connection, [Window(point_id, from_at - margin, to_at + margin)]
        )


async def interruptions(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(client, "/v1/interruptions", **MARCH, **params))[
        "interruptions"
    ]
    return found


async def outages(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(client, "/v1/outages", **MARCH, **params))["outages"]
    return found


async def evidence(client: httpx.AsyncClient, point: str) -> dict[str, Any]:
    (one,) = await interruptions(client, point=point)
    found: dict[str, Any] = await get(
        client, f"/v1/points/{point}/interruptions/{one['start_at']}/evidence"
    )
    return found


async def total(client: httpx.AsyncClient, point: str, to: int) -> dict[str, Any]:
    """Return the rate of a point over its first minutes."""
    params = {"from": shown(0), "to": shown(to)}
    found: dict[str, Any] = (await get(client, f"/v1/points/{point}/pass-rate", **params))["total"]
    return found


async def test_interruptions_are_chosen_by_evidence_and_by_whether_they_last(
    reader: httpx.AsyncClient,
) -> None:
    async def points(**params: Any) -> set[str]:
        return {one["point"] for one in await interruptions(reader, **params)}

    assert await points(evidence="measured") == {"H", "P5"}
    assert await points(evidence="meter_event") == {"P1", "P3"}
    assert await points(evidence="feeder") == {"P2", "P4"}
    assert await points(open="true") == {"P5"}
    assert await points(open="false", feeder="F1") == {"H", "P1", "P2", "P3", "P4"}
    assert await points(cause="tree") == set()


async def test_an_interruption_names_its_outage(reader: httpx.AsyncClient) -> None:
    found = await interruptions(reader, feeder="F1")

    assert len({one["outage_id"] for one in found}) == 1
    assert {one["point"]: one["nested"] for one in found} == {
        "H": False, "P1": False, "P2": False, "P3": True, "P4": False,
    }  # fmt: skip


async def test_outages_the_newest_first(reader: httpx.AsyncClient) -> None:
    newest, feeder = await outages(reader)

    assert (newest["place"], newest["code"], newest["end_at"]) == ("point", "P5", None)
    assert newest["duration_s"] == 100 * 60
    assert {
        name: feeder[name]
        for name in ("place", "code", "feeder", "evidence", "points", "nested_points", "customers")
    } == {
        "place": "feeder", "code": "F1", "feeder": "F1", "evidence": "measured",
        "points": 5, "nested_points": 1, "customers": 4,
    }  # fmt: skip
    assert feeder["start_at"] == "2024-03-01T09:00:00+08:00"
    assert feeder["end_at"] == "2024-03-01T10:00:00+08:00"
    assert feeder["last_end_at"] == "2024-03-01T10:30:00+08:00"


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"feeder": "F1"}, ["F1"]),
        ({"region": "R2"}, ["P5"]),
        ({"point": "P4"}, ["F1"]),
        ({"place": "point"}, ["P5"]),
        ({"place": "transformer"}, []),
        ({"open": "true"}, ["P5"]),
        ({"open": "false"}, ["F1"]),
    ],
)
async def test_outages_are_chosen(
    reader: httpx.AsyncClient, params: dict[str, str], codes: list[str]
) -> None:
    assert [one["code"] for one in await outages(reader, **params)] == codes


async def test_outages_come_page_by_page(reader: httpx.AsyncClient) -> None:
    first = await get(reader, "/v1/outages", limit=1, **MARCH)
    second = await get(reader, "/v1/outages", limit=1, cursor=first["next_cursor"], **MARCH)

    assert [one["code"] for one in (*first["outages"], *second["outages"])] == ["P5", "F1"]
    assert second["next_cursor"] is None


async def test_an_outage_with_its_points_and_how_supply_came_back(
    reader: httpx.AsyncClient,
) -> None:
    (outage,) = await outages(reader, feeder="F1")

    found = await get(reader, f"/v1/outages/{outage['outage_id']}")

    assert {one["point"] for one in found["members"]} == {"H", "P1", "P2", "P4"}
    assert [one["point"] for one in found["nested"]] == ["P3"]
    last = found["steps"][-1]
    assert (last["at"], last["points"], last["without"]) == ("2024-03-01T10:30:00+08:00", 1, 0)
    assert sum(step["points"] for step in found["steps"]) == 5


async def test_an_outage_that_is_not_there_is_a_problem(reader: httpx.AsyncClient) -> None:
    assert (await problem(reader, "/v1/outages/999999"))["status"] == 404


async def test_an_interruption_is_explained_by_its_pieces(reader: httpx.AsyncClient) -> None:
    told, silent_one, measured = [await evidence(reader, name) for name in ("P3", "P2", "P5")]

    assert "meter_event" in [piece["grade"] for piece in told["pieces"]]
    (log,) = told["meter_events"]
    assert (log["event"], log["copies"], log["device"]) == ("power_failure_log", 2, "MP3")
    assert log["until_at"] == "2024-03-01T10:30:00+08:00"
    (piece,) = silent_one["pieces"]
    assert (piece["grade"], piece["place"], piece["code"]) == ("feeder", "feeder", "F1")
    assert silent_one["meter_events"] == []
    assert [piece["grade"] for piece in measured["pieces"]] == ["measured"]
    assert measured["end_at"] is None


async def test_an_interruption_that_is_not_there_is_a_problem(reader: httpx.AsyncClient) -> None:
    path = "/v1/points/P3/interruptions/2024-03-01T09:00:01+08:00/evidence"

    found = await problem(reader, path)

    assert found["status"] == 404
    assert "its start may move" in found["detail"]


@pytest.mark.parametrize(
    ("point", "to", "minutes"),
    [("P2", 60, 0), ("P2", 90, 30), ("P2", 300, 60), ("P5", 250, 50), ("P5", 300, 100)],
)
async def test_an_outage_counts_up_to_the_instant_that_is_asked_about(
    reader: httpx.AsyncClient, point: str, to: int, minutes: int
) -> None:
    found = await total(reader, point, to)

    assert found["minutes"]["interrupted"] == minutes


@pytest.mark.parametrize(("to", "saidi"), [(200, 0), (250, 50), (300, 100)])
async def test_indices_count_one_that_lasts_up_to_the_instant_that_is_asked_about(
    reader: httpx.AsyncClient, to: int, saidi: int
) -> None:
    found = await get(
        reader,
        "/v1/reliability",
        users="LV",
        group_by="region",
        **{"from": shown(0), "to": shown(to)},
    )

    (group,) = [one for one in found["groups"] if one["group"] == "R2"]
    assert group["ieee_1366"]["saidi_minutes"] == saidi


async def test_evidence_taken_back_leaves_missing_minutes_and_wider_bounds(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    before = await total(client, "P2", 300)

    await seeder.run("DELETE FROM meter_event")
    for point in ("P1", "P3"):
        await mark(seeder, seeder.point_ids[point], minute(60), minute(150))
    await seeder.settle()

    after = await total(client, "P2", 300)
    assert (before["minutes"]["interrupted"], before["minutes"]["missing"]) == (60, 0)
    assert (before["coverage"], before["lower"]) == (1.0, 1.0)
    assert (after["minutes"]["interrupted"], after["minutes"]["missing"]) == (0, 60)
    assert (after["coverage"], after["lower"], after["upper"]) == (0.8, 0.8, 1.0)
    assert {one["point"] for one in await interruptions(client)} == {"H", "P5"}
