"""Each route needs its scopes, and who may read sums only never sees one customer."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest
from fastapi import Request
from fastapi.routing import APIRoute

from service.api.access import NEEDS, AccessOf, needed_scopes
from service.api.app import create_app
from service.domain.access import EVERYWHERE, LOCAL, SCOPES, Access, Scope
from service.domain.catalogue import checksum_of
from service.domain.rules import load_rule_set
from service.settings import Settings
from tests.api.clients import NOW, NOWHERE, application, client_of, get, problem_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import CALL, DEADLINE, OUTAGE, PLANNED, declare, told

START = datetime(2024, 2, 29, 16, tzinfo=UTC)
MARCH_1 = {"from": "2024-03-01", "to": "2024-03-02"}
# What each path needs to give an answer.
GIVEN: dict[str, dict[str, str]] = {
    "/v1/reports/{report}": {"month": "2024-03"},
    "/v1/worst-served": {"n": "1"},
    "/v1/breaches/live": {"seconds": "1"},
    "/v1/minutes": MARCH_1,
    "/v1/pass-rate": {"group_by": "feeder", **MARCH_1},
    "/v1/composite-pass-rate": MARCH_1,
    "/v1/residential-pass-rate": MARCH_1,
    "/v1/compliance": {"rule_set": "en-50160", "week": "2024-02-26"},
    "/v1/sarfi": {"group_by": "feeder", **MARCH_1},
    "/v1/reliability": {"group_by": "feeder", **MARCH_1},
    "/v1/scorecard": MARCH_1,
    "/metrics/points": {"point": "SECRET-POINT"},
    "/v1/points/{point}/weeks": {"rule_set": "en-50160"},
}
SECRETS = ("SECRET", "C-SECRET", "li.na", "wang.wei", "2024-0815", "95598-1", "YK-1", "desk")


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="SECRET-POINT", area="urban"), NewPoint(point="P"))
    await seeder.device("SECRET-POINT", "SECRET-METER")
    await seeder.minutes("SECRET-POINT", START, [[400] * 1000 + [900] * 440])
    await seeder.run(
        "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause)"
        " SELECT point_id, $1::timestamptz, $1, $1 + interval '1 hour', $1 + interval '1 hour', 'measured',"
        "        '{measured}', ''"
        "   FROM point",
        START,
    )
    await seeder.run(
        "INSERT INTO kept_rule_set (rule_set, checksum, is_beside) VALUES ('en-50160', $1, true)",
        checksum_of(load_rule_set("en-50160")),
    )
    await seeder.run(
        "INSERT INTO outage (place, code, feeder, earliest_at, start_at, evidence, n_points, n_nested, n_customers)"
        " VALUES ('point', 'SECRET-POINT', 'F1', $1, $1, 'measured', 1, 0, 1)",
        START,
    )
    await seeder.run(
        "INSERT INTO communication_incident (place, code, from_at, against, n_due, n_usual, n_silent)"
        " VALUES ('feeder', 'F1', $1, 'usual', 2, 2, 2)",
        START,
    )
    await seeder.run(
        "INSERT INTO communication_incident_point (incident_id, point_id, silent_from, silent_to)"
        " SELECT 1, point_id, $1::timestamptz, $1 + interval '15 minutes' FROM point",
        START,
    )
    await seeder.reach(datetime(2024, 3, 31, 16, tzinfo=UTC))
    async with client_of(application(seeder.settings)) as client:
        await declare(client, told())
        await declare(client, OUTAGE)
        important = [{"customer": "C-SECRET-POINT", "told_at": "2024-03-02T09:00:00+08:00"}]
        await declare(client, PLANNED | {"important_told": important})
        call = CALL | {"customer": "C-SECRET-POINT", "point": "SECRET-POINT"}
        for path, body in (("/v1/fault-calls", call), ("/v1/deadlines", DEADLINE)):
            assert (await client.post(path, json=body)).status_code == 201


async def seed_few(seeder: Seeder) -> None:
    """Seed a feeder with one customer, whose supply was away, beside one with five."""
    await seed(seeder)
    many = [NewPoint(point=f"Q{n}", feeder="F5", area="urban") for n in range(5)]
    await seeder.points(*many)
    for one in many:
        await seeder.minutes(one.point, START, [[400] * 1440])


def asks_as(*scopes: Scope, principal: str = "key 7") -> AccessOf:
    async def access_of(request: Request) -> Access:
        return Access(principal=principal, scopes=frozenset(scopes), territory=EVERYWHERE)

    return access_of


def application_for(settings: Settings, *scopes: Scope) -> Any:
    return create_app(settings, now=lambda: NOW, access_of=asks_as(*scopes))


@cache
def routes() -> list[tuple[str, str]]:
    """Return method and path of every route that the application has."""
    app = application(NOWHERE)
    found = []
    for path, operations in app.openapi()["paths"].items():
        found += [(method.upper(), path) for method in operations]
    hidden = [route for route in app.routes if isinstance(route, APIRoute)]
    found += [(method, one.path_format) for one in hidden for method in one.methods or ()]
    return sorted(set(found))


def path_of(path: str) -> str:
    return (
        path.replace("{point}", "SECRET-POINT")
        .replace("{rule_set}", "sgcc-2003")
        .replace("{declaration_id}", "1")
        .replace("{call_id}", "1")
        .replace("{deadline_id}", "1")
        .replace("{incident_id}", "1")
        .replace("{outage_id}", "1")
        .replace("{start}", START.isoformat().replace("+00:00", "Z"))
        .replace("{promise}", "crew_arrival")
        .replace("{report}", "voltage")
    )


def test_every_route_declares_what_it_needs() -> None:
    found = {f"{method} {path}" for method, path in routes()}

    assert found - set(NEEDS) == set(), "add them to service/api/access.py"
    assert set(NEEDS) - found == set(), "these are no routes"
    for one in found:
        method = one.partition(" ")[0]
        if method == "POST":
            assert NEEDS[one] == "write:declarations"
        elif method != "GET":  # answers with the whole entry
            assert NEEDS[one] == ("write:declarations", "read:customer")


def test_a_route_that_declares_nothing_is_for_administrators() -> None:
    assert needed_scopes("get", "/v1/new") == ("admin",)


@pytest.mark.parametrize(
    ("scopes", "may"),
    [
        ((), set()),
        (("read:aggregate",), {"read:aggregate"}),
        (("read:customer",), {"read:aggregate", "read:customer"}),
        (("write:declarations",), {"write:declarations"}),
        (("admin",), set(SCOPES)),
    ],
)
def test_scopes_have_what_they_say(scopes: tuple[Scope, ...], may: set[Scope]) -> None:
    access = Access(principal="x", scopes=frozenset(scopes), territory=EVERYWHERE)

    assert {one for one in SCOPES if access.may(one)} == may


@pytest.mark.integration
@pytest.mark.slow
async def test_sums_show_no_customer(seeded: Settings) -> None:
    answered = []
    async with client_of(application_for(seeded, "read:aggregate")) as client:
        for method, path in routes():
            if method != "GET":
                continue
            answer = await client.get(path_of(path), params=GIVEN.get(path))
            needed = NEEDS[f"GET {path}"]
            if needed in (None, "read:aggregate"):
                assert answer.status_code < 400, (path, answer.text)
                answered.append(path)
            else:
                found = problem_of(answer)
                assert (found["status"], found["code"]) == (403, "scope_missing")
                assert f"needs the scope {needed}" in found["detail"]
            if path != "/docs":
                body = answer.text.replace(answer.request.url.path, "")
                assert [one for one in SECRETS if one in body] == [], path

    assert len(answered) > 12


@pytest.mark.integration
@pytest.mark.slow
async def test_what_sums_leave_out_is_there_for_who_may_read_it(seeded: Settings) -> None:
    shown = {}
    async with client_of(application_for(seeded, "read:customer")) as client:
        for method, path in routes():
            if method == "GET":
                answer = await client.get(path_of(path), params=GIVEN.get(path))
                assert answer.status_code < 400, (path, answer.text)
                shown[path] = answer.text

    everything = json.dumps(shown)
    assert [one for one in SECRETS if one not in everything] == []
    assert '"SECRET-POINT"' in shown["/v1/residential-pass-rate"]


@pytest.mark.integration
@pytest.mark.slow
async def test_the_lowest_point_of_a_sum_is_named_to_who_may_know_it(seeded: Settings) -> None:
    shown = {}
    for fewest in (1, 5):
        asked = seeded.model_copy(update={"fewest_in_group": fewest})
        async with client_of(application_for(asked, "read:aggregate")) as client:
            shown[fewest] = await get(client, "/v1/residential-pass-rate", **MARCH_1)

    (area,) = [one for one in shown[1]["areas"] if one["area"] == "urban"]
    assert area["lowest"]["point"] is None
    assert 0 < area["lowest"]["rate"] < 1
    assert (shown[5]["areas"], shown[5]["regions"]) == ([], [])
    assert shown[5]["withheld_groups"] > 0


@pytest.mark.integration
@pytest.mark.parametrize("path", ["/v1/reliability", "/v1/pass-rate", "/v1/sarfi"])
@pytest.mark.slow
async def test_a_group_of_few_is_withheld_from_who_may_read_sums_only(
    settings: Settings, seeder: Seeder, path: str
) -> None:
    await seed_few(seeder)
    by_feeder = {"group_by": "feeder", "users": "LV", **MARCH_1}

    async def groups(given: dict[str, str], *scopes: Scope, fewest: int = 5) -> tuple[Any, Any]:
        asked = settings.model_copy(update={"fewest_in_group": fewest})
        async with client_of(application_for(asked, *scopes)) as client:
            found = await get(client, path, **given)
        return [one["group"] for one in found["groups"]], found["withheld_groups"]

    assert await groups(by_feeder, "read:aggregate") == (["F5"], 1)
    assert await groups(by_feeder, "read:customer") == (["F1", "F5"], 0)
    assert await groups(by_feeder, "read:aggregate", fewest=6) == ([], 2)
    assert await groups(by_feeder, "read:aggregate", fewest=1) == (["F1", "F5"], 0)


@pytest.mark.integration
@pytest.mark.parametrize("group_by", ["none", "cause"])
@pytest.mark.slow
async def test_a_sum_over_few_is_withheld_whatever_the_cause(
    seeded: Settings, group_by: str
) -> None:
    async with client_of(application_for(seeded, "read:aggregate")) as client:
        found = await get(client, "/v1/reliability", group_by=group_by, users="LV", **MARCH_1)

    assert (found["groups"], found["withheld_groups"]) == ([], 1)


@pytest.mark.integration
@pytest.mark.slow
async def test_a_scorecard_has_verdicts_but_no_numbers_of_few(seeded: Settings) -> None:
    cards = {}
    for scope in ("read:aggregate", "read:customer"):
        async with client_of(application_for(seeded, scope)) as client:
            cards[scope] = (await get(client, "/v1/scorecard", **MARCH_1))["commitments"]

    def standings(scope: str) -> list[Any]:
        every = [*cards[scope], *(card["without_declarations"] for card in cards[scope])]
        return [
            standing
            for one in every
            if one is not None
            for standing in (one["decisive"], one["together"], *one["regions"])
        ]

    numbers = ("actual", "lower", "upper", "coverage", "margin_points")
    shown = standings("read:customer")
    assert any(one["actual"] is not None for one in shown)
    assert standings("read:aggregate") == [one | dict.fromkeys(numbers) for one in shown]


@pytest.mark.integration
@pytest.mark.parametrize("scopes", [("read:aggregate",), ("read:customer",), ()])
async def test_reading_is_not_writing(seeded: Settings, scopes: tuple[Scope, ...]) -> None:
    async with client_of(application_for(seeded, *scopes)) as client:
        answers = [
            await client.request(method, path_of(path), json={})
            for method, path in routes()
            if method != "GET"
        ]

    assert len(answers) == 10
    for answer in answers:
        assert problem_of(answer)["code"] == "scope_missing"


@pytest.mark.integration
async def test_writing_is_not_reading(seeded: Settings) -> None:
    changing = [(method, path) for method, path in routes() if method in {"PATCH", "DELETE"}]
    async with client_of(application_for(seeded, "write:declarations")) as client:
        answers = [
            await client.request(
                method, path_of(path), params={"author": "x"}, json={"author": "x"}
            )
            for method, path in changing
        ]
    async with client_of(application_for(seeded, "read:customer")) as client:
        call = await get(client, "/v1/fault-calls/1")

    assert len(answers) == 6
    for answer in answers:
        found = problem_of(answer)
        assert (found["status"], found["code"]) == (403, "scope_missing")
        assert "needs the scope read:customer," in found["detail"]
        assert [one for one in SECRETS if one in answer.text] == []
    assert call["withdrawn_at"] is None


@pytest.mark.integration
async def test_who_makes_an_entry_sees_what_they_sent(settings: Settings, seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P", area="urban"))
    async with client_of(application_for(settings, "write:declarations")) as client:
        made = (await client.post("/v1/fault-calls", json=CALL)).json()
        twice = problem_of(await client.post("/v1/fault-calls", json=CALL | {"customer": None}))

    assert made["customer"] == CALL["customer"]
    assert twice["code"] == "entry_exists"
    assert CALL["customer"] not in json.dumps(twice)


@pytest.mark.integration
async def test_who_writes_and_reads_customers_may_change_an_entry(
    settings: Settings, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P", area="urban"))
    async with client_of(
        application_for(settings, "write:declarations", "read:customer")
    ) as client:
        await client.post("/v1/fault-calls", json=CALL)
        changed = await client.patch(
            "/v1/fault-calls/1", json={"author": "x", "severe_weather": True}
        )

    assert changed.json()["severe_weather"] is True


@pytest.mark.integration
async def test_the_trail_names_the_principal_where_requests_are_told_apart(
    settings: Settings, seeder: Seeder
) -> None:
    await seeder.points(NewPoint(point="P", area="urban"))
    async with client_of(application_for(settings, "admin")) as client:
        await declare(client, PLANNED)
        ended = {"author": "sun.li", "cause": "planned_construction"}
        assert (await client.patch("/v1/declarations/1", json=ended)).status_code == 200
        assert (await client.post("/v1/fault-calls", json=CALL)).status_code == 201
    async with client_of(
        create_app(settings, now=lambda: NOW, access_of=asks_as("admin", principal=LOCAL))
    ) as client:
        gone = await client.delete("/v1/declarations/1", params={"author": "sun.li"})
        assert gone.status_code == 200

    trail = await seeder.rows("SELECT action, made_by FROM register_change ORDER BY change_id")
    assert [(one["action"], one["made_by"]) for one in trail] == [
        ("made", "key 7"),
        ("changed", "key 7"),
        ("made", "key 7"),
        ("withdrawn", "sun.li"),
    ]
    (call,) = await seeder.rows("SELECT author FROM fault_call")
    assert call["author"] == "desk"


@pytest.mark.integration
async def test_probes_need_no_key(settings: Settings) -> None:
    async def nobody(request: Request) -> Access:
        raise AssertionError(request.url)

    async with client_of(create_app(settings, now=lambda: NOW, access_of=nobody)) as client:
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == 200


def test_the_document_names_the_scopes() -> None:
    paths = application(NOWHERE).openapi()["paths"]

    assert paths["/v1/points/{point}"]["get"]["x-scope"] == "read:customer"
    assert paths["/v1/declarations"]["post"]["x-scope"] == "write:declarations"
    changing = paths["/v1/declarations/{declaration_id}"]["patch"]["x-scope"]
    assert changing == "write:declarations read:customer"
    assert "x-scope" not in paths["/healthz"]["get"]


async def test_a_request_is_refused_before_it_is_read() -> None:
    async with client_of(application_for(NOWHERE, "read:aggregate")) as client:
        answer: httpx.Response = await client.post("/v1/declarations", content=b"{")

    assert problem_of(answer)["status"] == 403
