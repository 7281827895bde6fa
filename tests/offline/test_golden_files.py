"""The golden cases, as files through the command."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from service.recordings import SECHA_FEEDER
from tests.offline.files import minutes, run, score_one, stamps, write_csv

# Shares of nominal. The silence stands inside the day: after the last reading nothing is due.
GOLDEN_DAY = (
    [1.04] * 650
    + [None] * 10
    + [1.04] * 650
    + [1.08] * 60
    + [0.905] * 20
    + [0.88] * 30
    + [0.0] * 20
)


def write_day(path: Path, volts: Sequence[float | None], columns: str = "v") -> Path:
    """Write one-minute readings in UTC, all phases alike; None is silence."""
    n_phases = columns.count(",") + 1
    times = [f"{ts}Z" for ts in stamps(len(volts))]
    rows = [(ts, *[v] * n_phases) for ts, v in zip(times, volts, strict=True) if v is not None]
    return write_csv(path, f"ts,{columns}", rows)


def rounded(point: dict[str, float | None]) -> list[float | None]:
    values = (point[name] for name in ("pass_rate", "lower", "upper", "coverage"))
    return [None if value is None else round(value, 6) for value in values]


def test_the_day_of_the_domain_reference(tmp_path: Path) -> None:
    """1350 good, 36 high, 24 low, 20 of outage, 10 missing."""
    volts = [220.0] * 700 + [240.0] * 36 + [190.0] * 24 + [0.0] * 20 + [None] * 10 + [220.0] * 650

    point = score_one(write_day(tmp_path / "day.csv", volts))

    assert point["minutes"] == minutes(passed=1350, over=36, under=24, interrupted=20, missing=10)
    assert rounded(point) == [0.957447, 0.950704, 0.957746, 0.992958]


@pytest.mark.parametrize(
    ("nominal", "columns", "options", "expected", "rate"),
    [
        ("220", "v", [], minutes(passed=1320, over=60, under=30), 0.936170),
        ("380", "v1,v2,v3", ["--phases", "3"], minutes(passed=1300, over=60, under=50), 0.921986),
        ("380", "v1,v3", ["--wiring", "3p3w"], minutes(passed=1300, over=60, under=50), 0.921986),
        # A band of its own that reaches to +8 %, as the declared abnormal state does.
        ("380", "v1,v2,v3", ["--band", "-7..8"], minutes(passed=1360, under=50), 0.964539),
    ],
)
def test_the_golden_day_without_declarations(
    tmp_path: Path,
    nominal: str,
    columns: str,
    options: list[str],
    expected: dict[str, int],
    rate: float,
) -> None:
    volts = [None if share is None else round(share * float(nominal), 3) for share in GOLDEN_DAY]

    path = write_day(tmp_path / "day.csv", volts, columns)
    point = score_one(path, "--nominal", nominal, *options)

    assert point["minutes"] == {**expected, "interrupted": 20, "missing": 10}
    assert round(point["pass_rate"], 6) == rate


@pytest.mark.parametrize(
    ("volts", "verdict"),
    [("235.4", "pass"), ("235.404", "over"), ("198.0", "pass"), ("197.996", "under")],
)
def test_limits_are_exact_and_inclusive(tmp_path: Path, volts: str, verdict: str) -> None:
    path = write_csv(tmp_path / "two.csv", "ts,v", [(ts, volts) for ts in stamps(2)])

    assert score_one(path)["minutes"][verdict] == 2


@pytest.mark.parametrize(
    ("highest", "lowest", "spread", "within"),
    [
        (117.15, 106.15, 10.0, True),  # +6.5 and -3.5 %
        (117.15, 106.00, 10.14, False),  # -3.636 %, away from nominal on the grid of 0.01 %
        (120.45, 112.20, 9.5, True),  # +9.5 and +2 %: same sign, the larger one
        (108.90, 99.00, 10.0, True),  # -1 and -10 %
    ],
)
def test_the_spread_of_a_day_at_110_kv(
    tmp_path: Path, highest: float, lowest: float, spread: float, within: bool
) -> None:
    volts = [1000 * highest, *[500 * (highest + lowest)] * 1438, 1000 * lowest]

    path = write_day(tmp_path / "bus.csv", volts, "v1,v2,v3")
    point = score_one(path, "--nominal", "110000", "--phases", "3", "--wiring", "3p3w")

    assert point["days"] == [{"date": "2024-03-01", "spread_percent": spread, "within": within}]
    assert point["pass_rate"] is None
    assert point["minutes"]["exempt"] == 1440


def test_days_begin_in_the_zone_of_the_file(tmp_path: Path) -> None:
    """In Kolkata midnight lies at 18:30 UTC, inside an hour of the ledger."""
    volts = [110_000.0] * 1110 + [115_500.0] * 330  # up from 18:30 UTC

    path = write_day(tmp_path / "bus.csv", volts, "v1,v2,v3")
    options = ("--nominal", "110000", "--wiring", "3p3w", "--timezone", "Asia/Kolkata")
    point = score_one(path, *options)

    assert point["from"] == "2024-03-01T05:30:00+05:30"
    assert [(day["date"], day["spread_percent"]) for day in point["days"]] == [
        ("2024-03-01", 0.0),
        ("2024-03-02", 5.0),
    ]


def test_at_35_kv_an_operator_band_gives_a_rate_and_the_days_stay(tmp_path: Path) -> None:
    volts = [35_000.0] * 60 + [37_500.0] * 20

    path = write_day(tmp_path / "bus.csv", volts, "v1,v2,v3")
    options = ("--nominal", "35000", "--wiring", "3p3w")
    point = score_one(path, *options, "--band", "-3..+7")
    too_wide = run(path, *options, "--band", "-5..+7")

    assert point["minutes"] == minutes(passed=60, over=20)
    assert point["pass_rate"] == 0.75
    assert point["days"] == [{"date": "2024-03-01", "spread_percent": 7.15, "within": True}]
    assert too_wide.exit_code == 2
    assert "wider than 10.00 %" in too_wide.stderr


def test_the_feeder_has_no_rule_without_a_band_of_its_own() -> None:
    options = ("--nominal", "34500", "--wiring", "3p3w", "--stamp", "end")
    with SECHA_FEEDER.path() as path:
        without = run(path, *options)
        point = score_one(path, *options)
        with_band = score_one(path, *options, "--band", "-3..+1")

    assert point["pass_rate"] is None
    assert point["minutes"] == minutes(exempt=37425, missing=5770)
    assert "no rule for 34.5 kV; give --band LOW..HIGH" in without.stdout
    assert with_band["minutes"]["pass"] + with_band["minutes"]["over"] == 37425
    assert 0 < with_band["pass_rate"] < 1
    assert with_band["method"] == "sampled"
    assert "days" not in with_band
