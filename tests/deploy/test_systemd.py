"""The systemd units: systemd itself takes them, what they set is a setting, and they may do little."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.settings import Settings, read_settings
from tests.deploy.places import DEPLOY
from tests.real.parts import read_parts

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
COMMANDS = {"consume", "settle", "serve", "migrate"}
HARDENING = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "RestrictNamespaces=yes",
    "SystemCallFilter=@system-service",
)

every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def settings_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?<![\w/])(VOLTPASS_\w+)=(\S*)", text))


def test_there_is_a_unit_for_each_role() -> None:
    run = {
        re.findall(r"^ExecStart=.*/voltpass (\w+)$", unit.read_text(), re.MULTILINE)[0]
        for unit in UNITS
    }

    assert run == COMMANDS


@every_unit
def test_a_unit_may_do_little_and_is_nobody_in_particular(unit: Path) -> None:
    lines = unit.read_text().splitlines()

    assert [line for line in HARDENING if line not in lines] == []
    assert "User=voltpass" in lines
    assert "MemoryDenyWriteExecute=yes" not in lines  # numba writes machine code


@every_unit
def test_a_role_comes_back_and_a_migration_ends(unit: Path) -> None:
    text = unit.read_text()

    if "migrate" in unit.name:
        assert "Type=oneshot" in text
        assert "Restart=" not in text
    else:
        assert "Restart=always" in text
        assert "Requires=voltpass-migrate.service" in text
        assert re.search(r"^After=.*voltpass-migrate\.service", text, re.MULTILINE)


@every_unit
def test_settings_are_settings_and_secrets_stand_in_files(unit: Path) -> None:
    named = settings_in(unit.read_text().replace("%i", "1").replace("%H", "host"))

    assert {name.removeprefix("VOLTPASS_").lower() for name in named} <= set(Settings.model_fields)
    assert "VOLTPASS_DATABASE_DSN" not in named
    read_settings(named | {"VOLTPASS_DATABASE_DSN": "postgresql://x@y/z"})


def test_the_owner_of_the_schema_is_known_to_the_migration_alone() -> None:
    knowing = {unit.name for unit in UNITS if "owner.env" in unit.read_text()}

    assert knowing == {"voltpass-migrate.service"}


@pytest.mark.parametrize("name", ["voltpass.env.example", "owner.env.example"])
def test_an_example_of_an_environment_names_settings_and_no_password(name: str) -> None:
    named = settings_in((FOLDER / name).read_text())

    assert {one.removeprefix("VOLTPASS_").lower() for one in named} <= set(Settings.model_fields)
    assert named["VOLTPASS_DATABASE_DSN"] == ""


def test_ports_of_metrics_differ() -> None:
    ports = [
        named["VOLTPASS_METRICS_PORT"]
        for unit in UNITS
        for member in ("1", "2")
        if "VOLTPASS_METRICS_PORT" in (named := settings_in(unit.read_text().replace("%i", member)))
        and ("@" in unit.name or member == "1")
    ]

    assert len(ports) == len(set(ports)) == 3


@pytest.mark.real
def test_systemd_takes_the_units_and_finds_little_to_attack(tmp_path: Path) -> None:
    program = read_parts(os.environ).systemd_analyze
    for unit in UNITS:
        text = unit.read_text().replace("/opt/voltpass/bin/voltpass", shutil.which("true") or "")
        (tmp_path / unit.name.replace("@", "@1")).write_text(text)
        (tmp_path / unit.name).write_text(text)
    units = [path for path in sorted(tmp_path.iterdir()) if "@." not in path.name]

    found = subprocess.run(
        [program, "verify", "--man=no", *units],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    exposed = subprocess.run(
        [program, "security", "--offline=yes", "--threshold=25", *units],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (found.returncode, found.stderr) == (0, "")
    assert exposed.returncode == 0, exposed.stdout
