"""Which words belong to an interruption, and when readings came as far as history tells."""

from service.domain.alerts.darkness import Word
from service.domain.alerts.hearing import (
    Dark,
    HeardEvent,
    ReadingTimes,
    words_of_events,
    words_of_readings,
)
from service.domain.supply.meter_events import MeterEventKind
from tests.alerts.builders import MINUTE, SECOND, us

DARK = Dark(earliest=us(100), start=us(101), end=us(160), latest=us(161))
TIMES = ReadingTimes(interval=15 * MINUTE, delay=40 * SECOND)


def event(
    kind: MeterEventKind, at: float, arrives: float, until: float | None = None
) -> HeardEvent:
    return HeardEvent(
        event=kind, at=us(at), until=us(at if until is None else until), arrives=us(arrives)
    )


def test_events_near_the_edges_are_words_and_those_of_other_outages_are_not() -> None:
    events = [
        event("last_gasp", 98, 101),
        event("power_off", 20, 21),  # of an earlier one
        event("power_on", 40, 41),
        event("restored", 162, 163),
        event("restored", 300, 301),  # of a later one
    ]

    went, back = words_of_events(DARK, events, 5 * MINUTE)

    assert went == [Word(us(98), us(101))]
    assert back == [Word(us(162), us(163))]


def test_an_entry_of_the_log_says_both_and_speaks_of_its_end() -> None:
    went, back = words_of_events(DARK, [event("power_failure_log", 100, 2000, 160)], 5 * MINUTE)

    assert went == back == [Word(us(160), us(2000))]


def test_of_what_is_open_nothing_says_that_supply_is_back() -> None:
    still = Dark(earliest=us(100), start=us(101), end=None, latest=None)

    went, back = words_of_events(still, [event("power_off", 101, 102)], 5 * MINUTE)
    measured, live = words_of_readings(still, [(us(105), None)], TIMES, [], us(140))

    assert went
    assert not back
    assert not live
    assert [word.at for word in measured] == [us(120), us(135)]


def test_a_reading_came_after_its_delay_or_when_its_point_was_heard_again() -> None:
    silent = [(us(115), us(150))]

    measured, live = words_of_readings(DARK, [(us(105), us(165))], TIMES, silent, us(1000))

    assert [(word.at, word.arrives - 40 * SECOND) for word in measured] == [
        (us(120), us(150)),
        (us(135), us(150)),
        (us(150), us(150)),
        (us(165), us(165)),
    ]
    assert live == [Word(us(176), us(176) + 40 * SECOND)]
