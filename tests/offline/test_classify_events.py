"""``voltpass classify-events``: what it prints, what it refuses, and that no row is dropped in silence."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.offline.classify_events import classify_events
from tests.offline.files import write_csv

HEADER = "residual_pu,duration_s"
KEYS = ["residual_pu", "duration_s", "ieee_1159", "en_50160_cell", "itic", "semi_f47"]


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(classify_events, [str(path), *options])


def test_json_has_an_entry_for_each_event_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.7", "0.1"], ["0", "5"], ["1.3", "1e-1"]])

    result = run(path, "--format", "json")

    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert list(answer) == ["events"]
    assert [list(one) for one in answer["events"]] == [KEYS] * 3
    assert [list(one.values()) for one in answer["events"]] == [
        [0.7, 0.1, "instantaneous_sag", "B1", "no_interruption_in_function", "must_ride_through"],
        [0.0, 5.0, "temporary_interruption", "X4", "no_damage", "may_trip"],
        [1.3, 0.1, "instantaneous_swell", "S1", "prohibited", "none"],
    ]


def test_csv_has_the_same_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", f"{HEADER},point", [["0.7", "0.1", "P"]])

    rows = list(csv.DictReader(io.StringIO(run(path, "--format", "csv").stdout)))

    assert [list(row) for row in rows] == [["point", *KEYS]]
    assert rows[0]["point"] == "P"
    assert rows[0]["en_50160_cell"] == "B1"


def test_the_table_shows_events_counts_and_what_itic_is_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.7", "0.1"], ["0.71", "0.1"]])

    shown = run(path).stdout

    assert "2 events at 50 Hz" in shown
    assert shown.count("instantaneous_sag") == 3  # each event, and their count
    assert "120 V class at 60 Hz: at 50 Hz its verdict" in shown


def test_numbers_of_the_table_are_cut_so_that_they_fit_their_class(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.89999999", "0.1"], ["0.25", "0.10000001"]])

    shown = run(path).stdout

    assert "0.899999 " in shown
    assert "0.25 " in shown
    assert "0.9 " not in shown


def test_cycles_go_by_the_frequency(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.7", "0.6"]])

    categories = [
        json.loads(run(path, "--format", "json", *options).stdout)["events"][0]["ieee_1159"]
        for options in ([], ["--frequency", "50"], ["--frequency", "60"])
    ]

    assert categories == ["instantaneous_sag", "instantaneous_sag", "momentary_sag"]


def test_digits_beyond_a_float_decide(tmp_path: Path) -> None:
    rows = [
        ["0.9", "0.1"],
        ["0.8999999999999999999999", "0.1"],
        ["0.5", "0.60000000000000000000001"],
    ]
    path = write_csv(tmp_path / "f.csv", HEADER, rows)

    events = json.loads(run(path, "--format", "json").stdout)["events"]

    assert [one["ieee_1159"] for one in events] == ["none", "instantaneous_sag", "momentary_sag"]


def test_a_summary_counts_every_event_once_in_each_kind(tmp_path: Path) -> None:
    rows = [[f"{pu / 10}", f"{s}"] for pu in range(14) for s in (0, 0.1, 1, 10, 100)]
    path = write_csv(tmp_path / "f.csv", HEADER, rows)

    summary = json.loads(run(path, "--format", "json", "--summary").stdout)["summary"]

    assert summary["n_events"] == 70
    for kind in KEYS[2:]:
        assert sum(summary[kind].values()) == 70
    assert "sarfi" not in summary


def test_sarfi_counts_over_all_points_that_were_monitored(tmp_path: Path) -> None:
    rows = [["0.85", "1", "A"], ["0.4", "1", "A"], ["0", "61", "A"], ["1.2", "1", "B"]]
    path = write_csv(tmp_path / "f.csv", f"{HEADER},point", rows)

    result = run(path, "--format", "json", "--points", "4", "--days", "36.5")

    sarfi = json.loads(result.stdout)["summary"]["sarfi"]
    assert (sarfi["points"], sarfi["days"]) == (4, 36.5)
    found = {one["index"]: (one["events"], one["sarfi"]) for one in sarfi["indices"]}
    assert found == {
        "SARFI-140": (0, 0.0),
        "SARFI-120": (0, 0.0),
        "SARFI-110": (1, 0.25),
        "SARFI-90": (2, 0.5),  # the interruption is a sustained one
        "SARFI-80": (1, 0.25),
        "SARFI-70": (1, 0.25),
        "SARFI-50": (1, 0.25),
        "SARFI-10": (0, 0.0),
        "SARFI-ITIC": (1, 0.25),
        "SARFI-SEMI": (1, 0.25),
    }
    assert sarfi["indices"][3]["per_365_days"] == 5.0
    assert sarfi["single_event_method"]


def test_without_days_sarfi_is_not_brought_to_a_period(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.85", "1"]])

    summary = json.loads(run(path, "--format", "json", "--points", "2").stdout)["summary"]

    assert summary["sarfi"]["days"] is None
    assert summary["sarfi"]["indices"][3] == {
        "index": "SARFI-90",
        "events": 1,
        "sarfi": 0.5,
        "per_30_days": None,
        "per_365_days": None,
    }


def test_sarfi_does_not_leave_out_rows_that_cannot_be_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", HEADER, [["0.85", "1"], ["85", "1"]])

    result = run(path, "--format", "json", "--points", "2")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "1 of 2 rows could not be read, and SARFI has to count every event" in result.stderr
    assert "line 3, column residual_pu, value '85': allowed: a number from 0 to 10" in result.stderr


def test_columns_in_any_order_and_case_packed_or_not(tmp_path: Path) -> None:
    header = "Point, Duration_S ,note,RESIDUAL_PU"
    path = write_csv(tmp_path / "f.csv.gz", header, [["P", " 0.1 ", "x", '"0.7"']])

    [event] = json.loads(run(path, "--format", "json").stdout)["events"]

    assert (event["point"], event["residual_pu"], event["duration_s"]) == ("P", 0.7, 0.1)


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (["85", "1", "P"], "residual_pu", "85", "a number from 0 to 10, per unit of nominal"),
        (["-0.1", "1", "P"], "residual_pu", "-0.1", "from 0 to 10"),
        (["0.8%", "1", "P"], "residual_pu", "0.8%", "from 0 to 10"),
        (["", "1", "P"], "residual_pu", "", "from 0 to 10"),
        (["NaN", "1", "P"], "residual_pu", "NaN", "from 0 to 10"),
        (["1_0", "1", "P"], "residual_pu", "1_0", "from 0 to 10"),
        (["1/2", "1", "P"], "residual_pu", "1/2", "from 0 to 10"),
        (["1e-999999999", "1", "P"], "residual_pu", "1e-999999999", "from 0 to 10"),
        (["０.5", "1", "P"], "residual_pu", "０.5", "from 0 to 10"),  # noqa: RUF001
        (["0.5", "-1", "P"], "duration_s", "-1", "a number from 0 to 1000000000, seconds"),
        (["0.5", "1e10", "P"], "duration_s", "1e10", "seconds"),
        (["0.5", "inf", "P"], "duration_s", "inf", "seconds"),
        (["0.5", "1", " "], "point", "", "a name of 1 to 200 characters"),
        (["0.5", "1"], "", "0.5,1", "2 values, the first line names 3 columns"),
        (["0.5", "1", "P", "Q"], "", "0.5,1,P,Q", "4 values"),
    ],
)
def test_a_bad_row_is_shown_with_line_column_value_and_what_is_allowed(
    tmp_path: Path, row: list[str], column: str, value: str, reason: str
) -> None:
    good = ["0.5", "1", "P"]
    path = write_csv(tmp_path / "f.csv", f"{HEADER},point", [good, "", row, good])

    as_table, as_json = run(path), run(path, "--format", "json")

    assert (as_table.exit_code, as_json.exit_code) == (0, 0)
    assert len(json.loads(as_json.stdout)["events"]) == 2
    for shown in (as_table.stdout, as_json.stderr):
        assert "1 of 3 rows could not be read and are not counted" in shown
        where = f"column {column}, " if column else ""
        assert f"line 4: {where}value '{value}'" in shown
    assert reason in as_json.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "for example: residual_pu,duration_s"),
        (b"residual_pu,duration_s\n", "has no rows"),
        (
            b"residual_pu,duration_s\n85,1\n",
            "none of the 1 rows could be read; line 2, column resid",
        ),
        (b"residual_pu\n0.5\n", "no column duration_s; the first line has: residual_pu"),
        (b"pu;s\n0.5;1\n", "no column residual_pu; the first line has: pu;s"),
        (b"residual_pu,duration_s,Duration_s\n1,1,1\n", "column duration_s is there twice"),
        ("residual_pu,duration_s\n0.5,1\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
        (gzip.compress(b"residual_pu,duration_s\n0.5,1\n", mtime=0)[:-9], "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_classified_says_what_to_do(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)

    result = run(path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--frequency", "55"], "'55' is not one of '50', '60'"),
        (["--points", "0"], "0 is not in the range"),
        (["--points", "1"], "the file names 2 points, --points is 1"),
        (["--days", "30"], "--days needs --points N"),
        (["--points", "2", "--days", "0"], "--days is 0; allowed: a number above 0"),
        (["--points", "2", "--days", "long"], "--days is long; allowed"),
        (["--points", "2", "--format", "csv"], "CSV has the events only"),
    ],
)
def test_an_option_that_does_not_fit_says_what_is_allowed(
    tmp_path: Path, options: list[str], message: str
) -> None:
    path = write_csv(tmp_path / "f.csv", f"{HEADER},point", [["0.5", "1", "P"], ["0.5", "1", "Q"]])

    result = run(path, *options)

    assert result.exit_code == 2
    assert message in result.stderr
