"""A change of a declaration concerns every time at which it says something else than before."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.register import NewDeclaration, Place
from service.domain.register_reach import Reach, judged_again, made_again
from tests.domain.register_entries import HOUR, NOON, abnormal, planned

NOT_YET: dict[str, Any] = {"from_at": None, "to_at": None}
F1, F2 = (Place("feeder", "F1"),), (Place("feeder", "F2"),)
MARGIN = HOUR


def hours(n: int | None) -> datetime | None:
    return None if n is None else NOON + n * HOUR


@st.composite
def declarations(draw: st.DrawFn) -> NewDeclaration | None:
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    places = draw(st.sampled_from([F1, F2, F1 + F2]))
    start = draw(st.integers(0, 9))
    end = draw(st.one_of(st.none(), st.integers(start + 1, 12)))
    if draw(st.booleans()):
        return abnormal(places=places, from_at=hours(start), to_at=hours(end))
    window = {"window_from": hours(start), "window_to": hours(start + 3)}
    actual = NOT_YET if draw(st.booleans()) else {"from_at": hours(start), "to_at": hours(end)}
    return planned(places=places, **window, **actual)


def says(told: NewDeclaration | None, feeder: str, at: datetime) -> str:
    """Return what a declaration says of a feeder at an instant."""
    if told is None or told.from_at is None or Place("feeder", feeder) not in told.places:
        return "nothing"
    is_then = told.from_at <= at and (told.to_at is None or at < told.to_at)
    return told.kind if is_then else "nothing"


def is_in(
    reaches: list[Reach], before: NewDeclaration | None, after: NewDeclaration | None, feeder: str,
    at: datetime,
) -> bool:  # fmt: skip
    for from_at, to_at, is_before in reaches:
        told = before if is_before else after
        assert told is not None
        if (
            Place("feeder", feeder) in told.places
            and from_at <= at
            and (to_at is None or at < to_at)
        ):
            return True
    return False


@given(before=declarations(), after=declarations())
def test_what_it_says_otherwise_is_judged_again(
    before: NewDeclaration | None, after: NewDeclaration | None
) -> None:
    reaches = judged_again(before, after)

    for half_hours in range(-2, 30):
        at = NOON + half_hours * HOUR / 2
        for feeder in ("F1", "F2"):
            if says(before, feeder, at) != says(after, feeder, at):
                assert is_in(reaches, before, after, feeder, at)


@given(before=declarations(), after=declarations())
def test_interruptions_where_an_outage_was_or_is_are_made_again(
    before: NewDeclaration | None, after: NewDeclaration | None
) -> None:
    reaches = made_again(before, after)

    for half_hours in range(-2, 30):
        at = NOON + half_hours * HOUR / 2
        for feeder in ("F1", "F2"):
            words = says(before, feeder, at), says(after, feeder, at)
            if words[0] != words[1] and "outage" in words:
                assert is_in(reaches, before, after, feeder, at)
    assert (reaches == []) or before != after


def test_a_later_end_concerns_the_time_between_both() -> None:
    assert judged_again(planned(to_at=None), planned()) == [Reach(NOON + 3 * HOUR, None, False)]
    assert judged_again(planned(), planned(to_at=NOON + 5 * HOUR)) == [
        Reach(NOON + 3 * HOUR, NOON + 5 * HOUR, False)
    ]
    assert judged_again(planned(), planned()) == []


@pytest.mark.parametrize(
    "after",
    [
        planned(cause="planned_construction"),
        planned(outage_kind="temporary", cause="temporary"),
        planned(window_from=NOON - 2 * HOUR),
    ],
)
def test_a_cause_or_a_window_changes_no_verdict_but_makes_interruptions_again(
    after: NewDeclaration,
) -> None:
    assert judged_again(planned(), after) == []
    (reach,) = made_again(planned(), after)
    assert reach.from_at == min(NOON, after.window_from or NOON) - MARGIN
    assert reach.to_at == NOON + 4 * HOUR + MARGIN


@pytest.mark.parametrize(
    "others",
    [
        {"notice_at": NOON - timedelta(days=9)},
        {"notice_fields": ("area",)},
        {"important_told": ()},
        {"approver": "sun.li"},
        {"ticket": "P-2"},
    ],
)
def test_a_notice_concerns_neither(others: dict[str, Any]) -> None:
    assert judged_again(planned(), planned(**others)) == []
    assert made_again(planned(), planned(**others)) == []


def test_what_is_only_planned_makes_no_minute_another() -> None:
    not_yet = planned(**NOT_YET)

    assert judged_again(None, not_yet) == []
    assert judged_again(not_yet, planned(**NOT_YET, cancelled_at=NOON)) == []
    assert judged_again(not_yet, planned()) == [Reach(NOON, NOON + 3 * HOUR, False)]
    assert made_again(None, not_yet) == [Reach(NOON - MARGIN, NOON + 4 * HOUR + MARGIN, False)]


def test_an_abnormal_state_makes_no_interruption() -> None:
    assert made_again(None, abnormal()) == []
    assert judged_again(abnormal(), None) == [Reach(NOON, NOON + HOUR, True)]
