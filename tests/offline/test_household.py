"""The recorded household, recomputed from the file as it ships: no kernel, no code of ours.

Voltages are whole hundredths of a volt, stamps whole minutes; limits are compared as integers.
"""

import csv
import gzip
from datetime import datetime, timedelta
from fractions import Fraction
from importlib.resources import files
from typing import NamedTuple

import pytest

from service.recordings import UCI_HOUSEHOLD
from tests.offline.files import minutes, score_one

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)


class Recomputed(NamedTuple):
    """What the household comes to."""

    n_pass: int
    n_over: int
    n_under: int
    n_missing: int
    lowest: float
    highest: float


def hundredths(text: str) -> int:
    """Return a number with at most two decimals in hundredths, from its digits alone."""
    whole, _, decimals = text.partition(".")
    assert whole.isdigit()
    assert len(decimals) <= 2
    return int(whole) * 100 + int(decimals.ljust(2, "0"))


def recompute(lowest: int, highest: int) -> Recomputed:
    """Return the verdicts between two limits, both inclusive, in hundredths of a volt."""
    packed = (files("service.recordings") / "uci_household.csv.gz").read_bytes()
    rows = list(csv.DictReader(gzip.decompress(packed).decode().splitlines()))
    value_at = {datetime.fromisoformat(row["ts"]): hundredths(row["v"]) for row in rows}
    assert len(value_at) == len(rows)
    first, last = min(value_at), max(value_at)
    n_minutes = (last - first) // MINUTE + 1
    values = value_at.values()
    return Recomputed(
        n_pass=sum(lowest <= value <= highest for value in values),
        n_over=sum(value > highest for value in values),
        n_under=sum(value < lowest for value in values),
        n_missing=sum(first + i * MINUTE not in value_at for i in range(n_minutes)),
        lowest=min(values) / 100,
        highest=max(values) / 100,
    )


@pytest.mark.parametrize(
    ("nominal", "lowest", "highest"),
    [("220", 19800, 23540), ("230", 20700, 24610)],
)
def test_the_household_equals_an_independent_recomputation(
    nominal: str, lowest: int, highest: int
) -> None:
    expected = recompute(lowest, highest)
    judged = expected.n_pass + expected.n_over + expected.n_under
    due = judged + expected.n_missing

    with UCI_HOUSEHOLD.path() as path:
        point = score_one(path, "--nominal", nominal, "--timezone", "Europe/Paris")

    assert point["minutes"] == minutes(
        passed=expected.n_pass,
        over=expected.n_over,
        under=expected.n_under,
        missing=expected.n_missing,
    )
    assert point["pass_rate"] == pytest.approx(Fraction(expected.n_pass, judged), abs=1e-12)
    assert point["lower"] == pytest.approx(Fraction(expected.n_pass, due), abs=1e-12)
    assert point["upper"] == pytest.approx(
        Fraction(expected.n_pass + expected.n_missing, due), abs=1e-12
    )
    assert point["coverage"] == pytest.approx(Fraction(judged, due), abs=1e-12)
    assert (point["v_min"], point["v_max"]) == (expected.lowest, expected.highest)
    assert point["from"] == "2006-12-16T17:24:00+01:00"
    assert point["to"] == "2007-01-11T14:51:00+01:00"
    assert (point["rule_set"], point["method"]) == ("sgcc-2003", "continuous")
    assert "days" not in point


def test_the_household_in_figures() -> None:
    """The same once more as numbers, so that a change of the file or of both sides shows."""
    with UCI_HOUSEHOLD.path() as path:
        at_220 = score_one(path)
        at_230 = score_one(path, "--nominal", "230")

    assert at_220["minutes"] == minutes(passed=2470, over=34813, missing=4)
    assert at_230["minutes"] == minutes(passed=34052, over=3231, missing=4)
    assert round(at_220["pass_rate"], 6) == 0.06625
    assert round(at_230["pass_rate"], 6) == 0.913339
