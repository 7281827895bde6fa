"""Outages of the network: what went together, its place, its steps, and what stayed dark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.supply.outages import Outage, StoredOutage, match_outages
from service.domain.supply.own_evidence import OwnEvidence
from tests.supply.builders import (
    LIVE,
    RULE,
    SILENT,
    at,
    entry,
    meter,
    minutes_of,
    point,
    supply,
    told,
)

SILENT_METER = meter(15, self_powered=True)


def out(point_id: int, start: float, end: float, transformer: str = "T1") -> OwnEvidence:
    """Return a point with an entry in its log; minutes."""
    log = [told("power_failure_log", start * 60, end * 60)]
    return point((), log, point_id=point_id, how=SILENT_METER, transformer=transformer)


def outages(*points: OwnEvidence, through: float = 1440) -> tuple[Outage, ...]:
    return supply(*points, through=through).outages


def times(outage: Outage) -> tuple[float | None, ...]:
    return minutes_of(outage.start), minutes_of(outage.end), minutes_of(outage.last_end)


@pytest.mark.parametrize(
    ("transformers", "place", "code"),
    [
        (["T1"], "point", "P1"),
        (["T1", "T1"], "transformer", "T1"),
        (["T1", "T2"], "feeder", "F1"),
        (["", ""], "feeder", "F1"),
    ],
)
def test_its_place_is_the_smallest_that_holds_it(
    transformers: list[str], place: str, code: str
) -> None:
    (one,) = outages(*(out(i, 30, 90, name) for i, name in enumerate(transformers, 1)))

    assert (one.place, one.code) == (place, code)
    assert one.point_ids == set(range(1, len(transformers) + 1))


@pytest.mark.parametrize(("gap", "n"), [(5, 1), (5.1, 2)])
def test_what_goes_within_the_window_is_one_outage(gap: float, n: int) -> None:
    assert len(outages(out(1, 30, 90), out(2, 30 + gap, 90))) == n


def test_a_start_that_is_not_known_well_goes_with_the_others_and_does_not_join_two() -> None:
    vague = point(
        [(LIVE, 30), (SILENT, 45), (LIVE, 60)],
        [told("restored", 70 * 60)],
        point_id=9,
        how=SILENT_METER,
    )
    first, second = outages(out(1, 32, 70), out(2, 32, 70), out(3, 41, 70), vague)

    assert first.point_ids == {1, 2, 9}
    assert second.point_ids == {3}


def test_coming_back_in_steps_is_one_outage_that_ends_with_the_last_step() -> None:
    steps = [out(i, 30, 60 + 30 * (i % 3)) for i in range(1, 13)]

    (one,) = outages(*steps)

    assert times(one) == (30, 120, 120)
    assert one.nested == frozenset()


def test_what_stays_dark_after_the_others_is_nested() -> None:
    points = [*(out(i, 30, 90) for i in range(1, 8)), out(8, 30, 200)]

    (one,) = outages(*points)

    assert times(one) == (30, 90, 200)
    assert one.nested == {(8, at(30))}


@pytest.mark.parametrize(("after", "is_nested"), [(5, False), (5.1, True)])
def test_what_comes_back_within_the_window_is_not_nested(after: float, is_nested: bool) -> None:
    points = [*(out(i, 30, 90) for i in range(1, 8)), out(8, 30, 90 + after)]

    (one,) = outages(*points)

    assert bool(one.nested) == is_nested
    assert minutes_of(one.end) == (90 if is_nested else 90 + after)


def test_an_outage_is_open_while_more_than_the_nested_are_dark() -> None:
    def dark(point_id: int) -> OwnEvidence:
        return point((), [told("power_off", 1800)], point_id=point_id, through=200)

    (restored,) = outages(*(out(i, 30, 90) for i in range(1, 8)), dark(8), through=200)
    (still,) = outages(out(1, 30, 90), out(2, 30, 90), dark(3), dark(4), through=200)

    assert times(restored) == (30, 90, None)
    assert restored.nested == {(8, at(30))}
    assert times(still) == (30, None, None)


def test_a_clock_that_is_off_does_not_move_the_start() -> None:
    points = [*(out(i, 30, 90, f"T{i}") for i in range(1, 12)), out(12, 26, 86, "T12")]

    (one,) = outages(*points)

    assert minutes_of(one.start) == 30


def test_its_cause_is_that_of_most_of_its_interruptions() -> None:
    entries = [
        entry(30, 90, 1, 2, declaration_id=5, cause="works"),
        entry(30, 90, 3, declaration_id=4, cause="fault"),
    ]

    (one,) = supply(out(1, 30, 90), out(2, 30, 90), out(3, 30, 90), entries=entries).outages

    assert (one.declaration_id, one.cause, one.evidence) == (5, "works", "meter_event")


def stored(outage: Outage, outage_id: int, *point_ids: int) -> StoredOutage:
    return StoredOutage(
        outage_id=outage_id,
        earliest=outage.earliest,
        last_end=outage.last_end,
        point_ids=frozenset(point_ids or outage.point_ids),
    )


def test_an_outage_keeps_its_id_when_its_points_and_edges_change() -> None:
    (before,) = outages(out(1, 30, 90), out(2, 30, 90))
    first, other = outages(out(1, 31, 95), out(2, 30, 90), out(3, 30, 90), out(4, 300, 310))

    assert match_outages([first, other], [stored(before, 7)], RULE) == [7, None]


def test_the_larger_part_keeps_the_id_when_an_outage_falls_in_two() -> None:
    first, other = outages(out(1, 30, 90), out(2, 40, 90), out(3, 40, 90))
    whole = stored(first, 7, 1, 2, 3)

    assert match_outages([first, other], [whole], RULE) == [None, 7]
    assert match_outages([other, first], [whole], RULE) == [7, None]


def test_two_outages_that_become_one_keep_the_id_of_the_larger() -> None:
    (one,) = outages(out(1, 30, 90), out(2, 30, 90), out(3, 30, 90))

    ids = match_outages([one], [stored(one, 3, 1), stored(one, 9, 2, 3)], RULE)

    assert ids == [9]


def test_the_same_points_at_another_time_are_another_outage() -> None:
    first, other = outages(
        out(1, 30, 90), point((), [told("power_failure_log", 30000, 31000)], point_id=2)
    )

    assert match_outages([other], [stored(first, 7, 2)], RULE) == [None]


SPANS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=9
)


@given(spans=SPANS, data=st.data())
def test_every_interruption_is_in_one_outage_whatever_the_order(
    spans: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    spans = list({point_id: (point_id, a, n) for point_id, a, n in spans}.values())
    points = [out(point_id, a, a + n, f"T{point_id % 3}") for point_id, a, n in spans]

    whole = supply(*points)

    members = [member for outage in whole.outages for member in outage.members]
    keys = [(i, one.start) for i, s in whole.points.items() for one in s.interruptions]
    assert sorted(members) == sorted(keys)
    for one in whole.outages:
        assert one.earliest <= one.start
        assert one.end is not None
        assert one.last_end is not None
        assert one.start <= one.end <= one.last_end
        assert len(one.nested) <= RULE.nested_share_max * len(one.members)
    assert supply(*data.draw(st.permutations(points))).outages == whole.outages
