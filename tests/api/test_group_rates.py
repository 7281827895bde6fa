"""Rates of groups: what SQL says is what the domain says of each point, and what the views hold."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.domain.rates import GroupRate, VerdictCounts, group_rate
from tests.api.clients import get, problem
from tests.api.seeding import SGCC, NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = timedelta(days=1)
FLOOR = Fraction(SGCC.coverage.floor)
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}


def good(n_pass: int, n_over: int = 0, n_silent: int = 0, n_dark: int = 0) -> list[int]:
    return [100] * n_pass + [800] * n_over + [-10000] * n_dark + [CELL_NONE] * n_silent


async def seed(seeder: Seeder) -> None:
    """Put eleven points into two regions, three feeders and all areas; days stored, dirty and open."""
    points = {
        "A1": ("R1", "F1", "urban", "A", good(1440 * 3 - 17)),
        "A2": ("R1", "F1", "urban", "D", good(3000, 700, 600)),
        "A3": ("R1", "F1", "rural", "D", good(1000, 1, 3000)),  # below the floor
        "A4": ("R1", "F2", "rural", "D", good(3900, 100, 0, 60)),
        "A5": ("R1", "F2", "special_remote", "D", good(3880, 7, 400)),
        "A6": ("R1", "F2", None, "C", []),  # silent
        "B1": ("R2", "F3", "urban", "D", good(1, 4000)),
        "B2": ("R2", "F3", "urban", "D", good(2000, 2303)),
        "B3": ("R2", "F3", None, "D", good(3888, 0, 432)),  # coverage exactly at the floor
        "B4": ("R2", "F3", None, "D", good(3887, 0, 433)),  # and a minute below it
    }
    for name, (region, feeder, area, point_class, cells) in points.items():
        await seeder.points(
            NewPoint(point=name, region=region, feeder=feeder, area=area, point_class=point_class)
        )
        if cells:
            interval_s = 900 if name == "B2" else 60
            await seeder.device(name, f"M-{name}", interval_s)
            await seeder.minutes(name, START, [cells], interval_s=interval_s)
    await seeder.points(
        NewPoint(point="gone", region="R1", feeder="F1", valid_to=START),
        NewPoint(point="late", region="R2", feeder="F3", valid_from=START + 3 * DAY),
        NewPoint(point="short", region="R2", feeder="F3", valid_to=START + 10 * DAY / 1440),
    )
    await seeder.reach(START + 3 * DAY)
    await seeder.settle()
    # Beyond what is stored: a dirty day, and the day that is open.
    await seeder.minutes("A1", START + DAY + timedelta(hours=5), [[-2000] * 30])
    await seeder.minutes("A2", START + 3 * DAY, [good(300, 45, 30)])
    await seeder.reach(START + 3 * DAY + timedelta(minutes=375))


def expected(rows: list[dict[str, Any]], key: str) -> dict[str, GroupRate]:
    """Return the rates of groups from rows of v_point_day, in fractions."""
    counts: dict[str, dict[str, VerdictCounts]] = {}
    for row in rows:
        of_group = counts.setdefault(row[key], {})
        of_group[row["point"]] = of_group.get(row["point"], VerdictCounts()) + VerdictCounts(
            **{name: int(n) for name, n in row.items() if name in VerdictCounts.__slots__}
        )
    return {group: group_rate(of_group.values(), FLOOR) for group, of_group in counts.items()}


def agrees(shown: dict[str, Any], wanted: GroupRate) -> None:
    for name, value in (("rate", wanted.mean), ("lower", wanted.lower), ("upper", wanted.upper)):
        assert shown[name] == (None if value is None else pytest.approx(float(value), abs=1e-14))
    assert shown["points"] == wanted.n_points
    assert shown["monitored"] == wanted.n_monitored
    assert shown["not_monitored"] == wanted.n_not_monitored
    assert shown["not_monitored_share"] == wanted.n_not_monitored / wanted.n_points
    for name in ("rate", "lower", "upper", "coverage"):
        value = getattr(wanted.pooled, name)
        assert shown["pooled"][name] == (None if value is None else float(value))


@pytest.mark.parametrize("key", ["region", "feeder", "class"])
@pytest.mark.parametrize(
    "days",
    [
        ("2024-03-01", "2024-04-01"),
        ("2024-03-01", "2024-03-04"),
        ("2024-03-02", "2024-03-03"),
        ("2024-03-04", "2024-03-05"),
    ],
)
async def test_groups_are_what_the_views_and_the_domain_make_of_their_points(
    reader: httpx.AsyncClient, stored: Seeder, key: str, days: tuple[str, str]
) -> None:
    first, last = (date.fromisoformat(day) for day in days)
    rows = await stored.rows("SELECT * FROM v_point_day WHERE day >= $1 AND day < $2", first, last)
    wanted = expected(rows, key)

    found = await get(reader, "/v1/pass-rate", group_by=key, **{"from": days[0], "to": days[1]})

    assert [one["group"] for one in found["groups"]] == sorted(wanted)
    for one in found["groups"]:
        agrees(one, wanted[one["group"]])


async def test_a_group_is_the_mean_of_what_its_points_answer(reader: httpx.AsyncClient) -> None:
    points = [
        (await get(reader, f"/v1/points/{name}/pass-rate", **MARCH))["total"]
        for name in ("A1", "A2", "A3")
    ]
    monitored = [one for one in points if one["monitored"]]

    found = await get(reader, "/v1/pass-rate", group_by="feeder", **MARCH)

    [feeder] = [one for one in found["groups"] if one["group"] == "F1"]
    assert (feeder["points"], feeder["monitored"], feeder["name"]) == (3, len(monitored), "线 F1")
    for name in ("rate", "lower", "upper", "coverage"):
        mean = sum(one[name] for one in monitored) / len(monitored)
        assert feeder[name] == pytest.approx(mean, abs=1e-14)
    for verdict in feeder["minutes"]:
        assert feeder["minutes"][verdict] == sum(one["minutes"][verdict] for one in points)


async def test_coverage_exactly_at_the_floor_is_monitored(reader: httpx.AsyncClient) -> None:
    found = await get(
        reader, "/v1/pass-rate", group_by="area", **{"from": "2024-03-01", "to": "2024-03-04"}
    )

    areas = {one["group"]: one for one in found["groups"]}
    assert list(areas) == ["none", "rural", "special_remote", "urban"]
    # B3 reaches 0.9, B4 misses it by a minute; A6 and the one that left are silent.
    assert (areas["none"]["points"], areas["none"]["monitored"]) == (4, 1)
    assert areas["none"]["rate"] == 1.0
    assert areas["none"]["coverage"] == 0.9
    assert (areas["rural"]["points"], areas["rural"]["monitored"]) == (2, 1)
    assert found["coverage_floor"] == 0.9


async def test_a_group_with_slow_readings_is_never_called_continuous(
    reader: httpx.AsyncClient,
) -> None:
    found = await get(reader, "/v1/pass-rate", group_by="region", **MARCH)

    methods = {one["group"]: (one["method"], one["sampled"]) for one in found["groups"]}
    assert methods == {"R1": ("continuous", 0), "R2": ("sampled", 1)}


async def test_only_the_points_of_a_region(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/pass-rate", group_by="feeder", region="R1", **MARCH)

    assert [one["group"] for one in found["groups"]] == ["F1", "F2"]


async def test_an_answer_names_what_it_rests_on(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/pass-rate", group_by="region")

    assert (found["from"], found["to"]) == ("2024-03-01", "2024-03-05")
    assert found["rule_set"] == "sgcc-2003"
    assert found["zone"] == "Asia/Shanghai"
    assert found["data_through"] == "2024-03-04T06:15:00+08:00"


async def test_days_before_any_data_have_no_groups(reader: httpx.AsyncClient) -> None:
    past = {"from": "2019-03-01", "to": "2019-04-01"}

    assert (await get(reader, "/v1/pass-rate", group_by="region", **past))["groups"] == []


async def test_before_the_first_reading_there_are_no_groups(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))

    found = await get(client, "/v1/pass-rate", group_by="class")

    assert (found["data_through"], found["groups"]) == (None, [])


async def test_more_groups_than_one_answer_may_have_are_refused(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.run(
        """
        INSERT INTO point (point, nominal_mv, wiring, class, region, feeder, valid_from)
        SELECT n, 220000, '1p', 'D', 'R' || n % 2, 'F' || n, '2024-01-01Z' FROM generate_series(1, 5001) AS n
        """
    )
    await seeder.reach(START)

    found = await problem(client, "/v1/pass-rate", group_by="feeder")
    half = await get(client, "/v1/pass-rate", group_by="feeder", region="R1")

    assert (found["status"], found["code"]) == (422, "too_much")
    assert "5000" in found["detail"]
    assert "region" in found["detail"]
    assert len(half["groups"]) == 2501


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "group_by"),
        ({"group_by": "town"}, "'region', 'feeder', 'area' or 'class'"),
        ({"group_by": "area", "from": "2024-03-01T00:00:00Z"}, "start in Asia/Shanghai"),
        ({"group_by": "area", "from": "2022-01-01"}, "at most 400"),
        ({"group_by": "area", "to": "2024-03-01", "from": "2024-03-02"}, "before to"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, params: dict[str, str], says: str
) -> None:
    found = await problem(reader, "/v1/pass-rate", **params)

    assert found["status"] == 422
    assert says in found["detail"]
