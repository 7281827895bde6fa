"""The OpenAPI document is the contract: whatever it allows is asked, and the answers are held to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import schemathesis
from fastapi import Request
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.api.access import AccessOf
from service.api.app import create_app
from service.domain.access import EVERYWHERE, SCOPES, Access, Scope
from service.settings import Settings
from tests.api.clients import NOW, NOWHERE, application
from tests.api.seeding import Seeder
from tests.api.test_access import GIVEN, START
from tests.api.test_access import seed as seed_register
from tests.backends import IS_REAL

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

N_EXAMPLES = 25 if IS_REAL else 2
ENDLESS = {"/v1/breaches/live"}  # tests/api/test_live.py
# They take nothing, or any text.
NEVER_WRONG = {"/healthz", "/readyz", "/metrics", "/v1/points/{point}"}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REAL_VALUES: dict[str, object] = {
    "point": "SECRET-POINT",
    "declaration_id": 1,
    "call_id": 1,
    "deadline_id": 1,
    "incident_id": 1,
    "outage_id": 1,
    "start": START.isoformat().replace("+00:00", "Z"),
    "promise": "crew_arrival",
}
WHO: dict[str, frozenset[Scope]] = {
    "everything": frozenset(SCOPES),
    "sums only": frozenset({"read:aggregate"}),
    "nothing": frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Asker:
    """How somebody asks."""

    headers: dict[str, str] | None = None
    values: Mapping[str, object] = field(
        default_factory=lambda: REAL_VALUES
    )  # of things that are there
    look: Callable[[Any], object] = lambda _answer: None  # at each answer


ANYBODY = Asker()


async def seed(seeder: Seeder) -> None:
    await seed_register(seeder)
    # Nobody is at work: else exports would give way to them.
    await seeder.run("UPDATE partition_progress SET stored_at = data_through")


def asks_with(scopes: frozenset[Scope]) -> AccessOf:
    async def access_of(request: Request) -> Access:
        return Access(principal="key 7", scopes=scopes, territory=EVERYWHERE)

    return access_of


@cache
def operations() -> list[tuple[str, str]]:
    paths = application(NOWHERE).openapi()["paths"]
    return [(method, path) for path in paths if path not in ENDLESS for method in paths[path]]


@pytest.fixture(scope="module")
def contract(seeded: Settings) -> Callable[[str], Any]:
    """The document of an application over the module's database, asked by somebody of ``WHO``."""

    @cache
    def of(who: str) -> Any:
        app = create_app(seeded, now=lambda: NOW, access_of=asks_with(WHO[who]))
        return schemathesis.openapi.from_asgi("/openapi.json", app)

    return of


def ask(
    schema: Any,
    operation: tuple[str, str],
    mode: GenerationMode,
    n_examples: int,
    asker: Asker = ANYBODY,
) -> None:
    """Ask an operation, and hold the answers to the document."""
    method, path = operation
    one = schema[path][method.upper()]
    real = {name: value for name, value in asker.values.items() if f"{{{name}}}" in path}
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @settings(
        max_examples=n_examples,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=one.as_strategy(generation_mode=mode), is_real=st.booleans())
    def asked(case: Any, is_real: bool) -> None:
        if is_real and mode is GenerationMode.POSITIVE:
            case.path_parameters = {**(case.path_parameters or {}), **real}
            if method == "get":
                case.query = {**(case.query or {}), **GIVEN.get(path, {})}
                case.query.pop("cursor", None)
        asker.look(case.call_and_validate(checks=checks, headers=asker.headers))

    asked()


@pytest.mark.parametrize("operation", operations(), ids=" ".join)
def test_what_the_document_allows_is_answered_as_it_says(
    contract: Callable[[str], Any], operation: tuple[str, str]
) -> None:
    ask(contract("everything"), operation, GenerationMode.POSITIVE, 2 * N_EXAMPLES)


@pytest.mark.parametrize(
    "operation", [one for one in operations() if one[1] not in NEVER_WRONG], ids=" ".join
)
def test_what_the_document_does_not_allow_is_refused_as_it_says(
    contract: Callable[[str], Any], operation: tuple[str, str]
) -> None:
    ask(contract("everything"), operation, GenerationMode.NEGATIVE, N_EXAMPLES)


@pytest.mark.parametrize("who", ["sums only", "nothing"])
def test_who_may_little_is_answered_as_the_document_says(
    contract: Callable[[str], Any], who: str
) -> None:
    for operation in operations():
        ask(contract(who), operation, GenerationMode.POSITIVE, max(1, N_EXAMPLES // 4))
