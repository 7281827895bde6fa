"""The pass rate of one point: the answer, the SQL views and a plain recount say the same."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kernels.layout import CELL_NONE
from tests.api.clients import get, problem
from tests.api.recount import (
    MINUTE,
    cells_from,
    local_days,
    local_hours,
    local_months,
    rates_of,
    recount,
    sql_minutes,
)
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

GOLDEN_DAY = (
    [400] * 1300 + [800] * 60 + [-950] * 20 + [-1200] * 30 + [-10000] * 20 + [CELL_NONE] * 10
)
RATES = ("rate", "lower", "upper", "coverage")


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def wave(n_minutes: int) -> list[int]:
    """Return cells of every kind, in no period that fits an hour or a day."""
    cells = [0, 650, 700, 701, -1000, -1001, -950, CELL_NONE, -9001, -9000, 812]
    return [cells[(i * i // 7 + i // 97) % len(cells)] for i in range(n_minutes)]


def rates_in(part: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: part[name] for name in RATES}


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))


async def test_the_golden_day(client: httpx.AsyncClient, seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", utc(2024, 2, 29, 16), [GOLDEN_DAY])
    await seeder.reach(utc(2024, 3, 1, 16))

    found = await get(
        client, "/v1/points/P/pass-rate", **{"from": "2024-03-01", "to": "2024-03-02"}
    )

    assert found["total"]["minutes"] == {
        "due": 1440,
        "pass": 1320,
        "over": 60,
        "under": 30,
        "interrupted": 20,
        "exempt": 0,
        "invalid": 0,
        "missing": 10,
    }
    assert found["total"]["rate"] == 1320 / 1410
    assert found["total"]["lower"] == 1320 / 1420
    assert found["total"]["upper"] == 1330 / 1420
    assert found["total"]["coverage"] == 1410 / 1420
    assert found["total"]["monitored"] is True
    assert found["total"]["method"] == "continuous"
    assert found["rule_set"] == "sgcc-2003"
    assert found["zone"] == "Asia/Shanghai"
    assert found["data_through"] == "2024-03-02T00:00:00+08:00"
    [day] = found["periods"]
    assert (day["period"], day["from"]) == ("2024-03-01", "2024-03-01T00:00:00+08:00")
    assert rates_in(day) == rates_in(found["total"])


@pytest.mark.parametrize(
    ("zone", "start", "n_days"),
    [
        ("Asia/Shanghai", utc(2024, 2, 28, 3, 17), 4),
        ("Europe/Berlin", utc(2024, 3, 29, 22, 5), 3),  # a day of 1380 minutes
        ("Europe/Berlin", utc(2024, 10, 25, 23, 59), 4),  # and one of 1500
        ("Asia/Kolkata", utc(2024, 1, 30, 18, 1), 3),  # half an hour off
        ("Australia/Lord_Howe", utc(2024, 4, 5, 12, 30), 4),  # clocks change by half an hour
        ("America/Havana", utc(2024, 3, 9, 2), 3),  # midnight is skipped
        ("America/Havana", utc(2024, 11, 2, 2), 4),  # midnight comes twice
        ("Asia/Kathmandu", utc(2024, 4, 12, 18, 20), 2),  # a quarter off
    ],
)
async def test_answer_views_and_recount_agree_in_every_zone(
    client: httpx.AsyncClient, seeder: Seeder, zone: str, start: datetime, n_days: int
) -> None:
    cells = wave(n_days * 1440 - 41)
    begins, ends = start - timedelta(minutes=90), start + timedelta(days=n_days, hours=7)
    through = start + timedelta(days=n_days, minutes=-23)
    await seeder.zone(zone)
    await seeder.points(NewPoint(point="P", valid_from=begins, valid_to=ends))
    await seeder.minutes("P", start, [cells])
    await seeder.reach(through)
    names = {"hour": local_hours(zone), "day": local_days(zone), "month": local_months(zone)}
    known = cells_from(start, cells)
    wanted = {by: recount(known, (begins, through), name_of) for by, name_of in names.items()}
    span = {"from": (begins - timedelta(days=2)).isoformat(), "to": ends.isoformat()}

    for settle in (None, seeder.settle):  # from pages alone, then with stored days
        if settle is not None:
            await settle()
        answers = {by: await get(client, "/v1/points/P/pass-rate", by=by, **span) for by in names}

        for by, answer in answers.items():
            shown = {one["period"]: one for one in answer["periods"] if one["minutes"]["due"]}
            assert {name: one["minutes"] for name, one in shown.items()} == wanted[by]
            for name, one in shown.items():
                assert rates_in(one) == rates_of(wanted[by][name])
            assert answer["total"] == answers["day"]["total"]
        for by in ("day", "month"):
            rows = await seeder.rows(f"SELECT *, {by}::text AS period FROM v_point_{by}")  # noqa: S608
            parts = {row["period"][: 7 if by == "month" else 10]: row for row in rows}
            assert {name: sql_minutes(row) for name, row in parts.items()} == wanted[by]
            for one in answers[by]["periods"]:
                if row := parts.get(one["period"]):
                    assert rates_in(one) == {name: row[name] for name in RATES}
                    assert one["method"] == row["method"]


async def test_hours_of_silence_are_missing_and_the_future_is_not_due(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", utc(2024, 3, 1, 4), [[0] * 60])
    await seeder.reach(utc(2024, 3, 1, 8, 0) - timedelta(seconds=30))

    found = await get(
        client, "/v1/points/P/pass-rate", **{"from": "2024-03-01", "to": "2024-03-03"}
    )

    today, tomorrow = found["periods"]
    assert today["minutes"]["due"] == 16 * 60
    assert today["minutes"]["missing"] == 15 * 60
    assert today["monitored"] is False
    assert tomorrow["minutes"]["due"] == 0
    assert rates_in(tomorrow) == dict.fromkeys(RATES)
    assert tomorrow["method"] is None


async def test_a_declared_outage_counts_only_as_far_as_the_data_reach(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.run(
        """
        WITH made AS (
            INSERT INTO declaration (kind, ticket, author, approver, from_at, to_at)
            VALUES ('outage', 'T', 'a', 'b', '2024-03-01T04:00Z', '2024-03-01T10:00Z')
            RETURNING declaration_id
        )
        INSERT INTO declaration_scope SELECT declaration_id, 'point', 'P' FROM made
        """
    )
    await seeder.minutes("P", utc(2024, 3, 1, 3), [[0] * 60 + [CELL_NONE] * 300])
    await seeder.reach(utc(2024, 3, 1, 4, 40))

    found = await get(
        client,
        "/v1/points/P/pass-rate",
        **{"from": "2024-03-01T03:00:00Z", "to": "2024-03-02T00:00:00Z"},
    )

    minutes = found["total"]["minutes"]
    assert (minutes["due"], minutes["pass"], minutes["interrupted"]) == (100, 60, 40)


async def test_before_the_first_reading_nothing_is_due(reader: httpx.AsyncClient) -> None:
    found = await get(reader, "/v1/points/P/pass-rate")

    assert found["data_through"] is None
    assert found["total"]["minutes"]["due"] == 0
    assert rates_in(found["total"]) == dict.fromkeys(RATES)


@pytest.mark.parametrize(
    ("interval_s", "method"), [(1, "continuous"), (60, "continuous"), (900, "sampled")]
)
async def test_slow_readings_make_a_sampled_rate(
    client: httpx.AsyncClient, seeder: Seeder, interval_s: int, method: str
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.minutes("P", utc(2024, 3, 1), [[0] * 120], interval_s=interval_s)
    await seeder.reach(utc(2024, 3, 1, 2))

    found = await get(client, "/v1/points/P/pass-rate")

    assert found["total"]["method"] == method


async def test_without_a_range_it_is_the_month_that_the_data_have_reached(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))
    await seeder.reach(utc(2024, 2, 29, 16) - MINUTE)

    february = await get(client, "/v1/points/P/pass-rate")
    await seeder.reach(utc(2024, 2, 29, 16) + MINUTE)
    march = await get(client, "/v1/points/P/pass-rate")

    assert (february["from"][:10], february["to"][:10]) == ("2024-02-01", "2024-03-01")
    assert (march["from"][:10], march["to"][:10]) == ("2024-03-01", "2024-03-02")


@pytest.mark.parametrize("given", ["2024-03-01T05:30:00+08:00", "2024-03-01T05:30:00 08:00"])
async def test_a_plus_that_the_query_string_lost_is_understood(
    reader: httpx.AsyncClient, given: str
) -> None:
    found = await get(
        reader, "/v1/points/P/pass-rate", **{"from": given, "to": "2024-02-29T23:00:00Z"}
    )

    assert found["from"] == "2024-03-01T05:30:00+08:00"
    assert found["to"] == "2024-03-01T07:00:00+08:00"


@pytest.mark.parametrize(
    ("params", "code", "says"),
    [
        ({"by": "hour", "from": "2024-01-01", "to": "2024-02-02"}, "range_too_long", "32 days"),
        ({"by": "day", "from": "2023-01-01", "to": "2024-03-01"}, "range_too_long", "at most 400"),
        ({"by": "month", "from": "2010-01-01"}, "range_too_long", "at most 1830"),
        ({"from": "2024-03-02", "to": "2024-03-02"}, "invalid_request", "before to"),
        ({"from": "2024-03-01T00:00:00"}, "invalid_request", "needs an offset"),
        ({"from": "2024-03-01T00:00:30Z"}, "invalid_request", "whole minute"),
        ({"to": "yesterday"}, "invalid_request", "2024-03-01"),
        ({"from": "0001-01-01"}, "invalid_request", "1970"),
        ({"to": "9999-12-31"}, "invalid_request", "2199"),
        ({"by": "week"}, "invalid_request", "'hour', 'day' or 'month'"),
    ],
)
async def test_a_range_that_makes_no_sense_is_refused(
    reader: httpx.AsyncClient, params: dict[str, str], code: str, says: str
) -> None:
    found = await problem(reader, "/v1/points/P/pass-rate", **params)

    assert (found["status"], found["code"]) == (422, code)
    assert says in found["detail"]
    assert found["errors"][0]["location"][0] == "query"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata"])  # whole hours, and half of one
async def test_phases_are_counted_one_by_one(
    client: httpx.AsyncClient, seeder: Seeder, zone: str
) -> None:
    start = utc(2024, 3, 1, 1, 17)
    cells = [wave(2000), [0] * 2000, wave(4000)[2000:]]
    await seeder.zone(zone)
    await seeder.points(NewPoint(point="P", wiring="3p4w", valid_from=start - 40 * MINUTE))
    await seeder.minutes("P", start, cells)
    await seeder.reach(start + 1990 * MINUTE)
    begin, end = start - 10 * MINUTE, start + 1500 * MINUTE

    found = await get(
        client, "/v1/points/P/pass-rate", **{"from": begin.isoformat(), "to": end.isoformat()}
    )

    assert [one["phase"] for one in found["phases"]] == [1, 2, 3]
    for one in found["phases"]:
        counted = Counter[str]()
        for minute in range(-10, 1500):
            cell = cells[one["phase"] - 1][minute] if minute >= 0 else CELL_NONE
            verdict = verdict_3p4w(cell)
            counted[verdict] += 1
        assert {name: one["minutes"][name] for name in counted} == dict(counted)
        assert one["minutes"]["due"] == 1510
        assert rates_in(one) == rates_of(one["minutes"])


def verdict_3p4w(cell: int) -> str:
    """Return the verdict of a phase at 220 V, three phases, beside one that is live."""
    if cell == CELL_NONE:
        return "missing"
    if cell < -9000:
        return "interrupted"
    return "over" if cell > 700 else "under" if cell < -700 else "pass"


async def test_the_only_phase_is_the_point_and_an_absent_one_is_left_out(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"), NewPoint(point="Q", wiring="3p3w", nominal_v=10_000))
    await seeder.minutes("P", utc(2024, 3, 1), [wave(120)])
    await seeder.minutes("Q", utc(2024, 3, 1), [[0] * 120, [CELL_NONE] * 120, [800] * 120])
    await seeder.reach(utc(2024, 3, 1, 2))

    one = await get(client, "/v1/points/P/pass-rate")
    two = await get(client, "/v1/points/Q/pass-rate")

    assert one["phases"] == [{"phase": 1, **one["total"]}]
    assert [(phase["phase"], phase["rate"]) for phase in two["phases"]] == [(1, 1.0), (3, 0.0)]


async def test_the_total_without_exemption_is_what_it_is_without_the_month(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"), NewPoint(point="Q"))
    await seeder.run(
        "INSERT INTO power_factor_exemption VALUES ($1, '2024-03-01', 0.8, 0.9)",
        seeder.point_ids["P"],
    )
    await seeder.run(
        """
        WITH made AS (
            INSERT INTO declaration (kind, ticket, author, approver, from_at, to_at)
            VALUES ('abnormal_state', 'T', 'a', 'b', '2024-03-01T04:00Z', '2024-03-01T10:00Z')
            RETURNING declaration_id
        )
        INSERT INTO declaration_scope SELECT declaration_id, 'feeder', 'F1' FROM made
        """
    )
    start = utc(2024, 2, 29, 3)  # the month begins thirteen hours later
    for name in ("P", "Q"):
        await seeder.minutes(name, start, [wave(3000)])
    await seeder.reach(start + 3000 * MINUTE)
    span = {"from": "2024-02-29", "to": "2024-03-03"}

    exempt = await get(client, "/v1/points/P/pass-rate", **span)
    plain = await get(client, "/v1/points/Q/pass-rate", **span)

    assert exempt["exemption"] == {"months": ["2024-03-01"], "total_without": plain["total"]}
    assert exempt["total"] != plain["total"]
    assert exempt["total"]["minutes"]["exempt"] > 1500
    february = {"from": "2024-02-29", "to": "2024-03-01"}
    before = await get(client, "/v1/points/P/pass-rate", **february)
    assert before["exemption"] == {"months": [], "total_without": None}


async def test_the_total_without_declarations_is_that_of_a_point_without_them(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"), NewPoint(point="Q", feeder="F2"))
    for kind, hours in (("abnormal_state", (4, 10)), ("outage", (12, 13))):
        await seeder.run(
            """
            WITH made AS (
                INSERT INTO declaration (kind, ticket, author, approver, from_at, to_at)
                VALUES ($1, 'T', 'a', 'b', $2, $3)
                RETURNING declaration_id
            )
            INSERT INTO declaration_scope SELECT declaration_id, 'feeder', 'F1' FROM made
            """,
            kind, *(utc(2024, 3, 1, hour) for hour in hours),
        )  # fmt: skip
    start = utc(2024, 2, 29, 16)
    cells = [800] * 1200 + [CELL_NONE] * 100 + [100] * 200  # silent from noon UTC on
    for name in ("P", "Q"):
        await seeder.minutes(name, start, [cells])
    await seeder.reach(start + 1500 * MINUTE)
    span = {"from": "2024-03-01", "to": "2024-03-02T01:00:00+08:00"}

    told = await get(client, "/v1/points/P/pass-rate", **span)
    normal = await get(client, "/v1/points/P/pass-rate", without="abnormal_state", **span)
    both = await client.get(
        "/v1/points/P/pass-rate", params={"without": ["outage", "abnormal_state"], **span}
    )
    plain = await get(client, "/v1/points/Q/pass-rate", **span)

    assert told["undeclared"] is None
    assert told["total"]["minutes"]["interrupted"] == 60
    assert normal["total"] == told["total"]
    assert normal["undeclared"]["total"]["minutes"] == {
        **told["total"]["minutes"],
        "pass": told["total"]["minutes"]["pass"] - 360,
        "over": told["total"]["minutes"]["over"] + 360,
    }
    assert both.json()["undeclared"] == {
        "left_out": ["abnormal_state", "outage"],
        "total": plain["total"],
    }


async def test_a_total_without_declarations_is_of_a_year_at_most(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"))

    found = await problem(
        client,
        "/v1/points/P/pass-rate",
        **{"from": "2022-01-01", "to": "2024-01-01", "by": "month", "without": "outage"},
    )

    assert (found["status"], found["code"]) == (422, "range_too_long")
    assert "at most 400 are" in found["detail"]


async def test_evidence_interrupts_silent_minutes_also_where_they_are_judged_as_they_are_read(
    client: httpx.AsyncClient, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P"), NewPoint(point="Q"))
    start = utc(2024, 3, 1)
    silent = (start + 100 * MINUTE, start + 160 * MINUTE)
    for name, grades in (("P", ["meter_event"]), ("Q", ["inferred"])):
        await seeder.run(
            """
            INSERT INTO interruption (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades)
            VALUES ($1, $2, $2, $3, $3, ($4::text[])[1], $4)
            """,
            seeder.point_ids[name], *silent, grades,
        )  # fmt: skip
        await seeder.minutes(name, start, [[100] * 100 + [CELL_NONE] * 80 + [100] * 120])
    await seeder.reach(start + 300 * MINUTE)
    span = {"from": "2024-03-01T08:00:00+08:00", "to": "2024-03-02"}
    pledge = {"rule_set": "sgcc-pledge-2005"}

    found = {
        (name, asked): await get(client, f"/v1/points/{name}/pass-rate", **params, **span)
        for name in ("P", "Q")
        for asked, params in (
            ("stored", {}),
            ("pledge", pledge),
            ("without", {"without": "outage"}),
        )
    }

    for name, n_interrupted in (("P", 60), ("Q", 0)):
        stored = found[name, "stored"]["total"]
        assert stored["minutes"]["interrupted"] == n_interrupted
        assert stored["minutes"]["missing"] == 80 - n_interrupted
        assert found[name, "pledge"]["total"] == stored
        assert found[name, "without"]["undeclared"]["total"] == stored
