"""The recorded dips: worked out plainly from the RMS of each cycle, they match their labels and have their classes."""

import csv
import gzip
import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.domain.event_classes import EventClasses, VoltageEvent, classify
from service.domain.event_tables import load_event_tables
from service.offline.classify_events import classify_events
from tests.offline.files import write_csv

FOLDER = Path(__file__).parents[1] / "data" / "events"
NOMINAL_V = 34_500
CYCLES_PER_S = 60
TABLES = load_event_tables()

FIRST, SECOND, THIRD, FOURTH, FIFTH = (
    "1999-06-02 00:50:14",
    "1999-06-02 00:50:18",
    "1999-06-02 19:03:55",
    "1999-06-06 20:41:34",
    "1999-06-13 19:45:59",
)


def recorded() -> dict[tuple[str, str], list[Decimal]]:
    """Return the RMS of each cycle in volts, by event and phase pair."""
    cycles: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    with gzip.open(FOLDER / "secha_dips.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cycles[row["event_start"], row["phase"]].append(Decimal(row["rms_v"]))
    return cycles


def labels() -> list[dict[str, str]]:
    with (FOLDER / "secha_dip_labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def of_phases(phases: list[list[Decimal]]) -> VoltageEvent:
    """Return the event of some phases: the lowest cycle, and all cycles with a phase below 0.9."""
    below = [min(each) for each in zip(*phases, strict=True)]
    n_below = sum(volts < Decimal("0.9") * NOMINAL_V for volts in below)
    return VoltageEvent(
        voltage_pu=Fraction(min(below)) / NOMINAL_V, duration_s=Fraction(n_below, CYCLES_PER_S)
    )


def of_event(start: str) -> VoltageEvent:
    return of_phases([cycles for (event, _), cycles in recorded().items() if event == start])


def decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / number.denominator


def run_json(path: Path, *options: str) -> dict[str, Any]:
    result = CliRunner().invoke(classify_events, [str(path), "--format", "json", *options])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize("label", labels(), ids=lambda one: f"{one['event_start']} {one['phase']}")
def test_a_phase_matches_its_label(label: dict[str, str]) -> None:
    cycles = recorded()[label["event_start"], label["phase"]]

    found = of_phases([cycles])

    residual_v = decimal(found.voltage_pu * NOMINAL_V)
    assert float(residual_v) == pytest.approx(float(label["residual_v"]), abs=1e-9)
    printed = abs(int(Decimal(label["residual_pu"]).as_tuple().exponent))
    assert round(decimal(found.voltage_pu), printed) == Decimal(label["residual_pu"])
    assert found.duration_s * CYCLES_PER_S == int(label["below_0p9_cycles"])
    assert round(decimal(found.duration_s), 4) == Decimal(label["duration_below_0p9_s"])
    assert round(Decimal(len(cycles)) / CYCLES_PER_S, 2) == pytest.approx(
        Decimal(label["record_s"]), abs=Decimal("0.02")
    )


def test_the_labels_themselves_have_the_classes_of_the_recording(tmp_path: Path) -> None:
    rows = [(one["residual_pu"], one["duration_below_0p9_s"]) for one in labels()]
    path = write_csv(tmp_path / "labels.csv", "residual_pu,duration_s", rows)

    events = run_json(path, "--frequency", "60")["events"]

    assert len(events) == 9
    for label, event in zip(labels(), events, strict=True):
        found = of_phases([recorded()[label["event_start"], label["phase"]]])
        classes = classify(found, TABLES, 60)
        assert event == {
            "residual_pu": float(label["residual_pu"]),
            "duration_s": float(label["duration_below_0p9_s"]),
            "ieee_1159": classes.ieee_1159,
            "en_50160_cell": classes.en_50160_cell,
            "itic": classes.itic,
            "semi_f47": classes.semi_f47,
        }
        is_dip = int(label["below_0p9_cycles"]) > 0
        assert (event["ieee_1159"] != "none") == is_dip


TOLERATED = "no_interruption_in_function"


@pytest.mark.parametrize(
    ("start", "n_cycles", "classes"),
    [
        (FIRST, 0, ("none", "none", TOLERATED, "none")),
        (SECOND, 5, ("instantaneous_sag", "A1", TOLERATED, "must_ride_through")),
        (THIRD, 50, ("momentary_sag", "A3", TOLERATED, "must_ride_through")),
        (FOURTH, 1, ("instantaneous_sag", "A1", TOLERATED, "not_specified")),
        (FIFTH, 39, ("momentary_sag", "A3", TOLERATED, "must_ride_through")),
    ],
)
def test_a_dip_has_its_classes_over_its_phases(
    start: str, n_cycles: int, classes: tuple[str, str, str, str]
) -> None:
    found = of_event(start)
    category, cell, itic, semi_f47 = classes

    assert found.duration_s * CYCLES_PER_S == n_cycles
    assert classify(found, TABLES, 60) == EventClasses(
        ieee_1159=category,  # type: ignore[arg-type]
        en_50160_cell=cell,
        itic=itic,  # type: ignore[arg-type]
        semi_f47=semi_f47,  # type: ignore[arg-type]
    )


def test_the_feeder_s_sarfi_of_june(tmp_path: Path) -> None:
    starts = sorted({start for start, _ in recorded()})
    events = [of_event(start) for start in starts]
    rows = [(decimal(one.voltage_pu), decimal(one.duration_s), "feeder") for one in events]
    path = write_csv(tmp_path / "june.csv", "residual_pu,duration_s,point", rows)

    answer = run_json(path, "--frequency", "60", "--points", "1", "--days", "30")

    indices = {one["index"]: one for one in answer["summary"]["sarfi"]["indices"]}
    counted = {name: one["events"] for name, one in indices.items() if one["events"]}
    assert counted == {"SARFI-90": 4}  # the first one stays above 0.9
    assert indices["SARFI-90"]["sarfi"] == 4.0
    assert indices["SARFI-90"]["per_30_days"] == 4.0
    assert indices["SARFI-90"]["per_365_days"] == float(Fraction(4 * 365, 30))
