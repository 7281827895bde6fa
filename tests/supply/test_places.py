"""Outages of places: witnesses that are believed, shares that suffice, and silence that never does."""

import pytest

from service.domain.supply.own_evidence import OwnEvidence
from tests.supply.builders import (
    DARK,
    LIVE,
    SILENT,
    edges,
    found,
    meter,
    minutes_of,
    point,
    second,
    supply,
    told,
)

SILENT_METER = meter(15, self_powered=True)
OFF_S, ON_S = 1950, 9000
RUNS = [(LIVE, 30), (SILENT, 120), (LIVE, 120)]  # of a silent meter, out from 32:30 to 150:00
WATCHED = [(LIVE, 45), (DARK, 105), (LIVE, 120)]
LOG = [told("power_failure_log", OFF_S, ON_S)]
PAIR = [told("power_off", OFF_S), told("power_on", ON_S)]


def head(point_id: int = 100) -> OwnEvidence:
    return point(WATCHED, PAIR, point_id=point_id, transformer="", is_feeder_head=True)


def terminal(point_id: int = 101) -> OwnEvidence:
    return point(WATCHED, PAIR, point_id=point_id, is_terminal=True)


def logged(point_id: int, transformer: str = "T1") -> OwnEvidence:
    return point(RUNS, LOG, point_id=point_id, how=SILENT_METER, transformer=transformer)


def silent(point_id: int = 1, transformer: str = "T1") -> OwnEvidence:
    return point(RUNS, point_id=point_id, how=SILENT_METER, transformer=transformer)


def live(point_id: int, transformer: str = "T1") -> OwnEvidence:
    return point([(LIVE, 270)], point_id=point_id, how=SILENT_METER, transformer=transformer)


def test_a_silent_point_below_a_witness_that_a_meter_confirms_was_without_supply() -> None:
    (one,) = found(silent(transformer="T9"), logged(2), head())

    assert one.grades == ("feeder",)
    assert (one.earliest, one.start) == (second(OFF_S), second(OFF_S))
    assert (one.end, one.latest) == (second(ON_S), second(ON_S))


def test_a_witness_alone_is_not_believed() -> None:
    assert found(silent(transformer="T9"), live(2, "T8"), head()) == ()


def test_a_witness_is_not_believed_against_its_live_meters() -> None:
    lives = [live(10 + i, "T8") for i in range(9)]

    assert found(silent(transformer="T9"), logged(2), *lives, head()) == ()


def test_one_live_meter_in_ten_does_not_refute_a_witness_but_keeps_its_supply() -> None:
    others = [logged(10 + i) for i in range(10)]

    result = supply(silent(transformer="T9"), *others, live(2), head()).points

    assert result[1].interruptions[0].grades == ("feeder",)
    assert result[2].interruptions == ()


def test_a_terminal_speaks_for_its_own_transformer_only() -> None:
    result = supply(silent(1), silent(2, "T2"), logged(3), terminal()).points

    assert result[1].interruptions[0].grades == ("feeder",)
    assert result[1].pieces[0].place == "transformer"
    assert result[1].pieces[0].code == "T1"
    assert result[2].interruptions == ()


@pytest.mark.parametrize(
    ("n_logged", "n_silent", "is_out"), [(3, 3, True), (3, 4, False), (2, 2, False), (2, 1, False)]
)
def test_without_a_witness_half_of_a_transformer_s_meters_have_to_say_so(
    n_logged: int, n_silent: int, is_out: bool
) -> None:
    points = [logged(10 + i) for i in range(n_logged)]
    points += [silent(1 + i) for i in range(n_silent)]

    result = found(*points)

    assert [one.grades for one in result] == [("inferred",)] * is_out


def test_a_lost_phase_does_not_darken_the_others() -> None:
    lost, others = [logged(10 + i) for i in range(10)], [live(30 + i) for i in range(20)]

    result = supply(silent(), *lost, *others).points

    assert result[1].interruptions == ()
    assert all(not result[30 + i].interruptions for i in range(20))


def test_a_second_entrance_that_cannot_tell_goes_with_the_first() -> None:
    reserve = point(point_id=1, can_witness=False)

    (one,) = found(reserve, logged(2))

    assert one.grades == ("inferred",)
    assert (one.start, one.end) == (second(OFF_S), second(ON_S))


def test_a_loss_of_communication_makes_no_interruption() -> None:
    points = [silent(1 + i) for i in range(20)]
    witness = point(RUNS, point_id=100, is_feeder_head=True, transformer="")
    at_terminal = point(RUNS, point_id=101, is_terminal=True)

    result = supply(*points, witness, at_terminal)

    assert all(not one.interruptions for one in result.points.values())
    assert result.outages == ()


def test_a_recloser_s_second_reaches_all_silent_points_but_no_live_reading_refutes_it() -> None:
    second_long = [told("power_off", 1000), told("power_on", 1002)]
    witness = point([(LIVE, 120)], second_long, point_id=100, is_feeder_head=True, transformer="")
    watcher = point([(LIVE, 120)], second_long, point_id=2)

    (one,) = found(live(1), watcher, witness)

    assert one.grades == ("feeder",)
    assert (one.start, one.end) == (second(1000), second(1002))


def test_a_vague_edge_of_its_own_becomes_as_sharp_as_the_place_s() -> None:
    seen = point(WATCHED, point_id=1)

    (alone,) = found(seen)
    (one,) = found(seen, logged(2), terminal())

    assert edges(alone) == (30, 45, 150, 165)
    assert edges(one) == (32.5, 32.5, 150, 165)
    assert one.grades == ("measured", "feeder")


def test_a_point_that_stays_dark_after_its_place_may_do_so() -> None:
    longer = point([(LIVE, 30), (SILENT, 240), (LIVE, 60)], point_id=1, how=SILENT_METER)

    (one,) = found(longer, logged(2), terminal())

    assert minutes_of(one.end) == 150
    assert minutes_of(one.latest) == 277.5


def test_an_outage_of_a_place_that_goes_on_is_open_for_silent_points() -> None:
    runs, off = [(LIVE, 30)], [told("power_off", OFF_S)]
    witness = point(runs, off, point_id=101, is_terminal=True)
    confirming = point(runs, [told("last_gasp", OFF_S + 30)], point_id=2, how=SILENT_METER)
    quiet = point(runs, point_id=1, how=SILENT_METER)

    (one,) = found(quiet, confirming, witness)

    assert one.is_open
    assert one.start == second(OFF_S)


@pytest.mark.parametrize("off_s", [-200, 6, 200])
def test_a_clock_that_is_off_is_put_right_by_the_place(off_s: int) -> None:
    wrong = point(
        RUNS, [told("power_failure_log", OFF_S + off_s, ON_S + 600 + off_s)], how=SILENT_METER
    )

    (one,) = found(wrong, logged(2), terminal())

    assert (one.start, one.end) == (second(OFF_S), second(ON_S + 600))


def test_a_clock_is_not_moved_to_the_next_outage_of_its_place() -> None:
    twice = [
        *(told("power_off", 1000), told("power_on", 1002)),
        *(told("power_off", 1100), told("power_on", ON_S)),
    ]
    runs = [(LIVE, 30), (DARK, 120), (LIVE, 120)]
    witness = point(runs, twice, point_id=101, is_terminal=True)
    other = point(RUNS, [told("power_failure_log", 1100, ON_S)], point_id=2, how=SILENT_METER)
    watcher = point(runs, twice, point_id=1)

    first, last = found(watcher, other, witness)

    assert (first.start, first.end) == (second(1000), second(1002))
    assert (last.start, last.end) == (second(1100), second(ON_S))
