"""``voltpass reconcile`` explains what a voltage monitor counted otherwise, to the minute."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kernels.layout import CELL_NONE
from service.__main__ import main
from service.settings import Settings
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = timedelta(days=1)
# A day of P: 1,020 minutes good by both limits, 300 good by ours and under 204.6 V, 60 over, 20 under by both,
# 30 without supply, 10 of which nothing is known.
CELLS = [100] * 1020 + [-800] * 300 + [801] * 60 + [-1200] * 20 + [-10_000] * 30 + [CELL_NONE] * 10
HEADER = "point,day,monitored_min,over_min,under_min,qualified_min,lower_limit_v,upper_limit_v\n"
# The monitor takes outages and gaps as good, and judges by +-7 %.
MONITOR = "P,2024-03-01,1440,60,320,1060,204.6,235.4\n"


async def seed(seeder: Seeder) -> None:
    await seeder.points(
        NewPoint(point="P"), NewPoint(point="Q"), NewPoint(point="R", valid_to=START - DAY)
    )
    await seeder.minutes("P", START, [CELLS])
    await seeder.reach(START + DAY + timedelta(minutes=10))


def run(settings: Settings, folder: Path, text: str, *options: str) -> Result:
    file = folder / "monitor.csv"
    file.write_text(text, encoding="gbk")
    runner = CliRunner(env={"VOLTPASS_DATABASE_DSN": settings.database_dsn})
    return runner.invoke(main, ["reconcile", str(file), *options])


def test_every_minute_of_a_monitor_with_other_habits_is_explained(
    seeded: Settings, tmp_path: Path
) -> None:
    found = run(seeded, tmp_path, HEADER + MONITOR, "--format", "csv")

    assert found.exit_code == 0, found.output
    (row,) = csv.DictReader(io.StringIO(found.stdout))
    minutes = {
        name: value
        for name, value in row.items()
        if name.endswith("_min") and value != "0" and not name.startswith("theirs")
    }
    assert minutes == {
        "ours_monitored_min": "1400",
        "ours_over_min": "60",
        "ours_under_min": "20",
        "ours_qualified_min": "1320",
        "limits_under_min": "300",
        "limits_qualified_min": "-300",
        "interrupted_monitored_min": "30",
        "interrupted_qualified_min": "30",
        "missing_monitored_min": "10",
        "missing_qualified_min": "10",
    }
    assert (row["outages_are"], row["missing_are"]) == ("qualified", "qualified")


def test_people_are_shown_the_way_from_our_minutes_to_theirs(
    seeded: Settings, tmp_path: Path
) -> None:
    found = run(seeded, tmp_path, HEADER + MONITOR)

    assert found.exit_code == 0, found.output
    assert "1 days compared: 0 alike, 1 explained, 0 with minutes left over" in found.stdout
    lines = [line.split() for line in found.stdout.splitlines()]
    assert ["ours", "1,400", "60", "20", "1,320", "94.2857", "1"] in lines
    assert ["theirs", "1,440", "60", "320", "1,060", "73.6111", "1"] in lines


def test_what_cannot_be_explained_is_said_and_ends_with_1(seeded: Settings, tmp_path: Path) -> None:
    found = run(seeded, tmp_path, HEADER + MONITOR.replace("1440,60", "1441,61"))

    assert found.exit_code == 1
    assert "1 with minutes left over" in found.stdout
    assert "monitored +1, over +1" in found.stdout


def test_days_that_cannot_be_compared_say_why(seeded: Settings, tmp_path: Path) -> None:
    days = "X,2024-03-01,0,0,0,0,,\nP,2024-03-02,0,0,0,0,,\nR,2024-03-01,0,0,0,0,,\n"

    found = run(seeded, tmp_path, HEADER + days)

    assert found.exit_code == 1
    for reason in (
        "X 2024-03-01: not compared, no such point",
        "P 2024-03-02: not compared, our data do not reach its end yet",
        "R 2024-03-01: not compared, the point is not in service",
    ):
        assert reason in found.stdout


def test_a_day_of_which_we_know_nothing_is_all_missing(seeded: Settings, tmp_path: Path) -> None:
    found = run(seeded, tmp_path, HEADER + "Q,2024-03-01,1440,0,0,1440,,\n", "--format", "csv")

    assert found.exit_code == 0, found.output
    (row,) = csv.DictReader(io.StringIO(found.stdout))
    assert row["missing_qualified_min"] == "1440"


def test_a_wrong_file_is_refused_with_every_wrong_field(seeded: Settings, tmp_path: Path) -> None:
    found = run(seeded, tmp_path, HEADER + "P,2024-02-30,x,0,0,0,,\n")

    assert found.exit_code == 1
    assert "line 2, day: '2024-02-30' is not allowed" in found.output
    assert "line 2, monitored_min: 'x' is not allowed" in found.output
