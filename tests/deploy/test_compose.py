"""The compose file: what it names exists, what it sets is a setting, and it keeps no secret."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings, read_settings
from service.settings.parts import KafkaSettings
from tests.deploy.places import DEPLOY, read_yaml

TEXT = (DEPLOY / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = read_yaml(DEPLOY / "compose.yaml")
SERVICES: dict[str, Any] = COMPOSE["services"]
ROLES = ("migrate", "consume", "settle", "serve")
ONE_SHOT = {"topics", "migrate", "metrics-key"}

every_service = pytest.mark.parametrize("name", SERVICES)


def interpolated(value: str) -> str:
    """Return a value as compose makes it, with a password for each variable that has no default."""
    return re.sub(r"\$\{\w+:-(\w*)\}", r"\1", re.sub(r"\$\{\w+:\?[^}]*\}", "a1b2", value))


def bind_mounts() -> list[Path]:
    """Return the files and folders beside the compose file that services are given."""
    volumes = [v for service in SERVICES.values() for v in service.get("volumes", [])]
    return [DEPLOY / volume.split(":")[0] for volume in volumes if volume.startswith(".")]


def test_the_file_is_one_of_compose() -> None:
    """Held against the specification of compose, the copy that check-jsonschema brings."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]

    done = subprocess.run(
        [*check, DEPLOY / "compose.yaml"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_all_parts_are_there() -> None:
    parts = {
        "kafka",
        "topics",
        "timescaledb",
        "metrics-key",
        "prometheus",
        "alertmanager",
        "grafana",
    }

    assert SERVICES.keys() == parts | set(ROLES)


@every_service
def test_image_is_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")

    assert re.search(r"\d+\.\d+", tag), f"{image} needs a version"
    assert "." not in image.split("/")[0], "images are named without a registry"


@every_service
def test_who_waits_waits_for_something_that_will_come(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        one_shot = wait["condition"] == "service_completed_successfully"
        assert one_shot == (other in ONE_SHOT)
        assert one_shot or "test" in SERVICES[other]["healthcheck"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_whatever_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@every_service
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_what_is_mounted_exists() -> None:
    assert bind_mounts()
    assert [path for path in bind_mounts() if not path.exists()] == []


def test_volumes_are_declared() -> None:
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }

    assert named == set(COMPOSE["volumes"])


def test_every_name_of_ours_is_a_setting() -> None:
    names = set(re.findall(r"\bVOLTPASS_\w+", TEXT))

    assert names
    assert {name.removeprefix("VOLTPASS_").lower() for name in names} <= set(Settings.model_fields)


@pytest.mark.parametrize("role", ROLES)
def test_settings_of_a_role_are_accepted(role: str) -> None:
    environment = {k: interpolated(v) for k, v in SERVICES[role]["environment"].items()}

    settings = read_settings(environment)

    assert "${" not in settings.database_dsn
    assert "@timescaledb:5432/voltpass" in settings.database_dsn


@pytest.mark.parametrize("role", ROLES)
def test_role_runs_with_no_more_rights_than_it_needs(role: str) -> None:
    service = SERVICES[role]

    assert service["command"] == [role]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert ("voltpass:" in service["environment"]["VOLTPASS_DATABASE_DSN"]) == (role == "migrate")


@every_service
def test_no_secret_is_written_down(name: str) -> None:
    secrets = {
        key: value
        for key, value in SERVICES[name].get("environment", {}).items()
        if key.endswith(("PASSWORD", "_DSN"))
    }

    assert all(":?set it in .env" in value for value in secrets.values())


def test_every_password_is_asked_for_in_the_read_me() -> None:
    names = {name.removesuffix("_PASSWORD") for name in re.findall(r"\$\{(\w+):\?", TEXT)}
    read_me = (DEPLOY / "README.md").read_text("utf-8")

    (asked,) = re.findall(r"for name in ([A-Z ]+);", read_me)

    assert set(asked.split()) == names


def test_topics_are_those_of_the_settings_and_stamped_by_the_broker() -> None:
    (script,) = SERVICES["topics"]["command"]
    settings = KafkaSettings()

    made = re.findall(r"^topic ([\w.-]+)", script, re.MULTILINE)

    wanted = {*settings.topics, *settings.meter_event_topics, settings.dead_letter_topic}
    assert set(made) == wanted
    assert "message.timestamp.type=LogAppendTime" in script


def test_prometheus_asks_where_the_roles_answer() -> None:
    jobs = {
        job["job_name"]: job
        for job in read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    }

    for role in ("consume", "settle"):
        (found,) = jobs[f"voltpass-{role}"]["dns_sd_configs"]
        assert found["names"] == [role]
        assert str(found["port"]) == SERVICES[role]["environment"]["VOLTPASS_METRICS_PORT"]
    port = SERVICES["serve"]["environment"]["VOLTPASS_API_PORT"]
    assert jobs["voltpass-serve"]["static_configs"] == [{"targets": [f"serve:{port}"]}]


def test_serve_lets_nobody_in_without_a_key() -> None:
    environment = {k: interpolated(v) for k, v in SERVICES["serve"]["environment"].items()}

    settings = read_settings(environment)

    assert settings.auth == "keys"
    assert SERVICES["serve"]["ports"] == [f"127.0.0.1:{settings.api_port}:{settings.api_port}"]


def test_prometheus_shows_the_key_that_was_made_for_it() -> None:
    (serve,) = (
        job
        for job in read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
        if job["job_name"] == "voltpass-serve"
    )
    (script,) = SERVICES["metrics-key"]["command"]
    (made_in,) = SERVICES["metrics-key"]["volumes"]
    read_in = [one for one in SERVICES["prometheus"]["volumes"] if one.startswith("metrics-key:")]

    assert "voltpass keys create prometheus --scope read:aggregate --everywhere" in script
    assert made_in == "metrics-key:/keys"
    assert read_in == ["metrics-key:/run/secrets/voltpass:ro"]
    assert serve["authorization"] == {"credentials_file": "/run/secrets/voltpass/metrics"}
    assert "mv /keys/new /keys/metrics" in script


def test_the_script_of_the_key_makes_one_and_keeps_it(tmp_path: Path) -> None:
    """Run as it is, with a `voltpass` that counts how often it is asked."""
    program = tmp_path / "voltpass"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho a-key\n')
    program.chmod(0o755)
    (tmp_path / "keys").mkdir()
    (script,) = SERVICES["metrics-key"]["command"]
    script = script.replace("/keys/", f"{tmp_path}/keys/")

    for _ in range(2):
        subprocess.run(
            [*SERVICES["metrics-key"]["entrypoint"], script],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            check=True,
        )

    assert (tmp_path / "keys" / "metrics").read_text() == "a-key\n"
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
