"""Scorecard and budget equal a plain recount, minute by minute, of what was stored."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from kernels.layout import CELL_NONE
from service.api.figures import read_budget_figures
from service.settings import Settings
from tests.api.clients import application, client_of, get, problem
from tests.api.recount import MINUTE, Cells, cells_from, verdict_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight of 1 March in Shanghai
NEW_YEAR = datetime(2023, 12, 31, 16, tzinfo=UTC)
THROUGH = START + timedelta(days=3, hours=7, minutes=25)  # 4 March, 07:25
YEAR_END = datetime(2024, 12, 31, 16, tzinfo=UTC)
N_MINUTES = (THROUGH - START) // MINUTE
GOOD, HIGH, LOW, DARK = 100, 701, -1001, -10_000
LEAVES = START + timedelta(days=2, hours=3)


def repeated(*parts: tuple[int, int]) -> list[int]:
    """Return cells from their runs, silence after them."""
    cells = [cell for n, cell in parts for _ in range(n)]
    return cells + [CELL_NONE] * (N_MINUTES - len(cells))


# By point: region, area, transformer, cells from START on.
POINTS: dict[str, tuple[str, str, str, list[int]]] = {
    "U1": ("R1", "urban", "T1", repeated((3000, GOOD), (140, HIGH), (N_MINUTES - 3140, GOOD))),
    "U2": (
        "R1",
        "urban",
        "T1",
        repeated((N_MINUTES - 200, GOOD), (150, GOOD), (20, LOW), (30, GOOD)),
    ),
    "U3": ("R2", "urban", "T2", repeated((100, GOOD))),  # then silent: not monitored
    "V1": ("R1", "rural", "T3", repeated((3900, GOOD), (480, LOW), (N_MINUTES - 4380, GOOD))),
    "V2": ("R2", "rural", "T4", repeated((N_MINUTES - 300, GOOD), (45, DARK), (255, GOOD))),
    "V3": ("R2", "rural", "T4", repeated((N_MINUTES - 290, GOOD), (25, DARK), (265, GOOD))),
    "W1": ("R2", "rural", "T5", repeated((2880, GOOD), (180, HIGH))),  # until it leaves
}
FLOOR = Fraction(9, 10)
TARGETS = {
    ("pass_rate", "urban"): Fraction(95, 100),
    ("pass_rate", "rural"): Fraction(90, 100),
    ("supply_reliability", "urban"): Fraction(9989, 10_000),
    ("supply_reliability", "rural"): Fraction(99, 100),
}


async def seed(seeder: Seeder) -> None:
    for name, (region, area, transformer, cells) in POINTS.items():
        valid_to = LEAVES if name == "W1" else None
        await seeder.points(
            NewPoint(
                point=name, region=region, area=area, transformer=transformer, valid_to=valid_to
            )
        )
        await seeder.minutes(name, START, [cells])
    await seeder.reach(THROUGH)
    await seeder.settle()


def cells_of(point: str) -> Cells:
    return cells_from(START, POINTS[point][3])


def minutes_of(point: str, start: datetime, end: datetime) -> list[str]:
    """Return the verdict of each minute due of a point."""
    cells, last = cells_of(point), min(end, THROUGH, LEAVES if point == "W1" else end)
    n = (last - start) // MINUTE
    return [verdict_of(cells.get(start + i * MINUTE)) for i in range(n)]


def members(area: str, region: str | None = None) -> list[str]:
    return [
        name
        for name, (its_region, its_area, _, _) in POINTS.items()
        if its_area == area and region in {None, its_region}
    ]


def judged(minutes: Iterable[str]) -> tuple[int, int, int]:
    """Return how many minutes passed, were judged, and would have been."""
    listed = list(minutes)
    n_pass = listed.count("pass")
    n_judged = n_pass + listed.count("over") + listed.count("under")
    return n_pass, n_judged, n_judged + listed.count("missing")


def mean_rate(points: Iterable[str], start: datetime, end: datetime) -> Fraction | None:
    rates = []
    for point in points:
        n_pass, n_judged, n_to_judge = judged(minutes_of(point, start, end))
        if n_judged and Fraction(n_judged, n_to_judge) >= FLOOR:
            rates.append(Fraction(n_pass, n_judged))
    return sum(rates, Fraction(0)) / len(rates) if rates else None


def transformers(area: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for point in members(area):
        found.setdefault(POINTS[point][2], []).append(point)
    return found


def user_minutes(area: str, start: datetime, end: datetime) -> tuple[int, int]:
    """Return minutes without supply of transformers, and minutes in service: none loses them all."""
    n_dark = n_all = 0
    for points in transformers(area).values():
        dark = [
            {i for i, one in enumerate(minutes_of(p, start, end)) if one == "interrupted"}
            for p in points
        ]
        n_all += max(len(minutes_of(point, start, end)) for point in points)
        n_dark += len(set.intersection(*dark))
    return n_dark, n_all


def commitment(card: dict[str, Any], figure: str, area: str) -> dict[str, Any]:
    (found,) = [
        one for one in card["commitments"] if (one["figure"], one["area"]) == (figure, area)
    ]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("end_day", ["2024-03-04", "2024-03-05", "2024-03-02"])
@pytest.mark.parametrize("area", ["urban", "rural"])
async def test_pass_rates_are_the_means_of_points_recounted(
    reader: httpx.AsyncClient, area: str, end_day: str
) -> None:
    end = datetime.fromisoformat(f"{end_day}T00:00+08:00")

    card = await get(reader, "/v1/scorecard", **{"from": "2024-03-01", "to": end_day})

    found = commitment(card, "pass_rate", area)
    assert [one["region"] for one in found["regions"]] == ["R1", "R2"]
    wanted = []
    for one in found["regions"]:
        rate = mean_rate(members(area, one["region"]), START, end)
        target = TARGETS["pass_rate", area]
        wanted.append(None if rate is None else rate >= target)
        assert one["actual"] == (None if rate is None else pytest.approx(rate, abs=1e-15))
        margin = None if rate is None else pytest.approx(100 * (rate - target), abs=1e-12)
        assert one["margin_points"] == margin
        assert (
            one["known"] + one["not_known"] == one["members"] == len(members(area, one["region"]))
        )
    together = mean_rate(members(area), START, end)
    assert together is not None
    assert found["together"]["actual"] == pytest.approx(together, abs=1e-15)
    verdict = "broken" if False in wanted else "not_enough_data" if None in wanted else "kept"
    assert found["verdict"] == verdict


async def test_each_verdict_is_there(reader: httpx.AsyncClient) -> None:
    card = await get(reader, "/v1/scorecard", **{"from": "2024-03-01", "to": "2024-03-05"})

    assert card["rule_set"] == card["judged_by"] == "sgcc-2003"
    assert card["zone"] == "Asia/Shanghai"
    verdicts = {
        (one["figure"], one["area"]): (one["verdict"], one["certain"], one["decisive"]["region"])
        for one in card["commitments"]
    }
    assert verdicts == {
        ("pass_rate", "urban"): ("not_enough_data", False, "R1"),
        ("pass_rate", "rural"): ("broken", True, "R1"),
        ("supply_reliability", "urban"): ("kept", False, "R1"),  # U3 is silent: who knows
        ("supply_reliability", "rural"): ("kept", True, "R2"),
    }


async def test_reliability_is_that_of_transformers_recounted(reader: httpx.AsyncClient) -> None:
    card = await get(reader, "/v1/scorecard", **{"from": "2024-03-01", "to": "2024-03-05"})

    for area in ("urban", "rural"):
        n_dark, n_all = user_minutes(area, START, THROUGH)
        found = commitment(card, "supply_reliability", area)["together"]
        assert found["actual"] == pytest.approx(1 - Fraction(n_dark, n_all), abs=1e-15)
        assert found["members"] == len(transformers(area))
    assert user_minutes("rural", START, THROUGH)[0] == 25


WINDOW_STARTS = {  # whole hours, whole days in Shanghai
    "1h": THROUGH.replace(hour=22, minute=0),
    "6h": THROUGH.replace(hour=17, minute=0),
    "3d": START,
    "30d": datetime(2024, 2, 2, 16, tzinfo=UTC),
}


def exposure(figure: str, area: str, start: datetime, end: datetime) -> tuple[int, int]:
    """Return bad and known minutes."""
    if figure == "supply_reliability":
        return user_minutes(area, start, end)
    n_bad = n_known = 0
    for point in members(area):
        n_pass, n_judged, _ = judged(minutes_of(point, start, end))
        n_bad, n_known = n_bad + n_judged - n_pass, n_known + n_judged
    return n_bad, n_known


def service(figure: str, area: str, start: datetime, end: datetime) -> int:
    """Return minutes in service: of points, or of transformers."""
    is_of_points = figure == "pass_rate"
    chosen = [[point] for point in members(area)] if is_of_points else transformers(area).values()
    total = 0
    for points in chosen:
        last = min(end, LEAVES) if points == ["W1"] else end
        total += max(0, (last - start) // MINUTE)
    return total


@pytest.mark.parametrize(("figure", "area"), list(TARGETS))
async def test_a_budget_is_the_year_recounted(
    reader: httpx.AsyncClient, figure: str, area: str
) -> None:
    answer = await get(reader, "/v1/budget")

    assert (answer["year"], answer["year_to"]) == (2024, "2025-01-01T00:00:00+08:00")
    assert datetime.fromisoformat(answer["through"]) == THROUGH
    (found,) = [one for one in answer["budgets"] if (one["figure"], one["area"]) == (figure, area)]
    allowed_share = 1 - TARGETS[figure, area]
    n_bad, n_known = exposure(figure, area, NEW_YEAR, THROUGH)
    allowed = allowed_share * service(figure, area, NEW_YEAR, YEAR_END)
    projected = n_bad + Fraction(n_bad, n_known) * service(figure, area, THROUGH, YEAR_END)
    assert found["used_minutes"] == n_bad
    assert found["allowed_minutes"] == pytest.approx(allowed, rel=1e-15)
    assert found["used_ratio"] == pytest.approx(n_bad / allowed, rel=1e-15)
    assert found["projected_minutes"] == pytest.approx(projected, rel=1e-15)
    assert found["projected_ratio"] == pytest.approx(projected / allowed, rel=1e-15)
    assert [one["window"] for one in found["burn_rates"]] == ["1h", "6h", "3d", "30d"]
    for one in found["burn_rates"]:
        start = WINDOW_STARTS[one["window"]]
        n_bad, n_known = exposure(figure, area, start, THROUGH)
        assert datetime.fromisoformat(one["from"]) == start
        assert (one["bad_minutes"], one["known_minutes"]) == (n_bad, n_known)
        assert one["burn_rate"] == pytest.approx(Fraction(n_bad, n_known) / allowed_share)


async def test_a_budget_as_it_stood_at_the_end_of_a_day(reader: httpx.AsyncClient) -> None:
    end = START + timedelta(days=3)

    answer = await get(reader, "/v1/budget", to="2024-03-04")

    assert datetime.fromisoformat(answer["through"]) == end
    for one in answer["budgets"]:
        key = (one["figure"], one["area"])
        assert one["used_minutes"] == exposure(*key, NEW_YEAR, end)[0]
        (six_hours,) = [burn for burn in one["burn_rates"] if burn["window"] == "6h"]
        wanted = exposure(*key, end - timedelta(hours=6), end)
        assert (six_hours["bad_minutes"], six_hours["known_minutes"]) == wanted


async def test_a_pledge_is_held_against_the_same_minutes(reader: httpx.AsyncClient) -> None:
    span = {"from": "2024-03-01", "to": "2024-03-05"}

    norm = await get(reader, "/v1/scorecard", **span)
    pledge = await get(reader, "/v1/scorecard", rule_set="sgcc-pledge-2023", **span)

    assert (pledge["rule_set"], pledge["judged_by"]) == ("sgcc-pledge-2023", "sgcc-2003")
    found = commitment(pledge, "pass_rate", "urban")
    assert (found["reach"], found["target"], found["verdict"]) == ("average", 0.985, "broken")
    assert found["decisive"]["region"] is None
    assert (
        found["together"]["actual"] == commitment(norm, "pass_rate", "urban")["together"]["actual"]
    )


async def test_a_target_that_others_set_has_figures_and_no_verdict(
    reader: httpx.AsyncClient,
) -> None:
    span = {"from": "2024-03-01", "to": "2024-03-05"}

    card = await get(reader, "/v1/scorecard", rule_set="sgcc-pledge-2005", **span)
    budget = await get(reader, "/v1/budget", rule_set="sgcc-pledge-2005")

    rural = commitment(card, "pass_rate", "rural")
    assert (rural["verdict"], rural["target"]) == ("no_target", None)
    assert "province" in rural["set_by"] or "provincial" in rural["set_by"]
    assert rural["together"]["actual"] is not None
    assert rural["together"]["margin_points"] is None
    assert [one["area"] for one in budget["budgets"]] == ["urban", "urban"]


async def test_an_empty_year_has_no_figures(reader: httpx.AsyncClient) -> None:
    card = await get(reader, "/v1/scorecard", **{"from": "2021-01-01", "to": "2021-02-01"})
    budget = await get(reader, "/v1/budget", to="2021-02-01")

    for one in card["commitments"]:
        if one["figure"] == "pass_rate":
            assert (one["verdict"], one["decisive"]["actual"]) == ("not_enough_data", None)
    assert budget["year"] == 2021
    for one in budget["budgets"]:
        if one["figure"] == "pass_rate":
            assert (one["used_minutes"], one["used_ratio"], one["projected_ratio"]) == (
                0,
                None,
                None,
            )
            assert one["allowed_minutes"] > 0


@pytest.mark.parametrize("path", ["/v1/scorecard", "/v1/budget"])
@pytest.mark.parametrize(
    ("params", "code", "said"),
    [
        ({"rule_set": "sgcc-1999"}, "invalid_request", "there are: "),
        ({"to": "2024-03-01T05:00+08:00"}, "invalid_request", "must be a day or its start"),
        ({"to": "yesterday"}, "invalid_request", "must be a day"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    reader: httpx.AsyncClient, path: str, params: dict[str, str], code: str, said: str
) -> None:
    found = await problem(reader, path, **params)

    assert found["code"] == code
    assert said in found["detail"]


async def test_more_than_a_year_is_a_problem(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, "/v1/scorecard", **{"from": "2020-01-01", "to": "2024-01-01"})

    assert found["code"] == "range_too_long"


async def test_the_gauges_are_the_budgets_of_the_statutory_set_and_its_pledges(
    seeded: Settings,
) -> None:
    beside = ("sgcc-pledge-2023", "gb-12325-2008")
    app = application(seeded.model_copy(update={"rule_sets_beside": beside}))
    async with client_of(app) as client:
        context = app.state.context
        context.metrics.show_budgets(await read_budget_figures(context))
        text = (await client.get("/metrics")).text
        answers = [
            await get(client, "/v1/budget", rule_set=name)
            for name in ("sgcc-2003", "sgcc-pledge-2023")
        ]

    wanted: dict[str, dict[tuple[str, ...], float]] = {
        "voltpass_target_ratio": {},
        "voltpass_budget_used_ratio": {},
        "voltpass_budget_projected_ratio": {},
        "voltpass_budget_burn_rate": {},
    }
    for answer in answers:
        for one in answer["budgets"]:
            key = (one["area"], one["figure"], one["population"], answer["rule_set"])
            wanted["voltpass_target_ratio"][key] = one["target"]
            wanted["voltpass_budget_used_ratio"][key] = one["used_ratio"]
            wanted["voltpass_budget_projected_ratio"][key] = one["projected_ratio"]
            for burn in one["burn_rates"]:
                wanted["voltpass_budget_burn_rate"][*key, burn["window"]] = burn["burn_rate"]
    shown: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in wanted}
    for metric in parse_text(text):
        for sample in metric.samples:
            if sample.name in shown:
                labels = tuple(value for _, value in sorted(sample.labels.items()))
                shown[sample.name][labels] = sample.value
    assert len(wanted["voltpass_budget_burn_rate"]) == 2 * 4 * 4
    assert shown == wanted


async def test_days_that_cut_an_hour_in_two_are_counted_to_the_minute(
    seeder: Seeder, client: httpx.AsyncClient
) -> None:
    """Kathmandu is 5:45 ahead: its days begin at 18:15 UTC. Stored days, a dirty one and the open one."""
    await seeder.zone("Asia/Kathmandu")
    midnight = datetime(2024, 2, 29, 18, 15, tzinfo=UTC)
    await seeder.points(NewPoint(point="K1", area="urban"))
    bad = [HIGH if i % 97 == 0 else GOOD for i in range(5 * 1440)]
    await seeder.minutes("K1", midnight, [bad])
    through = midnight + timedelta(days=5)
    await seeder.reach(through)
    await seeder.settle()
    more = [LOW if i % 50 == 0 else GOOD for i in range(500)]
    await seeder.minutes("K1", through, [more])  # the open day
    late = midnight + timedelta(days=3, minutes=1400)  # over midnight of two days that are over
    await seeder.run("DELETE FROM page WHERE hour = $1", late.replace(minute=0))
    await seeder.minutes("K1", late.replace(minute=0), [[LOW] * 60])
    await seeder.reach(through + timedelta(minutes=500))
    cells = cells_from(midnight, bad) | cells_from(through, more)
    cells |= cells_from(late.replace(minute=0), [LOW] * 60)

    answer = await get(client, "/v1/budget")

    (found,) = [
        one for one in answer["budgets"] if (one["figure"], one["area"]) == ("pass_rate", "urban")
    ]
    end = through + timedelta(minutes=500)

    def recounted(start: datetime) -> tuple[int, int]:
        chosen = [verdict_of(cell) for at, cell in cells.items() if start <= at < end]
        return len(chosen) - chosen.count("pass"), len(chosen)

    burn = {one["window"]: one for one in found["burn_rates"]}
    three_days = midnight + timedelta(days=2)
    assert found["used_minutes"] == recounted(midnight)[0]
    assert datetime.fromisoformat(burn["3d"]["from"]) == three_days
    assert (burn["3d"]["bad_minutes"], burn["3d"]["known_minutes"]) == recounted(three_days)
    assert (burn["30d"]["bad_minutes"], burn["30d"]["known_minutes"]) == recounted(midnight)
    six_hours = end.replace(minute=0) - timedelta(hours=6)
    assert (burn["6h"]["bad_minutes"], burn["6h"]["known_minutes"]) == recounted(six_hours)


async def test_a_point_whose_customer_moved_has_its_bad_minutes_where_its_service_is(
    seeder: Seeder, client: httpx.AsyncClient
) -> None:
    await seeder.points(NewPoint(point="M1", area="urban"))
    await seeder.run("UPDATE customer SET valid_from = $1", START + timedelta(days=31))
    cells = [HIGH if i % 10 == 0 else GOOD for i in range(60 * 1440)]  # from 1 March on
    await seeder.minutes("M1", START, [cells])
    await seeder.reach(START + timedelta(days=60))
    await seeder.settle()

    answer = await get(client, "/v1/budget")

    (found,) = [
        one for one in answer["budgets"] if (one["figure"], one["area"]) == ("pass_rate", "urban")
    ]
    assert found["members"] == 1
    assert found["used_minutes"] == 60 * 144  # those of March, too
