"""Long silence: what a lone word says of it, and that two words far apart speak of two outages."""

import pytest

from service.domain.supply.meter_events import MeterEventKind
from tests.supply.builders import (
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
OFF_S = 1950
CERTAIN_MIN = RULE.silence_certain_s // 60


@pytest.mark.parametrize("more", [0, 1])
def test_a_lone_restored_after_a_silence_that_is_too_long_is_sure_of_its_own_moment_only(
    more: int,
) -> None:
    # It read up to minute 30, so at minute 45 it was dark, if it was not its communication.
    back = 45 + CERTAIN_MIN + more
    runs = [(LIVE, 30), (SILENT, back + 15 - 30), (LIVE, 60)]

    (one,) = found(point(runs, [told("restored", 60 * (back + 1))], how=SILENT_METER))

    assert edges(one) == (30, back if more else 45, back, back + 1)


@pytest.mark.parametrize("more", [0, 15])
def test_a_lone_last_gasp_before_a_silence_that_is_too_long_is_sure_of_its_own_moment_only(
    more: int,
) -> None:
    silent_to = 30 + CERTAIN_MIN + 7.5 + more  # and half a reading before it may have been back
    runs: Runs = [(LIVE, 30), (SILENT, CERTAIN_MIN + 15 + more), (LIVE, 60)]

    (one,) = found(point(runs, [told("last_gasp", 60 * 37.5)], how=SILENT_METER))

    assert edges(one) == (36.5, 37.5, 37.5 if more else silent_to, silent_to + 15)


def test_a_lone_restored_long_after_the_end_of_an_entry_of_the_log_does_not_reach_back_to_it() -> (
    None
):
    days = 10 * 1440
    runs = [(LIVE, 30), (SILENT, days), (LIVE, 60)]
    events = [told("power_failure_log", 2000, 3000), told("restored", 60 * days)]

    first, other = found(point(runs, events, how=SILENT_METER, through=2 * days), through=2 * days)

    assert (first.start, first.end) == (second(2000), second(3000))
    assert (other.earliest, other.start) == (second(3000), at(days - 1))


def test_a_meter_that_was_back_and_never_read_again_went_within_two_readings() -> None:
    runs = [(LIVE, 30), (SILENT, 150), (LIVE, 60)]
    events = [told("power_failure_log", 2000, 3000), told("restored", 60 * 181)]

    first, other = found(point(runs, events, how=SILENT_METER))

    assert (first.start, first.end) == (second(2000), second(3000))
    assert (other.earliest, other.start) == (second(3000), second(3000 + 2 * 900))
    assert (other.end, other.latest) == (at(180), at(181))


def test_the_log_tells_later_how_long_a_long_silence_was_dark() -> None:
    back = 2 * CERTAIN_MIN
    runs = [(LIVE, 30), (SILENT, back), (LIVE, 60)]
    log = told("power_failure_log", OFF_S, 60 * back)

    (one,) = found(point(runs, [told("restored", 60 * back + 30), log], how=SILENT_METER))

    assert (one.start, one.end) == (second(OFF_S), at(back))


@pytest.mark.parametrize("kind", ["last_gasp", "power_off"])
@pytest.mark.parametrize("more", [0, 1])
def test_what_goes_again_later_than_gasps_are_repeated_had_supply_before_it(
    kind: MeterEventKind, more: int
) -> None:
    again_s = OFF_S + 40 + RULE.gasp_repeated_within_s + more
    events = [
        told(kind, OFF_S + 40),
        told(kind, OFF_S + 600),
        told(kind, again_s),
        told("restored", again_s + 1200),
    ]

    interruptions = found(point([(LIVE, 30), (SILENT, 90), (LIVE, 60)], events, how=SILENT_METER))

    assert len(interruptions) == 1 + more
    if more:
        first, other = interruptions
        assert first.end is not None
        assert first.end <= second(OFF_S + 600)
        assert first.latest is not None
        assert first.latest <= other.earliest
        assert other.start == second(again_s)


def test_two_last_gasps_days_apart_are_two_outages() -> None:
    days = 1440
    runs = [(LIVE, 60), (SILENT, 20 * days), (LIVE, 60)]
    events = [
        told("last_gasp", 60 * days),
        told("last_gasp", 600 * days),
        told("restored", 600 * days + 1800),
    ]

    first, other = found(
        point(runs, events, how=SILENT_METER, through=21 * days), through=21 * days
    )

    assert first.end == at(days)
    assert (other.start, other.end) == (at(10 * days), at(10 * days + 29))
