"""Promises to customers as the register has them: counts, shares, breaches, and what is due."""

import csv
import io
import json
import threading
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from service.__main__ import main
from service.api.routes import due_deadlines
from service.domain.promises.due import OpenDeadlines, open_deadlines
from service.settings import Settings
from tests.api.clients import get, problem
from tests.api.registering import Registrar, at
from tests.api.seeding import NewPoint, Seeder

pytestmark = [pytest.mark.integration, pytest.mark.slow]

YEAR = {"from": "2024-01-01", "to": "2025-01-01"}


async def seed(seeder: Seeder) -> None:
    """Two feeders in two regions; the clock of the tests stands at 1 June 2024, 08:00 in Shanghai."""
    register = Registrar(seeder)
    for name, region, feeder in (("A", "R1", "F1"), ("B", "R1", "F1"), ("C", "R2", "F2")):
        await seeder.points(NewPoint(point=name, region=region, feeder=feeder))
    await register.customer("MV-1", ["A"], 10_000)
    await register.customer("MV-2", ["C"], 10_000, important=True)
    await register.customer("HV-1", ["A", "C"], 35_000)  # of both regions: counted in the first
    await register.customer("LV-1", ["B"], 220)
    # Supplied since April: of the four works on its feeder it met the last one.
    await register.customer("MV-3", ["B"], 10_000, valid_from=at("2024-04-01T00:00"))
    await _outages(register)
    await _calls(register)
    await _deadlines(register)


async def _outages(register: Registrar) -> None:
    day = ("{}T08:00", "{}T12:00")

    def of(date: str) -> tuple[str, str]:
        return day[0].format(date), day[1].format(date)

    good: dict[str, Any] = {"notice_at": "2024-01-02T08:00"}
    for nth, date in enumerate(("2024-02-01", "2024-02-15", "2024-03-01", "2024-04-01")):
        await register.outage(f"P-{nth}", "F1", window=of(date), actual=of(date), **good)
    # The fifth one touches the fourth: one work.
    await register.outage(
        "P-4", "F1", window=("2024-04-01T12:00", "2024-04-01T14:00"),
        actual=("2024-04-01T12:00", "2024-04-01T14:30"), **good,
    )  # fmt: skip
    # On F2 an important customer is to be told; three seconds too late, and overrun by an hour.
    await register.outage(
        "P-5", "F2", window=of("2024-05-08"), actual=("2024-05-08T08:00", "2024-05-08T13:00"),
        notice_at="2024-05-01T08:00", told={"MV-2": "2024-05-01T08:00:03"},
    )  # fmt: skip
    await register.outage("P-6", "F2", window=of("2024-05-20"), cancelled_at="2024-05-19T08:00")
    await register.outage("P-7", "F2", window=of("2024-06-30"))  # to come: there is time
    await register.outage("P-8", "F2", window=of("2024-06-07"))  # to come: too late
    await register.outage("P-9", "F1", window=of("2024-05-03"), withdrawn_at="2024-05-01T00:00")
    await register.outage(
        "T-1", "F1", actual=of("2024-03-10"), outage_kind="temporary", notice_at="2024-03-09T08:00",
    )  # fmt: skip
    await register.outage(
        "T-2", "F2", actual=of("2024-03-11"), outage_kind="temporary", notice_fields=[],
        told={"MV-2": "2024-03-10T07:00"},
    )  # fmt: skip
    await register.outage("T-3", "F1", actual=of("2024-03-12"), outage_kind="temporary")
    await register.outage("E-1", "F1", actual=of("2024-03-13"), outage_kind="emergency")
    await register.outage(
        "C-1", "F1", actual=of("2024-05-13"), outage_kind="planned", cause="planned_construction",
        notice_at="2024-01-02T08:00",
    )  # fmt: skip


async def _calls(register: Registrar) -> None:
    await register.call("K-1", "2024-03-01T10:00", "2024-03-01T10:45", point="A")
    await register.call("K-2", "2024-03-01T10:00", "2024-03-01T10:46", customer="MV-2")
    await register.call(
        "K-3", "2024-03-02T10:00", "2024-03-02T12:00", point="A", severe_weather=True
    )
    await register.call("K-4", "2024-06-01T07:30", None)  # open: 30 minutes so far
    await register.call("K-5", "2024-05-31T07:30", None)  # open: a day late already
    await register.call(
        "K-6", "2024-03-01T10:00", "2024-03-01T20:00", response_area="special_remote"
    )
    # MV-2 is an urban customer, and so is the one of A; nobody knows X-1.
    for nth, others in enumerate(({"customer": "MV-2"}, {"point": "A"}, {"customer": "X-1"}, {})):
        await register.call(
            f"K-6{nth}", "2024-03-01T10:00", "2024-03-01T11:00", response_area="remote", **others
        )
    # Of A, too, but the customer that it names lives in the country.
    await register.customer(
        "LV-2", ["A"], 220, response_area="rural", valid_from=at("2024-05-30T00:00")
    )
    await register.call(
        "K-65",
        "2024-05-31T10:00",
        "2024-05-31T11:00",
        response_area="rural",
        customer="LV-2",
        point="A",
    )
    await register.call(
        "K-66", "2024-05-31T10:00", "2024-05-31T11:00", response_area="rural", point="A"
    )
    await register.call(
        "K-67", "2024-05-29T10:00", "2024-05-29T11:00", response_area="rural", point="A"
    )
    await register.call("K-7", "2024-03-01T10:00", "2024-03-01T20:00", withdrawn="2024-03-02T00:00")
    await register.call("K-8", "2023-12-31T23:59", "2024-01-01T05:00")  # of the year before


async def _deadlines(register: Registrar) -> None:
    residential: dict[str, Any] = {"subject": "residential"}
    await register.deadline(
        "A-1", "connection", "2024-04-30T10:00", "2024-05-08T20:00", **residential
    )
    await register.deadline(
        "A-2", "connection", "2024-04-30T10:00", "2024-05-09T00:00", **residential
    )
    await register.deadline(
        "A-3", "connection", "2024-05-29T10:00", None, **residential
    )  # due Mon 3 June
    await register.deadline("A-4", "complaint", "2024-05-20T10:00", None)  # due on 25 May
    await register.deadline("A-5", "report", "2024-05-30T10:00", None)  # due on 9 June
    await register.deadline("A-6", "arrears_notice", "2024-05-30T10:00", None)
    await register.deadline("A-7", "sonnet", "2024-05-30T10:00", None)
    await register.deadline(
        "A-8", "complaint", "2024-05-01T10:00", None, withdrawn="2024-05-02T00:00"
    )


def named(answer: Any, promise: str, subject: str = "") -> Any:
    (found,) = [
        one
        for one in [*answer["promises"], *answer["deadlines"]]
        if (one["promise"], one["subject"]) == (promise, subject)
    ]
    return found


def counts(one: Any) -> tuple[int, ...]:
    names = ("cases", "judged", "kept", "exempt", "open", "open_broken", "not_judged")
    return tuple(one[name] for name in names)


@pytest.mark.parametrize(
    ("promise", "subject", "expected", "verdict"),
    [
        # P-0 .. P-5, P-8 and C-1 judged; P-5 told late, P-8 without notice
        ("planned_notice", "", (10, 8, 6, 1, 1, 1, 0), "broken"),
        ("temporary_notice", "", (3, 3, 2, 0, 0, 0, 0), "broken"),
        ("planned_window", "", (6, 6, 4, 0, 0, 0, 0), "broken"),
        ("planned_count", "from 10 kV up to 10 kV", (3, 3, 2, 0, 0, 0, 0), "broken"),
        ("planned_count", "from 35 kV", (1, 1, 0, 0, 0, 0, 0), "broken"),
        ("crew_arrival", "urban", (5, 3, 1, 1, 1, 1, 0), "broken"),
        ("crew_arrival", "rural", (3, 3, 3, 0, 0, 0, 0), "kept"),
        ("crew_arrival", "special_remote", (1, 0, 0, 0, 0, 0, 1), "no_limit"),
        ("connection", "residential", (3, 2, 1, 0, 1, 0, 0), "broken"),
        ("complaint", "", (1, 1, 0, 0, 0, 1, 0), "broken"),
        ("report", "", (1, 0, 0, 0, 1, 0, 0), "no_cases"),
        ("arrears_notice", "", (1, 0, 0, 0, 1, 0, 0), "no_cases"),
    ],
)
async def test_each_promise_of_the_norm_is_counted(
    reader: httpx.AsyncClient,
    promise: str,
    subject: str,
    expected: tuple[int, ...],
    verdict: str,
) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)

    found = named(answer, promise, subject)
    assert (counts(found["together"]), found["verdict"]) == (expected, verdict)


async def test_figures_are_shown_with_and_without_what_was_declared(
    reader: httpx.AsyncClient,
) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)

    notice = named(answer, "planned_notice")["together"]
    arrival = named(answer, "crew_arrival", "urban")["together"]
    assert (notice["share_kept"], notice["with_exempt"]["share_kept"]) == (6 / 8, 6 / 9)
    assert (arrival["share_kept"], arrival["with_exempt"]["share_kept"]) == (1 / 3, 1 / 4)
    late_so_far = 24 * 60 + 30  # K-5
    assert arrival["average_minutes"] == pytest.approx((45 + 46 + late_so_far) / 3)
    assert arrival["with_exempt"]["average_minutes"] == pytest.approx(
        (45 + 46 + 120 + late_so_far) / 4
    )


async def test_regions_have_their_own_standing(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)
    one = await get(reader, "/v1/promises", region="R2", **YEAR)

    notice = named(answer, "planned_notice")
    assert [(its["region"], its["cases"], its["verdict"]) for its in notice["regions"]] == [
        ("R1", 6, "kept"),
        ("R2", 4, "broken"),
    ]
    count = named(answer, "planned_count", "from 10 kV up to 10 kV")
    assert [(its["region"], its["kept"]) for its in count["regions"]] == [("R1", 1), ("R2", 1)]
    arrival = named(answer, "crew_arrival", "urban")["regions"]
    assert [(its["region"], its["cases"]) for its in arrival] == [("", 2), ("R1", 2), ("R2", 1)]
    assert [its["region"] for its in named(one, "planned_notice")["regions"]] == ["R2"]


async def test_what_no_row_is_about_is_listed(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)

    assert answer["not_ruled"] == [
        {"promise": "planned_count", "subject": "0.22 kV", "cases": 2},
        {"promise": "sonnet", "subject": "", "cases": 1},
    ]
    assert answer["as_of"] == "2024-06-01T08:00:00+08:00"


@pytest.mark.parametrize(
    ("area", "cases", "differs"),
    [
        ("remote", 4, 2),  # K-60, K-61; of the other two nothing is known
        ("rural", 3, 1),  # K-67: before anybody rural lived at A
        ("urban", 5, 0),
    ],
)
async def test_calls_of_customers_of_another_area_are_remarked(
    reader: httpx.AsyncClient, area: str, cases: int, differs: int
) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)

    found = named(answer, "crew_arrival", area)["together"]
    assert (found["cases"], found["area_differs"]) == (cases, differs)
    assert found["kept"] == (1 if area == "urban" else cases)  # by the call's own area


async def test_a_pledge_takes_the_average(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/promises", rule_set="sgcc-pledge-2023", **YEAR)

    urban = named(answer, "crew_arrival", "urban")
    assert (urban["reach"], urban["verdict"], urban["together"]["average_minutes"]) == (
        "average",
        "broken",
        pytest.approx((45 + 46 + 1470) / 3),  # K-5 is on for a day and 30 minutes
    )
    assert urban["source"].startswith("Ten commitments, text current in 2023")


async def test_planned_outages_are_counted_in_the_year_that_the_days_end_in(
    reader: httpx.AsyncClient,
) -> None:
    march = await get(reader, "/v1/promises", **{"from": "2024-03-01", "to": "2024-04-01"})
    april = await get(reader, "/v1/promises", **{"from": "2024-04-01", "to": "2024-04-02"})

    level = "from 10 kV up to 10 kV"
    assert named(march, "planned_count", level)["verdict"] == "kept"  # three up to then
    assert named(april, "planned_count", level)["verdict"] == "broken"  # and the fourth
    assert named(march, "planned_notice")["together"]["cases"] == 1


async def test_breaches_say_what_when_and_by_how_much(reader: httpx.AsyncClient) -> None:
    answer = await get(reader, "/v1/promises/planned_notice/breaches", **YEAR)

    assert [
        (one["subject"], one["at"], one["open"], one["regions"], one["breaches"])
        for one in answer["breaches"]
    ] == [
        ("P-8", "2024-06-07T08:00:00+08:00", True, ["R2"],
         [{"what": "no_public_notice", "by": 0.0, "unit": ""},
          {"what": "important_customers_not_told", "by": 1.0, "unit": "customers"}]),
        ("P-5", "2024-05-08T08:00:00+08:00", False, ["R2"],
         [{"what": "important_customers_told_late", "by": 0.05, "unit": "minutes"}]),
    ]  # fmt: skip
    assert answer["breaches"][0]["rule"]["source"].startswith("Norm art. 9(3)")


@pytest.mark.parametrize(
    ("promise", "found"),
    [
        ("planned_window", [("P-5", [("restored_late", 60.0)]), ("P-4", [("restored_late", 30.0)])]),
        ("planned_count", [("MV-1", [("planned_too_often", 1.0)]), ("HV-1", [("planned_too_often", 4.0)])]),
        ("crew_arrival", [("K-5", [("crew_late", 1425.0)]), ("K-2", [("crew_late", 1.0)])]),
        ("temporary_notice", [("T-3", [("no_public_notice", 0.0)])]),
        ("connection", [("A-2", [("answered_late", 1.0)])]),
        ("complaint", [("A-4", [("answered_late", 7.0)])]),
    ],
)  # fmt: skip
async def test_each_promise_lists_its_breaches(
    reader: httpx.AsyncClient, promise: str, found: list[Any]
) -> None:
    answer = await get(reader, f"/v1/promises/{promise}/breaches", **YEAR)

    assert [
        (one["subject"], [(its["what"], its["by"]) for its in one["breaches"]])
        for one in answer["breaches"]
    ] == found


async def test_pages_of_breaches_have_each_once(reader: httpx.AsyncClient) -> None:
    path = "/v1/promises/planned_count/breaches"
    first = await get(reader, path, limit=1, **YEAR)
    second = await get(reader, path, limit=1, cursor=first["next_cursor"], **YEAR)

    subjects = [one["subject"] for page in (first, second) for one in page["breaches"]]
    assert subjects == ["MV-1", "HV-1"]
    assert second["next_cursor"] is None
    elsewhere = await get(reader, path, region="R2", **YEAR)
    assert elsewhere["breaches"] == []


async def test_open_deadlines_are_listed_with_what_is_overdue_first(
    reader: httpx.AsyncClient,
) -> None:
    answer = await get(reader, "/v1/deadlines/due")

    assert [
        (one["reference"], one["due_day"], one["overdue"], one["days_left"], one["working_days_left"])
        for one in answer["deadlines"]
    ] == [
        ("A-4", "2024-05-25", True, -7, -5),
        ("A-3", "2024-06-03", False, 2, 1),
    ]  # fmt: skip
    assert answer["deadlines"][1]["due_at"] == "2024-06-04T00:00:00+08:00"
    numbers = [answer[name] for name in ("open", "overdue", "close", "not_ruled")]
    assert numbers == [5, 1, 1, 1]


async def test_due_days_are_not_counted_where_requests_are_taken(
    reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(*asked: Any) -> OpenDeadlines:
        threads.append(threading.current_thread())
        return open_deadlines(*asked)

    monkeypatch.setattr(due_deadlines, "open_deadlines", noted)
    answer = await get(reader, "/v1/deadlines/due")

    assert answer["open"] == 5
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


async def test_close_is_as_many_working_days_as_one_asks_for(reader: httpx.AsyncClient) -> None:
    path = "/v1/deadlines/due"
    answer = await get(reader, path, within_working_days=6)
    first = await get(reader, path, within_working_days=6, limit=2)
    rest = await get(reader, path, within_working_days=6, limit=2, cursor=first["next_cursor"])

    references = [one["reference"] for one in answer["deadlines"]]
    assert references == ["A-4", "A-3", "A-5"]  # the 10th of June is free, the 9th a Sunday
    pages = [one["reference"] for page in (first, rest) for one in page["deadlines"]]
    assert pages == references


async def test_the_scorecard_has_the_same_promises_and_no_account(
    reader: httpx.AsyncClient,
) -> None:
    answer = await get(reader, "/v1/promises", **YEAR)
    card = await get(reader, "/v1/scorecard", **YEAR)

    block = card["promises"]
    assert block == {name: answer[name] for name in ("promises", "deadlines", "not_ruled")}
    assert not [word for word in ("MV-1", "HV-1", "K-5", "A-4") if word in json.dumps(card)]


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("/v1/promises/sonnet/breaches", {}, "there are: arrears_notice, complaint"),
        ("/v1/promises/planned_count/breaches", {"cursor": "e30"}, "cursor"),
        ("/v1/promises", {"from": "2020-01-01", "to": "2024-01-01"}, "at most 400"),
        ("/v1/promises/planned_count/breaches", {"rule_set": "ansi-c84.1"}, "there are: none"),
        ("/v1/deadlines/due", {"cursor": "WyJ4IiwxXQ"}, "cursor"),
        ("/v1/deadlines/due", {"within_working_days": "400"}, "less than 400"),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    reader: httpx.AsyncClient, path: str, params: dict[str, str], said: str
) -> None:
    found = await problem(reader, path, **params)

    assert said in found["detail"]


def test_the_command_shows_them_as_a_table_and_as_csv(seeded: Settings) -> None:
    env = {"VOLTPASS_DATABASE_DSN": seeded.database_dsn}
    arguments = ["scorecard", "--year", "2024"]

    table = CliRunner(env=env).invoke(main, arguments)
    text = CliRunner(env=env).invoke(main, [*arguments, "--format", "csv"])

    assert table.exit_code == text.exit_code == 0, table.output + text.output
    (line,) = [
        one for one in table.output.splitlines() if "temporary notice" in one and ">=" in one
    ]
    assert ">= 24 hours" in line
    assert "66.66" in line
    assert line.rstrip().endswith("broken")
    assert "planned count 0.22 kV: 2 without a rule, not judged" in table.output
    assert "crew arrival remote: 2 calls of customers registered in another area" in table.output
    rows = [row for row in csv.DictReader(io.StringIO(text.output)) if row["line"] == "promise"]
    (temporary,) = [row for row in rows if row["promise"] == "temporary_notice"]
    assert (temporary["cases"], temporary["kept"], temporary["verdict"]) == ("3", "2", "broken")
