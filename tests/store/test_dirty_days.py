"""Which days a writer marks dirty, and which it knows to be marked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pages import PageColumns, empty_pages
from service.store.dirty_days import DirtyMarks
from service.store.pool import Connection

ZONE = "Asia/Kolkata"  # its days begin at half past an hour of UTC
KEYS = st.lists(st.tuples(st.integers(1, 5), st.integers(496_000, 496_060)), max_size=30)
PageKeys = list[tuple[int, int]]


@dataclass(slots=True)
class FakeConnection:
    """Takes statements down."""

    executed: list[tuple[Any, ...]] = field(default_factory=list)

    async def execute(self, *said: Any) -> str:
        self.executed.append(said)
        return "INSERT 0 3"


def pages_of(keys: PageKeys) -> PageColumns:
    pages = empty_pages(np.ones(len(keys), np.uint8))
    pages.point[:] = [point for point, _ in keys]
    pages.hour[:] = [hour for _, hour in keys]
    return pages


def days(keys: PageKeys) -> set[tuple[int, int]]:
    """Return the points and days in which minutes of the pages lie."""
    found = set()
    for point, hour in keys:
        for minute in range(60):
            at = datetime.fromtimestamp(hour * 3600, UTC) + timedelta(minutes=minute)
            found.add((point, at.astimezone(ZoneInfo(ZONE)).toordinal()))
    return found


async def written(marks: DirtyMarks, keys: PageKeys, generation: int) -> int:
    """Return how many rows a committed checkpoint of these pages says that it marked."""
    asked = marks.days_of(pages_of(keys), ZONE)
    n_rows = await marks.write(cast("Connection", FakeConnection()), generation, ZONE)
    marks.confirm(asked)
    return n_rows


@given(KEYS)
def test_days_are_those_of_all_minutes_each_once(keys: PageKeys) -> None:
    found = DirtyMarks().days_of(pages_of(keys), ZONE).tolist()

    assert found == sorted(found)
    assert [(key >> 32, key & 0xFFFF_FFFF) for key in found] == sorted(days(keys))


@given(KEYS, KEYS, KEYS)
async def test_days_are_marked_once_in_a_generation(
    first: PageKeys, second: PageKeys, third: PageKeys
) -> None:
    marks = DirtyMarks()
    await written(marks, first, 7)

    n_second = await written(marks, second, 7)
    n_third = await written(marks, third, 7)
    n_again = await written(marks, first + second + third, 7)

    assert (n_second > 0) == (not days(second) <= days(first))
    assert (n_third > 0) == (not days(third) <= days(first) | days(second))
    assert n_again == 0


@given(KEYS.filter(bool))
async def test_another_generation_and_a_commit_that_nobody_knows_of_mark_all_again(
    keys: PageKeys,
) -> None:
    marks = DirtyMarks()
    await written(marks, keys, 7)

    n_next = await written(marks, keys, 8)
    marks.forget()
    n_forgotten = await written(marks, keys, 8)

    assert (n_next, n_forgotten) == (3, 3)
