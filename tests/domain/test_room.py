"""Arrays grow seldom, and large ones are never half empty."""

import numpy as np
import pytest

from service.domain.room import enlarged, room_for


@pytest.mark.parametrize(
    ("n_rows", "n_room", "room"),
    [
        (64, 64, 64),
        (10, 64, 64),
        (65, 64, 128),
        (1000, 64, 1000),
        (5000, 4096, 8192),
        (80_001, 80_000, 90_000),
        (400_000, 80_000, 400_000),
    ],
)
def test_room_is_what_is_asked_for_or_an_eighth_more(n_rows: int, n_room: int, room: int) -> None:
    assert room_for(n_rows, n_room) == room


def test_a_million_rows_that_come_one_by_one_are_moved_some_ten_times() -> None:
    n_room, n_moved = 256, 0
    while n_room < 1_000_000:
        n_moved += n_room
        n_room = room_for(n_room + 1, n_room)

    assert n_moved < 10 * n_room
    assert n_room <= 1_000_000 * 9 / 8 + 1


def test_a_larger_array_begins_with_the_same_rows() -> None:
    rows = np.arange(6, dtype=np.int16).reshape(3, 2)

    larger = enlarged(rows, 5)

    assert larger.tolist() == [[0, 1], [2, 3], [4, 5], [0, 0], [0, 0]]
    assert larger.dtype == np.int16
