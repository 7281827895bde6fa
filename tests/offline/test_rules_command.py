"""``voltpass rules``: what there is, what is in it, and what is wrong with a file."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.domain.catalogue import read_catalogue
from service.domain.event_rows import DecisionRow
from service.domain.promise_rows import PromiseRow
from service.domain.rule_rows import PlacedRow, Row
from service.domain.rules import packaged_text, rule_set_names
from service.offline.rule_lines import lines_of, n_to_confirm, row_kinds

OWN = """
name = "own-2024"
title = "自己的限值"
extends = "sgcc-2003"
effective_from = 2024-01-01

[[bands]]
wirings = ["1p"]
lower_v = 198
upper_v = 242
source = "a contract"
certainty = "confirm"
effective_from = 2024-01-01
"""
TOLD_APART = {"source", "certainty", "effective_from", "effective_to"}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own-2024.toml").write_text(OWN, encoding="utf-8")
    return tmp_path


def test_the_list_has_every_set_with_its_dates_and_numbers() -> None:
    catalogue = read_catalogue()

    done = run("list")

    assert done.exit_code == 0
    lines = {line.split()[0]: line.split() for line in done.output.splitlines() if line.split()}
    for name in rule_set_names():
        rule_set = catalogue.load(name)
        assert str(rule_set.effective_from) in lines[name]
        assert lines[name][-2:] == [str(len(rule_set.rows())), str(n_to_confirm(rule_set))]
    assert "2023-01-01" in lines["sgcc-pledge-2005"]


def test_a_folder_of_one_s_own_is_an_option_and_a_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option = run("list", "--folder", folder)
    without = run("show", "own-2024")
    monkeypatch.setenv("VOLTPASS_RULE_SET_FOLDER", str(folder))
    by_setting = run("show", "own-2024")

    assert "own-2024" in by_option.output
    assert "自己的限值" in by_option.output
    assert (without.exit_code, by_setting.exit_code) == (1, 0)
    assert "rule set 'own-2024' is unknown, there are: ansi-c84.1" in without.output
    assert "198 to 242 V" in by_setting.output


def test_a_set_is_shown_row_by_row(folder: Path) -> None:
    done = run("show", "own-2024", "--folder", folder)

    assert done.exit_code == 0
    words = " ".join(done.output.split())
    for shown in (
        "own-2024: 自己的限值",
        "extends sgcc-2003",
        "a contract",
        "2024-01-01",
        "voltpass-defaults",
    ):
        assert shown in words
    assert words.count(" confirmed ") > 3
    assert words.count(" confirm ") > 3


@pytest.mark.parametrize("name", rule_set_names())
def test_every_value_of_every_row_is_said(name: str) -> None:
    catalogue = read_catalogue()
    rule_set = catalogue.load(name)

    lines = lines_of(catalogue, rule_set)

    assert len(lines) == len(rule_set.rows())
    for line, row in zip(lines, rule_set.rows(), strict=True):
        said = f"{line.value} {line.scope}"
        assert line.value
        assert (line.source, line.certainty) == (row.source, row.certainty)
        for field, value in row:
            if field not in TOLD_APART and value is not None:
                assert all(one in said for one in _said(field, value, row)), (field, value, said)


def _said(field: str, value: object, row: Row) -> list[str]:
    """Return what has to be found of a value: numbers in their unit."""
    if not isinstance(value, bool) and isinstance(value, int):
        return [str(value)]
    if not isinstance(value, Decimal):
        return []
    if field in {
        "outside_share_max",
        "floor",
        "known_share_min",
        "at_least",
        "transformer_share_min",
        "live_share_max",
        "inferred_share_min",
        "nested_share_max",
        "share_below",
        "share_closed",
        "breach_share_min",
        "left_share_max",
        "unheard_share_max",
    }:
        return [f"{(value * 100).normalize():f} %" if value else "none"]
    unit = next(
        (u for end, u in (("_kv", "kV"), ("_v", "V"), ("percent", "%")) if field.endswith(end)), ""
    )
    return [f"{value.normalize():f}".removesuffix(".0").lstrip("-"), unit]


def test_every_kind_of_row_has_words() -> None:
    def kinds_below(kind: type[Row]) -> set[type[Row]]:
        below = (one for one in kind.__subclasses__() if one.__module__ != DecisionRow.__module__)
        return {kind}.union(*map(kinds_below, below))

    assert kinds_below(Row) - {PlacedRow, PromiseRow} == row_kinds() - {object, Row} | {Row}


def test_a_good_file_is_said_to_be_one(folder: Path) -> None:
    done = run("check", folder / "own-2024.toml")

    assert done.exit_code == 0
    assert done.output.endswith(
        "own-2024.toml: rule set own-2024, 44 rows, 32 of them to be confirmed\n"
    )


@pytest.mark.parametrize("name", rule_set_names())
def test_a_packaged_file_is_a_good_one(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(packaged_text(name), encoding="utf-8")

    assert f"rule set {name}, " in run("check", file).output


def test_every_mistake_of_a_file_is_said_by_its_field(folder: Path) -> None:
    file = folder / "own-2024.toml"
    text = OWN.replace("198", "250").replace('certainty = "confirm"', 'certainty = "sure"')
    file.write_text(text.replace("effective_from = 2024", "efective_from = 2024", 1))

    done = run("check", file)

    assert done.exit_code == 1
    lines = [line.removeprefix(f"{file}: ") for line in done.output.splitlines()]
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "bands.0.certainty", "efective_from", "effective_from",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own-2024", OWN.replace("198", "250"), "bands.0: give lower_percent"),
        ("own-2024", OWN + "[[", "rule set is no TOML"),
        (
            "own-2024",
            OWN.replace("sgcc-2003", "sgcc-1999"),
            "extends 'sgcc-1999', which is unknown",
        ),
        ("other", OWN, "so its file has to be own-2024.toml"),
        ("sgcc-2003", OWN, "is a packaged rule set, which no other may replace"),
    ],
)
def test_a_file_that_is_no_rule_set_says_why(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(text, encoding="utf-8")

    done = run("check", file)

    assert done.exit_code == 1
    assert said in done.output


def test_a_wrong_file_in_the_folder_is_named(folder: Path) -> None:
    (folder / "draft.toml").write_text("name = ")

    done = run("list", "--folder", folder)

    assert done.exit_code == 1
    assert "draft.toml: rule set is no TOML" in done.output


def test_a_file_is_scored_by_a_set_of_one_s_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = folder / "readings.csv"
    readings.write_text("ts,v\n2024-03-01T00:00:00Z,238\n2024-03-01T00:01:00Z,242.03\n")
    command = [
        "score",
        str(readings),
        "--interval",
        "60",
        "--rule-set",
        "own-2024",
        "--format",
        "json",
    ]

    without = CliRunner().invoke(main, command)
    monkeypatch.setenv("VOLTPASS_RULE_SET_FOLDER", str(folder))
    done = CliRunner().invoke(main, command)

    assert without.exit_code == 2
    assert "'own-2024' is unknown" in without.output
    (point,) = json.loads(done.stdout)["points"]
    assert (point["minutes"]["pass"], point["minutes"]["over"]) == (1, 1)
    assert point["rule_set"] == "own-2024"
