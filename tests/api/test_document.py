"""The OpenAPI document is complete, and its page needs no internet."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.problem import MEDIA_TYPE
from service.domain.catalogue import checksum_of, read_catalogue
from tests.api.clients import NOWHERE, application, client_of

pytestmark = pytest.mark.slow

PATHS = {
    "/v1/points",
    "/v1/points/{point}",
    "/v1/points/{point}/pass-rate",
    "/v1/points/{point}/minutes",
    "/v1/points/{point}/weeks",
    "/v1/minutes",
    "/v1/pass-rate",
    "/v1/composite-pass-rate",
    "/v1/residential-pass-rate",
    "/v1/compliance",
    "/v1/held-alerts",
    "/v1/interruptions",
    "/v1/points/{point}/interruptions/{start}/evidence",
    "/v1/outages",
    "/v1/outages/{outage_id}",
    "/v1/device-clocks",
    "/v1/events",
    "/v1/communication-incidents",
    "/v1/communication-incidents/{incident_id}/points",
    "/v1/reliability",
    "/v1/major-event-days",
    "/v1/reports/{report}",
    "/v1/sarfi",
    "/v1/scorecard",
    "/v1/worst-served",
    "/v1/breaches/live",
    "/v1/budget",
    "/v1/promises",
    "/v1/promises/{promise}/breaches",
    "/v1/deadlines/due",
    "/v1/declarations",
    "/v1/declarations/{declaration_id}",
    "/v1/declarations/{declaration_id}/changes",
    "/v1/fault-calls",
    "/v1/fault-calls/{call_id}",
    "/v1/fault-calls/{call_id}/changes",
    "/v1/deadlines",
    "/v1/deadlines/{deadline_id}",
    "/v1/deadlines/{deadline_id}/changes",
    "/v1/rule-sets",
    "/healthz",
    "/readyz",
    "/metrics",
    "/metrics/points",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return application(NOWHERE).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_path_is_in_the_document(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == PATHS


def test_every_operation_says_what_it_does_and_what_it_takes(document: dict[str, Any]) -> None:
    silent = []
    for name, operation in operations(document):
        if not operation.get("summary") or not operation.get("description"):
            silent.append(name)
        silent += [
            f"{name} {one['name']}"
            for one in operation.get("parameters", [])
            if not one.get("description")
        ]

    assert silent == []


def test_every_parameter_shows_what_it_takes(document: dict[str, Any]) -> None:
    def shows(schema: dict[str, Any]) -> bool:
        kinds = [schema, *schema.get("anyOf", [])]
        return any(
            one.keys() & {"examples", "default", "enum", "const", "$ref"}
            or one.get("type") == "boolean"
            for one in kinds
        )

    silent = [
        f"{name} {one['name']}"
        for name, operation in operations(document)
        for one in operation.get("parameters", [])
        if not shows(one["schema"])
    ]

    assert silent == []


def test_every_operation_names_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        answers = operation["responses"]
        assert set(answers["default"]["content"]) == {MEDIA_TYPE}, name
        assert "422" not in answers, name  # FastAPI's own form of it
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    "name",
    [
        "PointPassRate",
        "GroupPassRate",
        "PointMinutes",
        "CompositePassRate",
        "ResidentialPassRate",
        "PointWeeks",
        "Compliance",
        "SarfiAnswer",
        "Scorecard",
        "YearBudget",
        "ReportShape",
    ],
)
def test_every_answer_with_rates_names_what_they_rest_on(
    document: dict[str, Any], name: str
) -> None:
    fields = document["components"]["schemas"][name]["properties"]

    assert {"rule_set", "zone", "data_through"} <= set(fields)
    assert all(fields[one].get("description") for one in ("rule_set", "zone", "data_through"))


def test_words_of_python_do_not_show(document: dict[str, Any]) -> None:
    fields = {
        field
        for schema in document["components"]["schemas"].values()
        for field in schema.get("properties", {})
    }

    assert {"pass", "from", "to", "class"} <= fields
    assert [field for field in fields if field.endswith("_")] == []


async def test_the_page_takes_everything_from_this_process() -> None:
    async with client_of(application(NOWHERE)) as client:
        start = await client.get("/")
        page = await client.get(start.headers["location"])
        wanted = re.findall(r"""(?:src|href)=["']([^"']+)["']|url: '([^']+)'""", page.text)
        parts = {one or other: await client.get(one or other) for one, other in wanted}

    assert page.status_code == 200
    assert "//" not in page.text.replace("<!--", "").replace("// ", "")
    assert len(parts) == 4
    for path, part in parts.items():
        assert path.startswith("/")
        assert part.status_code == 200
        assert len(part.content) > 1000
    assert '"validatorUrl": null' in page.text  # else it would ask a server for its opinion


async def test_rule_sets_show_their_sources() -> None:
    async with client_of(application(NOWHERE)) as client:
        found = (await client.get("/v1/rule-sets")).json()["rule_sets"]

    [in_force] = [one for one in found if one["in_force"]]
    assert in_force["name"] == "sgcc-2003"
    [household] = [one for one in in_force["rules"]["bands"] if one.get("below_kv") == 0.38]
    assert (household["lower_percent"], household["upper_percent"]) == (-10.0, 7.0)
    assert household["certainty"] == "confirmed"
    assert in_force["rules"]["coverage"]["floor"] == 0.9
    for one in found:
        for rows in one["rules"].values():
            for row in rows if isinstance(rows, list) else [rows]:
                assert row.get("source") or all(part["source"] for part in row.values())


async def test_rule_sets_are_those_of_the_catalogue(tmp_path: Path) -> None:
    own = tmp_path / "own-2024.toml"
    own.write_text(
        'name = "own-2024"\ntitle = "Own"\nextends = "sgcc-2003"\neffective_from = 2024-01-01\n'
    )
    beside = ("sgcc-pledge-2023", "en-50160")
    settings = NOWHERE.model_copy(
        update={"rule_set": "own-2024", "rule_sets_beside": beside, "rule_set_folder": tmp_path}
    )

    async with client_of(application(settings)) as client:
        found = (await client.get("/v1/rule-sets")).json()["rule_sets"]

    catalogue = read_catalogue(tmp_path)
    names = [one["name"] for one in found]
    assert names[:3] == ["own-2024", *beside]
    assert sorted(names) == catalogue.names()
    assert [one["name"] for one in found if one["in_force"]] == ["own-2024"]
    assert [one["name"] for one in found if one["beside"]] == list(beside)
    for one in found:
        rule_set = catalogue.load(one["name"])
        assert (one["checksum"], one["extends"]) == (checksum_of(rule_set), rule_set.extends)
        shown = [
            row
            for rows in one["rules"].values()
            for row in (
                rows if isinstance(rows, list) else [rows] if "source" in rows else rows.values()
            )
        ]
        assert [row["source"] for row in shown] == [row.source for row in rule_set.rows()]


async def test_a_redirect_leads_people_to_the_page() -> None:
    transport = httpx.ASGITransport(application(NOWHERE))
    async with httpx.AsyncClient(transport=transport, base_url="http://serve") as client:
        assert (await client.get("/", follow_redirects=True)).status_code == 200
