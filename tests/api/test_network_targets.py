"""Targets of the share that keeps week limits, and of the composite rate."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.domain.catalogue import checksum_of
from service.domain.rules import load_rule_set
from service.domain.scorecard import Commitment
from service.domain.target_rows import TargetRow
from service.store.deployment_reads import reading
from service.store.scorecard_reads import read_scorecard
from tests.api.clients import get, problem
from tests.api.seeding import SGCC, NewPoint, Seeder

pytestmark = pytest.mark.integration

MONDAY = datetime(2024, 3, 3, 16, tzinfo=UTC)  # 4 March in Shanghai
WEEK_MINUTES = 7 * 1440
GOOD, ABOVE_253_V = 100, 1101  # at 230 V
TWO_WEEKS = {"from": "2024-03-01", "to": "2024-03-25"}  # and what is left of two others


def week(n_above: int, n_silent: int = 0) -> list[int]:
    n_good = WEEK_MINUTES - n_above - n_silent
    return [ABOVE_253_V] * n_above + [GOOD] * n_good + [CELL_NONE] * n_silent


# Region, class, two weeks.
POINTS = {
    "good": ("R1", "A", [week(0), week(0)]),
    "second-bad": ("R1", "B", [week(0), week(200)]),
    "bad": ("R2", "C", [week(500), week(500)]),
    "silent": ("R2", "D", [week(0), week(0, n_silent=5000)]),
}


async def seed(seeder: Seeder) -> None:
    await seeder.run(
        "INSERT INTO kept_rule_set (rule_set, checksum) VALUES ('as-61000.3.100', $1)",
        checksum_of(load_rule_set("as-61000.3.100")),
    )
    for name, (region, point_class, weeks) in POINTS.items():
        await seeder.points(
            NewPoint(point=name, region=region, point_class=point_class, nominal_v=230)
        )
        await seeder.minutes(name, MONDAY, [[cell for one in weeks for cell in one]])
    await seeder.reach(MONDAY + timedelta(days=15))
    await seeder.settle()


async def test_the_share_that_complies_is_that_of_points_and_weeks(
    reader: httpx.AsyncClient,
) -> None:
    card = await get(reader, "/v1/scorecard", rule_set="as-61000.3.100", **TWO_WEEKS)

    (found,) = card["commitments"]
    assert (found["figure"], found["reach"], found["verdict"]) == (
        "compliant_share",
        "generality",
        "broken",
    )
    # Of 4 points x 2 weeks: 4 comply, 3 do not, of 1 nobody knows.
    whole = found["together"]
    assert whole["actual"] == pytest.approx(Fraction(4, 7), abs=1e-15)
    assert (whole["lower"], whole["upper"], whole["coverage"]) == (4 / 8, 5 / 8, 7 / 8)
    assert (whole["members"], whole["known"], whole["not_known"]) == (8, 7, 1)
    assert [(one["region"], one["actual"]) for one in found["regions"]] == [
        ("R1", 0.75),
        ("R2", pytest.approx(1 / 3, abs=1e-15)),
    ]
    assert found["certain"]


async def test_a_week_that_is_not_over_takes_no_part(reader: httpx.AsyncClient) -> None:
    days = {"from": "2024-03-04", "to": "2024-03-11"}

    one_week = await get(reader, "/v1/scorecard", rule_set="as-61000.3.100", **days)
    no_week = await get(
        reader, "/v1/scorecard", rule_set="as-61000.3.100", **{**days, "to": "2024-03-10"}
    )

    assert one_week["commitments"][0]["together"]["actual"] == 0.75
    assert no_week["commitments"][0]["verdict"] == "not_enough_data"


async def test_a_region_of_which_nothing_is_known_widens_the_bounds(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.run(
        "INSERT INTO kept_rule_set (rule_set, checksum) VALUES ('as-61000.3.100', $1)",
        checksum_of(load_rule_set("as-61000.3.100")),
    )
    for name, region, n_silent in (("good", "R1", 0), ("silent", "R2", 9000)):
        await seeder.points(NewPoint(point=name, region=region, nominal_v=230))
        await seeder.minutes(name, MONDAY, [week(0, n_silent)])
    await seeder.reach(MONDAY + timedelta(days=8))
    await seeder.settle()

    days = {"from": "2024-03-04", "to": "2024-03-11"}
    card = await get(client, "/v1/scorecard", rule_set="as-61000.3.100", **days)

    (found,) = card["commitments"]
    whole = found["together"]
    assert (whole["actual"], whole["lower"], whole["upper"]) == (1.0, 0.5, 1.0)
    assert (whole["coverage"], whole["members"], whole["known"]) == (0.5, 2, 1)
    assert (found["verdict"], found["certain"]) == ("kept", False)
    silent = found["regions"][1]
    assert (silent["region"], silent["actual"], silent["lower"], silent["upper"]) == (
        "R2",
        None,
        0,
        1,
    )


async def test_weeks_that_are_not_kept_are_a_problem(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.reach(MONDAY)

    found = await problem(client, "/v1/scorecard", rule_set="as-61000.3.100")

    assert found["code"] == "rule_set_not_judged"
    assert "VOLTPASS_RULE_SETS_BESIDE" in found["detail"]


async def composite(stored: Seeder, days: tuple[date, date]) -> Commitment:
    row = TargetRow(
        figure="composite_pass_rate",
        area="any",
        population="all_points",
        reach="average",
        at_least=Decimal("0.9"),
        source="a test",
        certainty="confirm",
        effective_from=date(2003, 11, 1),
    )
    rules = SGCC.model_copy(update={"targets": (row,)})
    async with reading(stored.pool) as snapshot:
        (found,) = await read_scorecard(snapshot, days, rules, SGCC)
    return found


async def test_the_composite_rate_weighs_class_a_like_all_others_together(stored: Seeder) -> None:
    found = await composite(stored, (date(2024, 3, 4), date(2024, 3, 11)))

    bad = 1 - Fraction(500, WEEK_MINUTES)
    expected = Fraction(1, 2) + Fraction(1, 2) * (1 + bad + 1) / 3
    assert found.together.figure.actual.value() == expected
    assert (found.verdict, found.is_certain) == ("kept", True)
    assert found.together.figure.n_members == 4


async def test_a_composite_with_a_class_that_is_not_monitored_is_not_known(stored: Seeder) -> None:
    found = await composite(stored, (date(2024, 3, 11), date(2024, 3, 18)))

    assert found.verdict == "not_enough_data"
    assert found.together.figure.actual.value() is None
