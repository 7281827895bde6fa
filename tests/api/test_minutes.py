"""The evidence: every minute due, as the pages and the view have it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from kernels.layout import CELL_NONE
from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
HOUR = timedelta(hours=1)


async def seed(seeder: Seeder) -> None:
    await seeder.points(
        NewPoint(point="P"),
        NewPoint(point="Q", nominal_v=380, wiring="3p4w", valid_to=START + 20 * HOUR),
    )
    one = [212, -1001, 701, -10000, CELL_NONE] * 12
    await seeder.minutes("P", START + HOUR, [one])
    await seeder.minutes("P", START + 4 * HOUR, [one])
    await seeder.minutes(
        "Q", START, [[0] * 90, [710] * 40 + [5] * 50, [-3] * 60 + [CELL_NONE] * 30]
    )
    await seeder.run(
        # one minute estimated, one invalid, one with three eighths of its readings
        """
        UPDATE page
           SET marks = set_byte(set_byte(set_byte(marks, 0, 0 + 8 * 2 + 32 * 7), 1, 6 + 8 * 1 + 32 * 5),
                                2, 2 + 8 * 3 + 32 * 3)
         WHERE point_id = $1 AND hour = $2
        """,
        seeder.point_ids["P"],
        START + 4 * HOUR,
    )
    await seeder.reach(START + 24 * HOUR + timedelta(minutes=10))


async def test_every_minute_due_is_there_once(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/points/P/minutes", **{"from": "2024-03-01"})

    times = [one["minute"] for one in found["minutes"]]
    assert times[0] == "2024-03-01T00:00:00+08:00"
    assert times[-1] == "2024-03-01T23:59:00+08:00"
    assert len(set(times)) == 1440
    assert found["minutes"][0] == {
        "minute": "2024-03-01T00:00:00+08:00",
        "verdict": "missing",
        "phases": [],
    }
    assert found["interval_s"] == 60


async def test_a_minute_shows_what_was_measured_and_how_it_was_judged(
    reader: httpx.AsyncClient,
) -> None:
    span = {"from": "2024-03-01T01:00:00+08:00", "to": "2024-03-01T01:05:00+08:00"}

    found = await get(reader, "/v1/points/P/minutes", **span)

    good = {"rank": "good", "share": 7}
    assert [one["phases"] for one in found["minutes"]] == [
        [{"cell": 212, "voltage_v": 224.664, **good, "verdict": "pass"}],
        [{"cell": -1001, "voltage_v": 197.978, **good, "verdict": "under"}],
        [{"cell": 701, "voltage_v": 235.422, **good, "verdict": "over"}],
        [{"cell": -10000, "voltage_v": 0.0, **good, "verdict": "interrupted"}],
        [{"cell": None, "voltage_v": None, "rank": "missing", "share": 0, "verdict": "missing"}],
    ]
    assert [one["verdict"] for one in found["minutes"]] == [
        "pass",
        "under",
        "over",
        "interrupted",
        "missing",
    ]


async def test_ranks_and_shares_are_those_of_the_mark(reader: httpx.AsyncClient) -> None:
    span = {"from": "2024-03-01T04:00:00+08:00", "to": "2024-03-01T04:03:00+08:00"}

    found = await get(reader, "/v1/points/P/minutes", **span)

    marks = [(p["rank"], p["share"], p["verdict"]) for m in found["minutes"] for p in m["phases"]]
    assert marks == [("estimated", 7, "missing"), ("invalid", 5, "invalid"), ("good", 3, "over")]


async def test_three_phases_stand_side_by_side(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/points/Q/minutes", **{"from": "2024-03-01"})

    first = found["minutes"][0]
    assert first["verdict"] == "over"
    assert [one["cell"] for one in first["phases"]] == [0, 710, -3]
    assert [one["verdict"] for one in first["phases"]] == ["pass", "over", "pass"]
    assert found["minutes"][70]["verdict"] == "missing"  # phase 3 is wired, and silent
    assert len(found["minutes"]) == 20 * 60  # in service no longer


@pytest.mark.parametrize("point", ["P", "Q"])
async def test_it_is_what_the_view_says(
    reader: httpx.AsyncClient, stored: Seeder, point: str
) -> None:
    rows = await stored.rows(
        "SELECT * FROM point_minutes($1, $2, $3) ORDER BY minute", point, START, START + 24 * HOUR
    )

    found = await get(reader, f"/v1/points/{point}/minutes", **{"from": "2024-03-01"})

    shown = [one for one in found["minutes"] if one["phases"]]
    assert len(shown) == len(rows) > 0
    for one, row in zip(shown, rows, strict=True):
        assert datetime.fromisoformat(one["minute"]) == row["minute"]
        assert one["verdict"] == row["verdict"]
        for number, phase in enumerate(one["phases"], 1):
            assert phase["voltage_v"] == row[f"voltage_{number}_v"]
            assert phase["verdict"] == row[f"verdict_{number}"]
            assert phase["rank"] == row[f"source_{number}"]
            assert phase["share"] == row[f"share_{number}_eighths"]


async def test_the_minutes_sum_to_what_the_pass_rate_counts(reader: httpx.AsyncClient) -> None:
    span = {"from": "2024-03-01T00:30:00+08:00", "to": "2024-03-02T05:00:00+08:00"}
    evidence = await get(reader, "/v1/points/P/minutes", **span)

    rate = await get(reader, "/v1/points/P/pass-rate", **span)

    verdicts = [one["verdict"] for one in evidence["minutes"]]
    counted = rate["total"]["minutes"]
    assert counted.pop("due") == len(verdicts)
    assert counted == {name: verdicts.count(name) for name in counted}


async def test_without_a_range_it_is_the_day_that_the_data_have_reached(
    reader: httpx.AsyncClient,
) -> None:
    newest = await get(reader, "/v1/points/P/minutes")
    until = await get(reader, "/v1/points/P/minutes", to="2024-03-01T12:00:00+08:00")

    assert (newest["from"][:10], newest["to"][:10]) == ("2024-03-02", "2024-03-03")
    assert len(newest["minutes"]) == 10
    assert until["from"] == "2024-03-01T00:00:00+08:00"
    assert len(until["minutes"]) == 720


async def test_seven_days_are_answered_and_not_more(reader: httpx.AsyncClient) -> None:
    week = await get(reader, "/v1/points/P/minutes", **{"from": "2024-02-24", "to": "2024-03-02"})

    found = await problem(
        reader, "/v1/points/P/minutes", **{"from": "2024-02-24", "to": "2024-03-03"}
    )

    assert len(week["minutes"]) == 7 * 1440
    assert (found["status"], found["code"]) == (422, "range_too_long")
    assert "8 days" in found["detail"]
