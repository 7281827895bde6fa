"""Interruptions: evidence is united and never added, edges hold the truth, silence is no outage."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.layout import INTERRUPTED, MISSING, PASS, RANK_ESTIMATED, RANK_GOOD, RANK_SHIFT
from service.domain.evidence import Ledger, MeasuredEvent, ledger_of
from service.domain.interruptions import Interruption, interruptions_of
from service.domain.registry import Declaration
from tests.domain.builders import START, START_HOUR, START_MINUTE, outage

LIVE, DARK, SILENT, DECLARED = "live", "dark", "silent", "declared dark"
VERDICT = {LIVE: PASS, DARK: INTERRUPTED, SILENT: MISSING, DECLARED: INTERRUPTED}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def second(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def ledger(*runs: tuple[str, int]) -> Ledger:
    kinds = [kind for kind, n_minutes in runs for _ in range(n_minutes)]
    return Ledger(
        minute=START_MINUTE + np.arange(len(kinds), dtype=np.int64),
        verdict=np.array([VERDICT[kind] for kind in kinds], np.uint8),
        measured=np.array([kind in (LIVE, DARK) for kind in kinds], np.bool_),
    )


def found(
    minutes: Ledger,
    interval_s: int = 60,
    events: Iterable[MeasuredEvent] = (),
    outages: Iterable[Declaration] = (),
    through: datetime | None = None,
) -> list[Interruption]:
    return interruptions_of(minutes, interval_s, events, outages, through or at(1440))


def edges(interruption: Interruption) -> tuple[float | None, ...]:
    """Return earliest, start, end and latest in minutes since START."""
    times = (
        interruption.earliest_at,
        interruption.start_at,
        interruption.end_at,
        interruption.latest_at,
    )
    return tuple(None if t is None else (t - START).total_seconds() / 60 for t in times)


# ------------------------------------------------------------------------------------ dark minutes


@pytest.mark.parametrize(("interval_s", "step"), [(1, 1), (60, 1), (300, 5), (900, 15)])
def test_dark_minutes_leave_the_uncertainty_of_one_reading_at_both_ends(
    interval_s: int, step: int
) -> None:
    minutes = ledger((LIVE, 30), (DARK, 45), (LIVE, 30))

    (one,) = found(minutes, interval_s)

    assert edges(one) == (30 - step, 30, 75, 75 + step)
    assert (one.evidence, one.is_open) == ("measured", False)


def test_silence_alone_is_no_interruption() -> None:
    assert found(ledger((LIVE, 30), (SILENT, 600), (LIVE, 30))) == []
    assert found(ledger((SILENT, 600))) == []
    assert found(ledger()) == []


def test_silence_around_the_dark_makes_its_edges_less_certain_not_the_dark_longer() -> None:
    (one,) = found(ledger((LIVE, 10), (SILENT, 20), (DARK, 5), (SILENT, 7), (LIVE, 9)))

    assert edges(one) == (9, 30, 35, 43)


@pytest.mark.parametrize(("n_silent", "n_interruptions"), [(1, 1), (2, 1), (3, 2), (600, 2)])
def test_two_lost_readings_do_not_part_an_interruption(n_silent: int, n_interruptions: int) -> None:
    all_found = found(ledger((LIVE, 9), (DARK, 5), (SILENT, n_silent), (DARK, 5), (LIVE, 9)))

    assert len(all_found) == n_interruptions
    if n_interruptions == 2:
        assert edges(all_found[0]) == (8, 9, 14, 14 + n_silent)
        assert edges(all_found[1]) == (14, 14 + n_silent, 19 + n_silent, 20 + n_silent)


def test_a_live_minute_parts_two_interruptions() -> None:
    first, second_one = found(ledger((LIVE, 9), (DARK, 5), (LIVE, 1), (DARK, 5), (LIVE, 9)))

    assert edges(first) == (8, 9, 14, 15)
    assert edges(second_one) == (14, 15, 20, 21)


@pytest.mark.parametrize("rest", [(), ((SILENT, 600),)])
def test_dark_without_a_measured_minute_after_it_is_open(rest: tuple[tuple[str, int], ...]) -> None:
    (one,) = found(ledger((LIVE, 9), (DARK, 5), *rest))

    assert one.is_open
    assert edges(one) == (8, 9, None, None)


def test_minutes_from_data_through_on_do_not_count_yet() -> None:
    minutes = ledger((LIVE, 9), (DARK, 5), (LIVE, 3))

    (still_open,) = found(minutes, through=at(14.5))
    assert still_open.is_open
    assert found(minutes, through=at(9)) == []


def test_estimated_and_invalid_minutes_inside_the_dark_are_silence() -> None:
    marks = np.full((1, 3, 60), RANK_GOOD << RANK_SHIFT, np.uint8)
    marks[0, :, 10:20] = RANK_ESTIMATED << RANK_SHIFT
    marks[0, 1:, 30] = 0  # one phase is enough
    hours = np.array([START_HOUR], np.int32)

    minutes = ledger_of(hours, np.full((1, 60), INTERRUPTED, np.uint8), marks)

    assert minutes.minute.tolist() == list(range(START_MINUTE, START_MINUTE + 60))
    assert np.flatnonzero(~minutes.measured).tolist() == list(range(10, 20))


# ------------------------------------------------------------------------------------------ events


def event(start_s: float, end_s: float | None, interval_s: float = 1) -> MeasuredEvent:
    """Return an event of gapless readings."""
    return MeasuredEvent(
        earliest_at=second(start_s),
        start_at=second(start_s),
        end_at=None if end_s is None else second(end_s),
        latest_at=None if end_s is None else second(end_s),
    )


def test_an_event_refines_the_edges_of_the_dark_minutes_it_overlaps() -> None:
    minutes = ledger((LIVE, 10), (DARK, 20), (LIVE, 10))

    (one,) = found(minutes, 1, [event(9 * 60 + 17, 30 * 60 + 40)])

    assert one.earliest_at == second(9 * 60 + 16)
    assert one.start_at == second(9 * 60 + 17)
    assert one.end_at == second(30 * 60 + 40)
    assert one.latest_at == second(30 * 60 + 41)


def test_an_event_too_short_to_darken_a_minute_is_an_interruption_of_its_own() -> None:
    first, second_one = found(ledger((LIVE, 60)), 1, [event(630, 632), event(600, 620)])

    assert (first.start_at, first.end_at) == (second(600), second(620))
    assert (second_one.start_at, second_one.end_at) == (second(630), second(632))


def test_events_of_slow_readings_are_no_finer_than_the_minutes() -> None:
    minutes = ledger((LIVE, 30), (DARK, 45), (LIVE, 30))

    with_event = found(minutes, 900, [event(30 * 60, 75 * 60)])

    assert with_event == found(minutes, 900)


def test_an_event_that_begins_late_in_the_log_does_not_shorten_the_dark() -> None:
    minutes = ledger((LIVE, 10), (DARK, 20), (LIVE, 10))

    (one,) = found(minutes, 60, [event(15 * 60, 30 * 60)])

    assert edges(one) == (9, 10, 30, 31)


def test_an_open_event_is_closed_by_the_next_live_minute() -> None:
    minutes = ledger((LIVE, 10), (DARK, 20), (LIVE, 10))

    (one,) = found(minutes, 1, [event(9 * 60 + 17, None)])

    assert (one.start_at, one.end_at, one.latest_at) == (second(557), at(30), at(31))
    (still_open,) = found(minutes, 1, [event(9 * 60 + 17, None)], through=at(29))
    assert still_open.is_open
    assert still_open.start_at == second(557)


def test_a_fresh_open_event_is_an_open_interruption_before_any_minute_is_dark() -> None:
    (one,) = found(ledger((LIVE, 10)), 1, [event(9 * 60 + 17, None)])

    assert one.is_open
    assert one.start_at == second(557)


def test_an_event_does_not_make_an_outage_of_a_long_silence() -> None:
    minutes = ledger((LIVE, 10), (DARK, 20), (SILENT, 300), (DARK, 20), (LIVE, 10))

    first, second_one = found(minutes, 1, [event(9 * 60 + 17, 350 * 60 + 5)])

    assert (first.start_at, first.end_at, first.latest_at) == (second(557), at(30), at(330))
    assert (second_one.earliest_at, second_one.start_at) == (at(30), at(330))
    assert second_one.end_at == at(350) + timedelta(seconds=5)


# --------------------------------------------------------------------------------- declared outages


def test_a_declared_outage_is_exact_where_nothing_was_measured() -> None:
    minutes = ledger((LIVE, 10), (DECLARED, 50), (LIVE, 10))
    declared = outage(second(615), second(3555), cause="storm")

    (one,) = found(minutes, outages=[declared])

    assert (one.earliest_at, one.start_at) == (second(615), second(615))
    assert (one.end_at, one.latest_at) == (second(3555), second(3555))
    assert (one.evidence, one.declaration_id, one.cause) == ("declared", 8, "storm")


def test_measured_dark_inside_a_declared_outage_is_one_interruption_with_measured_edges() -> None:
    minutes = ledger((LIVE, 12), (DARK, 40), (LIVE, 20))

    (one,) = found(minutes, outages=[outage(at(10), at(60), cause="works")])

    assert edges(one) == (11, 12, 52, 53)
    assert (one.evidence, one.declaration_id, one.cause) == ("measured", 8, "works")


def test_a_declared_outage_goes_on_where_the_measured_dark_falls_silent() -> None:
    minutes = ledger((LIVE, 12), (DARK, 10), (DECLARED, 30), (LIVE, 20))

    (one,) = found(minutes, outages=[outage(at(10), second(51 * 60 + 30))])

    assert edges(one) == (11, 12, 51.5, 51.5)
    assert one.evidence == "measured"


def test_a_declared_end_closes_a_dark_that_nothing_measured_follows() -> None:
    minutes = ledger((LIVE, 12), (DARK, 10), (DECLARED, 30), (SILENT, 30))

    (one,) = found(minutes, outages=[outage(at(12), at(52))])

    assert edges(one) == (11, 12, 52, 52)


def test_dark_measured_beyond_the_declared_end_stays_open() -> None:
    (one,) = found(ledger((LIVE, 12), (DARK, 40)), outages=[outage(at(12), at(30))])

    assert one.is_open
    assert one.declaration_id == 8


def test_where_supply_was_measured_a_declaration_says_nothing() -> None:
    assert found(ledger((LIVE, 90)), outages=[outage(at(10), at(60))]) == []


def test_a_lost_reading_inside_a_contradicted_declaration_is_no_interruption() -> None:
    minutes = ledger((LIVE, 20), (DECLARED, 1), (LIVE, 20), (DECLARED, 1), (LIVE, 48))

    assert found(minutes, outages=[outage(at(10), at(60))]) == []
    assert found(minutes, outages=[outage(at(10), None)], through=at(91)) == []


def test_a_declared_outage_partly_contradicted_keeps_its_silent_part() -> None:
    minutes = ledger((LIVE, 20), (DECLARED, 30), (LIVE, 20))

    (one,) = found(minutes, outages=[outage(at(10), at(60))])

    assert edges(one) == (19, 20, 50, 51)
    assert one.evidence == "declared"


def test_an_open_declared_outage_is_open_until_supply_is_measured() -> None:
    dark = ledger((LIVE, 20), (DECLARED, 30))
    back = ledger((LIVE, 20), (DECLARED, 30), (LIVE, 10))

    (still_open,) = found(dark, outages=[outage(at(20), None)], through=at(50))
    (closed,) = found(back, outages=[outage(at(20), None)], through=at(60))

    assert still_open.is_open
    assert still_open.start_at == at(20)
    assert edges(closed) == (20, 20, 50, 51)


def test_an_outage_declared_to_begin_after_the_data_does_not_count_yet() -> None:
    assert found(ledger((LIVE, 20)), outages=[outage(at(60), at(90))], through=at(20)) == []


def test_overlapping_declarations_are_one_interruption_with_the_first_one_s_cause() -> None:
    declared = [
        outage(at(40), at(80), declaration_id=3, cause="second"),
        outage(at(30), at(50), declaration_id=5, cause="first"),
        outage(at(80), at(90), declaration_id=6, cause="third"),
        outage(at(91), at(95), declaration_id=7, cause="apart"),
    ]

    first, apart = found(ledger((SILENT, 120)), outages=declared)

    assert edges(first) == (30, 30, 90, 90)
    assert (first.declaration_id, first.cause) == (5, "first")
    assert (apart.declaration_id, apart.cause) == (7, "apart")


# ------------------------------------------------------------------------------------- properties

KINDS = st.sampled_from([LIVE, LIVE, DARK, DARK, SILENT])
RUNS = st.lists(st.tuples(KINDS, st.integers(1, 12)), max_size=12)
EVENTS = st.lists(st.tuples(st.integers(0, 7200), st.integers(1, 1500), st.booleans()), max_size=4)
OUTAGES = st.lists(
    st.tuples(st.integers(0, 7200), st.one_of(st.none(), st.integers(1, 3000))), max_size=3
)


@given(runs=RUNS, raw_events=EVENTS, raw_outages=OUTAGES, data=st.data())
def test_whatever_the_evidence_the_result_is_ordered_complete_and_pure(
    runs: list[tuple[str, int]],
    raw_events: list[tuple[int, int, bool]],
    raw_outages: list[tuple[int, int | None]],
    data: st.DataObject,
) -> None:
    minutes = ledger(*runs)
    interval_s = data.draw(st.sampled_from([1, 60, 300]))
    events = [event(s, None if is_open else s + n) for s, n, is_open in raw_events]
    outages = [
        outage(second(s), None if n is None else second(s + n), declaration_id=i)
        for i, (s, n) in enumerate(raw_outages)
    ]

    result = found(minutes, interval_s, events, outages)

    assert result == found(
        minutes,
        interval_s,
        data.draw(st.permutations(events)),
        data.draw(st.permutations(outages)),
    )
    _check_order(result)
    dark = minutes.minute[minutes.measured & (minutes.verdict == INTERRUPTED)] - START_MINUTE
    for minute in dark.tolist():
        assert sum(_covers(one, at(minute), at(minute + 1)) for one in result) == 1
    if not events:
        live = minutes.minute[minutes.measured & (minutes.verdict == PASS)] - START_MINUTE
        for minute in live.tolist():
            assert not any(_meets(one, at(minute), at(minute + 1)) for one in result)


@given(runs=RUNS, raw_outages=OUTAGES, data=st.data())
def test_a_window_between_live_minutes_gives_what_the_whole_ledger_gives(
    runs: list[tuple[str, int]], raw_outages: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    step = data.draw(st.sampled_from([1, 5]))
    interval_s = 60 * step
    minutes = ledger((LIVE, step), *[(kind, n * step) for kind, n in runs], (LIVE, step))
    outages = [
        outage(second(s), None if n is None else second(s + n), declaration_id=i)
        for i, (s, n) in enumerate(raw_outages)
    ]
    live = np.flatnonzero(minutes.measured & (minutes.verdict == PASS)).tolist()
    starts = [minute for minute in live if minute % step == 0]  # of live readings
    first, last = sorted(data.draw(st.lists(st.sampled_from(starts), min_size=2, max_size=2)))
    window = Ledger(
        minutes.minute[first : last + 1],
        minutes.verdict[first : last + 1],
        minutes.measured[first : last + 1],
    )

    whole = found(minutes, interval_s, outages=outages)
    part = found(window, interval_s, outages=outages)

    assert _between(part, first, last) == _between(whole, first, last)
    settled = last - step  # the last reading may be shared with what follows
    assert _settled(part, first, settled) == _settled(whole, first, settled)


def _between(
    result: list[Interruption], first: int, last: int
) -> list[tuple[datetime, datetime, datetime | None, str]]:
    return [
        (one.earliest_at, one.start_at, one.end_at, one.evidence)
        for one in result
        if at(first) <= one.start_at < at(last)
    ]


def _settled(result: list[Interruption], first: int, last: int) -> list[Interruption]:
    return [
        one
        for one in result
        if at(first) <= one.start_at and one.latest_at is not None and one.latest_at <= at(last)
    ]


def _check_order(result: list[Interruption]) -> None:
    for one in result:
        assert one.earliest_at <= one.start_at
        assert (one.end_at is None) == (one.latest_at is None)
        if one.end_at and one.latest_at:
            assert one.start_at < one.end_at <= one.latest_at
    for before, after in pairwise(result):
        assert before.end_at is not None
        assert before.latest_at is not None
        assert before.end_at < after.start_at
        assert before.end_at <= after.earliest_at
        assert before.latest_at <= after.start_at


def _covers(one: Interruption, from_at: datetime, to_at: datetime) -> bool:
    return one.start_at <= from_at and (one.end_at is None or to_at <= one.end_at)


def _meets(one: Interruption, from_at: datetime, to_at: datetime) -> bool:
    # an open one is known to be dark at its start only
    end = one.end_at or one.start_at + timedelta(seconds=1)
    return one.start_at < to_at and from_at < end


@given(
    gaps=st.lists(st.tuples(st.integers(180, 4000), st.integers(180, 4000)), max_size=5),
    step=st.sampled_from([60, 300, 900]),
    with_events=st.booleans(),
)
def test_the_uncertain_edges_hold_the_true_instants(
    gaps: list[tuple[int, int]], step: int, with_events: bool
) -> None:
    supply, truth, now = [True] * step, [], step
    for live, dark in gaps:
        live_s, dark_s = live * step // 60, dark * step // 60  # at least three readings each
        supply += [True] * live_s + [False] * dark_s
        truth.append((now + live_s, now + live_s + dark_s))
        now += live_s + dark_s
    supply += [True] * (2 * step - now % step)
    readings = np.array(supply).reshape(-1, step)
    is_dark = np.repeat(~readings.any(axis=1), step // 60)
    minutes = Ledger(
        minute=START_MINUTE + np.arange(is_dark.size),
        verdict=np.where(is_dark, INTERRUPTED, PASS).astype(np.uint8),
        measured=np.ones(is_dark.size, np.bool_),
    )
    events = [event(start, end) for start, end in truth] if with_events and step == 60 else []

    result = found(minutes, 1 if events else step, events, through=at(100_000))

    assert len(result) == len(truth)
    for one, (went, came) in zip(result, truth, strict=True):
        assert one.earliest_at <= second(went) <= one.start_at
        assert one.end_at is not None
        assert one.latest_at is not None
        assert one.end_at <= second(came) <= one.latest_at
        allowed = timedelta(seconds=1 if events else 2 * step)
        assert one.start_at - one.earliest_at <= allowed
        assert one.latest_at - one.end_at <= allowed
