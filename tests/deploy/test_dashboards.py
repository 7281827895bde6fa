"""The dashboards as Grafana is given them."""

import copy
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.edition import LANGUAGES, Site
from deploy.grafana.generate import FOLDER, dashboards, main
from deploy.grafana.panels import PALETTE
from deploy.grafana.queries import PROMETHEUS, TIMESCALE
from service.domain.rules import rule_set_names
from service.settings.parts import JudgingSettings
from tests.deploy import promql
from tests.deploy.dashboards import (
    DASHBOARDS,
    Query,
    panels,
    promql_queries,
    sql_queries,
    strings_of,
)
from tests.deploy.places import DEPLOY, REPOSITORY, read_yaml

SOURCES = {
    source["uid"]: source["type"]
    for source in read_yaml(DEPLOY / "grafana/provisioning/datasources/voltpass.yaml")[
        "datasources"
    ]
}
PROVIDERS = read_yaml(DEPLOY / "grafana/provisioning/dashboards/voltpass.yaml")["providers"]
UNITS = {
    value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)
}
CHOICES = ("organisation", "region", "feeder", "transformer")

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def test_files_are_what_the_code_makes() -> None:
    files = {
        str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.glob("**/*.json")
    }

    assert files == dashboards(), "run: python -m deploy.grafana.generate"


@every_dashboard
def test_the_schema_of_the_sdk_knows_every_field(dashboard: Any) -> None:
    """What it does not know would not come back. Of annotations it only knows Grafana's own kind of target."""
    text = json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder)

    back, made = json.loads(text), copy.deepcopy(dashboard)
    for one in (*back["annotations"]["list"], *made["annotations"]["list"]):
        assert one.pop("target")
    assert _without_defaults(back) == _without_defaults(made)


@every_dashboard
def test_panels_lie_side_by_side(dashboard: Any) -> None:
    places = [
        (panel["title"], {(x, y) for x in _span(at, "x", "w") for y in _span(at, "y", "h")})
        for panel in dashboard["panels"]
        for at in [panel["gridPos"]]
    ]

    for (one, here), (other, there) in itertools.combinations(places, 2):
        assert not here & there, f"{one} and {other} overlap"
    assert all(x < 24 for _, cells in places for x, _ in cells)


@every_dashboard
def test_dashboard_has_the_zone_of_the_deployment_and_panels_of_its_own(dashboard: Any) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]

    assert dashboard["timezone"] == JudgingSettings().zone
    assert dashboard["title"] != dashboard["description"]
    assert len(set(numbers)) == len(numbers)
    titles = [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(set(titles)) == len(titles)


@every_dashboard
def test_places_are_chosen_one_within_the_other(dashboard: Any) -> None:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}

    assert tuple(variables)[:4] == CHOICES
    for number, name in enumerate(CHOICES):
        variable = variables[name]
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (
            True,
            True,
            ".*",
        )
        assert variable["datasource"]["uid"] == TIMESCALE.uid
        asked = re.findall(r"\$\{(\w+):regex\}", variable["query"])
        assert tuple(asked) == CHOICES[:number]


def test_dashboards_have_uids_that_stay() -> None:
    uids = {name: dashboard["uid"] for name, dashboard in DASHBOARDS.items()}

    assert uids == {
        f"{language}/{kind}.json": f"voltpass-{kind}-{language}"
        for language in ("en", "zh")
        for kind in ("fleet", "voltage", "supply", "feeder", "point", "promises", "pipeline")
    }
    assert all(len(uid) <= 40 for uid in uids.values())


def test_each_language_has_a_folder_of_its_own() -> None:
    folders = {provider["options"]["path"].split("/")[-1]: provider for provider in PROVIDERS}

    assert folders.keys() == set(LANGUAGES)
    for key in ("name", "folder", "folderUid"):
        assert len({provider[key] for provider in PROVIDERS}) == len(LANGUAGES)
    assert not any(provider["allowUiUpdates"] for provider in PROVIDERS)


@every_dashboard
def test_panels_say_what_they_show_and_in_which_unit(dashboard: Any) -> None:
    for panel in _panels_of(dashboard):
        overrides = _override_units(panel)
        references = [target["refId"] for target in panel["targets"]]

        assert panel["title"]
        assert len(panel["description"]) > 10, panel["title"]
        assert {panel["fieldConfig"]["defaults"]["unit"], *overrides.values()} <= UNITS
        assert references, panel["title"]
        assert len(set(references)) == len(references), panel["title"]


@pytest.mark.parametrize(
    ("kind", "title", "column", "unit"),
    [
        ("point", "Voltage of $point", None, "volt"),
        ("point", "About $point", "nominal", "volt"),
        ("voltage", "Voltage levels", "highest_voltage", "volt"),
        ("voltage", "Voltage pass rate", None, "percentunit"),
        ("voltage", "Voltage extremes by day", None, "percent"),
        ("fleet", "Hours per customer", None, "h"),
        ("fleet", "Minutes per customer by day", None, "m"),
        ("fleet", "Feeders by minutes per customer", "minutes_per_customer", "m"),
        ("supply", "Supply reliability of customers", None, "percentunit"),
    ],
)
def test_figures_have_the_units_of_the_trade(
    kind: str, title: str, column: str | None, unit: str
) -> None:
    """Grafana's `volt` shows V below 1 kV and kV above, `m` and `h` minutes and hours."""
    found = [
        one for one in panels() if one["dashboard"] == f"en/{kind}.json" and one["title"] == title
    ]
    if not found and kind == "voltage":
        found = [one for one in panels() if one["title"] == title]

    config = found[0]["fieldConfig"]

    overrides = _override_units(found[0])
    assert (overrides[column] if column else config["defaults"]["unit"]) == unit


@every_dashboard
def test_panels_ask_sources_that_are_provisioned(dashboard: Any) -> None:
    for panel in _panels_of(dashboard):
        for asked in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert SOURCES[asked["uid"]] == asked["type"]


def test_promql_is_for_operations() -> None:
    """Statutory figures are those of the views; only budgets are the service's own."""
    statutory = ("voltpass_pass_ratio", "voltpass_interruption_minutes", "voltpass_coverage_ratio")

    assert [
        one.place for one in promql_queries() if any(name in one.text for name in statutory)
    ] == []


def test_sources_of_the_code_are_the_provisioned_ones() -> None:
    assert {source.uid: source.type_val for source in (TIMESCALE, PROMETHEUS)} == SOURCES


def test_no_password_is_provisioned() -> None:
    (timescale,) = [
        source
        for source in read_yaml(DEPLOY / "grafana/provisioning/datasources/voltpass.yaml")[
            "datasources"
        ]
        if source["uid"] == TIMESCALE.uid
    ]

    assert timescale["secureJsonData"] == {"password": "$READER_PASSWORD"}
    assert timescale["user"] == "viewer", "in the role voltpass_reader: timescale/logins.sh"
    assert "password" not in timescale["jsonData"]


@every_dashboard
def test_only_colours_that_everybody_can_tell_apart(dashboard: Any) -> None:
    text = json.dumps(dashboard)

    named = re.findall(r'"(?:color|fixedColor|iconColor)": "([^"]+)"', text)

    assert named
    assert set(named) <= set(PALETTE)


@every_dashboard
def test_links_lead_to_dashboards_pages_and_runbooks_that_exist(dashboard: Any) -> None:
    uids = {one["uid"] for one in DASHBOARDS.values()}
    headings = re.findall(r"^## (.+)$", (REPOSITORY / "docs/runbooks.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    pages = {"", "feeders", "outages", "promises", "quality", "points/${point:percentencode}"}

    urls = [text for text in strings_of(dashboard) if re.match(r"/d/|https?:", text)]

    for url in urls:
        address, _, anchor = url.partition("#")
        if inside := re.match(r"/d/([\w-]+)", address):
            assert inside[1] in uids
        elif address == Site().runbooks_url:
            assert not anchor or anchor in anchors
        else:
            page = address.removeprefix(f"{Site().console_url}/console/").split("?")[0]
            assert page in pages
    assert any("/console/" in url for url in urls)


@pytest.mark.parametrize("rule_set", rule_set_names())
def test_dashboards_are_made_for_every_rule_set(rule_set: str) -> None:
    made = dashboards(Site(rule_set=rule_set))

    assert len(made) == len(DASHBOARDS)


def test_what_differs_by_deployment_is_said_on_the_command_line(tmp_path: Path) -> None:
    main(
        [
            *("--zone", "Europe/Berlin", "--rule-set", "en-50160", "--out", str(tmp_path)),
            *("--console-url", "https://voltpass.example/"),
        ]
    )

    text = (tmp_path / "zh" / "point.json").read_text("utf-8")
    made = json.loads(text)
    assert made["timezone"] == "Europe/Berlin"
    assert "https://voltpass.example/console/points/${point:percentencode}?lang=zh" in text
    assert len(list(tmp_path.glob("*/*.json"))) == len(DASHBOARDS)


def test_the_rule_set_drawn_is_the_default_one() -> None:
    assert JudgingSettings().rule_set == Site().rule_set


@pytest.mark.parametrize("query", promql_queries(), ids=str)
def test_promql_names_only_what_the_service_shows(query: Query) -> None:
    found: list[str] = []

    labels = promql.result_labels(query.text, found)

    assert found == []
    assert set(re.findall(r"{{(\w+)}}", query.legend)) <= labels


def test_there_are_queries_to_check() -> None:
    assert len(promql_queries()) > 30
    assert len(sql_queries()) > 40


def _panels_of(dashboard: Any) -> list[Any]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _override_units(panel: Any) -> dict[str, str]:
    return {
        override["matcher"]["options"]: one["value"]
        for override in panel["fieldConfig"].get("overrides", ())
        for one in override["properties"]
        if one["id"] == "unit"
    }


def _span(at: Any, start: str, length: str) -> range:
    return range(at[start], at[start] + at[length])


def _without_defaults(value: Any) -> Any:
    """Return a dashboard without what is empty: the models write some of it, the builders not."""
    match value:
        case dict():
            kept = {key: _without_defaults(one) for key, one in value.items()}
            return {key: one for key, one in kept.items() if one not in (None, {}, [], "", False)}
        case list():
            return [_without_defaults(one) for one in value]
    return value
