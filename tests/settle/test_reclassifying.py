"""The trail of an interruption that the register gave another cause: each entry that is concerned shows it."""

from typing import Any

import pytest

from service.domain.instants import at_us
from service.domain.supply.interruptions import Interruption
from service.settle.reclassifying import reclassified
from service.store.interruption_rows import Difference, StoredInterruption

MINUTE = 60_000_000


def interruption(declaration_id: int | None, cause: str, **others: Any) -> Interruption:
    given: dict[str, Any] = {
        "point_id": 7,
        "earliest": 0,
        "start": 0,
        "end": 30 * MINUTE,
        "latest": 30 * MINUTE,
        "grades": ("measured",),
    }
    return Interruption(**(given | others), declaration_id=declaration_id, cause=cause)


def changed(before: Interruption, *after: Interruption) -> Difference:
    return Difference(before=(StoredInterruption(before, None, is_nested=False),), after=after)


@pytest.mark.parametrize(
    ("before", "after", "trails"),
    [
        ((None, ""), (5, "tree"), [5]),  # an entry came
        ((5, "tree"), (None, ""), [5]),  # and went
        ((5, "tree"), (3, "planned_maintenance"), [3, 5]),  # from one to another: both show it
        ((5, "tree"), (5, "bird"), [5]),  # the entry itself was changed: once
        ((5, "tree"), (5, "tree"), []),
    ],
)
def test_each_entry_that_gave_or_gives_the_cause_has_it_in_its_trail(
    before: tuple[int | None, str], after: tuple[int | None, str], trails: list[int]
) -> None:
    found = reclassified([changed(interruption(*before), interruption(*after))])

    assert [number for number, _, _ in found] == trails
    for _, was, is_ in found:
        assert was == {"declaration_id": before[0], "cause": before[1]}
        assert is_ == {
            "declaration_id": after[0],
            "cause": after[1],
            "interruptions": [
                {
                    "point_id": 7,
                    "start_at": at_us(0).isoformat(),
                    "end_at": at_us(30 * MINUTE).isoformat(),
                }
            ],
        }


def test_an_interruption_that_is_new_leaves_no_trail() -> None:
    later = interruption(5, "tree", earliest=60 * MINUTE, start=60 * MINUTE, end=None, latest=None)

    assert reclassified([changed(interruption(3, "bird"), later)]) == []
