"""``voltpass med``: a file of daily SAIDI into T_MED and the major event days."""

from pathlib import Path

import pytest

from tests.offline.files import write_csv
from tests.offline.records import med_json, run_med

TOY = ["0.5", "1", "2", "0", "4", "8", "0.25"]  # domain reference, 4.3 O4


def toy_of(year: int) -> list[tuple[str, str]]:
    return [(f"{year}-05-0{i + 1}", saidi) for i, saidi in enumerate(TOY)]


def test_a_file_of_one_year_sets_the_threshold_of_the_next(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d.csv", "date,saidi_minutes", toy_of(2023))

    found = med_json(path)

    assert found["year"] == 2024
    assert f"{found['alpha']:.7f}" == "0.3465736"
    assert f"{found['beta']:.7f}" == "1.2967596"
    assert f"{found['t_med_minutes']:.6f}" == "36.178777"
    assert (found["n_days"], found["days"]) == (6, [])
    assert any("the file has the one year 2023" in remark for remark in found["remarks"])


def test_the_last_year_is_judged_by_at_most_five_years_before_it(tmp_path: Path) -> None:
    days = [day for year in range(2019, 2024) for day in toy_of(year)]
    old = [("2018-01-01", "99999")]  # of the sixth year: it sets nothing
    new = [("2024-03-01", "28.68"), ("2024-03-02", "28.70"), ("2024-03-03", "5000")]
    path = write_csv(tmp_path / "d.csv", "Date, saidi_minutes", [*new, *old, *days])

    found = med_json(path)
    forced = med_json(path, "--year", "2023")
    next_one = med_json(path, "--year", "2025")

    assert (found["year"], found["n_days"]) == (2024, 30)
    # The same six values five times: the deviation of a sample of 30 is smaller than that of 6.
    assert f"{found['t_med_minutes']:.2f}" == "28.69"
    assert found["days"] == ["2024-03-02", "2024-03-03"]
    assert found["following_year"]["n_days"] == 27
    assert forced["n_days"] == 25
    assert next_one["t_med_minutes"] == found["following_year"]["t_med_minutes"]
    assert next_one["days"] == []
    assert any("the file has no days of 2025" in remark for remark in next_one["remarks"])


def test_the_table_and_the_csv_show_the_same_days(tmp_path: Path) -> None:
    days = [*toy_of(2023), ("2024-01-01", "40")]
    path = write_csv(tmp_path / "d.csv", "date,saidi_minutes", days)

    table, lines = run_med(path), run_med(path, "--format", "csv").stdout.splitlines()

    assert "36.178777" in table.stdout
    assert "2024-01-01" in table.stdout
    assert lines[0] == "date,saidi_minutes,t_med_minutes"
    assert lines[1].startswith("2024-01-01,40.0,36.17877")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("2024-13-01", 1)], "line 2: column date, value '2024-13-01'; allowed: a day"),
        ([("2024-01-01", "-1")], "line 2: column saidi_minutes, value '-1'; allowed: minutes"),
        ([("2024-01-01", "")], "allowed: not empty"),
        ([("2024-01-01", 1), ("2024-01-01", 2)], "line 3: column date, value '2024-01-01'"),
        ([("2024-01-01", 1, 2)], "2 fields, as the header"),
        ([], "has no days after its first line"),
        ([("2024-01-01", 0), ("2024-01-02", 3)], "T_MED needs two"),
    ],
)
def test_a_file_that_is_wrong_says_what_is_allowed(
    tmp_path: Path, rows: list[tuple[object, ...]], message: str
) -> None:
    path = write_csv(tmp_path / "d.csv", "date,saidi_minutes", rows)

    result = run_med(path)

    assert result.exit_code == 2
    assert message in result.stderr
