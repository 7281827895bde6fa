"""Who may see one region gets, on every route, what they would get if there were no other.

Two databases hold the same region, made in the same way; one of them holds a second region beside it.
"""

import asyncio
import csv
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import httpx
import pytest

from service.domain.rules import load_rule_set
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.store.pool import Pool
from tests.api.clients import application, client_of, get, problem_of, settings_of
from tests.api.key_holders import keyed_client, new_key
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import CALL, DEADLINE, OUTAGE, PLANNED, declare, told
from tests.api.test_access import routes

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 1 March in Shanghai
MARCH_1 = {"from": "2024-03-01", "to": "2024-03-02"}
MARCH = {"from": "2024-03-01", "to": "2024-04-01"}
N_POINTS = 5
DARK = 400  # minute of the day at which supply goes, for an hour
# Of entries of the other region: each region has three declarations, and one of everything else.
OTHER_IDS = {"declaration_id": 5, "call_id": 2, "incident_id": 2, "outage_id": 2, "deadline_id": 1}

# What is asked of each route; the first of them also shows that it has something to answer.
ASKED: dict[str, list[dict[str, str]]] = {
    "/v1/worst-served": [{"n": "1", **MARCH}, {"total_hours": "0.5", **MARCH}],
    "/v1/pass-rate": [
        *({"group_by": by, **MARCH} for by in ("region", "feeder", "area", "class")),
        {"group_by": "feeder", "rule_set": "en-50160", **MARCH},
        {"group_by": "feeder", "region": "R-OTHER", **MARCH},
    ],
    "/v1/composite-pass-rate": [MARCH],
    "/v1/residential-pass-rate": [MARCH],
    "/v1/compliance": [{"rule_set": "en-50160", "week": "2024-02-26"}],
    "/v1/sarfi": [{"group_by": by, "x": "90", **MARCH} for by in ("region", "feeder", "area")],
    "/v1/reliability": [
        {"group_by": by, "users": "LV", **MARCH}
        for by in ("region", "feeder", "area", "cause", "none")
    ],
    "/v1/major-event-days": [{"year": "2024", "users": "LV"}],
    "/v1/scorecard": [MARCH, {"rule_set": "en-50160", **MARCH}],
    "/v1/budget": [{}],
    "/v1/promises": [MARCH],
    "/v1/interruptions": [MARCH, {"region": "R-OTHER", **MARCH}],
    "/v1/outages": [MARCH, {"feeder": "F-OTHER", **MARCH}],
    "/v1/events": [MARCH],
    "/v1/communication-incidents": [MARCH],
    "/v1/device-clocks": [{"finding": "all"}],
    "/v1/held-alerts": [MARCH, {"reason": "storm", **MARCH}],
    "/v1/minutes": [MARCH_1, {"region": "R-OTHER", **MARCH_1}],
    "/v1/reports/supply": [{"month": "2024-03"}],
    "/v1/reports/voltage": [{"month": "2024-03"}],
    "/metrics/points": [{"point": "P-OWN-0"}, {"feeder": "F-OWN"}],
    "/v1/points/{point}/weeks": [{"rule_set": "en-50160", **MARCH_1}],
    "/v1/points/{point}/pass-rate": [MARCH_1, {"without": "outage", **MARCH_1}],
    "/v1/points/{point}/minutes": [MARCH_1],
}
OF_NO_PLACE = {"/", "/docs", "/docs/oauth2-redirect", "/healthz", "/readyz", "/metrics"}
ENDLESS = {"/v1/breaches/live"}  # tests/api/test_live.py


@dataclass(frozen=True)
class Regions:
    """A database with both regions, and one with the first of them alone."""

    both: Settings
    alone: Settings
    key: str  # reads the first region of both
    dark_from: str  # start of an interruption


async def seed_region(seeder: Seeder, name: str) -> None:
    """Put a region into the registry, with readings, an outage, events and entries of the register."""
    points = [f"P-{name}-{n}" for n in range(N_POINTS)]
    await seeder.points(
        *(
            NewPoint(
                point=one,
                region=f"R-{name}",
                feeder=f"F-{name}",
                transformer=f"T-{name}",
                point_class="ABCD"[n % 4],
                area="urban",
            )
            for n, one in enumerate(points)
        )
    )
    for n, one in enumerate(points):
        await seeder.device(one, f"M-{one}")
        cells = [200 + n] * DARK + [-10000] * 60 + [900] * (900 - n) + [0] * (80 + n)
        await seeder.minutes(one, START, [cells])
    await seeder.run(
        "INSERT INTO interruption_due (point_id, from_at, to_at)"
        " SELECT point_id, $1::timestamptz, $1 + interval '1 day' FROM point WHERE region = $2",
        START,
        f"R-{name}",
    )
    await seeder.run(
        "INSERT INTO event (point_id, kind, start_at, earliest_at, end_at, latest_at, extreme_ppm, phases, device_id)"
        " SELECT point_id, 'dip', $1::timestamptz, $1, $1 + interval '30 s', $1 + interval '30 s', 700000, 1, device_id"
        "   FROM point JOIN device USING (point_id) WHERE region = $2",
        START,
        f"R-{name}",
    )
    await seeder.run(
        "INSERT INTO outage_alert (outage_id, kind, organisation, region, feeder, start_at, noted_at, reason, n_points,"
        "                          n_customers)"
        " VALUES ($4, 'interruption', '', $2, $3, $1::timestamptz, $1, 'storm', 5, 5)",
        START,
        f"R-{name}",
        f"F-{name}",
        1 if name == "OWN" else 2,
    )
    incident = await seeder.run(
        "INSERT INTO communication_incident (place, code, from_at, against, n_due, n_usual, n_silent)"
        " VALUES ('feeder', $2, $1, 'usual', 5, 5, 5) RETURNING incident_id",
        START,
        f"F-{name}",
    )
    await seeder.run(
        "INSERT INTO communication_incident_point (incident_id, point_id, silent_from, silent_to, held)"
        " SELECT $3, point_id, $1::timestamptz, $1 + interval '15 minutes', 'under' FROM point WHERE region = $2",
        START,
        f"R-{name}",
        incident,
    )
    await seeder.run(
        "INSERT INTO device_clock (device_id, day, delay_ms) SELECT device_id, '2024-03-01', 900"
        "  FROM device WHERE device LIKE $1",
        f"M-P-{name}-%",
    )
    await seeder.reach(datetime(2024, 3, 31, 16, tzinfo=UTC))
    await seeder.settle(load_rule_set("en-50160"))
    async with client_of(application(seeder.settings)) as client:
        await _enter(client, name, points[0])
    await seeder.settle(load_rule_set("en-50160"))
    # Nobody is at work: else exports would give way to them.
    await seeder.run("UPDATE partition_progress SET stored_at = data_through")


async def _enter(client: httpx.AsyncClient, name: str, point: str) -> None:
    feeder = [{"place": "feeder", "code": f"F-{name}"}]
    important = [{"customer": f"C-{point}", "told_at": "2024-03-02T09:00:00+08:00"}]
    here = [{"place": "point", "code": point}]
    author = f"author-{name}"
    await declare(client, told(places=feeder, ticket=f"N-{name}", author=author))
    await declare(client, OUTAGE | {"places": here, "ticket": f"O-{name}", "author": author})
    planned = {"places": feeder, "ticket": f"L-{name}", "important_told": important}
    await declare(client, PLANNED | planned | {"author": author})
    call = CALL | {"call": f"95598-{name}", "customer": f"C-{point}", "point": point}
    assert (await client.post("/v1/fault-calls", json=call)).status_code == 201


@pytest.fixture(scope="module")
def regions(fresh_database: Callable[[], DatabaseSettings]) -> Regions:
    """The two databases, filled once; tests only read them."""
    both, alone = settings_of(fresh_database()), settings_of(fresh_database())

    async def fill() -> Regions:
        for settings, names in ((both, ("OWN", "OTHER")), (alone, ("OWN",))):
            async with Pool(settings, "writer", max_size=4) as pool:
                seeder = Seeder(settings, pool)
                for name in names:
                    await seed_region(seeder, name)
        async with client_of(application(both)) as client:  # belongs to no region
            assert (await client.post("/v1/deadlines", json=DEADLINE)).status_code == 201
        async with client_of(application(alone)) as client:
            first = (await get(client, "/v1/interruptions", **MARCH))["interruptions"][-1]
        key = await new_key(both, "read:customer", regions=["R-OWN"])
        return Regions(both=both, alone=alone, key=key, dark_from=first["start_at"])

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, fill()).result()


def path_of(regions: Regions, path: str, *, own: bool = True) -> str:
    """Return the address of a route, about something of the own region, or of the other one."""
    point = "P-OWN-0" if own else "P-OTHER-0"
    at = regions.dark_from.replace("+", "%2B")
    named = path.replace("{point}", point).replace("{start}", at)
    named = named.replace("{promise}", "crew_arrival").replace("{report}", "supply")
    return re.sub(r"\{(\w+_id)\}", lambda found: "1" if own else str(OTHER_IDS[found[1]]), named)


def paths_read() -> list[str]:
    """Return what is read, each report by its name."""
    found = []
    for method, path in routes():
        if method == "GET" and path not in OF_NO_PLACE | ENDLESS:
            is_report = "{report}" in path
            names = ("supply", "voltage") if is_report else ("",)
            found += [path.replace("{report}", one) for one in names]
    return found


def timeless(body: Any) -> Any:
    """Return a body without what no two databases share: when entries were stored, and the number of the judgement."""
    if isinstance(body, dict):
        return {
            name: timeless(one)
            for name, one in body.items()
            if name not in {"made_at", "withdrawn_at", "judgement"}
        }
    return [timeless(one) for one in body] if isinstance(body, list) else body


def shown(answer: httpx.Response) -> Any:
    kind = answer.headers.get("content-type", "")
    if "json" in kind:
        return answer.status_code, timeless(answer.json())
    if kind.startswith("text/csv"):
        return answer.status_code, timeless(list(csv.DictReader(StringIO(answer.text, newline=""))))
    return answer.status_code, answer.text


def differences(limited: Any, whole: Any, where: str = "") -> list[str]:
    """Return the places in which two bodies differ, as paths with both values."""
    if isinstance(limited, dict) and isinstance(whole, dict) and set(limited) == set(whole):
        found = [differences(limited[name], whole[name], f"{where}.{name}") for name in whole]
        return [one for each in found for one in each]
    are_lists = isinstance(limited, list | tuple) and isinstance(whole, list | tuple)
    if are_lists and len(limited) == len(whole):
        pairs = enumerate(zip(limited, whole, strict=True))
        found = [differences(*pair, f"{where}[{nth}]") for nth, pair in pairs]
        return [one for each in found for one in each]
    return [] if limited == whole else [f"{where}: {str(limited)[:200]} not {str(whole)[:200]}"]


async def test_every_route_answers_as_if_there_were_no_other_region(regions: Regions) -> None:
    reading = paths_read()
    limited, whole, differing, telling = {}, {}, [], set()
    async with (
        keyed_client(regions.both, regions.key) as client,
        client_of(application(regions.alone)) as alone,
    ):
        for path in reading:
            for params in ASKED.get(path, [{}]):
                named = path_of(regions, path)
                limited[path] = shown(await client.get(named, params=params))
                whole[path] = shown(await alone.get(named, params=params))
                differing += [
                    f"{named} {params}: {one}" for one in differences(limited[path], whole[path])
                ]
                if limited[path][0] == 200 and "OWN" in str(limited[path][1]):
                    telling.add(path)
                if "OTHER" not in str(params):
                    assert "OTHER" not in str(limited[path]), (named, params)

    assert not differing, "\n".join(differing)
    silent = {path for path in reading if path not in telling}
    # What belongs to no region, names no place, or is a rule.
    assert silent == {
        "/v1/deadlines",
        "/v1/deadlines/{deadline_id}",
        "/v1/deadlines/{deadline_id}/changes",
        "/v1/deadlines/due",
        "/v1/rule-sets",
        "/v1/composite-pass-rate",
        "/v1/budget",
        "/v1/major-event-days",
    }


async def test_a_single_thing_of_another_region_does_not_exist(regions: Regions) -> None:
    elsewhere = [path for path in paths_read() if "{" in path and "{promise}" not in path]
    async with (
        keyed_client(regions.both, regions.key) as client,
        client_of(application(regions.both)) as whole,
    ):
        for path in elsewhere:
            params = ASKED.get(path, [{}])[0]
            named = path_of(regions, path, own=False)
            limited, shown_to_all = [await one.get(named, params=params) for one in (client, whole)]
            assert limited.status_code == 404, (named, limited.text)
            assert shown_to_all.status_code == 200, (
                named,
                shown_to_all.text,
            )  # is something to hide


async def test_metrics_of_the_whole_need_a_key_for_all_regions(regions: Regions) -> None:
    everywhere = await new_key(regions.both, "read:aggregate")
    async with keyed_client(regions.both, everywhere) as client:
        assert (await client.get("/metrics")).status_code == 200
    async with keyed_client(regions.both, regions.key) as client:
        found = problem_of(await client.get("/metrics"))

    assert (found["status"], found["code"]) == (403, "outside_territory")
    assert "without regions" in found["detail"]


async def test_points_of_both_regions_are_refused_in_one_question(regions: Regions) -> None:
    async with keyed_client(regions.both, regions.key) as client:
        found = problem_of(await client.get("/metrics/points?point=P-OWN-0,P-OTHER-0"))

    assert found["code"] == "not_found"


async def test_every_route_refuses_who_shows_no_key(regions: Regions) -> None:
    async with keyed_client(regions.both, None) as client:
        for method, path in routes():
            if path in OF_NO_PLACE - {"/metrics"}:
                continue
            answer = await client.request(method, path_of(regions, path))
            assert problem_of(answer)["status"] == 401, path
            assert answer.headers["www-authenticate"] == 'Bearer realm="voltpass"'


@pytest.mark.parametrize("scope", ["write:declarations", "read:aggregate"])
async def test_every_route_refuses_a_key_without_its_scope(regions: Regions, scope: Any) -> None:
    key = await new_key(regions.both, scope, regions=["R-OWN"])
    n_refused = 0
    async with keyed_client(regions.both, key) as client:
        for method, path in routes():
            needs = f"{method} {path}" == "GET /metrics" or method != "GET"
            if path in OF_NO_PLACE or (scope == "write:declarations" and needs):
                continue
            params = ASKED.get(path, [{}])[0]
            answer = await client.request(method, path_of(regions, path), params=params)
            n_refused += answer.status_code == 403
            assert answer.status_code in {200, 403}, (path, answer.text)
            assert "OTHER" not in answer.text

    assert n_refused > 20
