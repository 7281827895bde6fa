"""Weeks over HTTP: stored and live ones agree, and shares of points and customers are what a recount says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.domain.catalogue import checksum_of
from service.domain.rules import load_rule_set
from service.store.week_marks import mark_all_weeks
from tests.api.clients import get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 3, 16, tzinfo=UTC)  # Monday, midnight in Shanghai
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
N_WEEK = 10_080
EN = {"rule_set": "en-50160"}
MARCH = {"from": "2024-03-04", "to": "2024-03-11"}

# By point: region, cells of the week in runs of ten minutes; what becomes of it.
POINTS: dict[str, tuple[str, list[tuple[int, int]], str]] = {
    "good": ("R1", [(958, 0), (50, -1200)], "compliant"),  # 4.96 % outside
    "edge": ("R1", [(950, 0), (50, -1200), (8, CELL_NONE)], "compliant"),  # exactly 5 %
    "bad": ("R1", [(957, 0), (51, -1200)], "not_compliant"),
    "deep": ("R2", [(1007, 0), (1, -1501)], "not_compliant"),
    "sparse": ("R2", [(900, 0), (108, CELL_NONE)], "not_enough_data"),
    "silent": ("R2", [(1008, CELL_NONE)], "not_enough_data"),
}


async def seed(seeder: Seeder) -> None:
    await seeder.run(
        "INSERT INTO kept_rule_set (rule_set, checksum) VALUES ('en-50160', $1)",
        checksum_of(load_rule_set("en-50160")),
    )
    for name, (region, runs, _) in POINTS.items():
        await seeder.points(NewPoint(point=name, nominal_v=230, region=region, area="urban"))
        cells = [cell for n_values, cell in runs for _ in range(10 * n_values)]
        if any(cell != CELL_NONE for cell in cells):
            await seeder.minutes(name, START, [cells])
    await seeder.points(NewPoint(point="uncovered", nominal_v=110_000, region="R2", area="urban"))
    # The customer of "good" is supplied through "bad", too.
    await seeder.run(
        "INSERT INTO customer_point SELECT customer_id, $1 FROM customer WHERE customer = 'C-good'",
        seeder.point_ids["bad"],
    )
    await seeder.minutes("good", START + WEEK, [[1200] * 600])
    await seeder.reach(START + WEEK + 600 * MINUTE)
    await seeder.settle()


async def weeks_of(client: httpx.AsyncClient, point: str, **params: str) -> list[Any]:
    found = await get(client, f"/v1/points/{point}/weeks", **EN, **params)
    weeks: list[Any] = found["weeks"]
    return weeks


@pytest.mark.parametrize("point", POINTS)
async def test_a_week_has_the_verdict_of_its_values(reader: httpx.AsyncClient, point: str) -> None:
    _, runs, verdict = POINTS[point]
    n_values = sum(n for n, cell in runs if cell != CELL_NONE)

    [week] = await weeks_of(reader, point, **MARCH)

    assert (week["week"], week["provisional"], week["verdict"]) == ("2024-03-04", False, verdict)
    assert (week["from"], week["to"]) == ("2024-03-04T00:00:00+08:00", "2024-03-11T00:00:00+08:00")
    assert [one["values"] for one in week["limits"]] == [n_values, n_values]
    narrow, wide = week["limits"]
    n_low = sum(n for n, cell in runs if CELL_NONE < cell < -1000)
    assert (narrow["outside"], narrow["due"], narrow["flagged"]) == (n_low, 1008, 0)
    assert (narrow["lower_percent"], wide["lower_percent"]) == (-10.0, -15.0)
    assert narrow["coverage"] == n_values / 1008
    assert narrow["lower"] == n_low / 1008
    assert narrow["upper"] == (n_low + 1008 - n_values) / 1008
    assert narrow["outside_share"] == (n_low / n_values if n_values else None)


async def test_percentiles_are_volts_that_were_measured(reader: httpx.AsyncClient) -> None:
    [week] = await weeks_of(reader, "good", **MARCH)

    assert week["percentiles"] == {
        "minutes": N_WEEK,
        "v1": 230 * 0.88,
        "v5": 230.0,
        "v95": 230.0,
        "v99": 230.0,
    }
    [silent] = await weeks_of(reader, "silent", **MARCH)
    assert silent["percentiles"] == {
        "minutes": 0, "v1": None, "v5": None, "v95": None, "v99": None,
    }  # fmt: skip
    assert (week["method"], silent["method"]) == ("continuous", None)


async def test_the_present_week_is_provisional(reader: httpx.AsyncClient) -> None:
    past, present = await weeks_of(reader, "good", **{"from": "2024-03-10", "to": "2024-03-12"})

    assert (past["provisional"], present["provisional"]) == (False, True)
    # Ten hours of the week have come, all of them too high.
    assert (present["limits"][0]["due"], present["limits"][0]["outside"]) == (60, 60)
    assert present["verdict"] == "not_compliant"


async def test_a_point_that_no_limit_covers_has_no_verdict(reader: httpx.AsyncClient) -> None:
    [week] = await weeks_of(reader, "uncovered", **MARCH)

    assert (week["verdict"], week["limits"]) == ("no_rule", [])


async def test_stored_and_live_weeks_agree(client: httpx.AsyncClient, seeder: Seeder) -> None:
    await seed(seeder)
    stored = {name: await weeks_of(client, name, **MARCH) for name in POINTS}
    assert await seeder.run("SELECT count(*) FROM point_week_limit") == 2 * 5

    await seeder.run("DELETE FROM point_week")

    assert {name: await weeks_of(client, name, **MARCH) for name in POINTS} == stored


async def test_a_week_with_a_dirty_day_is_counted_as_it_is_read(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)

    await seeder.minutes("sparse", START + 9000 * MINUTE, [[0] * 600])

    [week] = await weeks_of(client, "sparse", **MARCH)
    assert (week["limits"][0]["values"], week["verdict"]) == (960, "compliant")


def expected(region: str | None) -> dict[str, int]:
    verdicts = [verdict for at, _, verdict in POINTS.values() if region in (None, at)]
    return {
        name: verdicts.count(name) for name in ("compliant", "not_compliant", "not_enough_data")
    }


async def test_the_share_of_points_that_comply(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/compliance", week="2024-03-06", **EN)

    assert (found["week"], found["rule_set"]) == ("2024-03-04", "en-50160")
    assert [one["region"] for one in found["regions"]] == ["R1", "R2"]
    parts = [(None, found["total"]), *((one["region"], one) for one in found["regions"])]
    for region, part in parts:
        points, wanted = part["points"], expected(region)
        assert {name: points[name] for name in wanted} == wanted
    points = found["total"]["points"]
    assert (points["share"], points["lower"], points["upper"]) == (2 / 4, 2 / 6, 4 / 6)
    assert points["coverage"] == 4 / 6
    assert found["total"]["pending"] == 0
    assert found["total"]["method"] == "continuous"


async def test_a_customer_complies_if_all_its_points_do(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/compliance", **EN)

    customers = found["total"]["customers"]
    # The customer of "good" does not comply, because of "bad".
    assert (customers["compliant"], customers["not_compliant"]) == (1, 3)
    assert customers["not_enough_data"] == 2
    assert customers["share"] == 1 / 4


async def test_verdicts_of_points_and_shares_agree(reader: httpx.AsyncClient) -> None:
    verdicts = [(await weeks_of(reader, name, **MARCH))[0]["verdict"] for name in POINTS]

    found = await get(reader, "/v1/compliance", week="2024-03-04", **EN)

    for name in ("compliant", "not_compliant", "not_enough_data"):
        assert found["total"]["points"][name] == verdicts.count(name)


async def test_weeks_to_be_counted_anew_are_pending(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    async with seeder.pool.transaction() as connection:
        await mark_all_weeks(connection)

    found = await get(client, "/v1/compliance", week="2024-03-04", **EN)

    assert found["total"]["pending"] == 5  # all that have a day


async def test_weeks_of_an_edited_set_are_not_passed_off_as_those_of_this_one(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    await seeder.run("UPDATE kept_rule_set SET checksum = 'other'")
    await seeder.run("UPDATE point_week_limit SET n_outside = 1")

    shares = await problem(client, "/v1/compliance", week="2024-03-04", **EN)
    [week] = await weeks_of(client, "bad", **MARCH)

    assert (shares["status"], "settle" in shares["detail"]) == (503, True)
    # Counted here and now.
    assert (week["limits"][0]["outside"], week["verdict"]) == (51, "not_compliant")


async def test_weeks_with_a_dirty_day_are_pending(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    await seeder.minutes("sparse", START + 9000 * MINUTE, [[0] * 600])
    await seeder.minutes("bad", START + WEEK + 1500 * MINUTE, [[0] * 10])  # a Tuesday

    found = await get(client, "/v1/compliance", week="2024-03-04", **EN)

    assert found["total"]["pending"] == 1


@pytest.mark.parametrize(
    ("path", "params", "says"),
    [
        ("/v1/compliance", {}, "rule_set"),
        ("/v1/compliance", {"rule_set": "none"}, "en-50160"),
        ("/v1/compliance", {"rule_set": "sgcc-2003"}, "has no week limits"),
        ("/v1/compliance", {"rule_set": "as-61000.3.100"}, "VOLTPASS_RULE_SETS_BESIDE"),
        ("/v1/compliance", {**EN, "week": "2024-03-11"}, "the data reach 2024-03-11T10:00"),
        ("/v1/compliance", {**EN, "week": "March"}, "2024-03-01"),
        ("/v1/points/good/weeks", {"rule_set": "sgcc-2003"}, "has no week limits"),
        ("/v1/points/good/weeks", {**EN, "from": "2022-01-01"}, "at most 400"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, path: str, params: dict[str, str], says: str
) -> None:
    found = await problem(reader, path, **params)

    assert found["status"] == 422
    assert says in found["detail"]


async def test_an_unknown_point_is_not_found(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, "/v1/points/nobody/weeks", **EN)

    assert (found["status"], found["code"]) == (404, "not_found")


async def test_before_the_first_reading_no_week_is_over(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))

    found = await problem(client, "/v1/compliance", **EN)

    assert "is not over" in found["detail"]
