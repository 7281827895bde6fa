"""SARFI counts short-duration events beyond a threshold or a curve, and is brought to 30 and 365 days."""

from fractions import Fraction

import pytest
from hypothesis import given

from service.domain.event_classes import VoltageEvent, category_row, classify
from service.domain.event_tables import load_event_tables
from service.domain.sarfi import sarfi_index, sarfi_names, sarfi_of
from tests.domain.test_event_classes import DURATIONS, HZ, VOLTAGES, event

TABLES = load_event_tables()


def test_there_are_eight_thresholds_and_two_curves() -> None:
    assert sarfi_names(TABLES) == [
        "140",
        "120",
        "110",
        "90",
        "80",
        "70",
        "50",
        "10",
        "ITIC",
        "SEMI",
    ]


@pytest.mark.parametrize("name", ["85", "", "90.0", "itic", "0"])
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(KeyError):
        sarfi_index(name, TABLES, 50)


@pytest.mark.parametrize(
    ("name", "voltage_pu", "duration_s", "counts"),
    [
        ("90", "0.9", "1", False),
        ("90", "0.899999", "1", True),
        ("90", "0.899999", "0.009999", False),  # a transient
        ("90", "0.899999", "0.01", True),
        ("90", "0", "60", True),
        ("90", "0", "60.000001", False),  # a sustained interruption
        ("90", "1.3", "1", False),
        ("10", "0.1", "1", False),
        ("10", "0.099999", "1", True),
        ("110", "1.1", "1", False),
        ("110", "1.100001", "1", True),
        ("110", "0.5", "1", False),
        ("140", "1.4", "1", False),
        ("140", "1.400001", "60", True),
        ("140", "1.400001", "60.000001", False),  # an overvoltage
        ("ITIC", "0", "0.02", False),
        ("ITIC", "0", "0.020001", True),
        ("ITIC", "0.75", "0.5", False),
        ("ITIC", "0.75", "0.500001", True),
        ("ITIC", "1.3", "1", False),  # above the curve: other indices
        ("SEMI", "0", "0.04", False),
        ("SEMI", "0.5", "0.2", False),
        ("SEMI", "0.499999", "0.05", True),
        ("SEMI", "0.85", "1", False),
        ("SEMI", "0.85", "1.000001", True),
        ("SEMI", "0.9", "10", False),
    ],
)
def test_what_counts(name: str, voltage_pu: str, duration_s: str, counts: bool) -> None:
    assert sarfi_index(name, TABLES, 50).counts(event(voltage_pu, duration_s)) == counts


@given(VOLTAGES, DURATIONS, HZ)
def test_an_index_counts_short_events_by_their_voltage_or_verdict(
    voltage_pu: Fraction, duration_s: Fraction, hz: int
) -> None:
    happened = VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)
    is_short = category_row(happened, TABLES.ieee_1159, hz).short_duration
    classes = classify(happened, TABLES, hz)
    expected = {
        str(x): voltage_pu > Fraction(x, 100) if x > 100 else voltage_pu < Fraction(x, 100)
        for x in (140, 120, 110, 90, 80, 70, 50, 10)
    }
    expected |= {"ITIC": classes.itic == "no_damage", "SEMI": classes.semi_f47 == "may_trip"}

    found = {name: sarfi_index(name, TABLES, hz).counts(happened) for name in sarfi_names(TABLES)}

    assert found == {name: is_short and counts for name, counts in expected.items()}


def test_an_index_is_events_a_point_and_is_brought_to_30_and_365_days() -> None:
    found = sarfi_of(12, 5, Fraction(5 * 73), (30, 365))

    assert found.per_point == Fraction(12, 5)
    assert found.per_days == {30: Fraction(360, 365), 365: Fraction(12)}  # N x D / D_T


def test_without_points_there_is_no_index() -> None:
    found = sarfi_of(0, 0, Fraction(0), (30, 365))

    assert (found.per_point, found.per_days) == (None, {30: None, 365: None})
