"""What a file may look like: columns, stamps, intervals, phases, points, order, packing."""

import csv
import io
import random
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from service.offline.options import ScoreOptions
from service.offline.scoring import score_file
from tests.offline.files import START, minutes, run, score_json, score_one, stamps, write_csv


def test_stamps_may_be_iso_with_or_without_offset_or_epoch_milliseconds(tmp_path: Path) -> None:
    """The same ten minutes, written in five ways, also within one file."""
    utc = stamps(10)
    epoch_ms = [int(datetime.fromisoformat(f"{ts}Z").timestamp() * 1000) for ts in utc]
    shanghai = [
        datetime.fromisoformat(f"{ts}Z").astimezone(ZoneInfo("Asia/Shanghai")) for ts in utc
    ]
    writings: list[list[object]] = [
        list(utc),
        [ts.replace("T", " ").removesuffix(":00") for ts in utc],
        [f"{ts}.000Z" for ts in utc],
        [ts.isoformat() for ts in shanghai],
        list(epoch_ms),
    ]
    mixed = [writings[i % 5][i] for i in range(10)]

    points = [
        score_one(write_csv(tmp_path / f"{i}.csv", "ts,v", [(ts, 220) for ts in column]))
        for i, column in enumerate([*writings, mixed])
    ]

    for point in points:
        assert point["minutes"] == minutes(passed=10)
        assert point["from"] == "2024-03-01T00:00:00+00:00"
        assert point["to"] == "2024-03-01T00:10:00+00:00"


@pytest.mark.parametrize("stamp_at", ["start", "end"])
def test_a_stamp_stands_at_the_start_of_its_interval_or_at_the_end(
    tmp_path: Path, stamp_at: str
) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in stamps(4, step_s=900)])

    point = score_one(path, "--stamp", stamp_at)

    assert point["minutes"] == minutes(passed=60)
    assert point["from"][:16] == {"start": "2024-03-01T00:00", "end": "2024-02-29T23:45"}[stamp_at]


@pytest.mark.parametrize(
    ("step_s", "n_minutes", "method"),
    [(1, 2, "continuous"), (30, 60, "continuous"), (60, 120, "continuous"), (900, 1800, "sampled")],
)
def test_the_interval_is_the_median_step(
    tmp_path: Path, step_s: int, n_minutes: int, method: str
) -> None:
    times = stamps(120, step_s)
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in times])

    result = run(path)
    point = score_one(path)

    assert f"interval {step_s} s, inferred from the median step" in result.stdout
    assert point["minutes"] == minutes(passed=n_minutes)
    assert point["method"] == method


def test_an_interval_that_is_given_is_not_inferred(tmp_path: Path) -> None:
    """Values of one minute, logged every quarter of an hour."""
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in stamps(5, step_s=900)])

    point = score_one(path, "--interval", "60")

    assert point["minutes"] == minutes(passed=5, missing=56)
    assert point["method"] == "continuous"


@pytest.mark.parametrize("step_s", [7, 45, 90, 7200])
def test_a_step_that_is_no_interval_has_to_be_said(tmp_path: Path, step_s: int) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220) for ts in stamps(9, step_s)])

    result = run(path)

    assert result.exit_code == 2
    assert f"{step_s} s apart" in result.stderr
    assert "--interval" in result.stderr


def test_one_reading_has_no_interval_to_infer(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v", [("2024-03-01T00:00Z", 220)])

    assert run(path).exit_code == 2
    assert score_one(path, "--interval", "900")["minutes"] == minutes(passed=15)


def test_readings_faster_than_a_minute_are_a_root_mean_square(tmp_path: Path) -> None:
    """Half of a minute at 200 V and half at 270 V: 237.6 V, though the mean is 235 V."""
    volts = [220] * 60 + [200] * 30 + [270] * 30 + [220] * 60
    rows = list(zip(stamps(180, step_s=1), volts, strict=True))

    point = score_one(write_csv(tmp_path / "f.csv", "ts,v", rows))

    assert point["minutes"] == minutes(passed=2, over=1)
    assert (point["v_min"], point["v_max"]) == (200, 270)


@pytest.mark.parametrize("step_s", [1, 10, 20, 30])
def test_every_reading_counts_in_its_minute_also_beside_gaps_and_at_the_end(
    tmp_path: Path, step_s: int
) -> None:
    """One reading of 880 V decides its minute: the first after a gap, the last of the file."""
    n = 60 // step_s
    calm, high = [220.0] * n, [880.0, *[220.0] * (n - 1)]
    before = list(zip(stamps(n, step_s), calm, strict=True))
    later = stamps(2 * n, step_s, START.replace(hour=5))
    after = list(zip(later, [*high, *reversed(high)], strict=True))

    point = score_one(write_csv(tmp_path / "f.csv", "ts,v", [*before, *after]))

    assert point["minutes"] == minutes(passed=1, over=2, missing=299)


def test_a_last_minute_that_is_not_full_is_judged_by_all_it_has(tmp_path: Path) -> None:
    """50 of 60 readings; the last five of them decide."""
    volts = [220] * 60 + [235] * 45 + [260] * 5

    rows = list(zip(stamps(110, step_s=1), volts, strict=True))
    point = score_one(write_csv(tmp_path / "f.csv", "ts,v", rows))

    assert point["minutes"] == minutes(passed=1, over=1)


def test_order_does_not_matter(tmp_path: Path) -> None:
    times = stamps(2000, step_s=20)
    times = times[:300] + times[1500:]  # with a gap
    rows = [(ts, 190 + 17 * i % 60) for i, ts in enumerate(times)]
    shuffled = random.Random(7).sample(rows, len(rows))

    ordered = score_one(write_csv(tmp_path / "a.csv", "ts,v", rows))
    unordered = score_one(write_csv(tmp_path / "b.csv", "ts,v", shuffled))

    assert {**unordered, "point": "a"} == ordered
    assert ordered["minutes"]["missing"] == 400


def test_a_repeated_row_changes_nothing_and_is_counted(tmp_path: Path) -> None:
    rows = [(ts, 220) for ts in stamps(60)]
    path = write_csv(tmp_path / "f.csv", "ts,v", [*rows, *rows[10:20]])

    result = run(path)

    assert score_one(path)["minutes"] == minutes(passed=60)
    assert "10 repeated readings changed nothing" in result.stdout


def test_of_two_values_for_one_minute_the_worse_one_counts(tmp_path: Path) -> None:
    ts = stamps(1)[0]
    rows = [(ts, 220), (ts, 240), (ts, 225), (stamps(2)[1], 220)]

    point = score_one(write_csv(tmp_path / "f.csv", "ts,v", rows))

    assert point["minutes"] == minutes(passed=1, over=1)


def test_three_phases_make_one_verdict_and_the_worst_phase_decides(tmp_path: Path) -> None:
    nominal: list[object] = [220, 220, 220]
    rows: list[list[object]] = [
        nominal,
        [220, 240, 220],
        [220, 190, 236],
        [220, "", 220],
        [0, 0, 0],
        [0, 220, 220],
    ]
    path = write_csv(
        tmp_path / "f.csv",
        "ts,v1,v2,v3",
        [(ts, *volts) for ts, volts in zip(stamps(6), rows, strict=True)],
    )

    point = score_one(path, "--phases", "3")
    unsaid = score_one(path)

    # 236 V is +7.28 %, 190 V is -13.7 %; a dead phase beside live ones takes no part
    assert point["minutes"] == minutes(passed=2, over=1, under=1, interrupted=1, missing=1)
    assert (point["v_min"], point["v_max"]) == (190, 240)
    assert unsaid == point


def test_of_line_voltages_the_middle_one_may_be_empty_or_absent(tmp_path: Path) -> None:
    times = stamps(3)
    empty = write_csv(tmp_path / "a.csv", "ts,v1,v2,v3", [(ts, 10_000, "", 10_800) for ts in times])
    absent = write_csv(tmp_path / "b.csv", "ts,v1,v3", [(ts, 10_000, 10_700) for ts in times])
    options = ("--nominal", "10000", "--wiring", "3p3w")

    assert score_one(empty, *options)["minutes"] == minutes(over=3)
    assert score_one(absent, *options)["minutes"] == minutes(passed=3)
    assert run(absent, "--nominal", "10000", "--phases", "3").exit_code == 2


def test_a_file_holds_several_points_each_with_its_interval(tmp_path: Path) -> None:
    rows = [(ts, "表-1", 220) for ts in stamps(60)]
    rows += [(ts, "slow", 240) for ts in stamps(4, step_s=900)]
    rows += [(ts, "one", 220) for ts in stamps(1)]
    rows = random.Random(3).sample(rows, len(rows))

    points = score_json(write_csv(tmp_path / "f.csv.gz", "ts,point,v", rows))

    by_name = {point["point"]: point for point in points}
    assert [point["point"] for point in points] == list(dict.fromkeys(row[1] for row in rows))
    assert by_name["表-1"]["minutes"] == minutes(passed=60)
    assert by_name["slow"]["minutes"] == minutes(over=60)
    assert by_name["one"]["minutes"] == minutes(passed=1)


def test_quality_decides_what_a_reading_is_worth(tmp_path: Path) -> None:
    qualities = ["good", "", "Estimated", "invalid", "good"]
    rows = [(ts, 220, quality) for ts, quality in zip(stamps(5), qualities, strict=True)]

    point = score_one(write_csv(tmp_path / "f.csv", "ts,v,quality", rows))

    assert point["minutes"] == minutes(passed=3, missing=1, invalid=1)
    assert point["coverage"] == 0.6


def test_voltages_that_cannot_be_are_invalid_minutes(tmp_path: Path) -> None:
    volts = ["220", "nan", "-1", "1e9", "", "220"]
    rows = list(zip(stamps(6), volts, strict=True))

    path = write_csv(tmp_path / "f.csv", "ts,v", rows)

    assert score_one(path)["minutes"] == minutes(passed=2, invalid=4)
    assert "4 readings without a valid voltage" in run(path).stdout


def test_files_may_be_packed_have_a_mark_other_line_ends_and_quotes(tmp_path: Path) -> None:
    rows = [(ts, 220) for ts in stamps(3)]
    packed = write_csv(tmp_path / "packed.csv.gz", "ts,v", rows)
    marked = tmp_path / "marked.csv"
    lines = ['\ufeff TS , V ,"remark"', *(f'"{ts}",{v},"a, b"' for ts, v in rows), "", " "]
    marked.write_bytes("\r\n".join(lines).encode())

    assert score_one(packed)["minutes"] == minutes(passed=3)
    assert score_one(packed)["point"] == "packed"
    assert score_one(marked)["minutes"] == minutes(passed=3)
    assert "columns left aside: remark" in run(marked).stdout


def test_formats_agree(tmp_path: Path) -> None:
    rows = [(f"{ts}Z", p, 220 + i) for p in "ab" for i, ts in enumerate(stamps(30))]
    path = write_csv(tmp_path / "f.csv", "ts,point,v", rows)

    in_json = score_json(path)
    as_csv = run(path, "--format", "csv")
    as_table = run(path, "--timezone", "Asia/Shanghai")

    for row, point in zip(csv.DictReader(io.StringIO(as_csv.stdout)), in_json, strict=True):
        assert float(row["pass_rate"]) == point["pass_rate"] == 16 / 30
        assert {name: int(row[name]) for name in point["minutes"]} == point["minutes"]
        assert (row["from"], row["to"], row["days"]) == (point["from"], point["to"], "")
    assert "interval 60 s" in as_csv.stderr
    assert "Nominal 220 V, 1p, rule set sgcc-2003, times in Asia/Shanghai" in as_table.stdout
    assert "2024-03-01 08:00" in as_table.stdout
    assert as_table.stdout.count("53.3333") == 6  # rate and bounds


@pytest.mark.slow
def test_forty_thousand_rows_cost_little_more_than_reading_them(tmp_path: Path) -> None:
    """Both are taken at their best of five, in turns: a busy machine slows both."""
    path = write_csv(tmp_path / "f.csv", "ts,v", [(ts, 220.5) for ts in stamps(40_000)])
    score_file(path, ScoreOptions())

    scored_s, read_s = [], []
    for _ in range(5):
        begin_s = time.process_time()
        score_file(path, ScoreOptions())
        half_s = time.process_time()
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["ts"], float(row["v"])) for row in csv.DictReader(file)]
        read_s.append(time.process_time() - half_s)
        scored_s.append(half_s - begin_s)

        assert len(rows) == 40_000

    assert min(scored_s) < 8 * min(read_s)
