"""Rule sets: the packaged one says what the norm says, and a bad one is refused by name."""

from decimal import Decimal

import pytest

from kernels.events import EventLimits
from service.domain.bands import (
    abnormal_band_of,
    band_of,
    event_limits,
    has_day_spread,
    interruption_below,
    level_kv,
)
from service.domain.rules import (
    RuleSet,
    load_rule_set,
    packaged_text,
    parse_rule_set,
    rule_set_names,
)
from service.errors import RuleSetError, UnknownRuleSetError
from tests.domain.builders import make_point

SGCC = load_rule_set("sgcc-2003")
TEXT = packaged_text("sgcc-2003")
DEFAULTS = packaged_text("voltpass-defaults")


@pytest.mark.parametrize(
    ("volts", "wiring", "point_class", "edges"),
    [
        (220, "1p", "D", (-1000, 700)),
        (230, "1p", "D", (-1000, 700)),
        (379.999, "1p", "D", (-1000, 700)),
        (380, "1p", "D", (-700, 700)),
        (1000, "1p", "C", (-700, 700)),
        (20_000, "1p", "C", (-700, 700)),
        (220, "3p4w", "D", (-700, 700)),
        (380, "3p4w", "D", (-700, 700)),
        (380, "3p3w", "D", (-700, 700)),
        (10_000, "3p3w", "C", (-700, 700)),
        (20_000, "3p3w", "C", (-700, 700)),
        (11_547, "3p4w", "C", (-700, 700)),  # 20 kV between phases
        (20_000.001, "3p3w", "C", None),
        (34_500, "3p3w", "B", None),
        (20_200, "3p4w", "B", None),  # 35 kV between phases: no minute rate without own band
        (110_000, "3p3w", "B", None),
        (5_999.999, "3p3w", "A", (-700, 700)),
        (6_000, "3p3w", "A", (0, 700)),
        (10_000, "3p3w", "A", (0, 700)),
        (5_774, "3p4w", "A", (0, 700)),  # 10 kV between phases
        (20_000, "3p3w", "A", (0, 700)),
        (20_000.001, "3p3w", "A", None),
    ],
)
def test_the_norm_bounds_each_level(volts, wiring, point_class, edges) -> None:  # type: ignore[no-untyped-def]
    point = make_point(volts, wiring, point_class)

    band = band_of(SGCC, point)
    abnormal_band = abnormal_band_of(SGCC, point)

    assert (None if band is None else (band.lower, band.upper)) == edges
    outer = None if edges is None else (-1000, 1000)
    assert (None if abnormal_band is None else (abnormal_band.lower, abnormal_band.upper)) == outer


@pytest.mark.parametrize(
    ("volts", "own", "is_used"),
    [
        (220, (-1500, 1500), True),  # a contract may allow what it likes
        (34_500, (-500, 500), True),
        (110_000, (-300, 700), True),
        (110_000, (-300, 701), False),  # wider than 10 %
    ],
)
def test_a_point_s_own_band_comes_first_but_an_operator_band_is_bounded(
    volts: float, own: tuple[int, int], is_used: bool
) -> None:
    point = make_point(volts, "3p3w", "A", band=own)

    band = band_of(SGCC, point)

    assert (band is not None) == is_used
    assert (abnormal_band_of(SGCC, point) is not None) == is_used
    if band is not None:
        assert (band.lower, band.upper) == own
        assert ("operator" in band.source) == (volts >= 35_000)


def test_a_band_wider_than_the_operator_may_set_is_no_band_even_where_a_row_would_fit() -> None:
    everywhere = TEXT.replace("up_to_kv = 20\n", "")
    rule_set = parse_rule_set(everywhere)

    assert band_of(rule_set, make_point(110_000, "3p3w", "B")) is not None
    assert band_of(rule_set, make_point(110_000, "3p3w", "B", band=(-600, 600))) is None


@pytest.mark.parametrize(
    ("volts", "wiring", "level"),
    [
        (220, "3p4w", "0.38"),
        (11_550, "3p4w", "20"),
        (19_919, "3p4w", "34.5"),
        (20_200, "3p4w", "35"),
        (63_500, "3p4w", "110"),
        (20_000, "3p3w", "20"),
        (220, "1p", "0.22"),
    ],
)
def test_a_phase_voltage_belongs_to_the_level_between_phases(volts, wiring, level) -> None:  # type: ignore[no-untyped-def]
    found = level_kv(SGCC, make_point(volts, wiring))

    assert abs(found - Decimal(level)) < Decimal("0.001")


@pytest.mark.parametrize(
    ("volts", "wiring", "expected"),
    [(34_999, "3p3w", False), (35_000, "3p3w", True), (20_200, "3p4w", True), (220, "1p", False)],
)
def test_the_day_spread_begins_at_35_kv(volts, wiring, expected) -> None:  # type: ignore[no-untyped-def]
    assert has_day_spread(SGCC, make_point(volts, wiring)) == expected


def test_thresholds_are_those_of_the_standards() -> None:
    assert interruption_below(SGCC) == -9000
    assert event_limits(SGCC) == EventLimits(
        dip_below=900_000,
        swell_above=1_100_000,
        interruption_below=100_000,
        hysteresis=20_000,
        high_above=1_200_000,
        breach_hysteresis=5_000,
    )
    assert SGCC.coverage.floor == Decimal("0.90")
    assert [(t.figure, t.area, t.at_least) for t in SGCC.targets] == [
        ("pass_rate", "urban", Decimal("0.95")),
        ("pass_rate", "rural", Decimal("0.90")),
        ("supply_reliability", "urban", Decimal("0.9989")),
        ("supply_reliability", "rural", Decimal("0.99")),
    ]


def test_every_row_names_its_clause_and_what_is_unproven_says_so() -> None:
    unproven = {row.source for row in SGCC.rows() if row.certainty == "confirm"}

    assert len(SGCC.rows()) == 50
    assert any("10 % of nominal" in source for source in unproven)
    assert any("class A" in source for source in unproven)
    assert not any("art. 8(4)" in source for source in unproven)


def _volts_rule_set(lower_v: str, upper_v: str) -> RuleSet:
    old = "lower_percent = -10.00\nupper_percent = 7.00"
    assert old in TEXT
    return parse_rule_set(TEXT.replace(old, f"lower_v = {lower_v}\nupper_v = {upper_v}"))


@pytest.mark.parametrize(
    ("lower_v", "upper_v", "edges", "snapped"),
    [
        ("198.0", "235.4", (-1000, 700), False),
        ("198.0", "235.41", (-1000, 701), True),  # +7.0045 %
        ("197.999", "235.4", (-1001, 700), True),
        ("150", "219.99", (-3182, 0), True),  # an upper edge below nominal goes outward, up
    ],
)
def test_limits_in_volts_are_snapped_outward_and_say_so(
    lower_v: str, upper_v: str, edges: tuple[int, int], snapped: bool
) -> None:
    band = band_of(_volts_rule_set(lower_v, upper_v), make_point(220))

    assert band is not None
    assert (band.lower, band.upper) == edges
    assert band.snapped == snapped


def test_an_unknown_rule_set_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(
        UnknownRuleSetError, match=r"'sgcc-1999' is unknown, there are: .*sgcc-2003"
    ):
        load_rule_set("sgcc-1999")
    with pytest.raises(UnknownRuleSetError):
        load_rule_set("../rule_sets/sgcc-2003")
    assert "sgcc-2003" in rule_set_names()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lower_percent = 0.00", "lower_percent = 0.005", "not on the grid"),
        ("lower_percent = 0.00", "lower_percent = 7.00", "lower_percent < upper_percent"),
        ("lower_percent = 0.00", "lower_percent = -100.01", "greater than or equal to -100"),
        ("upper_percent = 7.00", "upper_percent = 300.01", "less than or equal to 300"),
        ("lower_percent = 0.00", "lower_percent = 0.00\nlower_v = 3", "not both"),
        ("lower_percent = 0.00", "lower_percent = 0.00\nlevel = 3", "level: Extra inputs"),
        ('classes = ["A"]', "classes = []", "bands.0.classes"),
        ("up_to_kv = 20", "up_to_kv = 5", "no level lies between 6 and 5 kV"),
        ("up_to_kv = 20", "below_kv = 6", "no level lies between 6 and 6 kV"),
        ("up_to_kv = 20", "up_to_kv = 20\nabove_kv = 6", "not both of a side"),
        ('source = "Norm art. 8(2), taken per side at every level"\n', "", "abnormal_bands.0.source"),
        ('\ncertainty = "confirmed"', '\ncertainty = "sure"', "certainty"),
        ("-11-01\n\n[day_spread]", "-12-01\n\n[day_spread]", "hold as long"),
        ("\n\n[day_spread]", "\neffective_to = 2009-01-01\n\n[day_spread]", "hold as long"),
        ("[[08:00:00, 11:00:00], ", "[[11:00:00, 08:00:00], ", "from earlier to later"),
        ("class_a_weight = 0.50", "class_a_weight = 50", "composite.class_a_weight"),
        ("[composite]", "[composite", "no TOML"),
        ('figure = "pass_rate"\narea = "urban"\npopulation = "residential_points"',
         'figure = "compliant_share"\narea = "urban"\npopulation = "all_points"', "compliant_share needs week_limits"),
        ('population = "residential_points"', 'population = "users"', "population of pass_rate is one of"),
        ("effective_from = 2003-11-01", "effective_from = 2003-11-01\neffective_to = 2003-11-01", "after effective"),
        ("[[abnormal_bands]]", """[[assessment_bands]]
lower_percent = -5.00
upper_percent = 20.00
source = "x"
certainty = "confirm"
effective_from = 2003-11-01

[[abnormal_bands]]""", "does not enclose band"),
        ("at_least = 0.95", 'at_least = 0.95\nset_by = "the province"', "not both"),
        ("at_least = 0.95\n", "", "say in set_by who sets it"),
        ("voltpass-defaults", "sgcc-1999", "'sgcc-1999' is unknown"),
    ],
)  # fmt: skip
def test_a_bad_rule_set_is_refused_and_says_why(old: str, new: str, message: str) -> None:
    assert old in TEXT

    with pytest.raises(RuleSetError, match=message):
        parse_rule_set(TEXT.replace(old, new, 1))


WEEK = """
[week]
known_minutes_min = 5
leaves_out_flagged = true
source = "a test"
certainty = "confirm"
effective_from = 2003-11-01

[[week_limits]]
value_s = 600
lower_percent = -10.00
upper_percent = 10.00
outside_share_max = 0.05
source = "a test"
certainty = "confirm"
effective_from = 2003-11-01
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lower_percent = -10.00", "lower_percent = 10.00", "below the upper one"),
        ("lower_percent = -10.00", "lower_v = 198", "not in both units"),
        ("lower_percent = -10.00\nupper_percent = 10.00\n", "", "one or both"),
        ("value_s = 600", "value_s = 900", "week_limits.0.value_s"),
        ("outside_share_max = 0.05", "outside_share_max = 5", "week_limits.0.outside_share_max"),
        ("known_minutes_min = 5", "known_minutes_min = 11", "week.known_minutes_min"),
        (WEEK[: WEEK.index("[[")], "\n", "week_limits need"),
    ],
)
def test_a_bad_week_is_refused_and_says_why(old: str, new: str, message: str) -> None:
    assert len(parse_rule_set(TEXT + WEEK).week_limits) == 1
    assert old in WEEK

    with pytest.raises(RuleSetError, match=message):
        parse_rule_set(TEXT + WEEK.replace(old, new, 1))


def test_a_set_takes_over_what_it_does_not_give_itself() -> None:
    floor = DEFAULTS.replace("floor = 0.90", "floor = 0.85")

    rule_set = parse_rule_set(TEXT, {"voltpass-defaults": floor}.__getitem__)

    assert rule_set.coverage.floor == Decimal("0.85")
    assert rule_set.name == "sgcc-2003"
    assert rule_set.model_copy(update={"coverage": SGCC.coverage}) == SGCC
