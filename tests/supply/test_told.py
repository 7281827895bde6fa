"""What meters say: exact to their second, whole without partners, and no false alarm made an outage."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.supply.meter_events import MeterEvent
from tests.supply.builders import (
    DARK,
    LIVE,
    RULE,
    SILENT,
    Runs,
    at,
    edges,
    found,
    meter,
    point,
    second,
    told,
)

SILENT_METER = meter(15, self_powered=True)
WATCHER = meter(15)
# Dark from 32:30 to 62:30: the reading from 30 is cut, the one from 60 is half live and comes.
OUT: Runs = [(LIVE, 30), (SILENT, 30), (LIVE, 60)]
OFF_S, ON_S = 1950, 3750


def test_an_entry_of_the_log_is_exact_to_the_second_of_the_clock() -> None:
    (one,) = found(point(OUT, [told("power_failure_log", OFF_S, ON_S)], how=SILENT_METER))

    assert (one.earliest, one.start) == (second(OFF_S), second(OFF_S))
    assert (one.end, one.latest) == (second(ON_S), second(ON_S))
    assert one.grades == ("meter_event",)


def test_off_and_on_make_an_outage_shorter_than_a_reading() -> None:
    (one,) = found(point([(LIVE, 120)], [told("power_on", 612), told("power_off", 600)]))

    assert (one.start, one.end) == (second(600), second(612))


def test_a_last_gasp_is_dated_back_by_the_hold_off_and_a_restored_by_the_time_to_boot() -> None:
    events = [told("last_gasp", OFF_S + 40), told("restored", ON_S + 30)]

    (one,) = found(point(OUT, events, how=SILENT_METER))

    assert (one.earliest, one.start) == (second(OFF_S - 20), second(OFF_S + 40))
    assert (one.end, one.latest) == (second(ON_S - 30), second(ON_S + 30))


@pytest.mark.parametrize(
    ("events", "start", "end"),
    [
        # A watcher's off is exact; it came back before the end of the first whole live reading.
        ([told("power_off", 600)], (600, 600), (600, 1800)),
        ([told("power_off", 600), told("power_off", 600)], (600, 600), (600, 1800)),
        # A lone on: it went after the last whole live reading began.
        ([told("power_on", 2000)], (900, 2000), (2000, 2000)),
    ],
)
def test_what_has_no_partner_reaches_to_the_next_sign_of_life(
    events: Sequence[MeterEvent], start: tuple[int, int], end: tuple[int, int]
) -> None:
    (one,) = found(point([(LIVE, 120)], events, how=WATCHER))

    assert (one.earliest, one.start) == (second(start[0]), second(start[1]))
    assert (one.end, one.latest) == (second(end[0]), second(end[1]))


def test_a_lone_last_gasp_of_a_meter_that_fell_silent_ends_where_its_readings_begin() -> None:
    (one,) = found(point(OUT, [told("last_gasp", OFF_S + 40)], how=SILENT_METER))

    assert (one.earliest, one.start) == (second(OFF_S - 20), second(OFF_S + 40))
    assert (one.end, one.latest) == (at(52.5), at(67.5))


def test_a_lone_restored_begins_where_the_readings_ended() -> None:
    (one,) = found(point(OUT, [told("restored", ON_S + 30)], how=SILENT_METER))

    assert (one.earliest, one.start) == (at(30), at(45))
    assert (one.end, one.latest) == (second(ON_S - 30), second(ON_S + 30))


def test_a_lone_power_on_ends_the_dark_that_was_measured_before_it() -> None:
    runs = [(LIVE, 30), (DARK, 45), (LIVE, 60)]

    (one,) = found(point(runs, [told("power_on", 80 * 60)], how=WATCHER))

    assert edges(one) == (15, 30, 80, 80)
    assert one.grades == ("measured", "meter_event")


def test_an_outage_that_nothing_ends_is_open() -> None:
    (one,) = found(point([(LIVE, 30)], [told("last_gasp", OFF_S + 40)], how=SILENT_METER))

    assert one.is_open
    assert one.until(at(100)) == at(100)


@pytest.mark.parametrize("copies", [1, 3])
def test_a_last_gasp_of_a_meter_that_goes_on_reading_is_a_false_alarm(copies: int) -> None:
    events = [told("last_gasp", 1000)] * copies

    evidence = point([(LIVE, 120)], events, how=SILENT_METER)

    assert evidence.pieces == ()
    assert evidence.n_false_alarms == 1


def test_a_last_gasp_with_a_lost_reading_is_no_false_alarm() -> None:
    evidence = point(
        [(LIVE, 15), (SILENT, 15), (LIVE, 60)], [told("last_gasp", 1000)], how=SILENT_METER
    )

    assert evidence.n_false_alarms == 0
    assert len(evidence.pieces) == 1


@pytest.mark.parametrize(
    "events",
    [
        [told("last_gasp", 1040), told("restored", 1200)],
        [told("power_failure_log", 1005, 1190)],
        [told("last_gasp", 1040), told("power_failure_log", 1005, 1190)],
    ],
)
def test_a_short_outage_between_live_means_is_real_when_two_words_or_the_log_say_so(
    events: Sequence[MeterEvent],
) -> None:
    evidence = point([(LIVE, 120)], events, how=SILENT_METER)

    (one,) = found(evidence)

    assert evidence.n_false_alarms == 0
    assert second(1005) >= one.earliest
    assert one.latest is not None
    assert one.latest >= second(1190)


def test_the_log_is_sharper_than_all_other_words_of_the_same_outage() -> None:
    events = [
        told("restored", ON_S + 30),
        told("last_gasp", OFF_S + 40),
        told("power_failure_log", OFF_S, ON_S),
        told("last_gasp", OFF_S + 90),
    ]

    (one,) = found(point(OUT, events, how=SILENT_METER))

    assert (one.earliest, one.start) == (second(OFF_S), second(OFF_S))
    assert (one.end, one.latest) == (second(ON_S), second(ON_S))


def test_two_outages_with_a_live_reading_between_them_stay_two() -> None:
    lone = [told("power_off", 600), told("power_on", 6000)]

    first, other = found(point([(LIVE, 120)], lone, how=WATCHER))

    assert first.start == second(600)
    assert other.end == second(6000)
    assert first.latest is not None
    assert first.latest <= other.earliest


def test_two_entries_of_the_log_close_to_each_other_stay_two() -> None:
    logs = [told("power_failure_log", 600, 700), told("power_failure_log", 705, 900)]

    first, other = found(point([(LIVE, 120)], logs, how=SILENT_METER))

    assert (first.end, other.start) == (second(700), second(705))


def test_a_live_reading_inside_what_a_meter_tells_holds_and_cuts_it() -> None:
    runs = [(LIVE, 30), (SILENT, 30), (LIVE, 30), (SILENT, 30), (LIVE, 30)]

    first, other = found(point(runs, [told("power_failure_log", 2000, 7000)], how=SILENT_METER))

    assert (first.start, first.end) == (second(2000), at(60))
    assert (other.start, other.end) == (at(90), second(7000))


@pytest.mark.parametrize(("slack_s", "n"), [(-1, 1), (0, 2)])
def test_a_live_reading_contradicts_only_when_its_whole_interval_is_inside(
    slack_s: int, n: int
) -> None:
    tolerance_s = RULE.reading_tolerance_s
    log = told("power_failure_log", 1800 - tolerance_s - slack_s, 2700 + tolerance_s + slack_s)

    interruptions = found(point([(LIVE, 120)], [log], how=SILENT_METER))

    assert len(interruptions) == n


def test_the_next_outage_is_a_sign_of_life() -> None:
    events = [told("power_off", 600), told("power_failure_log", 900, 4000)]
    runs = [(LIVE, 10), (SILENT, 60), (LIVE, 60)]

    first, other = found(point(runs, events, how=WATCHER))

    assert (first.start, first.end, first.latest) == (second(600), second(600), second(900))
    assert (other.start, other.end) == (second(900), second(4000))


KINDS = st.sampled_from(["power_off", "power_on", "last_gasp", "restored", "power_failure_log"])
EVENTS = st.lists(
    st.builds(
        lambda kind, s, n: told(kind, s, s + n if kind == "power_failure_log" else None),
        KINDS,
        st.integers(0, 7200),
        st.integers(1, 3000),
    ),
    max_size=7,
)
RUNS = st.lists(
    st.tuples(st.sampled_from([LIVE, LIVE, SILENT, DARK]), st.sampled_from([15, 30])), max_size=6
)


@given(events=EVENTS, runs=RUNS, self_powered=st.booleans(), data=st.data())
def test_whatever_meters_say_and_however_it_comes_the_pieces_are_the_same_and_ordered(
    events: list[MeterEvent], runs: list[tuple[str, int]], self_powered: bool, data: st.DataObject
) -> None:
    how = meter(15, self_powered=self_powered)
    again = data.draw(st.permutations([*events, *events[:3]]))

    evidence = point(runs, events, how=how)

    assert point(runs, again, how=how) == evidence
    for piece in evidence.pieces:
        assert piece.earliest <= piece.start <= piece.end <= piece.latest
