"""The dashboards as Grafana is given them."""

import itertools
import json
import re
from typing import Any

import pytest

from deploy.grafana.generate import FOLDER, dashboards
from deploy.grafana.panels import PALETTE
from deploy.grafana.queries import PROMETHEUS, RULE_SET, TIMESCALE
from service.settings.parts import JudgingSettings
from tests.deploy import promql
from tests.deploy.dashboards import DASHBOARDS, Query, panels, promql_queries
from tests.deploy.places import DEPLOY, read_yaml

SOURCES = {
    source["uid"]: source["type"]
    for source in read_yaml(DEPLOY / "grafana/provisioning/datasources/voltpass.yaml")[
        "datasources"
    ]
}


def test_files_are_what_the_code_makes() -> None:
    files = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}

    assert files == dashboards(), "run: python -m deploy.grafana.generate"


@pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
def test_panels_lie_side_by_side(dashboard: Any) -> None:
    places = [
        (panel["title"], {(x, y) for x in _span(at, "x", "w") for y in _span(at, "y", "h")})
        for panel in dashboard["panels"]
        for at in [panel["gridPos"]]
    ]

    for (one, here), (other, there) in itertools.combinations(places, 2):
        assert not here & there, f"{one} and {other} overlap"
    assert all(x < 24 for _, cells in places for x, _ in cells)


@pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
def test_dashboard_has_a_zone_of_its_own_and_a_choice_of_place(dashboard: Any) -> None:
    assert dashboard["timezone"] == JudgingSettings().zone
    assert {v["name"] for v in dashboard["templating"]["list"]} >= {"region", "feeder"}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_dashboards_have_names_of_their_own() -> None:
    assert {dashboard["uid"] for dashboard in DASHBOARDS.values()} == {
        "voltpass-supply",
        "voltpass-voltage",
    }


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panel_says_what_it_shows_and_in_which_unit(panel: Any) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    references = [target["refId"] for target in panel["targets"]]
    assert references
    assert len(set(references)) == len(references)


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panel_asks_a_source_that_is_provisioned(panel: Any) -> None:
    for asked in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
        assert SOURCES[asked["uid"]] == asked["type"]


def test_sources_of_the_code_are_the_provisioned_ones() -> None:
    assert {source.uid: source.type_val for source in (TIMESCALE, PROMETHEUS)} == SOURCES


@pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
def test_only_colours_that_everybody_can_tell_apart(dashboard: Any) -> None:
    text = json.dumps(dashboard)

    named = re.findall(r'"(?:color|fixedColor)": "([^"]+)"', text)

    assert named
    assert set(named) <= set(PALETTE)


def test_targets_are_those_of_the_default_rule_set() -> None:
    assert JudgingSettings().rule_set == RULE_SET.name


@pytest.mark.parametrize("query", list(promql_queries()), ids=str)
def test_promql_names_only_what_the_service_shows(query: Query) -> None:
    found: list[str] = []

    labels = promql.result_labels(query.text, found)

    assert found == []
    assert set(re.findall(r"{{(\w+)}}", query.legend)) <= labels


def _span(at: Any, start: str, length: str) -> range:
    return range(at[start], at[start] + at[length])
