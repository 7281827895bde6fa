"""The live watch and the back-test say the same of the same facts: what is told, until when, what is held and why."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow
from service.domain.alerts.outage_alerts import outage_alert
from service.domain.alerts.telling import further
from service.domain.alerts.words import Alert, OutageReason
from tests.alerts.builders import ROW, dark, outage, us, window
from tests.alerts.live import LiveWatch, instants

MINUTES = st.integers(-10, 60)
FRESH = st.integers(0, 30)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[DarkPoint], list[DeclaredWindow]]:
    """Return an outage, and windows; its words are all news when they come, or all old."""
    is_stale = draw(st.integers(0, 9)) == 0
    come_back = draw(st.booleans())
    n_points = draw(st.integers(3, 12) | st.integers(1, 3))
    members = []
    for number in range(1, n_points + 1):
        start = draw(st.integers(0, 10))
        says = is_stale or draw(st.integers(0, 5)) > 0
        measured = draw(st.sets(st.integers(0, 180), max_size=2 if says and not is_stale else 0))
        words = [draw(st.integers(31, 60) if is_stale else FRESH), *(at + 1 for at in measured)]
        heard = start + min(words) if says else None
        back = (
            draw(st.integers(0, 150) if says else FRESH)
            if come_back or draw(st.booleans())
            else None
        )
        members.append(
            dark(
                number,
                start,
                told=None if is_stale else heard,
                heard=heard,
                back=None if back is None else start + back + (min(words) if is_stale else 0),
                measured=tuple((start + at, start + at + 1) for at in sorted(measured)),
            )
        )
    windows = [
        window(
            draw(MINUTES),
            draw(st.sampled_from([None, 61, 80, 100, 120])),
            *draw(st.just(range(1, n_points + 1)) | st.sets(st.integers(1, n_points))),
            entered=draw(st.sampled_from([-100, -100, 2]) | MINUTES),
            withdrawn=draw(st.sampled_from([None, None, 30, 50, 140])),
            number=number,
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    return members, windows


def live(members: list[DarkPoint], windows: list[DeclaredWindow]) -> LiveWatch:
    watch = LiveWatch(members, windows)
    for at in instants(members, windows):
        watch.look(at)
    return watch


MANY = [dark(number, 0, told=1, back=None) for number in range(1, 41)]
IN_STEPS = [replace(one, back=us(30 if one.point_id < 20 else 150)) for one in MANY]
STILL_DARK = [replace(one, back=us(160 + 3 * one.point_id)) for one in MANY]


@pytest.mark.slow
@settings(max_examples=200)
@given(histories())
@example((STILL_DARK, []))
@example(
    (
        [
            replace(one, measured=dark(1, 0, told=1, measured=((135, 136),)).measured)
            for one in [replace(MANY[0], back=us(20)), *STILL_DARK[1:]]
        ],
        [window(0, 120, *range(1, 41))],
    )
)
def test_what_is_told_when_it_is_over_and_why_others_are_held_is_the_same(
    history: tuple[list[DarkPoint], list[DeclaredWindow]],
) -> None:
    members, windows = history

    found = outage_alert(outage(*members), windows, ROW)
    watch = live(members, windows)

    if isinstance(found, Alert):
        kind = "overrun" if found.is_overrun else "interruption"
        assert watch.told[kind] == found.ready == min(watch.told.values())
        assert watch.over.get(kind) == found.over
        assert [one.told for one in watch.rows if one.kind == kind and one.told is not None] == [
            found.ready
        ]
    else:
        reasons: list[OutageReason | None] = [one or "reclosed" for one in watch.reasons]
        assert watch.told == {}
        assert not reasons or reduce(further, reasons) == found.reason
