"""Reliability over a database: what the API says is what a plain recount of the rows says."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from service.store.deployment_reads import reading
from service.store.reliability_reads import reliability_figures
from tests.api.clients import get, problem
from tests.api.seeding import SGCC, NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
REACH = START + 2 * DAY + timedelta(hours=6)
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
# point, region, feeder, transformer, class of its customer, area, terminal
POINTS = [
    ("A1", "R1", "F1", "TA", "LV", "urban", False),
    ("A2", "R1", "F1", "TA", "LV", "rural", False),
    ("A3", "R1", "F1", "TA", "LV", "urban", False),
    ("A4", "R1", "F1", "TA", "LV", "urban", False),
    ("A5", "R1", "F1", "TA", "LV", "urban", False),
    ("B1", "R1", "F2", "TB", "LV", "rural", False),
    ("BT", "R1", "F2", "TB", None, None, True),
    ("M1", "R2", "F3", "TM", "MV", "urban", False),
    ("C1", "R2", "F3", "TC", None, None, False),
]
# point, from, to (None: it lasts), cause; minutes after START
OUTAGES = [
    ("A1", 100, 160, "planned"),
    ("A2", 100, 160, "planned"),
    ("A3", 100, 160, "planned"),
    ("A4", 110, 160, "planned"),
    ("A5", 300, 302, "tree"),
    ("B1", 500, 600, ""),
    ("BT", 530, 590, "fault_external"),
    ("M1", 1430, 1450, "fault_internal"),
    ("M1", 3100, None, "supply_shortage"),
]


async def seed(seeder: Seeder) -> None:
    """Put users of all kinds and their interruptions; A1 to A4 are measured but for an hour."""
    for name, region, feeder, transformer, user_class, area, is_terminal in POINTS:
        await seeder.points(
            NewPoint(point=name, region=region, feeder=feeder, transformer=transformer, area=area)
        )
        if user_class == "MV":
            await seeder.run(
                "UPDATE customer SET user_class = 'MV', capacity_kva = 630.5 WHERE customer = $1",
                f"C-{name}",
            )
        await seeder.run("UPDATE point SET is_terminal = $1 WHERE point = $2", is_terminal, name)
    for name in ("A1", "A2", "A3", "A4", "M1"):
        silent = range(2000, 2060)
        cells = [CELL_NONE if i in silent else 100 for i in range(2 * 1440 + 360)]
        await seeder.minutes(name, START, [cells])
    await seeder.reach(REACH)
    await seeder.settle()
    for name, first, last, cause in OUTAGES:
        await interrupt(seeder, name, first, last, cause)


async def interrupt(
    seeder: Seeder, name: str, first: int, last: int | None, cause: str, fuzz: int = 1
) -> None:
    end = None if last is None else START + last * MINUTE
    await seeder.run(
        "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause)"
        " VALUES ($1, $2, $3, $4, $5, 'measured', '{measured}', $6)",
        seeder.point_ids[name],
        START + first * MINUTE,
        START + (first - fuzz) * MINUTE,
        end,
        None if end is None else end + fuzz * MINUTE,
        cause,
    )


# ------------------------------------------------------------------- a plain recount, by minutes


def is_dark(name: str, minute: int) -> bool:
    through = (REACH - START) // MINUTE
    return any(
        point == name and first <= minute < (through if last is None else last)
        for point, first, last, _ in OUTAGES
    )


def dark_minutes(users: dict[str, Any], span: range) -> dict[str, int]:
    return {name: sum(map(is_out, span)) for name, is_out in users.items()}


def mv_users() -> dict[str, Any]:
    def of_transformer_a(minute: int) -> bool:
        return sum(is_dark(f"A{i}", minute) for i in range(1, 6)) >= 4

    return {
        "M1": lambda minute: is_dark("M1", minute),
        "TA": of_transformer_a,
        "TB": lambda minute: is_dark("BT", minute),
        "TC": lambda minute: is_dark("C1", minute),
    }


def lv_users() -> dict[str, Any]:
    def user(name: str) -> Any:
        return lambda minute: is_dark(name, minute)

    return {name: user(name) for name in ("A1", "A2", "A3", "A4", "A5", "B1")}


WHOLE = range(2 * 1440 + 360)  # minutes that the data have reached


async def test_medium_voltage_users_are_what_a_recount_by_minutes_says(
    reader: httpx.AsyncClient,
) -> None:
    minutes = dark_minutes(mv_users(), WHOLE)
    assert minutes == {"M1": 20 + 140, "TA": 50, "TB": 60, "TC": 0}

    found = await get(reader, "/v1/reliability", **MARCH)
    [group] = found["groups"]

    total = Fraction(sum(minutes.values()))
    assert found["definition"]["users"] == "MV"
    assert group["n_users"] == 4.0
    assert group["rs_1"] == float(1 - total / (4 * len(WHOLE)))
    first = group["dl_t_836"][0]
    assert (first["number"], first["left_out"]) == (1, "nothing")
    assert first["rs"] == group["rs_1"]
    assert first["aihc_hours"] == float(total / 60 / 4)
    assert first["aitc"] == 4 / 4
    assert group["dl_t_836"][1]["aihc_hours"] == float((total - 60) / 60 / 4)
    assert group["dl_t_836"][2]["aihc_hours"] == float((total - 140) / 60 / 4)
    assert group["ieee_1366"]["saidi_minutes"] == float(total / 4)
    assert group["ieee_1366"]["saifi"] == 1.0
    assert group["ieee_1366"]["users_interrupted"] == 3
    assert group["ieee_1366"]["cemi"]["2"] == 0.25
    assert group["ieee_1366"]["asifi"] is None  # of transformers nobody knows the capacity


async def test_low_voltage_users_are_customers_and_short_interruptions_are_momentary(
    reader: httpx.AsyncClient,
) -> None:
    minutes = dark_minutes(lv_users(), WHOLE)

    found = await get(reader, "/v1/reliability", users="LV", **MARCH)
    [group] = found["groups"]

    total = Fraction(sum(minutes.values()))
    assert group["n_users"] == 6.0
    assert group["dl_t_836"][0]["aihc_hours"] == float(total / 60 / 6)
    assert group["dl_t_836"][3]["aihc_hours"] == float((total - 2) / 60 / 6)
    assert group["ieee_1366"]["saidi_minutes"] == float((total - 2) / 6)
    assert group["ieee_1366"]["maifi"] == float(Fraction(1, 6))


async def test_without_such_users_there_are_no_groups(reader: httpx.AsyncClient) -> None:
    assert (await get(reader, "/v1/reliability", users="HV", **MARCH))["groups"] == []


@pytest.mark.parametrize(
    ("group_by", "users", "expected"),
    [
        ("region", "MV", {"R1": ["TA", "TB"], "R2": ["M1", "TC"]}),
        ("feeder", "MV", {"F1": ["TA"], "F2": ["TB"], "F3": ["M1", "TC"]}),
        ("area", "MV", {"none": ["TC"], "rural": ["TB"], "urban": ["M1", "TA"]}),
        ("area", "LV", {"rural": ["A2", "B1"], "urban": ["A1", "A3", "A4", "A5"]}),
    ],
)
async def test_groups_are_their_users(
    reader: httpx.AsyncClient, group_by: str, users: str, expected: dict[str, list[str]]
) -> None:
    minutes = dark_minutes(mv_users() if users == "MV" else lv_users(), WHOLE)

    found = await get(reader, "/v1/reliability", users=users, group_by=group_by, **MARCH)

    assert [one["group"] for one in found["groups"]] == list(expected)
    for one, members in zip(found["groups"], expected.values(), strict=True):
        total = Fraction(sum(minutes[name] for name in members))
        assert one["n_users"] == len(members)
        assert one["rs_1"] == float(1 - total / (len(members) * len(WHOLE)))


async def test_causes_divide_the_time_without_supply(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/reliability", users="LV", group_by="cause", **MARCH)

    hours = {one["group"]: one["dl_t_836"][0]["aihc_hours"] for one in found["groups"]}
    assert hours == {  # a tree is no word of the catalogue
        "planned": float(Fraction(230, 360)),
        "unknown": float(Fraction(102, 360)),
    }
    assert all(one["lower"] is None for one in found["groups"])


async def test_bounds_take_edges_and_unobserved_minutes(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/reliability", users="LV", group_by="area", **MARCH)
    rural, urban = found["groups"]

    # A2: 60 minutes, 2 of edges, 60 of silence. B1 was never measured: it may have been dark always.
    worst = Fraction(60 + 2 + 60 + len(WHOLE))
    assert rural["lower"] == float(1 - worst / (2 * len(WHOLE)))
    assert rural["upper"] == rural["rs_1"]
    # A1, A3, A4 as A2, the last one dark for 50 minutes; A5 was never measured.
    worst = Fraction(3 * (2 + 60) + 60 + 60 + 50 + len(WHOLE))
    assert urban["lower"] == float(1 - worst / (4 * len(WHOLE)))


@pytest.mark.parametrize("cut", ["2024-03-01T02:30:00+08:00", "2024-03-02", "2024-03-03"])
async def test_a_period_split_anywhere_adds_up(reader: httpx.AsyncClient, cut: str) -> None:
    parts = [
        (await get(reader, "/v1/reliability", **{"from": from_, "to": to}))["groups"][0]
        for from_, to in [("2024-03-01", "2024-03-04"), ("2024-03-01", cut), (cut, "2024-03-04")]
    ]

    for name in ("aihc_hours", "aitc"):
        whole, first, second = (part["dl_t_836"][0][name] for part in parts)
        assert whole == pytest.approx(first + second, abs=1e-12)


async def test_another_rule_set_defines_interruptions_otherwise(reader: httpx.AsyncClient) -> None:
    found = await problem(reader, "/v1/reliability", rule_set="nobody", **MARCH)

    assert (found["status"], found["code"]) == (422, "invalid_request")
    assert "rule set 'nobody' is unknown, there are" in found["detail"]


async def test_before_any_data_there_are_no_groups(reader: httpx.AsyncClient) -> None:
    past = {"from": "2030-01-01", "to": "2030-02-01"}

    assert (await get(reader, "/v1/reliability", **past))["groups"] == []


async def test_the_figures_of_the_scorecard_are_those_of_the_api(
    reader: httpx.AsyncClient, stored: Seeder
) -> None:
    span = (START, START + 31 * DAY)
    async with reading(stored.pool) as snapshot:
        figures = await reliability_figures(snapshot, span, SGCC)

    assert set(figures) == {
        ("R1", "urban"),
        ("R1", "rural"),
        ("R2", "urban"),
        ("R2", None),
    }
    areas = await get(reader, "/v1/reliability", group_by="area", **MARCH)
    rural = areas["groups"][1]
    one = figures["R1", "rural"]
    assert (float(one.rs_1 or 0), float(one.lower or 0)) == (rural["rs_1"], rural["lower"])
    assert one.rs_1 == 1 - Fraction(60, len(WHOLE))


async def test_in_an_exempt_month_no_minute_says_that_there_was_supply(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="X", area="urban"), NewPoint(point="Y", area="urban"))
    await seeder.run("UPDATE customer SET residential = false")
    await seeder.run(
        "INSERT INTO power_factor_exemption (point_id, month, power_factor, required)"
        " VALUES ($1, '2024-03-01', 0.8, 0.9)",
        seeder.point_ids["X"],
    )
    for name in ("X", "Y"):
        await seeder.minutes(name, START, [[100] * 600 + [CELL_NONE] * 40 + [100] * 800])
    await seeder.reach(START + DAY)

    found = await get(client, "/v1/reliability", users="LV", **MARCH)

    # X: silent minutes are EXEMPT like all others, and cannot be told from them. Y: forty are MISSING.
    assert found["groups"][0]["lower"] == float(1 - Fraction(1440 + 40, 2 * 1440))
    assert found["groups"][0]["rs_1"] == 1.0


# --------------------------------------------------------------------------- major event days


def history() -> Iterator[tuple[date, int]]:
    """Yield days of 2023 and for how many minutes one of six users was without supply.

    SAIDI is twelve times that of the toy in the domain reference, 4.3 O4, less its day of zero.
    """
    for i, saidi in enumerate([6, 12, 24, 48, 96, 3]):
        yield date(2023, 5, 1 + i), 6 * saidi


async def test_major_event_days_are_judged_by_the_years_before(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(*(NewPoint(point=f"A{i}", area="urban") for i in range(1, 7)))
    for day, minutes in history():
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        first = (at - START) // MINUTE
        await interrupt(seeder, "A1", first, first + minutes, "")
    await interrupt(seeder, "A1", 15 * 60, 15 * 60 + 3000, "")  # 2024-03-01, 23:00 and on
    await interrupt(seeder, "A2", 10_000, 10_060, "")
    await seeder.reach(START + 30 * DAY)

    found = await get(client, "/v1/major-event-days", year=2024, users="LV")
    first = await get(client, "/v1/major-event-days", year=2023, users="LV")

    assert found["n_days"] == 6
    assert found["beta"] == pytest.approx(1.2967596, abs=1e-7)
    assert found["t_med_minutes"] == pytest.approx(12 * 36.178777, abs=1e-5)
    assert [one["date"] for one in found["days"]] == ["2024-03-01"]
    assert found["days"][0]["saidi_minutes"] == 500.0
    assert found["with_major_event_days"]["interruptions"] == 2
    assert found["without_major_event_days"]["interruptions"] == 1
    assert found["without_major_event_days"]["saidi_minutes"] == 10.0
    assert (first["t_med_minutes"], first["days"]) == (None, None)
    assert first["with_major_event_days"]["interruptions"] == 6
    assert first["without_major_event_days"] is None


async def test_the_saidi_of_a_day_is_by_the_users_of_that_day(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(*(NewPoint(point=f"A{i}", area="urban") for i in range(1, 7)))
    await seeder.run("UPDATE customer SET valid_from = '2023-04-01 00:00+08'")
    for day, minutes in history():
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        first = (at - START) // MINUTE
        await interrupt(seeder, "A1", first, first + minutes, "")
    await seeder.reach(START + 30 * DAY)

    found = await get(client, "/v1/major-event-days", year=2024, users="LV")

    # Six users on each of these days; over the whole of 2023 they are four and a half.
    assert found["t_med_minutes"] == pytest.approx(12 * 36.178777, abs=1e-5)


async def test_a_year_without_users_has_no_figures(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/major-event-days", year=2010)

    assert (found["days"], found["with_major_event_days"]) == (None, None)


async def test_without_data_nothing_is_known(client: httpx.AsyncClient) -> None:
    found = await get(client, "/v1/major-event-days")

    assert (found["year"], found["t_med_minutes"]) == (2024, None)


@pytest.mark.parametrize(
    ("path", "params", "says"),
    [
        ("/v1/reliability", {"users": "MW"}, "'LV', 'MV' or 'HV'"),
        ("/v1/reliability", {"group_by": "town"}, "'none', 'region', 'feeder', 'area' or 'cause'"),
        ("/v1/reliability", {"from": "2022-01-01", "to": "2024-01-01"}, "at most 400"),
        ("/v1/reliability", {"from": "soon"}, "must be a day"),
        ("/v1/major-event-days", {"year": "1"}, "1970"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, path: str, params: dict[str, str], says: str
) -> None:
    found = await problem(reader, path, **params)

    assert found["status"] == 422
    assert says in found["detail"]
