"""``voltpass sizing``, as it is typed."""

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["sizing", *words])


def plan(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_table_and_the_json_say_the_same() -> None:
    asked = ("--points", "1000000", "--interval", "60")

    table, found = run(*asked).stdout, plan(*asked)

    for name in ("consumers", "partitions", "databases"):
        assert re.search(rf" {name} +{found[name]:,}  ", table), name
    assert found["limits_of_one_database"][0]["name"] in table
    assert "What breaks first" in table


def test_every_line_has_a_unit_or_is_a_whole_thing_and_says_why() -> None:
    for line in plan("--points", "250000", "--interval", "1")["lines"]:
        assert line["reason"]
        assert line["unit"] or float(line["value"]).is_integer(), line


def test_the_columns_are_aligned() -> None:
    lines = run("--points", "10000000", "--interval", "1", "--phases", "3").stdout.splitlines()
    header = next(line for line in lines if "figure" in line and "value" in line)
    end = header.index("value") + len("value")

    named = [line for line in lines if " cores " in line or "B/s " in line]

    assert len(named) >= 3
    assert all(line[end - 1] != " " and line[end] == " " for line in named[:3])


def test_json_is_one_reading_a_message_and_arrow_a_thousand_unless_told() -> None:
    asked = ("--points", "100000", "--interval", "1")

    assert plan(*asked)["per_message"] == 1000
    assert plan(*asked, "--format", "json")["per_message"] == 1
    assert plan(*asked, "--format", "json", "--per-message", "37")["per_message"] == 37
    assert plan("--points", "12", "--interval", "1")["per_message"] == 12


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--points", "0", "--interval", "1"), "points: 0; give 1 to"),
        (("--points", "100", "--interval", "45"), "a divisor of 60, or whole minutes"),
        (("--points", "100", "--interval", "1", "--phases", "2"), "phases: 2; give 1 or 3"),
        (("--points", "100", "--interval", "1", "--headroom", "0.5"), "headroom: 0.5"),
        (("--points", "100", "--interval", "1", "--headroom", "twice"), "'twice' is no number"),
        (("--points", "100", "--interval", "1", "--per-message", "200"), "200 of 100 points"),
        (("--points", "many", "--interval", "1"), "'many' is not a valid integer"),
        (
            (
                "--points",
                "100",
            ),
            "Missing option '--interval'",
        ),
        (("--points", "100", "--interval", "1", "--format", "avro"), "'avro' is not one of"),
    ],
)
def test_bad_input_says_what_is_allowed(words: tuple[str, ...], says: str) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output
