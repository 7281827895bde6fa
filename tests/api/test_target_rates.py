"""The composite and the residential pass rate: what the points answer by themselves, put together by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.settings import Settings
from tests.api.clients import application, client_of, get, problem
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = timedelta(days=1)
DAYS = {"from": "2024-03-01", "to": "2024-03-02"}
MEANS = ("rate", "lower", "upper", "coverage")

# By point: region, area, class, residential, minutes that pass, that are over, that are silent.
POINTS: dict[str, tuple[str, str | None, str, bool, tuple[int, int, int]]] = {
    "A1": ("R1", None, "A", False, (1433, 7, 0)),
    "B1": ("R1", "urban", "B", False, (1426, 14, 0)),
    "C1": ("R2", "urban", "C", False, (1400, 20, 20)),
    "D1": ("R1", "urban", "D", True, (1368, 72, 0)),  # exactly 95 %
    "D2": ("R1", "urban", "D", True, (1367, 73, 0)),
    "D3": ("R2", "urban", "D", True, (1440, 0, 0)),
    "D4": ("R2", "rural", "D", True, (1000, 0, 440)),  # not monitored
    "D5": ("R2", "rural", "D", True, (1300, 140, 0)),
    "D6": ("R2", "special_remote", "D", True, (1000, 440, 0)),
}


async def seed(seeder: Seeder) -> None:
    for name, (region, area, point_class, residential, minutes) in POINTS.items():
        await seeder.points(NewPoint(point=name, region=region, area=area, point_class=point_class))
        change = "UPDATE customer SET residential = $2 WHERE customer = $1"
        await seeder.run(change, f"C-{name}", residential)
        n_pass, n_over, n_silent = minutes
        cells = [100] * n_pass + [800] * n_over + [CELL_NONE] * n_silent
        await seeder.minutes(name, START, [cells])
    await seeder.reach(START + DAY)
    await seeder.settle()


async def totals(reader: httpx.AsyncClient) -> dict[str, Any]:
    """Return what each point answers by itself."""
    return {
        name: (await get(reader, f"/v1/points/{name}/pass-rate", **DAYS))["total"]
        for name in POINTS
    }


def mean(points: list[Any], name: str) -> float:
    monitored = [one[name] for one in points if one["monitored"]]
    return float(sum(monitored)) / len(monitored)


async def test_the_composite_weighs_the_means_of_the_classes(reader: httpx.AsyncClient) -> None:
    of_point = await totals(reader)

    found = await get(reader, "/v1/composite-pass-rate", **DAYS)

    assert [one["class"] for one in found["classes"]] == ["A", "B", "C", "D"]
    for shown in found["classes"]:
        points = [of_point[name] for name in POINTS if POINTS[name][2] == shown["class"]]
        assert shown["points"] == len(points)
        for name in MEANS:
            assert shown[name] == pytest.approx(mean(points, name), abs=1e-14)
        good = sum(one["minutes"]["pass"] for one in points)
        judged = good + sum(one["minutes"]["over"] for one in points)
        assert shown["pooled"]["rate"] == pytest.approx(good / judged, abs=1e-14)
    classes = {one["class"]: one for one in found["classes"]}
    assert (classes["D"]["monitored"], classes["D"]["not_monitored"]) == (5, 1)
    for name in MEANS:
        a, *others = (classes[one][name] for one in "ABCD")
        assert found["composite"][name] == pytest.approx(0.5 * a + 0.5 * sum(others) / 3, abs=1e-14)
    assert found["composite"]["missing"] == []
    assert found["composite"]["class_a_weight"] == 0.5
    pooled = [classes[one]["pooled"]["rate"] for one in "ABCD"]
    wanted = 0.5 * pooled[0] + 0.5 * sum(pooled[1:]) / 3
    assert found["composite"]["pooled_rate"] == pytest.approx(wanted, abs=1e-14)


async def test_a_missing_class_is_named_and_the_composite_is_null(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(
        NewPoint(point="A", point_class="A"),
        NewPoint(point="B", point_class="B"),
        NewPoint(point="D", point_class="D"),
    )
    for name, n_minutes in (
        ("A", 1440),
        ("B", 100),
        ("D", 1440),
    ):  # B is not monitored, C is not there
        await seeder.minutes(name, START, [[100] * n_minutes])
    await seeder.reach(START + DAY)

    found = await get(client, "/v1/composite-pass-rate", **DAYS)

    assert found["composite"]["missing"] == ["B", "C"]
    assert [found["composite"][name] for name in (*MEANS, "pooled_rate")] == [None] * 5
    assert [one["class"] for one in found["classes"]] == ["A", "B", "D"]


async def test_a_rule_set_without_composite_says_so(settings: Settings) -> None:
    other = settings.model_copy(update={"rule_set": "gb-12325-2008"})
    async with client_of(application(other)) as client:
        found = await problem(client, "/v1/composite-pass-rate", **DAYS)

    assert (found["status"], found["code"]) == (422, "invalid_request")
    assert "gb-12325-2008 has no composite rate" in found["detail"]


async def test_the_residential_figure_is_the_mean_of_the_residential_points(
    reader: httpx.AsyncClient,
) -> None:
    of_point = await totals(reader)

    found = await get(reader, "/v1/residential-pass-rate", **DAYS)

    assert [one["area"] for one in found["areas"]] == ["rural", "special_remote", "urban"]
    for shown in found["areas"]:
        points = [
            of_point[name]
            for name, (_, area, _, residential, _) in POINTS.items()
            if residential and area == shown["area"]
        ]
        assert shown["points"] == len(points)
        for name in MEANS:
            assert shown[name] == pytest.approx(mean(points, name), abs=1e-14)
    areas = {one["area"]: one for one in found["areas"]}
    urban, rural, remote = areas["urban"], areas["rural"], areas["special_remote"]
    assert (urban["at_least"], urban["reached"], urban["below"]) == (0.95, True, 1)
    assert urban["lowest"] == {"point": "D2", "rate": 1367 / 1440}
    assert (rural["at_least"], rural["reached"], rural["below"]) == (0.9, True, 0)
    assert (rural["monitored"], rural["not_monitored"]) == (1, 1)
    assert (remote["at_least"], remote["reached"], remote["below"]) == (None, None, None)


async def test_regions_stand_beside_the_whole(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/residential-pass-rate", area="urban", **DAYS)

    assert [one["area"] for one in found["areas"]] == ["urban"]
    regions = {one["region"]: one for one in found["regions"]}
    assert list(regions) == ["R1", "R2"]
    # A minute below 95 % in one of two points: the mean of the region is below, by half a minute.
    assert regions["R1"]["rate"] == pytest.approx((1368 + 1367) / 2880, abs=1e-15)
    assert (regions["R1"]["reached"], regions["R2"]["reached"]) == (False, True)


async def test_a_month_below_the_power_factor_is_counted(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P", point_class="C"), NewPoint(point="Q", point_class="C"))
    await seeder.run(
        "INSERT INTO power_factor_exemption VALUES ($1, $2, 0.8, 0.9)",
        seeder.point_ids["P"],
        date(2024, 3, 1),
    )
    for name in ("P", "Q"):
        await seeder.minutes(name, START, [[800] * 100 + [0] * 1340])
    await seeder.reach(START + DAY)

    found = await get(client, "/v1/composite-pass-rate", **DAYS)
    point = await get(client, "/v1/points/P/pass-rate", **DAYS)
    other = await get(client, "/v1/points/Q/pass-rate", **DAYS)

    [shown] = found["classes"]
    assert (shown["exempt"], shown["monitored"], shown["rate"]) == (1, 1, 1340 / 1440)
    assert point["total"]["minutes"]["exempt"] == 1440
    assert point["total"]["rate"] is None
    assert point["exemption"] == {"months": ["2024-03-01"], "total_without": other["total"]}
    assert other["exemption"] == {"months": [], "total_without": None}


async def test_answers_name_what_they_rest_on(reader: httpx.AsyncClient) -> None:
    for path in ("/v1/composite-pass-rate", "/v1/residential-pass-rate"):
        found = await get(reader, path)

        assert (found["from"], found["to"]) == ("2024-03-01", "2024-03-02")
        assert (found["rule_set"], found["zone"]) == ("sgcc-2003", "Asia/Shanghai")
        assert found["data_through"] == "2024-03-02T00:00:00+08:00"
        assert found["coverage_floor"] == 0.9


@pytest.mark.parametrize(
    ("path", "params", "says"),
    [
        ("/v1/composite-pass-rate", {"from": "2022-01-01"}, "at most 400"),
        ("/v1/composite-pass-rate", {"from": "2024-03-02", "to": "2024-03-01"}, "before to"),
        ("/v1/residential-pass-rate", {"area": "town"}, "'urban', 'rural' or 'special_remote'"),
        ("/v1/residential-pass-rate", {"to": "2024-03-01T00:00:00Z"}, "start in Asia/Shanghai"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, path: str, params: dict[str, str], says: str
) -> None:
    found = await problem(reader, path, **params)

    assert found["status"] == 422
    assert says in found["detail"]
