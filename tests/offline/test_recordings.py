"""The recordings that ship: complete, in order, and what their descriptions say."""

from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise

import pytest

from service.recordings import SECHA_FEEDER, UCI_HOUSEHOLD, Recording


@pytest.mark.parametrize("recording", [UCI_HOUSEHOLD, SECHA_FEEDER])
def test_a_recording_has_its_rows_in_order(recording: Recording) -> None:
    stamps = [datetime.fromisoformat(row["ts"]) for row in recording.rows()]

    steps = sorted((later - earlier).total_seconds() for earlier, later in pairwise(stamps))

    assert len(stamps) == recording.n_rows
    assert steps[0] >= recording.interval_s
    assert steps[len(steps) // 2] == recording.interval_s


def test_the_household_is_in_hundredths_of_a_volt() -> None:
    volts = [Decimal(row["v"]) for row in UCI_HOUSEHOLD.rows()]

    assert all(value * 100 == int(value * 100) for value in volts)
    assert (min(volts), max(volts)) == (Decimal("226.32"), Decimal("251.7"))


@pytest.mark.parametrize("recording", [UCI_HOUSEHOLD, SECHA_FEEDER])
def test_every_recording_is_attributed(recording: Recording) -> None:
    attribution = (files("service.recordings") / "ATTRIBUTION.md").read_text(encoding="utf-8")

    assert f"## {recording.file_name}" in attribution


def test_a_recording_has_a_path_while_it_is_asked_for() -> None:
    with UCI_HOUSEHOLD.path() as path:
        assert path.name == "uci_household.csv.gz"
        assert path.is_file()
