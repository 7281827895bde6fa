"""Uniting evidence: never added, whatever the order, sharper where it can be and never wider than its pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.supply.pieces import GRADES, OPEN, Grade, Hole, Piece, cut
from service.domain.supply.union import unite
from tests.oracle import uniting

TOLERANCE = 3


def piece(earliest: int, start: int, end: int, latest: int, grade: Grade = "meter_event") -> Piece:
    return Piece(grade=grade, earliest=earliest, start=start, end=end, latest=latest)


def four(one: Piece) -> tuple[int, int, int, int]:
    return one.earliest, one.start, one.end, one.latest


PIECES = st.lists(
    st.builds(
        lambda a, b, c, d, is_open, grade: piece(
            a, a + b, a + b + c, OPEN if is_open else a + b + c + d, grade
        ),
        st.integers(0, 120),
        st.sampled_from([0, 0, 1, 6, 15]),
        st.integers(0, 40),
        st.sampled_from([0, 0, 1, 6, 15, 40]),
        st.sampled_from([False] * 7 + [True]),
        st.sampled_from(GRADES),
    ),
    max_size=9,
)


@given(pieces=PIECES, data=st.data())
def test_it_agrees_with_the_slow_twin_in_any_order(
    pieces: list[Piece], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*pieces, *pieces[:2]]))

    periods = unite(shuffled, TOLERANCE)

    assert [four(one.piece) for one in periods] == uniting.united(pieces, TOLERANCE)
    assert periods == unite(pieces, TOLERANCE)


@given(pieces=PIECES)
def test_every_piece_is_in_one_period_and_none_is_longer_than_its_pieces(
    pieces: list[Piece],
) -> None:
    periods = unite(pieces, TOLERANCE)

    members = [one for period in periods for one in period.members]
    assert sorted(members, key=repr) == sorted(set(pieces), key=repr)
    for period in periods:
        first = min(one.start for one in period.members)
        last = max(one.end for one in period.members)
        assert first <= period.piece.start <= period.piece.end <= last
        assert period.piece.start <= first + TOLERANCE or period.piece.end >= last - TOLERANCE
        assert period.piece.earliest <= period.piece.start
        assert period.piece.end <= period.piece.latest
        assert period.grades[0] == period.piece.grade
    for before, after in pairwise(periods):
        assert before.piece.latest <= after.piece.start
        assert before.piece.end <= after.piece.earliest


@given(pieces=PIECES)
def test_what_is_said_twice_is_not_longer(pieces: list[Piece]) -> None:
    once = unite(pieces, TOLERANCE)

    again = unite([one.piece for one in once], TOLERANCE)

    assert sum(one.piece.end - one.piece.start for one in again) <= sum(
        one.piece.end - one.piece.start for one in once
    ) + sum(b.piece.start - a.piece.end for a, b in pairwise(once) if len(again) < len(once))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # A sharper word for the same edge wins; dark readings do not widen a log.
        ([piece(0, 15, 30, 45, "measured"), piece(7, 7, 40, 40)], [(7, 7, 40, 40)]),
        # Two that touch are one, two that do not are two.
        ([piece(0, 0, 5, 5), piece(5, 5, 9, 9)], [(0, 0, 9, 9)]),
        ([piece(0, 0, 5, 5), piece(6, 6, 9, 9)], [(0, 0, 5, 5), (6, 6, 9, 9)]),
        # An uncertain edge does not reach over the next outage.
        (
            [piece(0, 15, 30, 45, "measured"), piece(33, 33, 36, 36)],
            [(0, 15, 30, 33), (33, 33, 36, 36)],
        ),
        # A gasp and a restored that may be of one outage are one.
        ([piece(0, 10, 10, 60), piece(5, 50, 50, 55)], [(0, 10, 50, 55)]),
        # Sure of more time wins over sharp: nobody is dark who is not sure of it.
        ([piece(0, 0, 50, 50), piece(0, 10, 90, 99)], [(0, 0, 90, 99)]),
        # What has ended closes what may still go on, unless that was dark later.
        ([piece(0, 0, 50, 50), piece(0, 0, 20, OPEN)], [(0, 0, 50, 50)]),
        ([piece(0, 0, 50, 50), piece(0, 0, 70, OPEN)], [(0, 0, 70, OPEN)]),
    ],
)
def test_edges_are_chosen_one_by_one(
    pieces: list[Piece], expected: list[tuple[int, int, int, int]]
) -> None:
    assert [four(one.piece) for one in unite(pieces, TOLERANCE)] == expected


HOLES = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30), st.integers(0, 9)), max_size=5)


@given(raw=HOLES, edges=st.tuples(*[st.integers(0, 60)] * 4))
def test_cutting_leaves_what_is_outside_the_holes_and_nothing_else(
    raw: list[tuple[int, int, int]], edges: tuple[int, int, int, int]
) -> None:
    a, b, c, d = edges
    whole = piece(a, a + b, a + b + c, a + b + c + d)
    holes: list[Hole] = []
    for start, length, fuzz in sorted(raw):
        if not holes or start > holes[-1].end:
            holes.append(Hole(start, start + length, fuzz))

    rest = cut(whole, holes)

    dark = set(range(whole.start, whole.end))
    for hole in holes:
        dark -= set(range(hole.start, hole.end))
    left = [second for one in rest for second in range(one.start, one.end)]
    assert sorted(left) == sorted(dark)
    for one in rest:
        assert whole.earliest <= one.earliest <= one.start <= one.end <= one.latest <= whole.latest
