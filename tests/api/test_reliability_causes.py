"""Reliability by cause and by evidence, from rows of the database to the answer."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from tests.api.clients import get
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 3, 31, 16, tzinfo=UTC)  # midnight in Shanghai: April has 720 hours
APRIL = {"from": "2024-04-01", "to": "2024-05-01"}
MINUTE = timedelta(minutes=1)
LENGTH = 720 * 60
HOUR = 60


async def put_transformers(seeder: Seeder, n: int) -> None:
    """Put transformers T0001 and on, ten a feeder, each with a meter at its terminals and no other."""
    await seeder.run(
        """
        INSERT INTO point (point, nominal_mv, wiring, class, region, feeder, transformer, is_terminal, valid_from)
        SELECT format('P%s', to_char(i, 'FM0000')), 220000, '3p4w', 'D', format('R%s', (i - 1) % 2),
               format('F%s', to_char((i - 1) / 10, 'FM000')), format('T%s', to_char(i, 'FM0000')), true, '2020-01-01'
          FROM generate_series(1, $1::integer) AS i
        """,
        n,
    )
    await seeder.reach(START + LENGTH * MINUTE)


async def interrupt(
    seeder: Seeder,
    numbers: range,
    minutes: tuple[float, float | None],
    cause: str,
    grades: Sequence[str] = ("measured",),
) -> None:
    """Put an interruption of each of these transformers, with certain edges; None: it goes on."""
    first, last = minutes
    end = None if last is None else START + last * MINUTE
    await seeder.run(
        """
        INSERT INTO interruption
               (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause)
        SELECT point_id, $2, $2, $3::timestamptz, $3, ($4::text[])[1], $4, $5
          FROM point
         WHERE transformer = ANY ($1::text[])
        """,
        [f"T{i:04}" for i in numbers], START + first * MINUTE, end, list(grades), cause,
    )  # fmt: skip


async def test_the_example_of_dl_t_836_comes_out_of_the_database(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_transformers(seeder, 1000)
    await interrupt(seeder, range(1, 51), (600, 600 + 4 * HOUR), "planned_maintenance")
    await interrupt(seeder, range(1, 201), (1200, 1200 + 90), "fault_internal")
    await interrupt(seeder, range(1, 101), (1800, 1800 + 2 * HOUR), "supply_shortage")
    await interrupt(seeder, range(1, 301), (2400, 2400 + 30), "fault_external")
    await interrupt(seeder, range(1, 401), (3000, 3000 + 2), "fault_internal")

    [group] = (await get(client, "/v1/reliability", **APRIL))["groups"]

    four = group["dl_t_836"]
    assert group["n_users"] == 1000.0
    assert [f"{one['aihc_hours']:.6f}" for one in four] == [
        *("0.863333", "0.713333", "0.663333", "0.850000"),
    ]
    assert [f"{100 * one['rs']:.6f}" for one in four] == [
        *("99.880093", "99.900926", "99.907870", "99.881944"),
    ]
    assert (four[0]["aitc"], four[3]["aitc"]) == (1.05, 0.65)


# transformers, from, to (minutes), cause
CASES: list[tuple[range, float, float | None, str]] = [
    (range(1, 3), 100, 190, "fault_internal"),
    (range(1, 2), 300, 300.5, "fault_internal"),  # reclosed within a minute, and still dark
    (range(2, 4), 500, 560, "fault_external"),
    (range(3, 5), 700, 820, "supply_shortage"),
    (range(4, 6), 900, 1000, "network_limit"),
    (range(5, 6), 2000, 2240, "planned_maintenance"),
    (range(5, 6), 4000, 4060, "planned"),
    (range(6, 7), 5000, 5003, "temporary"),  # exactly three minutes
    (range(6, 7), 6000, 6025, "emergency"),
    (range(7, 8), 7000, 7040, "rats in the substation"),
    (range(8, 9), LENGTH - 50, None, "fault"),  # goes on
]
LEFT_OUT = {2: {"fault_external"}, 3: {"supply_shortage"}}
LEAF = {"planned": "planned_unspecified", "fault": "fault_unspecified"}


def dark_minutes(left_out: Sequence[str] = ()) -> Fraction:
    """Return the minutes without supply, recounted by hand: no two of the cases overlap."""
    return sum(
        (
            len(who) * (Fraction(LENGTH if last is None else last) - Fraction(first))
            for who, first, last, cause in CASES
            if cause not in left_out
        ),
        Fraction(0),
    )


async def put_cases(seeder: Seeder) -> None:
    await put_transformers(seeder, 10)
    for who, first, last, cause in CASES:
        await interrupt(seeder, who, (first, last), cause)


async def test_what_a_number_leaves_out_is_a_leaf_of_the_tree(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_cases(seeder)

    [group] = (await get(client, "/v1/reliability", **APRIL))["groups"]

    for number in (1, 2, 3):
        expected = dark_minutes(tuple(LEFT_OUT.get(number, ())))
        found = group["dl_t_836"][number - 1]
        assert found["rs"] == float(1 - expected / (10 * LENGTH)), number
    # Half a minute and three minutes are not longer than three minutes.
    short = Fraction(1, 2) + 3
    assert group["dl_t_836"][3]["rs"] == float(1 - (dark_minutes() - short) / (10 * LENGTH))
    assert group["dl_t_836"][0]["aitc"] == 1.5
    assert group["dl_t_836"][1]["aitc"] == 1.3
    assert group["ieee_1366"]["maifi"] == 0.2


async def test_each_level_of_the_tree_adds_up_to_the_node_above(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_cases(seeder)

    found = (await get(client, "/v1/reliability", group_by="cause", **APRIL))["groups"]

    by_cause = {one["group"]: one for one in found}
    expected: dict[str, Fraction] = defaultdict(Fraction)
    for who, first, last, cause in CASES:
        leaf = LEAF.get(cause, cause if " " not in cause else "unknown")
        expected[leaf] += len(who) * (Fraction(LENGTH if last is None else last) - Fraction(first))
    leaves = {name for name in by_cause if all(one["parent"] != name for one in found)}
    assert leaves == set(expected)
    for leaf, minutes in expected.items():
        assert by_cause[leaf]["rs_1"] == float(1 - minutes / (10 * LENGTH)), leaf
    for name, node in by_cause.items():
        children = [one for one in found if one["parent"] == name]
        for figure in ("aihc_hours", "aitc"):
            for number in range(4 if children else 0):
                parts = sum(one["dl_t_836"][number][figure] for one in children)
                assert parts == pytest.approx(node["dl_t_836"][number][figure], abs=1e-12)
        for index in ("saidi_minutes", "saifi", "maifi", "maifi_e") if children else ():
            parts = sum(one["ieee_1366"][index] for one in children)
            assert parts == pytest.approx(node["ieee_1366"][index], abs=1e-12)
    natures = {one["nature"]: one["saifi"] for one in by_cause["all"]["by_nature"]}
    assert natures == {"fault": 0.7, "prearranged": 0.7, "unknown": 0.1}


async def test_a_cause_may_be_as_much_as_what_has_none(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_cases(seeder)

    found = (await get(client, "/v1/reliability", group_by="cause", **APRIL))["groups"]

    by_cause = {one["group"]: one for one in found}
    # Nothing was measured, so that all time but the known may have been dark: the lower bound is 0.
    assert by_cause["all"]["lower"] == 0.0
    open_us = Fraction(50, 10 * LENGTH)
    assert by_cause["all"]["upper"] == pytest.approx(by_cause["all"]["rs_1"] + float(open_us))
    assert by_cause["fault_internal"]["upper"] == by_cause["fault_internal"]["rs_1"]
    # Another cause may yet be found of what has none, and supply may have come back unseen.
    assert by_cause["unknown"]["upper"] == by_cause["fault_unspecified"]["upper"] == 1.0
    # The other way round: what is known to have another cause is not this one.
    others = dark_minutes(("fault_external", "rats in the substation", "fault"))
    assert by_cause["fault_external"]["lower"] == pytest.approx(float(others / (10 * LENGTH)))


@pytest.mark.parametrize("group_by", ["region", "feeder", "level"])
async def test_a_cause_can_be_asked_for_in_any_group(
    client: httpx.AsyncClient, seeder: Seeder, group_by: str
) -> None:
    await put_cases(seeder)

    found = await get(client, "/v1/reliability", group_by=group_by, cause="planned", **APRIL)

    groups = {one["group"]: one["dl_t_836"][0]["aihc_hours"] for one in found["groups"]}
    hours = (240 + 60) / 60
    expected = {
        "region": {"R0": hours / 5, "R1": 0.0},
        "feeder": {"F000": hours / 10},
        "level": {"public_transformer": hours / 10},
    }
    assert groups == expected[group_by]
    assert found["cause"] == "planned"


GRADED: list[tuple[range, tuple[int, int], str, tuple[str, ...]]] = [
    (range(1, 3), (100, 160), "fault_external", ("measured", "declared")),
    (range(3, 4), (100, 150), "fault_external", ("meter_event",)),
    (range(4, 7), (100, 140), "supply_shortage", ("declared", "inferred")),
    (range(7, 9), (100, 130), "fault_internal", ("inferred",)),
]


async def put_graded(seeder: Seeder) -> None:
    await put_transformers(seeder, 10)
    for who, minutes, cause, grades in GRADED:
        await interrupt(seeder, who, minutes, cause, grades)


def by_evidence(group: dict[str, Any]) -> dict[str, tuple[int, float, bool]]:
    return {
        one["evidence"]: (one["interruptions"], one["user_minutes"], one["in_figures"])
        for one in group["by_evidence"]
    }


async def test_what_has_no_physical_evidence_is_told_apart(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_graded(seeder)

    [group] = (await get(client, "/v1/reliability", **APRIL))["groups"]

    assert by_evidence(group) == {
        "measured": (2, 120.0, True),
        "meter_event": (1, 50.0, True),
        "declared": (3, 120.0, True),
        "inferred": (2, 60.0, False),
    }
    assert group["rs_1"] == float(1 - Fraction(290, 10 * LENGTH))
    assert group["dl_t_836"][0]["aitc"] == 0.6


async def test_without_declarations_nobody_says_why_and_what_they_alone_tell_is_not_known(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await put_graded(seeder)

    [told] = (await get(client, "/v1/reliability", **APRIL))["groups"]
    [untold] = (await get(client, "/v1/reliability", declarations="without", **APRIL))["groups"]
    causes = await get(client, "/v1/reliability", declarations="without", group_by="cause", **APRIL)

    rs = [one["rs"] for one in untold["dl_t_836"]]
    assert rs == [float(1 - Fraction(170, 10 * LENGTH))] * 4
    assert len({one["rs"] for one in told["dl_t_836"][:3]}) == 3
    assert set(by_evidence(untold)) == {"measured", "meter_event", "inferred"}
    assert [one["group"] for one in causes["groups"]] == ["all", "unknown"]


async def test_time_that_only_a_declaration_tells_of_widens_the_bounds_without_it(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P0001", transformer="T0001"))
    await seeder.minutes("P0001", START, [[100] * 1440])
    await seeder.reach(START + 1440 * MINUTE)
    await interrupt(seeder, range(1, 2), (100, 160), "fault_external", ("declared",))

    [untold] = (await get(client, "/v1/reliability", declarations="without", **APRIL))["groups"]

    assert (untold["rs_1"], untold["upper"]) == (1.0, 1.0)
    assert untold["lower"] == float(1 - Fraction(60, 1440))


async def test_the_scorecard_shows_a_target_with_and_without_declarations(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    names = [f"{i:04}" for i in range(1, 11)]
    await seeder.points(
        *(NewPoint(point=f"P{n}", transformer=f"T{n}", area="urban") for n in names)
    )
    await seeder.reach(START + LENGTH * MINUTE)
    for who, minutes, cause, grades in GRADED:
        await interrupt(seeder, who, minutes, cause, grades)

    card = await get(client, "/v1/scorecard", **APRIL)

    urban = [one for one in card["commitments"] if one["area"] == "urban"]
    of = {one["figure"]: one for one in urban}
    reliability, untold = (
        of["supply_reliability"],
        of["supply_reliability"]["without_declarations"],
    )
    assert reliability["together"]["actual"] == pytest.approx(1 - 290 / (10 * LENGTH), abs=1e-15)
    assert untold["together"]["actual"] == pytest.approx(1 - 170 / (10 * LENGTH), abs=1e-15)
    assert untold["decisive"]["region"] == reliability["decisive"]["region"] == "R1"
    assert of["pass_rate"]["without_declarations"] is None


async def test_a_view_has_customer_minutes_by_cause_and_month(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P0001", transformer="T0001", area="urban"))
    await seeder.points(NewPoint(point="P0002", transformer="T0002", area="urban"))
    await seeder.reach(START + 40 * 1440 * MINUTE)
    may = LENGTH  # minutes from START on
    await interrupt(seeder, range(1, 3), (100, 160), "fault_external")
    await interrupt(seeder, range(1, 2), (may - 30, may + 45), "planned_maintenance")
    await interrupt(seeder, range(2, 3), (may + 10, may + 20), "", ("inferred",))
    await interrupt(seeder, range(2, 3), (40 * 1440 - 5, None), "", ("meter_event",))

    async with seeder.pool.connection() as connection:
        rows = await connection.fetch(
            "SELECT month::text, cause, n_customer_interruptions, customer_minutes"
            "  FROM v_interruption_month ORDER BY month, cause"
        )

    assert [tuple(row) for row in rows] == [
        ("2024-04-01", "fault_external", 2, 120.0),
        ("2024-04-01", "planned_maintenance", 1, 30.0),
        ("2024-05-01", "planned_maintenance", 0, 45.0),
        ("2024-05-01", "unknown", 1, 5.0),
    ]
