"""When an outage is told, and why others are not."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, Word, dark_point
from service.domain.alerts.outage_alerts import outage_alert
from service.domain.alerts.words import Alert, Held
from tests.alerts.builders import MINUTE, ROW, dark, outage, us, window

WAIT = 3  # minutes, for reclosing


def told(found: Alert | Held) -> Alert:
    assert isinstance(found, Alert), found
    return found


def reason(found: Alert | Held) -> str:
    assert isinstance(found, Held), found
    return found.reason


def points(
    n: int, start: float = 0, told: float | None = 1, back: float | None = None
) -> list[DarkPoint]:
    return [dark(number, start, told=told, back=back) for number in range(1, n + 1)]


def test_an_outage_is_told_after_the_wait_for_reclosing_with_its_extent() -> None:
    members = [*points(4), dark(5, 0, told=20), dark(6, 0, told=None)]

    found = told(outage_alert(outage(*members), [], ROW))

    assert found.ready == us(WAIT)
    assert (found.n_points, found.n_customers) == (5, 5)  # one has not spoken yet, one never does
    assert found.over is None


def test_a_breaker_that_recloses_is_not_told_for_the_meters_that_are_late_in_saying_so() -> None:
    back = [dark(number, 0, told=0.6, back=0.2) for number in range(1, 34)]
    late = [dark(number, 0, told=0.6, back=20) for number in range(34, 42)]

    assert reason(outage_alert(outage(*back, *late), [], ROW)) == "reclosed"


def test_a_point_that_says_that_it_is_back_says_that_it_went_too() -> None:
    said_both = [dark(number, 0, told=0.6, back=2.5) for number in range(1, 41)]
    said_back_alone = [dark(number, 0, told=None, back=2.6) for number in range(41, 61)]
    late = [dark(number, 0, told=0.6, back=12) for number in range(61, 106)]

    assert isinstance(outage_alert(outage(*said_both, *late), [], ROW), Alert)  # 45 of 85
    found = outage_alert(outage(*said_both, *said_back_alone, *late), [], ROW)  # 45 of 105
    assert reason(found) == "reclosed"


def test_while_points_come_back_the_others_get_a_minute_to_say_so() -> None:
    back = [dark(number, 0, told=0.6, back=2.5 + number / 50) for number in range(1, 41)]
    late = [dark(number, 0, told=0.6, back=12) for number in range(41, 50)]
    whole_part = [dark(number, 0, told=0.6, back=70) for number in range(41, 86)]

    assert reason(outage_alert(outage(*back, *late), [], ROW)) == "reclosed"
    in_steps = told(outage_alert(outage(*back, *whole_part), [], ROW))
    assert (in_steps.ready, in_steps.n_points) == (us(3.52), 45)


def test_of_a_dozen_meters_four_may_never_say_that_they_are_back() -> None:
    back = [dark(number, 0, told=0.1, back=0.1 + number / 20) for number in range(1, 9)]
    silent = [dark(number, 0, told=0.2, back=16) for number in range(9, 13)]

    assert reason(outage_alert(outage(*back, *silent), [], ROW)) == "reclosed"


def test_few_that_are_left_are_told_when_they_are_dark_long_after_the_others() -> None:
    back = [dark(number, 0, told=0.6, back=2) for number in range(1, 41)]
    left = [dark(number, 0, told=0.6, back=200) for number in range(41, 50)]

    found = told(outage_alert(outage(*back, *left), [], ROW))

    assert (found.ready, found.n_points) == (us(2 + ROW.left_wait_s / 60), 9)


def test_news_after_the_wait_is_told_when_it_comes() -> None:
    members = [dark(1, 0, told=1), dark(2, 0, told=2), dark(3, 0, told=17)]

    assert told(outage_alert(outage(*members), [], ROW)).ready == us(17)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (points(4, back=2.5), "reclosed"),
        (points(2), "below_threshold"),
        ([*points(2, back=100), dark(3, 0, told=1, back=2)], "reclosed"),
        ([dark(n, 0, told=None, heard=50) for n in (1, 2, 3)], "stale"),
        ([dark(n, 0, told=None) for n in (1, 2, 3)], "no_meter_evidence"),
    ],
)
def test_what_is_not_told_has_a_reason(members: list[DarkPoint], expected: str) -> None:
    assert reason(outage_alert(outage(*members), [], ROW)) == expected


def test_a_declared_window_holds_and_early_switching_belongs_to_it() -> None:
    members = points(4, back=115)

    held = outage_alert(outage(*members), [window(10, 120, 1, 2, 3, 4)], ROW)
    too_early = outage_alert(outage(*members), [window(20, 120, 1, 2, 3, 4)], ROW)

    assert reason(held) == "declared_window"
    assert told(too_early).ready == us(WAIT)


def test_points_outside_the_scope_still_fire_and_only_they() -> None:
    members = [*points(4, back=115), *(dark(n, 0, told=1) for n in (11, 12, 13))]

    found = told(outage_alert(outage(*members), [window(0, 120, 1, 2, 3, 4)], ROW))

    assert (found.ready, found.n_points) == (us(WAIT), 3)


def test_a_declaration_entered_afterwards_does_not_hold_what_was_told() -> None:
    members = points(4, back=115)

    found = told(outage_alert(outage(*members), [window(0, 120, 1, 2, 3, 4, entered=30)], ROW))

    assert found.ready == us(WAIT)
    assert found.covered == us(30)  # what waits for its group longer than that is held


@pytest.mark.parametrize(("entered", "is_held"), [(2.9, True), (3.1, False)])
def test_what_counts_is_when_it_was_entered(entered: float, is_held: bool) -> None:
    found = outage_alert(
        outage(*points(4, back=60)), [window(0, 90, 1, 2, 3, 4, entered=entered)], ROW
    )

    assert isinstance(found, Held) is is_held


def test_an_overrun_fires_where_a_reading_from_after_the_window_was_dark() -> None:
    members = points(4, back=180)
    members[0] = replace(members[0], measured=(Word(us(120), us(121)), Word(us(135), us(136))))

    found = told(outage_alert(outage(*members), [window(0, 120, 1, 2, 3, 4)], ROW))

    assert found.is_overrun
    assert found.ready == us(140)  # 20 minutes after its end
    assert found.n_points == 4


def test_meters_that_are_late_in_saying_that_supply_is_back_are_no_overrun() -> None:
    silent = [*points(1, back=500), *(dark(n, 0, told=1, back=121) for n in range(2, 9))]
    dark_reading = (Word(us(135), us(136)),)
    two_left = [replace(one, measured=dark_reading) for one in silent[:1]] + silent[1:]

    nobody_measured = outage_alert(outage(*points(4, back=500)), [window(0, 120, 1, 2, 3, 4)], ROW)
    most_are_back = outage_alert(outage(*two_left), [window(0, 120, *range(1, 9))], ROW)

    assert reason(nobody_measured) == "declared_window"
    assert reason(most_are_back) == "declared_window"


def test_an_outage_after_the_work_was_over_is_no_overrun() -> None:
    members = points(4, start=125, told=126)

    found = told(outage_alert(outage(*members), [window(0, 120, 1, 2, 3, 4)], ROW))

    assert (found.ready, found.is_overrun) == (us(125 + WAIT), False)


def test_a_window_that_is_withdrawn_holds_no_longer() -> None:
    members = points(4, start=30, told=31)

    found = told(outage_alert(outage(*members), [window(0, 120, 1, 2, 3, 4, withdrawn=50)], ROW))

    assert (found.ready, found.is_overrun) == (us(50), False)


def test_an_outage_is_over_when_few_are_left() -> None:
    members = [*points(6, back=60), dark(7, 0, told=1, back=90), dark(8, 0, told=1)]

    assert told(outage_alert(outage(*members), [], ROW)).over == us(60)


@pytest.mark.parametrize(("age_min", "is_told"), [(30, True), (30.01, False)])
def test_news_older_than_half_an_hour_notifies_nobody(age_min: float, is_told: bool) -> None:
    word = Word(us(5), us(5 + age_min))

    point = dark_point(
        point_id=1, n_customers=1, start=us(5), told=[word], measured=[], back=[], rule=ROW
    )

    assert (point.told is not None) is is_told
    assert point.heard == word.arrives


MINUTES = st.integers(0, 60)
MEMBERS = st.lists(
    st.tuples(MINUTES, st.none() | MINUTES, st.none() | MINUTES, st.lists(MINUTES, max_size=2)),
    min_size=1,
    max_size=7,
)
WINDOWS = st.lists(
    st.tuples(
        MINUTES, st.none() | MINUTES, MINUTES, st.none() | MINUTES, st.sets(st.integers(1, 7))
    ),
    max_size=3,
)


def made(
    members: list[tuple[int, int | None, int | None, list[int]]],
) -> list[DarkPoint]:
    return [
        dark(
            number,
            start,
            told=None if told is None else start + told,
            back=None if back is None else start + back,
            measured=tuple((start + at, start + at + 1) for at in sorted(measured)),
        )
        for number, (start, told, back, measured) in enumerate(members, 1)
    ]


def declared(
    windows: list[tuple[int, int | None, int, int | None, set[int]]],
) -> list[DeclaredWindow]:
    return [
        window(
            begins,
            None if length is None else begins + length + 1,
            *ids,
            entered=entered,
            withdrawn=withdrawn,
            number=number,
        )
        for number, (begins, length, entered, withdrawn, ids) in enumerate(windows)
    ]


def plain_ready(members: list[DarkPoint], windows: list[DeclaredWindow]) -> int | None:
    """Ask minute by minute, in plain words, whether it may be told; the slow twin."""
    for minute in range(250):
        states = [plain_state(one, members, windows, us(minute)) for one in members]
        n_left, n_overrun = states.count("dark"), states.count("overrun")
        n_gone = sum(
            plain_state(heard_of(one), members, windows, us(minute)) == "dark" for one in members
        )
        if n_left >= 3 and are_more_than_late(n_left, n_gone, members, us(minute)):
            return us(minute)
        heard = [heard_of(one).told for one in members]
        n_heard = sum(first is not None and first <= us(minute) for first in heard)
        if n_overrun >= 3 and 4 * n_overrun > n_heard:
            return us(minute)
    return None


def heard_of(one: DarkPoint) -> DarkPoint:
    """Return a point that stays away from its first word on, whichever that is."""
    told, back = one.told, one.back
    first = back if told is None else told if back is None else min(told, back)
    return replace(one, told=first, back=None)


def are_more_than_late(n_left: int, n_gone: int, members: list[DarkPoint], at: int) -> bool:
    """Return whether those that are left would have been heard of if they were back."""
    backs = [one.back for one in members if one.back is not None and one.back <= at]
    if not backs or at >= min(backs) + 50 * MINUTE:
        return True
    return at >= min(backs) + MINUTE and 2 * n_left > n_gone


def plain_state(
    one: DarkPoint, members: list[DarkPoint], windows: list[DeclaredWindow], at: int
) -> str:
    """Return what a point counts as at an instant."""
    if one.told is None or at < max(one.told, one.start + WAIT * MINUTE):
        return "not known"
    if one.back is not None and one.back <= at:
        return "back"
    states = [
        plain_hold(other, members, at)
        for other in windows
        if one.point_id in other.point_ids and (other.ends is None or one.start < other.ends)
    ]
    return "held" if "held" in states else "overrun" if "overrun" in states else "dark"


def plain_hold(other: DeclaredWindow, members: list[DarkPoint], at: int) -> str:
    """Return what a window makes of a dark point."""
    if at < max(other.begins - 15 * MINUTE, other.entered):
        return "dark"
    if other.withdrawn is not None and other.withdrawn <= at:
        return "dark"
    after = [
        word.arrives
        for each in members
        if each.point_id in other.point_ids
        for word in each.measured
        if other.ends is not None and word.at > other.ends
    ]
    if other.ends is None or not after or at < max(min(after), other.ends + 20 * MINUTE):
        return "held"
    return "overrun"


@given(MEMBERS, WINDOWS)
def test_agrees_with_asking_at_every_minute(
    members: list[tuple[int, int | None, int | None, list[int]]],
    windows: list[tuple[int, int | None, int, int | None, set[int]]],
) -> None:
    dark_points, declarations = made(members), declared(windows)

    found = outage_alert(outage(*dark_points), declarations, ROW)

    assert (found.ready if isinstance(found, Alert) else None) == plain_ready(
        dark_points, declarations
    )


@given(MEMBERS, WINDOWS)
def test_the_order_in_which_things_are_stored_is_no_matter(
    members: list[tuple[int, int | None, int | None, list[int]]],
    windows: list[tuple[int, int | None, int, int | None, set[int]]],
) -> None:
    dark_points, declarations = made(members), declared(windows)

    found = [
        outage_alert(replace(outage(*points), members=tuple(points)), order, ROW)
        for points, order in itertools.product(
            (dark_points, dark_points[::-1]), (declarations, declarations[::-1])
        )
    ]

    assert all(one == found[0] for one in found)
