"""Whose an event is: by the device's assignment at its time, within the bounds of its record."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.event_checkpoint import EventCheckpoint, placed_checkpoint
from service.domain.event_letters import event_letters_of, said_in
from service.domain.letters import epoch_ms_of_wall_clock
from service.domain.meter_event_codes import CODES, EVENTS, LOGS, event_of
from service.domain.meter_events import (
    Assignment,
    EventPolicy,
    EventRefusal,
    PlacedEvent,
    SaidEvent,
    Stamp,
    placed,
)

T_MS = 1_795_431_360_000  # 2026-11-23T10:56:00Z
DAY_MS = 86_400_000
POLICY = EventPolicy()
FIRST = Assignment(11, 1, "Asia/Shanghai", self_powered=False, from_ms=0, to_ms=T_MS)
SECOND = Assignment(12, 2, "Asia/Shanghai", self_powered=True, from_ms=T_MS, to_ms=2**60)


def said(
    at_ms: int = T_MS,
    word: str = "power_off",
    *,
    until_ms: int | None = None,
    record_ms: int = T_MS,
    has_zone: bool = True,
) -> SaidEvent:
    until = None if until_ms is None else Stamp(until_ms, has_zone)
    return SaidEvent("M1", word, Stamp(at_ms, has_zone), until, 5, 3, record_ms)


@pytest.mark.parametrize(("at_ms", "point_id"), [(T_MS - 1, 1), (T_MS, 2)])
def test_an_event_goes_to_the_point_that_its_device_served_at_its_time(
    at_ms: int, point_id: int
) -> None:
    event = placed(said(at_ms), [FIRST, SECOND], POLICY)

    assert isinstance(event, PlacedEvent)
    assert (event.point_id, event.at_ms, event.until_ms) == (point_id, at_ms, at_ms)


def test_a_log_over_a_move_goes_to_where_it_began() -> None:
    event = placed(said(T_MS - 1, "power_failure_log", until_ms=T_MS + 5), [FIRST, SECOND], POLICY)

    assert event == PlacedEvent(1, 11, "power_failure_log", T_MS - 1, T_MS + 5)


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-11-23T18:56:00", "2026-11-23T10:56:00Z"),
        ("1991-09-15T01:30:00", "1991-09-14T16:30:00Z"),  # an hour that came twice: the first
    ],
)
def test_a_stamp_without_offset_is_of_the_zone_of_the_assignment(wall: str, utc: str) -> None:
    wall_ms = epoch_ms_of_wall_clock(datetime.fromisoformat(wall))
    always = SECOND._replace(from_ms=0)

    event = placed(said(wall_ms, has_zone=False), [always], EventPolicy(oldest_ms=0))

    assert isinstance(event, PlacedEvent)
    assert event.at_ms == datetime.fromisoformat(utc).timestamp() * 1000


@pytest.mark.parametrize(
    ("one", "assignments", "reason"),
    [
        (said(), [], "unknown_device"),
        (said(T_MS - 1), [SECOND], "outside_service"),
        (said(T_MS + 300_000), [SECOND], None),
        (said(T_MS + 300_001), [SECOND], "stamp_ahead"),
        (said(T_MS, record_ms=T_MS + 35 * DAY_MS), [SECOND], None),
        (said(T_MS, record_ms=T_MS + 35 * DAY_MS + 1), [SECOND], "stamp_too_old"),
        # The end of a log counts: it was written then.
        (
            said(word="power_failure_log", until_ms=T_MS + 300_001),
            [SECOND],
            "stamp_ahead",
        ),
        (
            said(word="power_failure_log", until_ms=T_MS + DAY_MS, record_ms=T_MS + 36 * DAY_MS),
            [SECOND],
            None,
        ),
        (said(word="power_failure_log", until_ms=T_MS), [SECOND], "malformed_event"),
    ],
)
def test_an_event_that_nobody_can_have_said_is_refused(
    one: SaidEvent, assignments: list[Assignment], reason: str | None
) -> None:
    event = placed(one, assignments, POLICY)

    assert (event.reason if isinstance(event, EventRefusal) else None) == reason


def test_a_log_that_no_clock_can_have_shown_is_malformed() -> None:
    berlin = SECOND._replace(zone="Europe/Berlin", from_ms=0)
    at = datetime(2026, 3, 29, 2, 50)  # noqa: DTZ001  (skipped on that day)
    until = datetime(2026, 3, 29, 3, 10)  # noqa: DTZ001
    log = said(
        epoch_ms_of_wall_clock(at),
        "power_failure_log",
        until_ms=epoch_ms_of_wall_clock(until),
        has_zone=False,
    )

    event = placed(log, [berlin], POLICY)

    assert event == EventRefusal("malformed_event")
    assert at.replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000 > 1_774_746_600_000


@pytest.mark.parametrize(
    ("code", "powered", "self_powered"),
    [
        ("26.26.0.85", "power_off", "last_gasp"),
        ("3.26.0.85", "power_off", "last_gasp"),
        ("26.26.0.216", "restored", "restored"),
        ("1-0:99.97.0", "power_failure_log", "power_failure_log"),
    ],
)
def test_a_code_means_what_the_supply_of_its_device_says(
    code: str, powered: str, self_powered: str
) -> None:
    assert event_of(code, self_powered=False) == powered
    assert event_of(code, self_powered=True) == self_powered
    assert (code in LOGS) == (powered == "power_failure_log")


STAMPS = st.builds(Stamp, st.integers(-(10**12), 7 * 10**12), st.booleans())


@given(st.sampled_from([*EVENTS, *CODES]), STAMPS, st.none() | STAMPS, st.integers(0, 4 * 10**12))
def test_a_letter_says_what_the_event_said(
    word: str, at: Stamp, until: Stamp | None, record_ms: int
) -> None:
    one = SaidEvent("表-1", word, at, until, 5, 3, record_ms)

    (letter,) = event_letters_of([], [(one, EventRefusal("unknown_device"))])

    assert letter.reading is not None
    back = {key: value for key, value in letter.reading.items() if isinstance(value, str | int)}
    assert said_in(back, letter.offset, letter.index, letter.record_at) == one


def test_copies_of_an_event_are_one_whichever_partition_brought_them() -> None:
    early, late = said(record_ms=T_MS), said(record_ms=T_MS + 1000)

    def part(number: int, *events: SaidEvent) -> EventCheckpoint:
        return EventCheckpoint(
            topic="t",
            partition=number,
            epoch=1,
            from_offset=None,
            next_offset=1,
            said=events,
            refusals=(),
        )

    whole = placed_checkpoint([part(0, late), part(1, early, late)], {"M1": [SECOND]}, POLICY)

    ((event, copies),) = whole.events.items()
    assert event.point_id == 2
    assert (copies.partition, copies.n_copies, copies.record_ms) == (0, 3, T_MS)
    assert whole.n_placed == [1, 2]
