"""Rows that cannot be read: counted, shown with line, value and what is allowed, never dropped."""

import gzip
from pathlib import Path

import pytest

from service.offline.columns import BadRow
from service.offline.options import ScoreOptions, parse_zone
from service.offline.scoring import score_file
from tests.offline.files import minutes, run, score_one, stamps, write_csv

TS = stamps(3)


@pytest.mark.parametrize(
    ("header", "row", "column", "value", "reason"),
    [
        ("ts,v", ["yesterday", 220], "ts", "yesterday", "ISO 8601"),
        ("ts,v", ["2024-02-30T00:00:00", 220], "ts", "2024-02-30T00:00:00", "ISO 8601"),
        ("ts,v", ["2024-03-01", 220], "ts", "2024-03-01", "ISO 8601"),
        ("ts,v", ["", 220], "ts", "", "ISO 8601"),
        ("ts,v", ["2300-01-01T00:00:00Z", 220], "ts", "2300-01-01T00:00:00Z", "1900 to 2199"),
        ("ts,v", ["1709251200", 220], "ts", "1709251200", "multiplied by 1000"),
        ("ts,v", ["99999999999999", 220], "ts", "99999999999999", "1900 to 2199"),
        ("ts,v", [TS[1], "two"], "v", "two", "a number (volts) or nothing"),
        ("ts,v", [TS[1], "1_000"], "v", "1_000", "a number (volts) or nothing"),
        ("ts,v", [TS[1], "-inf"], "v", "-inf", "a number (volts) or nothing"),
        ("ts,v", [TS[1]], "", TS[1], "1 values, the first line names 2 columns"),
        ("ts,v", [TS[1], 220, 3], "", f"{TS[1]},220,3", "3 values"),
        ("ts,v,quality", [TS[1], 220, "fine"], "quality", "fine", "good, estimated, invalid"),
        ("ts,v,point", [TS[1], 220, " "], "point", " ", "a name of 1 to 200 characters"),
        ("ts,v,point", [TS[1], 220, "\ufffd"], "point", "\ufffd", "in UTF-8"),
    ],
)
def test_a_bad_row_is_shown_with_line_value_and_what_is_allowed(
    tmp_path: Path, header: str, row: list[object], column: str, value: str, reason: str
) -> None:
    more = {"ts,v,quality": ["good"], "ts,v,point": ["P"]}.get(header, [])
    good = [[ts, 220, *more] for ts in TS]
    path = write_csv(tmp_path / "f.csv", header, [good[0], "", row, good[1], good[2]])

    report = score_file(path)
    result = run(path)

    assert (report.n_bad, report.n_rows) == (1, 4)
    (bad,) = report.bad_rows
    assert (bad.line, bad.column, bad.value) == (4, column, value)
    assert reason in bad.reason
    assert report.points[0].counts.n_pass == 3
    assert result.exit_code == 0
    assert "1 of 4 rows could not be read" in result.stdout
    assert "line 4:" in result.stdout


def test_bad_rows_of_a_program_format_go_to_the_error_stream(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [[TS[0], 220], ["x", 1], [TS[1], 220]])

    result = run(path, "--format", "json")

    assert "could not be read" not in result.stdout
    assert "1 of 3 rows could not be read" in result.stderr
    assert "line 3: column ts, value 'x'" in result.stderr


def test_many_bad_rows_are_all_counted_and_the_first_ones_shown(tmp_path: Path) -> None:
    rows: list[list[object]] = [[ts, 220] for ts in stamps(60)]
    rows[30:30] = [[f"bad{i}", 1] for i in range(5000)]
    path = write_csv(tmp_path / "f.csv", "ts,v", rows)

    result = run(path)
    report = score_file(path)

    assert report.n_bad == 5000
    assert report.bad_rows[0] == BadRow(32, "ts", "bad0", report.bad_rows[0].reason)
    assert len(report.bad_rows) == 1000
    assert "5000 of 5060 rows could not be read" in result.stdout
    assert "and 4980 more" in result.stdout


def test_a_row_is_bad_once_however_much_of_it_is_wrong(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "f.csv", "ts,v,quality", [[TS[0], 220, ""], ["x", "y", "z"], [TS[1], 220, ""]]
    )

    report = score_file(path)

    assert [(bad.column, bad.line) for bad in report.bad_rows] == [("ts", 3)]


def test_a_quote_without_end_spoils_its_own_line_only(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [[TS[0], 220], f'"{TS[1]},220', [TS[2], 220]])

    report = score_file(path, ScoreOptions(interval_s=60))

    assert report.points[0].counts.n_pass == 2
    assert [bad.line for bad in report.bad_rows] == [3]


def test_bytes_that_are_not_utf_8_spoil_only_the_rows_that_hold_them(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    names = ["电表一", "电表二", "good"]
    lines = [f"{ts},220,".encode() + name.encode("gbk") for ts in TS for name in names]
    path.write_bytes(b"\n".join([b"ts,v,point", *lines]))

    report = score_file(path)

    assert [score.point for score in report.points] == ["good"]
    assert (report.n_bad, report.n_rows) == (6, 9)


BERLIN_GAP = [f"2024-03-31 0{time}" for time in ("1:58", "1:59", "2:30", "3:00", "3:01")]
BERLIN_OVERLAP = [f"2024-10-27 0{time}" for time in ("1:59", "2:00", "2:59", "3:00", "3:01")]


def test_times_that_the_clocks_skip_are_bad_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in BERLIN_GAP])

    point = score_one(path, "--timezone", "Europe/Berlin")
    result = run(path, "--timezone", "Europe/Berlin")

    assert point["minutes"] == minutes(passed=4)  # 03:00 follows 01:59
    assert (point["from"], point["to"]) == (
        "2024-03-31T01:58:00+01:00",
        "2024-03-31T03:02:00+02:00",
    )
    assert "line 4: column ts, value '2024-03-31 02:30'" in result.stdout
    assert "does not exist in Europe/Berlin" in result.stdout


def test_times_that_the_clocks_show_twice_are_bad_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in BERLIN_OVERLAP])

    point = score_one(path, "--timezone", "Europe/Berlin", "--interval", "60")
    report = score_file(path, ScoreOptions(zone=parse_zone("Europe/Berlin"), interval_s=60))

    assert point["minutes"] == minutes(passed=3, missing=120)
    assert [bad.line for bad in report.bad_rows] == [3, 4]
    assert all("exists twice in Europe/Berlin" in bad.reason for bad in report.bad_rows)


def test_with_their_offset_the_same_times_are_good(tmp_path: Path) -> None:
    rows = [("2024-10-27T02:00:00+02:00", 220), ("2024-10-27T02:00:00+01:00", 220)]
    path = write_csv(tmp_path / "f.csv", "ts,v", rows)

    point = score_one(path, "--timezone", "Europe/Berlin", "--interval", "60")

    assert point["minutes"] == minutes(passed=2, missing=59)


def test_a_zone_without_such_changes_has_no_bad_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in BERLIN_GAP])

    options = ScoreOptions(zone=parse_zone("Asia/Shanghai"), interval_s=60)

    assert score_file(path, options).n_bad == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"ts,v\n", "has no rows"),
        (b"ts,v\n\n  \n", "has no rows"),
        (b"ts,v\nx,1\ny,2\n", "none of the 2 rows"),
        (b"time,voltage\n2024-03-01T00:00,1\n", "no column ts; the first line has: time, voltage"),
        (b"ts;v\n2024-03-01T00:00;1\n", "divided by commas"),
        (b"ts\n2024-03-01T00:00\n", "no voltage; one phase needs column v"),
        (b"ts,v,v1\n2024-03-01T00:00,1,1\n", "not both"),
        (b"ts,v,V\n2024-03-01T00:00,1,1\n", "column V is there twice"),
        (b"ts,v1,v2\n2024-03-01T00:00,1,1\n", "three need v1, v2, v3"),
        ("ts,v\n2024-03-01T00:00,1\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
        (gzip.compress(b"ts,v\n2024-03-01T00:00,220\n", mtime=0)[:-9], "cannot be read"),
        (bytes(range(256)) * 4096, "no column ts"),
    ],
)
def test_a_file_that_cannot_be_scored_says_what_to_do(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)

    result = run(path)

    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rule-set", "nobody"], "rule set 'nobody' is unknown, there are: ansi-c84.1"),
        (["--nominal", "high"], "--nominal is high; allowed: volts"),
        (["--nominal", "0"], "--nominal is 0; allowed: 1 to 2000000 volts"),
        (["--nominal", "220.00001"], "whole millivolts"),
        (["--band", "7"], "--band is 7; allowed: LOW..HIGH"),
        (["--band", "7..-10"], "LOW below HIGH"),
        (["--band", "-1.005..1"], "-1.005 % is not on the grid of 0.01 %"),
        (["--interval", "45"], "--interval is 45; allowed: a divisor of 60"),
        (["--timezone", "Berlin"], "--timezone is Berlin; allowed: an IANA name"),
        (["--timezone", "../etc"], "--timezone is ../etc; allowed: an IANA name"),
        (["--pf-required", "90"], "--pf-required is 90; allowed: a number above 0"),
        (["--pf-required", "0.9"], "needs column pf, or p_kw and q_kvar"),
        (["--phases", "3"], "the file has v; 3p4w needs v1, v2, v3"),
        (["--phases", "1", "--wiring", "3p3w"], "--phases 1 contradicts --wiring 3p3w"),
    ],
)
def test_an_option_that_does_not_fit_says_what_is_allowed(
    tmp_path: Path, options: list[str], message: str
) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in TS])

    result = run(path, *options)

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_missing_file_and_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    missing, folder = run(tmp_path / "none.csv"), run(tmp_path)

    assert (missing.exit_code, folder.exit_code) == (2, 2)
    assert "none.csv does not exist" in missing.stderr
    assert "cannot be read: Is a directory" in folder.stderr
