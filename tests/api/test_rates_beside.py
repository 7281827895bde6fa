"""Pass rates under another rule set than the one in force: what an independent recount by its limits says."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.domain.pass_figures import PassFigure, figure_of_point
from service.domain.rates import VerdictCounts
from service.domain.rules import load_rule_set
from service.store.beside_reads import n_days_waiting, pass_figures_beside
from service.store.pool import Pool
from tests.api.clients import get, problem
from tests.api.recount import VERDICTS, rates_of
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MONITOR = load_rule_set("dlt-645-monitor")  # 220 V: within 7 %; minutes beyond -30 and +20 % leave
NEA = load_rule_set("nea-regulation")
START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
THROUGH = START + 2 * DAY + timedelta(minutes=375)
CELLS = {
    "P": [
        0,
        650,
        700,
        701,
        -700,
        -701,
        -950,
        CELL_NONE,
        -9001,
        -9000,
        812,
        2000,
        2001,
        -3000,
        -3001,
    ],
    "Q": [100] * 30 + [720],
    "R": [CELL_NONE] * 4 + [0],  # below the coverage floor
}
N_MINUTES = 2 * 1440 + 375
ASKED = {"from": "2024-03-01", "to": "2024-03-04"}


def wave(point: str, n_minutes: int = N_MINUTES) -> list[int]:
    cells = CELLS[point]
    return [cells[(i * i // 7 + i // 97) % len(cells)] for i in range(n_minutes)]


def monitored_as(cell: int) -> str:
    """Return the verdict of a minute at 220 V under the limits of the monitor, written down again."""
    if cell == CELL_NONE:
        return "missing"
    if cell < -9000:
        return "interrupted"
    if not -3000 <= cell <= 2000:
        return "exempt"
    return "over" if cell > 700 else "under" if cell < -700 else "pass"


def recount(cells: list[int]) -> dict[str, int]:
    counts = Counter(monitored_as(cell) for cell in cells)
    return {"due": len(cells), **{verdict: counts[verdict] for verdict in VERDICTS}}


def counts_of(minutes: dict[str, int]) -> VerdictCounts:
    return VerdictCounts(**{f"n_{verdict}": minutes[verdict] for verdict in VERDICTS})


async def seed(seeder: Seeder) -> None:
    """Put three points into two regions; two days are over and settled, the third is open."""
    for point, region in (("P", "R1"), ("Q", "R1"), ("R", "R2")):
        await seeder.points(NewPoint(point=point, region=region, area="urban"))
        await seeder.minutes(point, START, [wave(point)])
    await seeder.reach(THROUGH)
    await seeder.settle(MONITOR, NEA)


@pytest.mark.parametrize("by", ["hour", "day"])
async def test_a_point_is_judged_as_it_is_read_today_too(
    reader: httpx.AsyncClient, by: str
) -> None:
    cells = wave("P")

    found = await get(reader, "/v1/points/P/pass-rate", by=by, rule_set="dlt-645-monitor", **ASKED)

    assert found["rule_set"] == "dlt-645-monitor"
    assert found["data_through"] == "2024-03-03T06:15:00+08:00"
    assert found["total"]["minutes"] == recount(cells)
    assert {name: found["total"][name] for name in rates_of(recount(cells))} == rates_of(
        recount(cells)
    )
    length = 60 if by == "hour" else 1440
    shown = [one["minutes"] for one in found["periods"] if one["minutes"]["due"]]
    assert shown == [recount(cells[i : i + length]) for i in range(0, len(cells), length)]
    [phase] = found["phases"]
    assert phase["minutes"] == recount(cells)


async def test_a_part_of_an_hour_of_a_point_is_cut_out(reader: httpx.AsyncClient) -> None:
    span = {"from": "2024-03-01T05:17:00+08:00", "to": "2024-03-02T07:41:00+08:00"}

    found = await get(reader, "/v1/points/P/pass-rate", rule_set="dlt-645-monitor", **span)

    wanted = recount(wave("P")[5 * 60 + 17 : 1440 + 7 * 60 + 41])
    assert found["total"]["minutes"] == wanted
    assert found["phases"][0]["minutes"] == wanted


async def test_a_set_that_is_not_kept_judges_single_points(reader: httpx.AsyncClient) -> None:
    european = await get(reader, "/v1/points/P/pass-rate", rule_set="en-50160", **ASKED)
    in_force = await get(reader, "/v1/points/P/pass-rate", **ASKED)
    named = await get(reader, "/v1/points/P/pass-rate", rule_set="sgcc-2003", **ASKED)

    good = sum(-1000 <= cell <= 1000 for cell in wave("P"))
    assert european["total"]["minutes"]["pass"] == good
    assert in_force == named
    assert in_force["rule_set"] == "sgcc-2003"
    assert in_force["total"]["minutes"]["pass"] == sum(-1000 <= cell <= 700 for cell in wave("P"))


async def test_groups_under_a_set_beside_are_days_that_are_over(reader: httpx.AsyncClient) -> None:
    found = await get(
        reader, "/v1/pass-rate", group_by="region", rule_set="dlt-645-monitor", **ASKED
    )

    minutes = {point: recount(wave(point, 2 * 1440)) for point in CELLS}
    first, second = found["groups"]
    assert (found["rule_set"], found["days_waiting"]) == ("dlt-645-monitor", 0)
    assert found["data_through"] == "2024-03-03T00:00:00+08:00"
    assert first["minutes"] == {name: n + minutes["Q"][name] for name, n in minutes["P"].items()}
    assert (first["points"], first["monitored"], first["method"]) == (2, 2, "continuous")
    for name in ("rate", "lower", "upper", "coverage"):
        shares = [rates_of(minutes[point])[name] for point in ("P", "Q")]
        assert first[name] == pytest.approx(sum(share or 0 for share in shares) / 2, abs=1e-14)
    assert second["minutes"] == minutes["R"]
    assert (second["points"], second["monitored"], second["rate"]) == (1, 0, None)


async def test_groups_under_the_set_in_force_reach_into_today(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/pass-rate", group_by="class", rule_set="sgcc-2003", **ASKED)

    assert found["data_through"] == "2024-03-03T06:15:00+08:00"
    assert found["groups"][0]["minutes"]["due"] == 3 * N_MINUTES
    assert found["days_waiting"] == 0


async def test_figures_for_targets_are_exact_under_a_set_beside(seeded: Any) -> None:
    days = (date(2024, 3, 1), date(2024, 3, 4))
    floor = Fraction(MONITOR.coverage.floor)
    async with Pool(seeded, "reader", max_size=1) as pool, pool.connection() as connection:
        found = await pass_figures_beside(connection, days, MONITOR, ("residential_points",))

    wanted: dict[str, PassFigure] = {}
    for point, region in (("P", "R1"), ("Q", "R1"), ("R", "R2")):
        counts = counts_of(recount(wave(point, 2 * 1440)))
        wanted.setdefault(region, PassFigure()).include(figure_of_point(point, counts, floor))
    assert {(one.region, one.area) for one in found} == {("R1", "urban"), ("R2", "urban")}
    for one in found:
        figure = wanted[one.region]
        assert one.figure.counts == figure.counts
        assert one.figure.rate.value() == figure.rate.value()
        assert one.figure.lower.value() == figure.lower.value()
        assert one.figure.lowest == figure.lowest
        assert (one.figure.n_monitored, one.figure.n_points) == (
            figure.n_monitored,
            figure.n_points,
        )


async def test_a_scorecard_of_a_set_beside_rests_on_its_own_days(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    asked = {"rule_set": "nea-regulation", **ASKED}
    days = (date(2024, 3, 1), date(2024, 3, 4))
    async with seeder.pool.connection() as connection:
        regions = await pass_figures_beside(connection, days, NEA, ("residential_points",))
    wanted = [one.figure.rate.value() for one in regions if one.figure.n_monitored]

    found = await get(client, "/v1/scorecard", **asked)
    await seeder.settle(MONITOR)
    refused = await problem(client, "/v1/scorecard", **asked)

    shown = [
        region["actual"]
        for one in found["commitments"]
        if (one["figure"], one["population"]) == ("pass_rate", "residential_points")
        for region in one["regions"]
        if region["actual"] is not None
    ]
    assert shown
    assert found["judged_by"] == "nea-regulation"
    assert shown == [float(rate) for rate in wanted if rate is not None]
    assert "VOLTPASS_RULE_SETS_BESIDE" in refused["detail"]


async def test_a_late_page_makes_a_day_wait_until_it_is_counted(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    asked = {"group_by": "region", "rule_set": "dlt-645-monitor", "region": "R1", **ASKED}
    before = await get(client, "/v1/pass-rate", **asked)
    await seeder.minutes("Q", START + 5 * MINUTE, [[-2000] * 50])

    waiting = await get(client, "/v1/pass-rate", **asked)
    await seeder.settle(MONITOR, NEA)
    after = await get(client, "/v1/pass-rate", **asked)

    cells = wave("Q", 2 * 1440)
    changed = [*cells[:5], *[-2000] * 50, *cells[55:]]  # the greater deviation wins
    assert (before["days_waiting"], waiting["days_waiting"], after["days_waiting"]) == (0, 1, 0)
    assert waiting["groups"] == before["groups"]
    [group] = after["groups"]
    other = recount(wave("P", 2 * 1440))
    assert group["minutes"] == {name: n + other[name] for name, n in recount(changed).items()}


async def test_a_set_exempts_only_if_it_has_a_power_factor(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", START, [wave("P")])
    await seeder.reach(THROUGH)
    await seeder.run(
        "INSERT INTO power_factor_exemption VALUES ($1, '2024-03-01', 0.8, 0.9)",
        seeder.point_ids["P"],
    )

    monitor = await get(client, "/v1/points/P/pass-rate", rule_set="dlt-645-monitor", **ASKED)
    nea = await get(client, "/v1/points/P/pass-rate", rule_set="nea-regulation", **ASKED)

    assert monitor["exemption"] == {"months": [], "total_without": None}
    assert monitor["total"]["minutes"] == recount(wave("P"))
    assert nea["exemption"]["months"] == ["2024-03-01"]
    assert nea["total"]["minutes"]["pass"] == 0
    assert nea["exemption"]["total_without"]["minutes"]["pass"] > 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("en-50160", ["en-50160", "sgcc-2003, dlt-645-monitor, nea-regulation"]),
        ("no-such-set", ["no-such-set", "sgcc-2003, dlt-645-monitor, nea-regulation", "en-50160"]),
    ],
)
async def test_groups_under_a_set_that_is_not_kept_are_refused(
    reader: httpx.AsyncClient, name: str, says: list[str]
) -> None:
    found = await problem(reader, "/v1/pass-rate", group_by="region", rule_set=name, **ASKED)

    assert (found["status"], found["errors"][0]["location"]) == (422, ["query", "rule_set"])
    for part in [*says, "VOLTPASS_RULE_SETS_BESIDE"]:
        assert part in found["detail"]


async def test_a_point_under_a_set_that_there_is_not_is_refused(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, "/v1/points/P/pass-rate", rule_set="no-such-set")

    assert found["status"] == 422
    assert "en-50160" in found["detail"]


async def test_days_of_an_edited_set_are_not_passed_off_as_those_of_this_one(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seed(seeder)
    await seeder.run(
        "UPDATE kept_rule_set SET checksum = 'other' WHERE rule_set = 'dlt-645-monitor'"
    )

    found = await problem(
        client, "/v1/pass-rate", group_by="region", rule_set="dlt-645-monitor", **ASKED
    )

    assert (found["status"], "settle" in found["detail"]) == (503, True)


async def test_waiting_days_are_counted_once_and_only_of_the_days_asked_for(
    seeder: Seeder,
) -> None:
    await seed(seeder)
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)]
    for day in days:
        await seeder.run(
            "INSERT INTO beside_due VALUES ($1, $2) ON CONFLICT DO NOTHING",
            seeder.point_ids["P"],
            day,
        )
    await seeder.run(
        "INSERT INTO dirty_day VALUES ($1, $2, 7), ($1, $2, 8)", seeder.point_ids["P"], days[1]
    )
    async with seeder.pool.connection() as connection:
        n_waiting = await n_days_waiting(connection, (days[1], date(2024, 4, 1)))

    assert n_waiting == 2
