"""Voltage events: each has exactly one class of each kind, and every edge is on the side that the table says."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.event_classes import (
    EventClassifier,
    VoltageEvent,
    classify,
    duration_edges,
    voltage_edges,
)
from service.domain.event_tables import FREQUENCIES_HZ, load_event_tables

TABLES = load_event_tables()
TINY = Fraction(1, 10**12)
CLASSIFIERS = {hz: EventClassifier(TABLES, hz) for hz in FREQUENCIES_HZ}

HZ = st.sampled_from(FREQUENCIES_HZ)
# The edges of all tables, a hair beside them, and anything.
VOLTAGES = st.one_of(
    st.builds(
        lambda edge, off: max(Fraction(0), edge + off),
        st.sampled_from(voltage_edges(TABLES)),
        st.sampled_from([Fraction(0), TINY, -TINY]),
    ),
    st.fractions(0, 6),
    st.integers(0, 4_000_000).map(lambda ppm: Fraction(ppm, 1_000_000)),
)
DURATIONS = st.one_of(
    st.builds(
        lambda edge, off: max(Fraction(0), edge + off),
        st.sampled_from(sorted({*duration_edges(TABLES, 50), *duration_edges(TABLES, 60)})),
        st.sampled_from([Fraction(0), TINY, -TINY]),
    ),
    st.fractions(0, 10_000),
    st.integers(0, 10**7).map(lambda us: Fraction(us, 10**6)),
)


def event(voltage_pu: object, duration_s: object) -> VoltageEvent:
    return VoltageEvent(voltage_pu=Fraction(str(voltage_pu)), duration_s=Fraction(str(duration_s)))


# ------------------------------------------------------------------------------------ IEEE 1159


@pytest.mark.parametrize(
    ("voltage_pu", "duration_s", "at_50_hz", "at_60_hz"),
    [
        # no event: both edges are outside
        ("0.9", "5", "none", "none"),
        ("1.1", "5", "none", "none"),
        ("1", "0", "none", "none"),
        ("1.0", "100000", "none", "none"),
        ("0.899999", "5", "temporary_sag", "temporary_sag"),
        ("1.100001", "5", "temporary_swell", "temporary_swell"),
        # half a cycle is in
        ("0.5", "0", "transient", "transient"),
        ("0.5", "0.008333", "transient", "transient"),
        ("0.5", "1/120", "transient", "instantaneous_sag"),
        ("0.5", "0.009999", "transient", "instantaneous_sag"),
        ("0.5", "0.01", "instantaneous_sag", "instantaneous_sag"),
        ("0", "0.009999", "transient", "momentary_interruption"),
        ("0", "0.01", "momentary_interruption", "momentary_interruption"),
        ("5", "0.001", "transient", "transient"),
        ("1.2", "0.01", "instantaneous_swell", "instantaneous_swell"),
        # thirty cycles are instantaneous
        ("0.5", "0.5", "instantaneous_sag", "instantaneous_sag"),
        ("0.5", "0.500001", "instantaneous_sag", "momentary_sag"),
        ("0.5", "0.6", "instantaneous_sag", "momentary_sag"),
        ("0.5", "0.600001", "momentary_sag", "momentary_sag"),
        ("1.3", "0.6", "instantaneous_swell", "momentary_swell"),
        # an interruption has no instantaneous kind
        ("0.099999", "0.1", "momentary_interruption", "momentary_interruption"),
        ("0.1", "0.1", "instantaneous_sag", "instantaneous_sag"),
        # three seconds are momentary
        ("0.05", "3", "momentary_interruption", "momentary_interruption"),
        ("0.05", "3.000001", "temporary_interruption", "temporary_interruption"),
        ("0.5", "3", "momentary_sag", "momentary_sag"),
        ("0.5", "3.000001", "temporary_sag", "temporary_sag"),
        ("1.15", "3", "momentary_swell", "momentary_swell"),
        ("1.15", "3.000001", "temporary_swell", "temporary_swell"),
        # a minute is temporary
        ("0.05", "60", "temporary_interruption", "temporary_interruption"),
        ("0.05", "60.000001", "sustained_interruption", "sustained_interruption"),
        ("0", "60.000001", "sustained_interruption", "sustained_interruption"),
        ("0.85", "60", "temporary_sag", "temporary_sag"),
        ("0.85", "60.000001", "undervoltage", "undervoltage"),
        ("1.15", "60", "temporary_swell", "temporary_swell"),
        ("1.15", "60.000001", "overvoltage", "overvoltage"),
        # beyond the typical magnitudes that the table prints
        ("0.1", "61", "undervoltage", "undervoltage"),
        ("0.799999", "61", "undervoltage", "undervoltage"),
        ("0.099999", "61", "sustained_interruption", "sustained_interruption"),
        ("1.200001", "61", "overvoltage", "overvoltage"),
        ("1.800001", "0.1", "instantaneous_swell", "instantaneous_swell"),
        ("1.400001", "1", "momentary_swell", "momentary_swell"),
        ("1.200001", "10", "temporary_swell", "temporary_swell"),
        ("1000", "10", "temporary_swell", "temporary_swell"),
    ],
)
def test_a_category_of_ieee_1159(
    voltage_pu: str, duration_s: str, at_50_hz: str, at_60_hz: str
) -> None:
    happened = event(voltage_pu, duration_s)

    found = [classify(happened, TABLES, hz).ieee_1159 for hz in (50, 60)]

    assert found == [at_50_hz, at_60_hz]


# ------------------------------------------------------------------------------------- EN 50160


@pytest.mark.parametrize(
    ("voltage_pu", "row"),
    [
        ("0.9", None),
        ("0.899999", "A"),
        ("0.8", "A"),
        ("0.799999", "B"),
        ("0.7", "B"),
        ("0.699999", "C"),
        ("0.4", "C"),
        ("0.399999", "D"),
        ("0.05", "D"),
        ("0.049999", "X"),
        ("0", "X"),
    ],
)
@pytest.mark.parametrize(
    ("duration_s", "column"),
    [
        ("0", "under_10_ms"),
        ("0.009999", "under_10_ms"),
        ("0.01", "1"),
        ("0.2", "1"),
        ("0.200001", "2"),
        ("0.5", "2"),
        ("0.500001", "3"),
        ("1", "3"),
        ("1.000001", "4"),
        ("5", "4"),
        ("5.000001", "5"),
        ("60", "5"),
    ],
)
def test_a_cell_of_the_dip_matrix(
    voltage_pu: str, duration_s: str, row: str | None, column: str
) -> None:
    expected = "none" if row is None else column if column == "under_10_ms" else row + column

    assert classify(event(voltage_pu, duration_s), TABLES, 50).en_50160_cell == expected


@pytest.mark.parametrize(
    ("voltage_pu", "duration_s", "cell"),
    [
        ("1.1", "1", "none"),
        ("1.100001", "0.009999", "under_10_ms"),
        ("1.100001", "0.01", "T1"),
        ("1.199999", "0.5", "T1"),
        ("1.2", "0.5", "S1"),
        ("1.2", "0.500001", "S2"),
        ("1.15", "5", "T2"),
        ("1.15", "5.000001", "T3"),
        ("3", "60", "S3"),
        ("3", "60.000001", "swell_over_60_s"),
        ("0.85", "60.000001", "dip_over_60_s"),
        ("0.05", "60.000001", "dip_over_60_s"),
        ("0.049999", "60.000001", "interruption_up_to_3_min"),
        ("0.049999", "180", "interruption_up_to_3_min"),
        ("0", "180.000001", "interruption_over_3_min"),
    ],
)
def test_swells_and_what_is_beyond_the_matrix(voltage_pu: str, duration_s: str, cell: str) -> None:
    assert classify(event(voltage_pu, duration_s), TABLES, 50).en_50160_cell == cell


# ------------------------------------------------------------------------------ ITIC, SEMI F47


@pytest.mark.parametrize(
    ("level", "last_s", "next_level"),
    [("0", "0.02", "0.7"), ("0.7", "0.5", "0.8"), ("0.8", "10", "0.9"), ("0.9", "1000000", "0.9")],
)
def test_a_lower_step_of_itic_holds_to_its_end_and_is_not_interpolated(
    level: str, last_s: str, next_level: str
) -> None:
    def verdict(voltage_pu: Fraction, duration_s: Fraction) -> str | None:
        found = VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)
        return classify(found, TABLES, 60).itic

    assert verdict(Fraction(level), Fraction(last_s)) == "no_interruption_in_function"
    assert verdict(Fraction(next_level), Fraction(last_s) + TINY) == "no_interruption_in_function"
    assert verdict(Fraction(next_level) - TINY, Fraction(last_s) + TINY) == "no_damage"
    if level != "0":
        assert verdict(Fraction(level) - TINY, Fraction(last_s)) == "no_damage"


@pytest.mark.parametrize(
    ("level", "last_s", "next_level"),
    [
        ("5", "0.000001", "2"),
        ("2", "0.001", "1.4"),
        ("1.4", "0.003", "1.2"),
        ("1.2", "0.5", "1.1"),
        ("1.1", "1000000", "1.1"),
    ],
)
def test_an_upper_step_of_itic_holds_to_its_end_and_is_not_interpolated(
    level: str, last_s: str, next_level: str
) -> None:
    def verdict(voltage_pu: Fraction, duration_s: Fraction) -> str | None:
        found = VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)
        return classify(found, TABLES, 60).itic

    assert verdict(Fraction(level), Fraction(last_s)) == "no_interruption_in_function"
    assert verdict(Fraction(level) + TINY, Fraction(last_s)) == "prohibited"
    assert verdict(Fraction(next_level), Fraction(last_s) + TINY) == "no_interruption_in_function"
    assert verdict(Fraction(next_level) + TINY, Fraction(last_s) + TINY) == "prohibited"


@pytest.mark.parametrize(
    ("voltage_pu", "duration_s", "verdict"),
    [
        ("0.9", "0.1", "none"),
        ("1.3", "0.1", "none"),
        ("0.899999", "0.1", "must_ride_through"),
        ("0", "0.049999", "not_specified"),
        ("0.5", "0.05", "must_ride_through"),
        ("0.499999", "0.05", "may_trip"),
        ("0.5", "0.2", "must_ride_through"),
        ("0.5", "0.200001", "may_trip"),
        ("0.7", "0.200001", "must_ride_through"),
        ("0.699999", "0.200001", "may_trip"),
        ("0.7", "0.5", "must_ride_through"),
        ("0.7", "0.500001", "may_trip"),
        ("0.8", "0.500001", "must_ride_through"),
        ("0.799999", "0.500001", "may_trip"),
        ("0.8", "1", "must_ride_through"),
        ("0.899999", "1", "must_ride_through"),
        ("0.899999", "1.000001", "may_trip"),
    ],
)
def test_a_verdict_of_semi_f47(voltage_pu: str, duration_s: str, verdict: str) -> None:
    assert classify(event(voltage_pu, duration_s), TABLES, 60).semi_f47 == verdict


# ------------------------------------------------------------------------------ the whole space


@given(VOLTAGES, DURATIONS, HZ)
@example(Fraction(0), Fraction(0), 50)
@example(Fraction(10**9), Fraction(10**12), 60)
def test_every_event_lies_in_exactly_one_region_row_and_column(
    voltage_pu: Fraction, duration_s: Fraction, hz: int
) -> None:
    categories = [
        row.category
        for row in TABLES.ieee_1159.regions
        if voltage_pu in row.voltage_pu and row.lasts(duration_s, hz)
    ]
    rows = [row for row in TABLES.en_50160.voltages if voltage_pu in row.voltage_pu]
    columns = [
        column
        for column in TABLES.en_50160.durations
        if rows[0].kind in column.kinds and duration_s in column.duration_s
    ]
    found = classify(VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s), TABLES, hz)

    assert categories == [found.ieee_1159]
    assert len(rows) == 1
    assert len(columns) == (rows[0].kind != "none")
    assert found.itic in {"no_interruption_in_function", "prohibited", "no_damage"}
    assert found.semi_f47 in {"none", "not_specified", "must_ride_through", "may_trip"}
    assert not found.is_uncertain
    is_event = voltage_pu < Fraction(9, 10) or voltage_pu > Fraction(11, 10)
    assert (found.ieee_1159 != "none") == (found.en_50160_cell != "none") == is_event


@given(VOLTAGES, DURATIONS, HZ)
def test_the_fast_way_gives_what_the_definition_gives(
    voltage_pu: Fraction, duration_s: Fraction, hz: int
) -> None:
    happened = VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)

    assert CLASSIFIERS[hz].classify(happened) == classify(happened, TABLES, hz)


@given(VOLTAGES, st.tuples(DURATIONS, DURATIONS).map(sorted))
def test_longer_is_never_milder(voltage_pu: Fraction, durations_s: list[Fraction]) -> None:
    shorter, longer = (
        CLASSIFIERS[60].classify(VoltageEvent(voltage_pu=voltage_pu, duration_s=each))
        for each in durations_s
    )

    if shorter.itic != "no_interruption_in_function":
        assert longer.itic == shorter.itic
    if shorter.semi_f47 == "may_trip":
        assert longer.semi_f47 == "may_trip"


@given(st.tuples(VOLTAGES, VOLTAGES).map(sorted), DURATIONS)
def test_deeper_or_higher_is_never_milder(
    voltages_pu: list[Fraction], duration_s: Fraction
) -> None:
    lower, higher = (
        CLASSIFIERS[60].classify(VoltageEvent(voltage_pu=each, duration_s=duration_s))
        for each in voltages_pu
    )

    assert not (higher.itic == "no_damage" and lower.itic != "no_damage")
    assert not (lower.itic == "prohibited" and higher.itic != "prohibited")
    if higher.semi_f47 == "may_trip":
        assert lower.semi_f47 == "may_trip"


@given(VOLTAGES, st.tuples(DURATIONS, DURATIONS, DURATIONS).map(sorted), HZ)
def test_what_both_ends_of_a_duration_give_all_between_give(
    voltage_pu: Fraction, durations_s: list[Fraction], hz: int
) -> None:
    shortest, between, longest = durations_s
    certain = CLASSIFIERS[hz].classify_between(voltage_pu, (shortest, longest))
    found = classify(VoltageEvent(voltage_pu=voltage_pu, duration_s=between), TABLES, hz)

    for name in ("ieee_1159", "en_50160_cell", "itic", "semi_f47"):
        assert getattr(certain, name) in {None, getattr(found, name)}


@pytest.mark.parametrize(
    ("voltage_pu", "duration_s"),
    [(Fraction(-1, 10), Fraction(1)), (Fraction(1), Fraction(-1, 10**6))],
)
def test_what_is_below_zero_is_no_event(voltage_pu: Fraction, duration_s: Fraction) -> None:
    with pytest.raises(ValueError, match="has to be 0 or more"):
        VoltageEvent(voltage_pu=voltage_pu, duration_s=duration_s)
