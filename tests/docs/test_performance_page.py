"""docs/performance.md is made from the measurements that are kept, and leaves nothing out."""

from pathlib import Path

import pytest

from tests.bench.figure import Figure, Verdict
from tests.bench.kept import Measurement, keep, read_kept
from tests.bench.page import PAGE, performance_page
from tests.bench.rows import NOT_MEASURED, ROWS, verdict_of


def measurement(*figures: Figure) -> Measurement:
    return Measurement(
        at="2026-11-26 22:00+00:00",
        commit="abc1234+",
        took_s=12.5,
        machine={"Processor": "2 cores | of some make"},
        figures=list(figures),
    )


MET = Figure(row=1, name="fold, in order", value=3.5, unit="x", at_most=4, against="floor 0.5 ms")
MISSED = Figure(row=2, name="fold, many", value=9, unit="x", at_most=8, why="misses of the cache")
ABSENT = Figure(
    row=10, name="compressed", value=None, unit="bytes", at_most=1.5, why="needs Community"
)
BESIDE = Figure(name="bare loop", value=1234.5, unit="M readings/s")


def test_the_page_is_what_was_measured() -> None:
    assert PAGE.read_text(encoding="utf-8") == performance_page(read_kept()), "make docs"


def test_every_row_is_on_the_page_with_its_figures_and_verdict() -> None:
    page = performance_page(
        {"fold": measurement(MET, MISSED, BESIDE), "storage": measurement(ABSENT)}
    )

    lines = page.splitlines()
    assert "| 1 | **fold kernel, 10^5 points, one-second data** |  |  |  | **met** |" in lines
    assert "|  | fold, in order | 3.50 x | <= 4 x | floor 0.5 ms | met |" in lines
    assert "**Row 2, fold, many: missed, 9.00 x for <= 8 x.** misses of the cache" in lines
    assert "**Row 10, compressed: not verified for <= 1.5 bytes.** needs Community" in lines
    assert "| bare loop | 1,234 M readings/s |  |  |  |" in lines
    assert "| `fold` | 1, 2 | 2026-11-26 22:00+00:00 | abc1234+ | 12 s | 1 |" in lines
    assert "| 1 | Processor | 2 cores \\| of some make |" in lines
    assert all(f"| {row} | **{what}** |" in page for row, what in ROWS.items())
    assert f"13 rows: 1 met, 1 missed, 1 not verified, 10 {NOT_MEASURED}." in page


def test_a_run_of_some_benches_replaces_theirs_only(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    keep({"fold": measurement(MISSED), "storage": measurement(ABSENT)}, file)

    keep({"fold": measurement(MET, BESIDE)}, file)

    assert read_kept(file) == {"fold": measurement(MET, BESIDE), "storage": measurement(ABSENT)}


def test_a_target_holds_at_its_bound_and_not_beyond() -> None:
    def at(value: float | None) -> Verdict:
        return Figure(name="f", value=value, unit="x", at_least=2, at_most=4).verdict

    found = [at(value) for value in (1.999, 2, 4, 4.001, float("nan"), None)]

    assert found == ["missed", "met", "met", "missed", "missed", "not verified"]


def test_a_row_is_as_good_as_the_worst_of_its_figures() -> None:
    informs = Figure(name="beside", value=1, unit="x")

    assert verdict_of([MET, informs]) == "met"
    assert verdict_of([MET, ABSENT]) == "not verified"
    assert verdict_of([MET, ABSENT, MISSED]) == "missed"
    assert verdict_of([informs]) == verdict_of([]) == NOT_MEASURED


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_figure_that_json_has_no_word_for_is_not_kept(tmp_path: Path, value: float) -> None:
    endless = Figure(name="a minute visible", value=value, unit="s", at_most=10)

    with pytest.raises(ValueError, match="give the bound that is known"):
        keep({"endtoend": measurement(endless)}, tmp_path / "measured.json")
