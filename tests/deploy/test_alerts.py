"""The alert rules: by promtool against series, and against the metrics of the service."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.domain.rules import load_rule_set
from service.settings import Settings
from service.settle.alerting import LOOK_EVERY_S
from tests.deploy import promql
from tests.deploy.places import DEPLOY, REPOSITORY, read_yaml
from tests.real.parts import read_parts

PROMETHEUS = DEPLOY / "prometheus"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in read_yaml(PROMETHEUS / "alerts.yml")["groups"]
    for rule in group["rules"]
}
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a Markdown page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def heading_of(anchor: str) -> str:
    """Return the heading that has an anchor."""
    return anchor.replace("-", " ").capitalize()


def test_these_are_all() -> None:
    assert RULES.keys() == {
        "VoltpassToleranceBreach",
        "VoltpassAreaToleranceBreach",
        "VoltpassHighVoltage",
        "VoltpassInterruption",
        "VoltpassOverrun",
        "VoltpassStorm",
        "VoltpassCommunicationLost",
        "VoltpassDeviceClocks",
        "VoltpassBudgetBurnsFast",
        "VoltpassBudgetBurnsSlowly",
        "VoltpassPromiseAtRisk",
        "VoltpassLag",
        "VoltpassStalled",
        "VoltpassDeadLetters",
        "VoltpassFenced",
        "VoltpassCheckpointSlow",
        "VoltpassDataGap",
        "VoltpassCoverageFall",
    }


def test_numbers_of_the_rules_are_those_of_the_rule_set() -> None:
    rule = load_rule_set("sgcc-2003").alerts
    assert rule is not None
    breach_s = (f"{rule.breach_for_s // 60}m", f"{rule.breach_clear_s // 60}m")

    for name in ("VoltpassToleranceBreach", "VoltpassAreaToleranceBreach"):
        alert = RULES[name]
        assert (alert["for"], alert["keep_firing_for"]) == breach_s
        assert f">= {rule.breach_points_min}\n" in alert["expr"]
        assert re.findall(r">= (0\.\d+) \*", alert["expr"]) == [f"{rule.breach_share_min:.2f}"]
    assert RULES["VoltpassHighVoltage"]["for"] == f"{rule.high_voltage_for_s // 60}m"
    assert all("for" not in RULES[name] for name in ("VoltpassInterruption", "VoltpassOverrun"))
    overrun = RULES["VoltpassOverrun"]["annotations"]["description"]
    assert f"{rule.overrun_wait_s // 60} minutes after" in overrun
    storm = RULES["VoltpassStorm"]["annotations"]["description"]
    assert f"within {rule.storm_window_s // 60} minutes" in storm


def test_people_are_told_as_often_as_the_rule_set_says() -> None:
    rule = load_rule_set("sgcc-2003").alerts
    assert rule is not None

    route = read_yaml(DEPLOY / "alertmanager" / "alertmanager.yml")["route"]
    (network,) = [one for one in route["routes"] if one["matchers"] == ['scope="network"']]

    assert network["group_by"] == ["organisation"]
    assert network["group_wait"] == f"{rule.group_wait_s}s"
    assert network["group_interval"] == f"{rule.group_interval_s // 60}m"
    assert network["repeat_interval"] == f"{rule.repeat_s // 3600}h"


def test_breaches_are_told_as_often_as_the_rule_set_says() -> None:
    rule = load_rule_set("sgcc-2003").alerts
    assert rule is not None
    names = sorted(name for name in RULES if name.endswith("ToleranceBreach"))

    routes = read_yaml(DEPLOY / "alertmanager" / "alertmanager.yml")["route"]["routes"]
    matched = [
        next(one for one in routes if takes(one["matchers"], name, RULES[name]["labels"]))
        for name in names
    ]

    assert len(names) == 2
    assert matched[0] is matched[1]
    assert matched[0]["group_by"] == ["organisation", "area"]
    assert matched[0]["group_wait"] == f"{rule.group_wait_s}s"
    assert matched[0]["group_interval"] == f"{rule.breach_interval_s // 3600}h"
    assert matched[0]["repeat_interval"] == f"{rule.repeat_s // 3600}h"


def takes(matchers: list[str], alert: str, labels: dict[str, str]) -> bool:
    """Return whether a route takes an alert: the first one that does has it."""
    values = labels | {"alertname": alert}
    parts = [re.fullmatch(r'(\w+)(=~?)"(.*)"', one) for one in matchers]
    assert all(parts)
    return all(
        re.fullmatch(wanted if sign == "=~" else re.escape(wanted), values.get(name, ""))
        for name, sign, wanted in (part.groups() for part in parts if part is not None)
    )


def test_an_outage_is_told_within_90_s_of_the_reclose_wait_as_shipped() -> None:
    rule = load_rule_set("sgcc-2003").alerts
    assert rule is not None
    shipped = read_yaml(PROMETHEUS / "prometheus.yml")["global"]
    scrape_s, evaluation_s = (
        int(shipped[name].removesuffix("s")) for name in ("scrape_interval", "evaluation_interval")
    )
    settings = Settings(database_dsn="postgresql://nowhere/none")

    after_the_wait_s = LOOK_EVERY_S + scrape_s + evaluation_s + rule.group_wait_s
    made_meanwhile_s = settings.checkpoint_interval_s + settings.settle_interval_s

    assert after_the_wait_s == 65
    assert made_meanwhile_s < rule.reclose_wait_s
    assert after_the_wait_s + made_meanwhile_s <= 90  # where evidence comes after the wait


@pytest.mark.parametrize("alert", RULES)
def test_expression_names_only_what_the_service_shows(alert: str) -> None:
    assert promql.faults(RULES[alert]["expr"]) == []


@pytest.mark.parametrize("alert", RULES)
def test_annotations_name_only_labels_of_the_result(alert: str) -> None:
    labels = promql.result_labels(RULES[alert]["expr"])

    named = re.findall(r"\$labels\.(\w+)", str(RULES[alert]["annotations"]))

    assert set(named) <= labels


@pytest.mark.parametrize("alert", RULES)
def test_alert_has_a_severity_a_text_and_a_runbook(alert: str) -> None:
    rule = RULES[alert]
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")

    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert rule["labels"]["scope"] in {"network", "figures", "pipeline"}
    texts = ("summary", "description", "summary_zh", "description_zh", "mute", "runbook_url")
    assert tuple(rule["annotations"]) == texts
    assert anchor in anchors(REPOSITORY / page)
    section = (REPOSITORY / page).read_text("utf-8").split("\n## ")
    (own,) = [one for one in section if f"`{alert}`" in one and one.startswith(heading_of(anchor))]
    assert "**中文**" in own


@pytest.mark.parametrize("alert", RULES)
def test_promtool_tests_cover_firing_silence_and_the_end(alert: str) -> None:
    states = [
        [bool(check["exp_alerts"]) for check in test["alert_rule_test"]]
        for path in TESTS
        for test in read_yaml(path)["tests"]
        if all(check["alertname"] == alert for check in test["alert_rule_test"])
    ]

    assert any(True in state and state[-1] is False for state in states), "fires, then ends"
    assert any(not any(state) for state in states) or alert == "VoltpassStalled", "stays silent"
    assert any(state[0] is False and True in state for state in states), "waits before it fires"


@pytest.mark.real
@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_for_people_name_the_feeder_and_the_extent(language: str, tmp_path: Path) -> None:
    message = {
        "status": "firing",
        "externalURL": "http://am",
        "commonLabels": {"organisation": "O1"},
        "alerts": [
            {
                "status": "firing",
                "annotations": {
                    "summary": "Feeder 城东一线: 12 points",
                    "summary_zh": "线路 城东一线 停电：12 个监测点",
                    "description": "all of it",
                    "description_zh": "详细说明",
                    "mute": "#/silences/new?filter=x",
                    "runbook_url": "docs/runbooks.md#interruption",
                },
            }
        ],
    }
    (tmp_path / "message.json").write_text(json.dumps(message), "utf-8")

    def text(name: str) -> str:
        command: list[str | Path] = [
            read_parts(os.environ).amtool, "template", "render",
            f"--template.glob={DEPLOY / 'alertmanager' / 'voltpass.tmpl'}",
            f"--template.data={tmp_path / 'message.json'}",
            f'--template.text={{{{ template "voltpass.{name}.{language}" . }}}}',
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "城东一线" in text("subject")
    assert "O1" in text("subject")
    assert {"zh": "详细说明", "en": "all of it"}[language] in text("text")
    assert "http://am/#/silences/new?filter=x" in text("text")


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("voltpass_no_such_total", "no metric"),
        ("voltpass_readings_total{reason='late'}", "no label reason"),
        ("voltpass_readings_total{outcome=~'late|lost'}", "lost"),
        ("sum by (feeder) (voltpass_points_in_breach)", "no labels ['feeder']"),
        ("sum by (topic) (voltpass_lag_seconds) / sum(voltpass_messages_total) * on (area) up", ""),
        ("sum by (topic) (voltpass_lag_seconds) / voltpass_stalled", "never match"),
    ],
)
def test_the_check_itself_finds_faults(expression: str, fault: str) -> None:
    assert fault in " ".join(promql.faults(expression) or ["nothing found"])
    assert promql.faults(expression) != []


@pytest.mark.parametrize(
    ("file", "port"), [("prometheus.yml", "alertmanager:9093"), ("prometheus.yml", "serve:8000")]
)
def test_prometheus_asks_the_parts_of_the_compose_file(file: str, port: str) -> None:
    assert port in (PROMETHEUS / file).read_text("utf-8")


@pytest.mark.real
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_fire_and_end_as_promtool_sees_it(path: Path) -> None:
    check(read_parts(os.environ).promtool, "test", "rules", path)


@pytest.mark.real
def test_configurations_are_valid(tmp_path: Path) -> None:
    parts = read_parts(os.environ)
    shutil.copy(PROMETHEUS / "alerts.yml", tmp_path)
    configuration = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    (tmp_path / "metrics").write_text("a key")
    configuration = configuration.replace("/run/secrets/voltpass/", f"{tmp_path}/")
    (tmp_path / "prometheus.yml").write_text(configuration.replace("/etc/prometheus/", ""))

    check(parts.promtool, "check", "config", tmp_path / "prometheus.yml")
    shutil.copy(DEPLOY / "alertmanager" / "voltpass.tmpl", tmp_path)
    routes = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    (tmp_path / "alertmanager.yml").write_text(routes.replace("/etc/alertmanager/", ""), "utf-8")
    check(parts.amtool, "check-config", tmp_path / "alertmanager.yml")


def check(program: Path, *arguments: str | Path) -> None:
    """Run a program that is there because the tests were provisioned; a missing one is an error."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
