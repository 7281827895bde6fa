"""The one join: commutative, associative, idempotent over the whole space of cells and marks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kernels import join, join_into
from kernels.layout import VERDICT_MASK
from tests.kernels import mode
from tests.kernels.builders import candidates_of

Plane = tuple[NDArray[np.int16], NDArray[np.uint8]]

MANY = mode.scaled(60)
# Equal ranks, shares and sizes must be frequent, or the order behind them is never reached.
CELLS = st.one_of(
    st.integers(-32768, 32767), st.sampled_from((-32768, -32767, -700, -1, 0, 1, 700, 32767))
)
MARKS = st.one_of(st.integers(0, 255), st.sampled_from((0b111_11_000, 0b111_11_001, 0, 1)))


@st.composite
def planes(draw: st.DrawFn) -> Plane:
    """Return two planes of any cells and marks."""
    shape = (2, 60)
    cells = draw(hnp.arrays(np.int16, shape, elements=CELLS, fill=CELLS))
    marks = draw(hnp.arrays(np.uint8, shape, elements=MARKS, fill=MARKS))
    return cells, marks


def copied(plane: Plane) -> Plane:
    return plane[0].copy(), plane[1].copy()


def joined(*parts: Plane) -> list[tuple[int, int]]:
    """Return cells and marks, without verdicts, of some planes joined one after another."""
    cell, mark = copied(parts[0])
    for other_cell, other_mark in parts[1:]:
        join(cell, mark, other_cell, other_mark)
    return list(zip(cell.ravel().tolist(), (mark.ravel() & 0b1111_1000).tolist(), strict=True))


@settings(max_examples=MANY)
@given(planes(), planes())
def test_is_commutative(one: Plane, other: Plane) -> None:
    assert joined(one, other) == joined(other, one)


@settings(max_examples=MANY)
@given(planes(), planes(), planes())
def test_is_associative(one: Plane, two: Plane, three: Plane) -> None:
    cell, mark = copied(two)
    join(cell, mark, *three)

    assert joined(one, two, three) == joined(one, (cell, mark))


@settings(max_examples=MANY)
@given(planes(), planes())
def test_is_idempotent(one: Plane, other: Plane) -> None:
    cell, mark = copied(one)
    join(cell, mark, *other)
    before = cell.tobytes() + mark.tobytes()

    n_changed = join(cell, mark, *other) + join(cell, mark, cell.copy(), mark.copy())

    assert n_changed == 0
    assert cell.tobytes() + mark.tobytes() == before


@settings(max_examples=MANY)
@given(planes(), planes())
def test_agrees_with_the_twin(one: Plane, other: Plane) -> None:
    cell, mark = copied(one)
    old = candidates_of(one[0].ravel(), one[1].ravel())
    new = candidates_of(other[0].ravel(), other[1].ravel())

    n_changed = join(cell, mark, *other)

    assert candidates_of(cell.ravel(), mark.ravel()) == [*map(max, old, new)]
    assert n_changed == sum(b > a for a, b in zip(old, new, strict=True))


@settings(max_examples=MANY)
@given(planes(), planes())
def test_a_cell_that_changed_has_no_verdict_and_another_keeps_its_own(
    one: Plane, other: Plane
) -> None:
    cell, mark = copied(one)
    old = candidates_of(one[0].ravel(), one[1].ravel())
    new = candidates_of(other[0].ravel(), other[1].ravel())

    join(cell, mark, *other)

    verdicts = (mark.ravel() & VERDICT_MASK).tolist()
    kept = (one[1].ravel() & VERDICT_MASK).tolist()
    assert verdicts == [
        0 if b > a else verdict for a, b, verdict in zip(old, new, kept, strict=True)
    ]


@settings(max_examples=MANY)
@given(planes(), planes(), st.permutations(range(4)), st.lists(st.integers(0, 1), min_size=4))
def test_planes_may_share_a_target_in_any_order(
    targets: Plane, others: Plane, order: list[int], into: list[int]
) -> None:
    cell = np.concatenate([others[0], others[0][::-1]])
    mark = np.concatenate([others[1], others[1][::-1]])
    target_of = np.array(into[:4], np.int32)
    in_order, in_disorder = copied(targets), copied(targets)

    join_into(*in_order, target_of, cell, mark)
    join_into(*in_disorder, target_of[order], cell[order], mark[order])

    assert joined(in_disorder) == joined(in_order)
    for target in range(2):
        mine = [number for number, each in enumerate(target_of.tolist()) if each == target]
        found = [candidates_of(cell[number], mark[number]) for number in mine]
        found.append(candidates_of(targets[0][target], targets[1][target]))
        assert candidates_of(in_order[0][target], in_order[1][target]) == [
            *map(max, *found, found[0])
        ]


def test_the_better_source_wins_then_the_fuller_then_the_farther_then_the_higher() -> None:
    rising = [
        (-32768, 0),
        (-32768, 1 << 3),
        (5000, 2 << 3 | 7 << 5),
        (100, 3 << 3 | 3 << 5),
        (100, 3 << 3 | 4 << 5),
        (-101, 3 << 3 | 4 << 5),
        (101, 3 << 3 | 4 << 5),
    ]
    cell = np.array([[cell for cell, _ in rising]], np.int16).repeat(len(rising), axis=0)
    mark = np.array([[mark for _, mark in rising]], np.uint8).repeat(len(rising), axis=0)
    # Minute m of plane p meets the minute p of another: the later one of the list wins.
    room = ((0, 0), (0, 60 - len(rising)))
    cells, marks = np.pad(cell, room), np.pad(mark, room)
    others = np.ascontiguousarray(np.pad(cell.T, room)), np.ascontiguousarray(np.pad(mark.T, room))

    join(cells, marks, *others)

    n = len(rising)
    winners = [[rising[max(plane, minute)][0] for minute in range(n)] for plane in range(n)]
    assert cells[:, :n].tolist() == winners
