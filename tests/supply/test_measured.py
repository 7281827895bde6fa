"""Dark minutes and voltage events: edges hold the truth, silence is no outage."""

import numpy as np
import pytest

from kernels.layout import INTERRUPTED, RANK_ESTIMATED, RANK_GOOD, RANK_SHIFT
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.readings import ledger_of
from tests.supply.builders import (
    DARK,
    LIVE,
    SECOND,
    SILENT,
    START_MINUTE,
    Runs,
    at,
    edges,
    found,
    meter,
    point,
    second,
)


def event(start_s: float, end_s: float | None) -> MeasuredEvent:
    """Return an event of gapless readings."""
    end = None if end_s is None else second(end_s)
    return MeasuredEvent(earliest=second(start_s), start=second(start_s), end=end, latest=end)


@pytest.mark.parametrize(("minutes", "step"), [(1, 1), (5, 5), (15, 15)])
def test_dark_means_leave_the_uncertainty_of_one_reading_at_both_ends(
    minutes: int, step: int
) -> None:
    (one,) = found(point([(LIVE, 30), (DARK, 45), (LIVE, 30)], how=meter(minutes)))

    assert edges(one) == (30 - step, 30, 75, 75 + step)
    assert (one.grades, one.is_open) == (("measured",), False)


def test_dark_instants_are_sure_of_themselves_only() -> None:
    how = meter(15, kind="instant")

    (one,) = found(point([(LIVE, 30), (DARK, 45), (LIVE, 30)], how=how))
    (alone,) = found(point([(LIVE, 30), (DARK, 15), (LIVE, 30)], how=how))

    assert edges(one) == (15, 30, 60, 75)
    assert edges(alone) == (15, 30, 30, 45)


def test_an_event_of_instants_is_no_longer_than_the_instants() -> None:
    how = meter(15, kind="instant")
    seen = MeasuredEvent(earliest=at(30), start=at(30), end=at(75), latest=at(75))

    (one,) = found(point([(LIVE, 30), (DARK, 45), (LIVE, 30)], how=how, measured=[seen]))

    assert edges(one) == (15, 30, 60, 75)


@pytest.mark.parametrize("runs", [[(LIVE, 30), (SILENT, 600), (LIVE, 30)], [(SILENT, 600)], []])
def test_silence_alone_is_no_interruption(runs: Runs) -> None:
    assert found(point(runs)) == ()


def test_silence_around_the_dark_makes_its_edges_less_certain_not_the_dark_longer() -> None:
    runs = [(LIVE, 10), (SILENT, 20), (DARK, 5), (SILENT, 7), (LIVE, 9)]

    (one,) = found(point(runs, how=meter(1)))

    assert edges(one) == (9, 30, 35, 43)


@pytest.mark.parametrize(("n_silent", "n_interruptions"), [(1, 1), (2, 1), (3, 2), (600, 2)])
def test_two_lost_readings_do_not_part_an_interruption(n_silent: int, n_interruptions: int) -> None:
    runs = [(LIVE, 9), (DARK, 5), (SILENT, n_silent), (DARK, 5), (LIVE, 9)]

    all_found = found(point(runs, how=meter(1)))

    assert len(all_found) == n_interruptions
    if n_interruptions == 2:
        assert edges(all_found[0]) == (8, 9, 14, 14 + n_silent)
        assert edges(all_found[1]) == (14, 14 + n_silent, 19 + n_silent, 20 + n_silent)


def test_a_live_minute_parts_two_interruptions() -> None:
    runs = [(LIVE, 9), (DARK, 5), (LIVE, 1), (DARK, 5), (LIVE, 9)]

    first, second_one = found(point(runs, how=meter(1)))

    assert edges(first) == (8, 9, 14, 15)
    assert edges(second_one) == (14, 15, 20, 21)


@pytest.mark.parametrize("rest", [[], [(SILENT, 600)]])
def test_dark_without_a_measured_minute_after_it_is_open_up_to_the_asked_instant(
    rest: list[tuple[str, int]],
) -> None:
    (one,) = found(point([(LIVE, 9), (DARK, 5), *rest], how=meter(1)))

    assert one.is_open
    assert edges(one) == (8, 9, None, None)
    assert one.until(at(700)) == at(700)


def test_minutes_from_the_end_of_the_data_on_do_not_count_yet() -> None:
    runs = [(LIVE, 9), (DARK, 5), (LIVE, 3)]

    (still_open,) = found(point(runs, how=meter(1), through=14.5))

    assert still_open.is_open
    assert found(point(runs, how=meter(1), through=9)) == ()


def test_estimated_and_invalid_minutes_inside_the_dark_are_silence() -> None:
    marks = np.full((1, 3, 60), RANK_GOOD << RANK_SHIFT, np.uint8)
    marks[0, :, 10:20] = RANK_ESTIMATED << RANK_SHIFT
    marks[0, 1:, 30] = 0  # one phase is enough
    hours = np.array([START_MINUTE // 60], np.int32)

    minutes = ledger_of(hours, np.full((1, 60), INTERRUPTED, np.uint8), marks)

    assert minutes.minute.tolist() == list(range(START_MINUTE, START_MINUTE + 60))
    assert np.flatnonzero(~minutes.measured).tolist() == list(range(10, 20))


def test_an_event_refines_the_edges_of_the_dark_minutes_it_overlaps() -> None:
    how = meter(1)
    fast = type(how)(interval_s=1)
    runs = [(LIVE, 10), (DARK, 20), (LIVE, 10)]

    (one,) = found(point(runs, how=fast, measured=[event(9 * 60 + 17, 30 * 60 + 40)]))

    assert one.earliest == second(9 * 60 + 16)
    assert one.start == second(9 * 60 + 17)
    assert one.end == second(30 * 60 + 40)
    assert one.latest == second(30 * 60 + 41)


def test_an_event_too_short_to_darken_a_minute_is_an_interruption_of_its_own() -> None:
    how = type(meter())(interval_s=1)

    first, other = found(point([(LIVE, 60)], how=how, measured=[event(630, 632), event(600, 620)]))

    assert (first.start, first.end) == (second(600), second(620))
    assert (other.start, other.end) == (second(630), second(632))


def test_an_open_event_is_closed_by_the_next_live_minute() -> None:
    how = type(meter())(interval_s=1)
    runs = [(LIVE, 10), (DARK, 20), (LIVE, 10)]

    (one,) = found(point(runs, how=how, measured=[event(557, None)]))
    (still_open,) = found(point(runs, how=how, measured=[event(557, None)], through=29))

    assert (one.start, one.end, one.latest) == (second(557), at(30), at(31))
    assert still_open.is_open
    assert still_open.start == second(557)


def test_an_event_does_not_make_an_outage_of_a_long_silence() -> None:
    how = type(meter())(interval_s=1)
    runs = [(LIVE, 10), (DARK, 20), (SILENT, 300), (DARK, 20), (LIVE, 10)]

    first, other = found(point(runs, how=how, measured=[event(557, 350 * 60 + 5)]))

    assert (first.start, first.end, first.latest) == (second(557), at(30), at(330))
    assert (other.earliest, other.start) == (at(30), at(330))
    assert other.end == at(350) + 5 * SECOND
