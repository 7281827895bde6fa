"""Files against a plain recomputation, and the exemption by power factor."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.offline.options import ScoreOptions
from service.offline.scoring import score_file
from tests.offline.files import START, minutes, run, score_one, write_csv

N_MINUTES = 12
DECIVOLTS = st.sampled_from([0, 210, 1979, 1980, 2200, 2350, 2354, 2355, 2600])


def verdict_of(decivolts: list[int], n_places: int) -> str:
    """Return the verdict of a minute at 220 V from its good readings, in tenths of a volt.

    The root of the mean of squares is compared as a sum of squares, in whole numbers; a limit is
    passed only by more than the rounding of readings to millionths of nominal can make.
    """
    if 2 * len(decivolts) < n_places:
        return "missing"
    total, n = sum(value * value for value in decivolts), len(decivolts)
    if total < n * 220**2:
        return "interrupted"
    if total > n * 2354**2:
        return "over"
    return "under" if total < n * 1980**2 else "pass"


@given(
    interval_s=st.sampled_from([10, 15, 20, 30]),
    values=st.data(),
)
def test_fast_readings_equal_a_plain_recomputation(
    tmp_path_factory: pytest.TempPathFactory, interval_s: int, values: st.DataObject
) -> None:
    n_places = 60 // interval_s
    one_minute = st.lists(st.none() | DECIVOLTS, min_size=n_places, max_size=n_places)
    read = values.draw(st.lists(one_minute, min_size=N_MINUTES, max_size=N_MINUTES))
    read[0][0], read[-1][-1] = 2200, 2200  # so that all minutes are due
    rows = [
        (f"{START + timedelta(minutes=m, seconds=place * interval_s):%Y-%m-%dT%H:%M:%S}", value)
        for m, minute in enumerate(read)
        for place, value in enumerate(minute)
        if value is not None
    ]
    expected = [
        verdict_of([value for value in minute if value is not None], n_places) for minute in read
    ]
    path = tmp_path_factory.mktemp("fast") / "f.csv"
    write_csv(path, "ts,v", [(ts, f"{value / 10:.1f}") for ts, value in rows])

    report = score_file(path, ScoreOptions(interval_s=interval_s))

    counts = report.points[0].counts
    assert counts.n_due == N_MINUTES
    assert {
        "pass": counts.n_pass,
        "over": counts.n_over,
        "under": counts.n_under,
        "interrupted": counts.n_interrupted,
        "missing": counts.n_missing,
    } == {
        name: expected.count(name) for name in ("pass", "over", "under", "interrupted", "missing")
    }


def hourly_rows(hours: int, pf: float, peak_pf: float) -> list[tuple[str, int, float]]:
    """Return 15-minute readings of 240 V; the peak hours are 8 to 11 and 18 to 21."""
    rows = []
    for quarter in range(4 * hours):
        at = START + timedelta(minutes=15 * quarter)
        is_peak = at.hour in {8, 9, 10, 18, 19, 20}
        rows.append((f"{at:%Y-%m-%dT%H:%M:%S}", 240, peak_pf if is_peak else pf))
    return rows


@pytest.mark.parametrize(
    ("pf", "peak_pf", "is_exempt"),
    [(0.99, 0.85, True), (0.5, 0.95, False), (0.99, 0.9, False), (0.99, 0.8999, True)],
)
def test_the_power_factor_at_peak_load_exempts_a_month(
    tmp_path: Path, pf: float, peak_pf: float, is_exempt: bool
) -> None:
    path = write_csv(tmp_path / "f.csv", "ts,v,pf", hourly_rows(48, pf, peak_pf))

    without = score_one(path)
    point = score_one(path, "--pf-required", "0.9")
    shown = run(path, "--pf-required", "0.9").stdout

    assert without["minutes"] == minutes(over=2880)
    assert point["minutes"] == (minutes(exempt=2880) if is_exempt else minutes(over=2880))
    assert point["pass_rate"] == (None if is_exempt else 0.0)
    assert "2024-03: power factor at peak load" in shown
    assert ("exempt" in shown.splitlines()[-1]) == is_exempt


def test_an_unknown_power_factor_exempts_nobody(tmp_path: Path) -> None:
    rows = [(ts, v, "") for ts, v, _ in hourly_rows(48, 0.5, 0.5)]

    path = write_csv(tmp_path / "f.csv", "ts,v,pf", rows)

    assert score_one(path, "--pf-required", "0.9")["minutes"] == minutes(over=2880)
    assert "not known, so not exempt" in run(path, "--pf-required", "0.9").stdout


def test_powers_serve_as_well_as_a_power_factor(tmp_path: Path) -> None:
    rows = [(ts, v, 8, 6) for ts, v, _ in hourly_rows(24, 0, 0)]  # 0.8
    path = write_csv(tmp_path / "f.csv", "ts,v,p_kw,q_kvar", rows)

    low = score_file(path, ScoreOptions(pf_required=Decimal("0.80")))
    high = score_file(path, ScoreOptions(pf_required=Decimal("0.81")))

    assert (low.points[0].counts.n_exempt, high.points[0].counts.n_exempt) == (0, 1440)


def test_a_bad_power_factor_is_a_bad_row_only_where_it_matters(tmp_path: Path) -> None:
    rows = [*hourly_rows(2, 0.9, 0.9), ("2024-03-01T02:00:00", 240, 90)]
    path = write_csv(tmp_path / "f.csv", "ts,v,pf", rows)

    assert score_file(path).n_bad == 0
    assert score_file(path, ScoreOptions(pf_required=Decimal("0.9"))).n_bad == 1
