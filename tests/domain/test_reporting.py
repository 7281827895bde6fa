"""What is usual of a place at a time of day, and when a slot is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.communication_rows import CommunicationRow
from service.domain.reporting import (
    Against,
    History,
    KeptCount,
    PartitionReach,
    Place,
    SlotCount,
    closable_before,
    level_of,
    same_slots,
)
from service.domain.rules import load_rule_set, packaged_text, parse_rule_set
from service.errors import RuleSetError

PLACE = Place("feeder", "F1")
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rule() -> CommunicationRow:
    found = load_rule_set("sgcc-2003").communication
    assert found is not None
    return found


def kept(n_reporting: int, n_due: int, *, is_short: bool = False) -> KeptCount:
    count = SlotCount(n_due=n_due, n_reporting=n_reporting, n_interrupted=0)
    return KeptCount(count=count, is_short=is_short)


def history(days: Sequence[KeptCount | None], *, reaches_back: bool = True) -> History:
    slots: list[dict[Place, KeptCount]] = [{} if day is None else {PLACE: day} for day in days]
    return History(reaches_back=reaches_back, slots=slots)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("days", "share", "against"),
    [
        ([kept(8, 10)] * 7, Fraction(8, 10), "usual"),
        ([kept(n, 10) for n in (9, 1, 8, 10, 7, 8, 9)], Fraction(8, 10), "usual"),  # one bad day
        ([kept(n, 10) for n in (9, 8, 7, 6)], Fraction(15, 20), "usual"),  # three gaps, for all places
        ([kept(8, 10)] * 3, Fraction(1), "expected"),  # four gaps: too little is known
        ([kept(8, 10)] * 6 + [None], Fraction(1), "expected"),  # the place is younger than that
        ([kept(2, 10, is_short=True)] * 3 + [kept(8, 10)] * 4, Fraction(8, 10), "usual"),
        ([kept(2, 10, is_short=True)] * 4 + [kept(8, 10)] * 3, Fraction(1), "expected"),
        ([kept(0, 0)] * 3 + [kept(9, 10)] * 4, Fraction(9, 10), "usual"),  # without supply
        ([kept(8, 10)] * 3 + [kept(16, 20)] * 4, Fraction(8, 10), "usual"),  # it grew
        ([kept(0, 10)] * 7, Fraction(0), "usual"),  # at this time of day nobody ever reports
    ],
)  # fmt: skip
def test_the_median_share_of_the_same_slots_is_usual(
    days: list[KeptCount | None], share: Fraction, against: Against
) -> None:
    level = level_of(PLACE, history(days), rule())

    assert (level.share, level.against) == (share, against)


def test_until_seven_days_are_kept_every_point_is_expected() -> None:
    level = level_of(PLACE, history([kept(6, 10)] * 6, reaches_back=False), rule())

    assert (level.share, level.against) == (Fraction(1), "expected")


def test_a_slot_is_compared_with_the_same_time_of_day_where_clocks_change() -> None:
    zone = ZoneInfo("Europe/Berlin")  # back on 2026-10-25 at 03:00, forward on 2026-03-29 at 02:00

    after_back = same_slots(local("Europe/Berlin", "2026-10-27T12:15"), zone, 4)
    in_the_hour_that_is_skipped = same_slots(local("Europe/Berlin", "2026-03-31T02:30"), zone, 3)
    second_of_two = same_slots(local("Europe/Berlin", "2026-10-25T02:30", fold=1), zone, 1)
    against_two = same_slots(local("Europe/Berlin", "2026-10-26T02:30"), zone, 1)

    days = ["2026-10-26T12:15", "2026-10-25T12:15", "2026-10-24T12:15", "2026-10-23T12:15"]
    assert after_back == [local("Europe/Berlin", day) for day in days]
    assert after_back[0] - after_back[2] == timedelta(hours=49)
    days = ["2026-03-30T02:30", "2026-03-28T02:30"]
    assert in_the_hour_that_is_skipped == [local("Europe/Berlin", day) for day in days]
    assert second_of_two == [local("Europe/Berlin", "2026-10-24T02:30")]
    assert against_two == [local("Europe/Berlin", "2026-10-25T02:30", fold=0)]


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    name=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)  # fmt: skip
def test_the_clocks_show_the_same_time_on_each_of_the_days(at: datetime, name: str) -> None:
    zone = ZoneInfo(name)

    found = [one.astimezone(zone) for one in same_slots(at, zone, 7)]

    here = at.astimezone(zone)
    assert {one.time() for one in found} == {here.time()}
    n_days = [(here.date() - one.date()).days for one in found]
    assert n_days == sorted(set(n_days))
    assert set(n_days) <= set(range(1, 8))
    assert len(n_days) >= 6


def reach(through_min: int, moved_min: int) -> PartitionReach:
    return PartitionReach(data_through=AT + through_min * MINUTE, moved_at=AT + moved_min * MINUTE)


@pytest.mark.parametrize(
    ("reaches", "before_min"),
    [
        ([], None),
        ([reach(60, 60)], 55),
        ([reach(60, 60), reach(20, 50)], 15),  # behind, but it moves: all wait for it
        ([reach(60, 60), reach(20, 30)], 15),  # has stood still for exactly as long as it may
        ([reach(60, 60), reach(20, 29)], 55),  # for longer
        ([reach(60, 20), reach(50, 20)], 55),  # none has moved of late: what there is counts
    ],
)
def test_a_slot_waits_for_partitions_that_move(
    reaches: list[PartitionReach], before_min: int | None
) -> None:
    before = closable_before(reaches, 5 * MINUTE, rule())

    assert before == (None if before_min is None else AT + before_min * MINUTE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share_closed = 0.20", "share_closed = 0.31", "share_closed is above 0 and at most"),
        ("share_closed = 0.20", "share_closed = 0", "share_closed is above 0 and at most"),
        ("days_min = 4", "days_min = 8", "days_min is at most days"),
        ("slot_s = 900", "slot_s = 420", "communication.slot_s"),
        ("\npoints_min = 5", "\npoints_min = 0", "communication.points_min"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(old: str, new: str, message: str) -> None:
    text = packaged_text("voltpass-defaults")
    assert text.count(old) == 1

    with pytest.raises(RuleSetError, match=message):
        parse_rule_set(text.replace(old, new))
