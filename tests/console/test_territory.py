"""Who may see one region gets, on every page of the console, what they would get if there were no other.

The same two databases as for the API: one holds a second region beside the first.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute

from service.api.access import bearer_access
from service.auth.authenticator import authenticating
from service.console.app import ROUTERS
from service.console.sessions import COOKIE
from service.domain.access import Scope
from service.settings import Settings
from tests.api.clients import NOW, client_of
from tests.api.key_holders import new_key
from tests.api.test_territory import Regions
from tests.api.test_territory import regions as regions  # noqa: PLC0414 (a fixture)
from tests.console.serving import application

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MARCH_1 = "from=2024-03-01&to=2024-03-02"
# What is asked of each route, about things that the region has; the first also shows that it has something to say.
ASKED = {
    "/": ["", "?period=day", "?period=year", "?period=day&lang=zh"],
    "/feeders": ["?period=year", "?region=R-OWN", "?region=R-OTHER", "?sort=name&order=desc"],
    "/feeders.csv": ["?period=year", "?region=R-OTHER"],
    "/points": ["", "?q=P-", "?q=F-O", "?q=M-P-", "?q=T-OTHER", "?q=P-OTHER-0", "?q=R-OTHER"],
    "/points/{point:path}": [f"?{MARCH_1}", f"?{MARCH_1}&day=2024-03-01", "?rule_set=en-50160"],
    "/minutes/{point:path}.{kind}": [f"?{MARCH_1}"],
    "/outages": [f"?{MARCH_1}", ""],
    "/outages/{outage_id}": [""],
    "/promises": ["?from=2024-03-01&to=2024-04-01", ""],
    "/quality": ["?period=year", "?period=day"],
}
SILENT = {"/promises", "/minutes/{point:path}.{kind}"}  # name no place
OF_NOBODY = {"/sign-in", "/assets/{digest}/{name}"}


def routes() -> set[str]:
    """Return every path of the console that is read."""
    return {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or set())
    }


def addresses(path: str, name: str) -> list[str]:
    """Return what is asked of a route, about something of a region."""
    number = "1" if name == "OWN" else "2"
    for part, value in (
        ("{point:path}", f"P-{name}-0"),
        ("{kind}", "csv"),
        ("{outage_id}", number),
    ):
        path = path.replace(part, value)
    return [f"/console{path}{query}" for query in ASKED[path_of(path)]]


def path_of(path: str) -> str:
    """Return the route of an address."""
    (found,) = [
        one for one in ASKED if re.fullmatch(re.sub(r"\{\w+(:path)?\}", "[^/]+", one), path)
    ]
    return found


@asynccontextmanager
async def signed_in(settings: Settings, key: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Lend a browser before `serve` with VOLTPASS_AUTH = keys; None: nobody has signed in."""
    asked = settings.model_copy(update={"auth": "keys"})
    async with authenticating(asked, now=lambda: NOW) as (authenticator, _):
        access_of = bearer_access(authenticator.access_of)
        async with client_of(application(asked, access_of=access_of)) as client:
            if key is not None:
                answer = await client.post("/console/sign-in", data={"key": key})
                assert answer.status_code == 303, answer.text
            yield client


def shown(answer: httpx.Response) -> tuple[int, str, str]:
    """Return what an answer says, and where it leads."""
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_every_page_of_the_console_is_asked() -> None:
    assert routes() == set(ASKED) | OF_NOBODY


async def test_every_page_is_as_if_there_were_no_other_region(regions: Regions) -> None:
    same = await new_key(regions.alone, "read:customer", regions=["R-OWN"])
    async with (
        signed_in(regions.both, regions.key) as client,
        signed_in(regions.alone, same) as alone,
    ):
        for path in ASKED:
            for nth, address in enumerate(addresses(path, "OWN")):
                limited, whole = shown(await client.get(address)), shown(await alone.get(address))
                assert limited == whole, address
                if nth == 0:
                    assert limited[0] == 200, (address, limited)
                    assert path in SILENT or "OWN" in limited[2], address
                if "OTHER" not in address:
                    assert "OTHER" not in limited[2], address


async def test_what_another_region_has_does_not_exist(regions: Regions) -> None:
    async with (
        signed_in(regions.both, regions.key) as client,
        client_of(application(regions.both)) as whole,
    ):
        for path in ASKED:
            if "{" not in path:
                continue
            for address in addresses(path, "OTHER"):
                hidden, there = await client.get(address), await whole.get(address)
                assert there.status_code == 200, address  # something to hide
                assert hidden.status_code == 404, address
                assert not re.search("[FTM]-OTHER|R-OTHER", hidden.text), address


async def test_nobody_sees_a_page_without_a_key_and_is_led_back_with_one(regions: Regions) -> None:
    async with signed_in(regions.both, None) as client:
        for path in ASKED:
            for address in addresses(path, "OWN"):
                answer = await client.get(address)
                to = quote(address.removeprefix("/console"), safe="")
                assert answer.status_code == 303, address
                assert answer.headers["location"] == f"/console/sign-in?to={to}"
                assert "OWN" not in answer.text

        wrong = await client.post("/console/sign-in?lang=en", data={"key": "vp_not_a_key"})
        assert wrong.status_code == 401
        assert "ask who runs the service" in wrong.text
        right = await client.post(
            "/console/sign-in", data={"key": regions.key, "to": f"/outages?{MARCH_1}"}
        )
        assert right.headers["location"] == f"/console/outages?{MARCH_1}"
        assert (await client.get(right.headers["location"])).status_code == 200
        assert COOKIE in client.cookies


@pytest.mark.parametrize("scope", ["read:aggregate", "write:declarations"])
async def test_a_key_that_may_not_read_customers_sees_no_point_of_any_region(
    regions: Regions, scope: Scope
) -> None:
    key = await new_key(regions.both, scope, regions=["R-OWN"])
    n_refused = 0
    async with signed_in(regions.both, key) as client:
        for path in ASKED:
            for address in addresses(path, "OWN"):
                answer = await client.get(address)
                n_refused += answer.status_code == 403
                assert answer.status_code in {200, 403}, address
                assert not re.search(r"P-OWN-\d", answer.text.replace(address, "")), address
                assert "OTHER" not in answer.text or "OTHER" in address, address

    assert n_refused >= 10
