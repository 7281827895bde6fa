"""The alert rules: by promtool against series, and against the metrics of the service."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

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


def test_these_are_all() -> None:
    assert RULES.keys() == {
        "VoltpassToleranceBreach",
        "VoltpassHighVoltage",
        "VoltpassInterruption",
        "VoltpassCommunicationLost",
        "VoltpassLag",
        "VoltpassStalled",
        "VoltpassDeadLetters",
    }


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

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert anchor in anchors(REPOSITORY / page)


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
    ("file", "port"), [("prometheus.yml", "alertmanager:9093"), ("prometheus.yml", "serve:8080")]
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
    (tmp_path / "prometheus.yml").write_text(configuration.replace("/etc/prometheus/", ""))

    check(parts.promtool, "check", "config", tmp_path / "prometheus.yml")
    check(parts.amtool, "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")


def check(program: Path, *arguments: str | Path) -> None:
    """Run a program that is there because the tests were provisioned; a missing one is an error."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
