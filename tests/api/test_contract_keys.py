"""The contract with real keys: whatever the document allows is asked by those who may little, or nothing.

Two regions are in the database. A key sees what its scopes and its regions let it see, whatever it asks.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pytest
import schemathesis
from fastapi import Request
from schemathesis import GenerationMode

from service.api.access import bearer_access, needed_scopes
from service.api.app import create_app
from service.auth.authenticator import authenticating
from service.domain.access import EVERYWHERE, SCOPES, Access, Scope
from service.settings import Settings
from tests.api.clients import NOW, client_of
from tests.api.key_holders import new_key
from tests.api.seeding import NewPoint, Seeder
from tests.api.telling import CALL, OUTAGE, declare
from tests.api.test_access import SECRETS, START, application_for
from tests.api.test_contract import REAL_VALUES, Asker, ask, operations
from tests.api.test_contract import seed as seed_first_region
from tests.backends import IS_REAL

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

OTHER: Final = "OTHER"  # in every name of the second region
# What is asked by number: the first region has three declarations and one of everything else.
OTHER_VALUES: Final = REAL_VALUES | {
    "point": "OTHER-POINT",
    "declaration_id": 4,
    "call_id": 2,
    "outage_id": 2,
}
SCOPES_OF: Final[dict[str, tuple[Scope, ...]]] = {
    "everything": SCOPES,
    "sums": ("read:aggregate",),
    "one region": ("read:customer", "write:declarations"),
    "region without readings": ("read:customer", "write:declarations"),
    "writing": ("write:declarations",),
}
REGIONS_OF: Final[dict[str, list[str]]] = {
    "one region": ["R1"],
    "region without readings": ["R-LONE"],
}
N_EACH: Final = 2 if IS_REAL else 1


async def seed(seeder: Seeder) -> None:
    await seed_first_region(seeder)
    await seeder.points(
        NewPoint(
            point="OTHER-POINT", region="R-OTHER", feeder="F-OTHER", transformer="T-OTHER",
            area="urban",
        ),
        NewPoint(point="LONE", region="R-LONE"),
    )  # fmt: skip
    await seeder.device("OTHER-POINT", "OTHER-METER")
    await seeder.minutes("OTHER-POINT", START, [[900] * 1440])
    await seeder.run(
        "INSERT INTO interruption (point_id, start_at, earliest_at, end_at, latest_at, evidence, grades, cause)"
        " SELECT point_id, $1::timestamptz, $1, $1 + interval '1 hour', $1 + interval '1 hour', 'measured',"
        "        '{measured}', ''"
        "   FROM point WHERE region = 'R-OTHER'",
        START,
    )
    await seeder.run(
        "INSERT INTO outage (place, code, feeder, earliest_at, start_at, evidence, n_points, n_nested, n_customers)"
        " VALUES ('point', 'OTHER-POINT', 'F-OTHER', $1, $1, 'measured', 1, 0, 1)",
        START,
    )
    async with client_of(application_for(seeder.settings, "admin")) as client:
        here = [{"place": "point", "code": "OTHER-POINT"}]
        made = await declare(client, OUTAGE | {"places": here, "ticket": "OTHER-1"})
        call = CALL | {"call": "OTHER-2", "customer": "C-OTHER-POINT", "point": "OTHER-POINT"}
        told = await client.post("/v1/fault-calls", json=call)
    assert made["declaration_id"] == OTHER_VALUES["declaration_id"]
    assert (told.status_code, told.json()["call_id"]) == (201, OTHER_VALUES["call_id"])


@dataclass(frozen=True)
class Keyed:
    """The document of an application that asks for keys, and a key of each kind."""

    schema: Any
    keys: dict[str, str]

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}


@pytest.fixture(scope="module")
def keyed(seeded: Settings) -> Keyed:
    asked = seeded.model_copy(update={"auth": "keys"})

    async def access_of(request: Request) -> Access:
        # Each request of schemathesis has an event loop of its own, and so its own connections.
        async with authenticating(asked, now=lambda: NOW) as (authenticator, _):
            return await bearer_access(authenticator.access_of)(request)

    async def keys() -> dict[str, str]:
        return {
            who: await new_key(seeded, *scopes, regions=REGIONS_OF.get(who))
            for who, scopes in SCOPES_OF.items()
        }

    app = create_app(asked, now=lambda: NOW, access_of=access_of)
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(asyncio.run, keys()).result()
    return Keyed(schemathesis.openapi.from_asgi("/openapi.json", app), made)


def asked_by(
    keyed: Keyed,
    who: str,
    check: Callable[[str, str, Any], None],
    values: dict[str, object] = REAL_VALUES,
) -> None:
    """Ask every operation, and look at every answer beside what the document says of it."""
    for operation in operations():
        asker = Asker(
            headers=keyed.headers(who),
            values=values,
            look=partial(check, *operation),
        )
        ask(keyed.schema, operation, GenerationMode.POSITIVE, N_EACH, asker)


def text_of(answer: Any) -> str:
    """Return the body without what was asked for: it may be named where it is refused."""
    text: str = answer.content.decode("utf-8", "replace")  # a workbook or a table may be no text
    for value in OTHER_VALUES.values():
        text = text.replace(str(value), "") if OTHER in str(value) else text
    return text


def test_a_key_with_all_scopes_is_answered_as_the_document_says(keyed: Keyed) -> None:
    answered = set()

    def check(method: str, path: str, answer: Any) -> None:
        assert answer.status_code not in {401, 403}, (method, path)
        if answer.status_code < 300:
            answered.add((method, path))

    asked_by(keyed, "everything", check)

    reading = {one for one in operations() if one[0] == "get"}
    assert not IS_REAL or len(reading - answered) < len(reading) / 2, reading - answered


def test_without_a_key_nobody_is_answered_but_on_open_paths(keyed: Keyed) -> None:
    def check(method: str, path: str, answer: Any) -> None:
        if needed_scopes(method, path):
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == ['Bearer realm="voltpass"']
            assert answer.json()["code"] == "unauthenticated"
        else:
            assert answer.status_code != 401, (method, path)

    asked_by(keyed, "nobody", check)


@pytest.mark.parametrize("who", ["sums", "writing"])
def test_a_key_sees_nothing_that_its_scopes_do_not_say(keyed: Keyed, who: str) -> None:
    # The key's own owner is named where it is refused.
    secrets = [one for one in SECRETS if one != "desk"]
    secrets += ["OTHER-METER", "C-OTHER", "OTHER-1", "OTHER-2"]
    access = Access(principal=who, scopes=frozenset(SCOPES_OF[who]), territory=EVERYWHERE)

    def check(method: str, path: str, answer: Any) -> None:
        if not all(access.may(scope) for scope in needed_scopes(method, path)):
            assert answer.status_code == 403, (method, path)
            assert answer.json()["code"] == "scope_missing"
        text = text_of(answer).replace("SECRET-POINT", "") if "{point}" in path else text_of(answer)
        assert [one for one in secrets if one in text] == [], (method, path)

    asked_by(keyed, who, check)


@pytest.mark.parametrize("who", ["one region", "region without readings"])
def test_a_key_of_some_regions_sees_nothing_of_another(keyed: Keyed, who: str) -> None:
    def check(method: str, path: str, answer: Any) -> None:
        assert OTHER not in text_of(answer), (method, path, answer.text)
        if "{point}" in path and OTHER in answer.request.url:
            assert answer.status_code in {404, 422}, (method, path)

    asked_by(keyed, who, check, OTHER_VALUES)
