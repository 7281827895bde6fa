"""When checkpoints are due, what they have, and when folding waits for them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.checkpoint_policy import FIRST_SHARE, CheckpointPolicy
from service.ingest.holding import HeldOf, Waiting
from service.ingest.polled import Partition

POLICY = CheckpointPolicy(
    interval_s=5.0, long_s=8.0, max_pages=10, max_late=20, max_letters=30, max_payload_bytes=40
)


def held(number: int, turned_s: float, n_readings: int = 1) -> HeldOf[None]:
    """Return a partition with something to store, unless it has no readings."""
    return HeldOf(
        partition=Partition("readings", number),
        epoch=1,
        engine=None,
        stored_offset=0,
        next_offset=n_readings,
        waiting=Waiting(n_readings=n_readings),
        turned_s=turned_s,
    )


def numbers(chosen: list[HeldOf[None]]) -> list[int]:
    return [one.partition.number for one in chosen]


@pytest.mark.parametrize(
    ("turned_s", "now_s", "wait_s"),
    [
        ([100.0], 100.0, 5.0),
        ([103.0, 100.0], 104.0, 1.0),
        ([100.0, 106.0], 107.0, 0.0),
        ([], 100.0, 5.0),
    ],
)
def test_a_checkpoint_is_due_an_interval_after_the_turn_of_the_partition_that_waited_longest(
    turned_s: list[float], now_s: float, wait_s: float
) -> None:
    assert POLICY.wait_s([held(i, at) for i, at in enumerate(turned_s)], now_s) == wait_s


def test_partitions_that_are_due_or_nearly_share_a_checkpoint() -> None:
    partitions = [held(0, 103.0), held(1, 101.2), held(2, 100.0), held(3, 101.3)]

    assert numbers(POLICY.turn(partitions, 105.0, is_full=False)) == [2, 1]


def test_a_checkpoint_has_no_more_readings_than_is_good_but_one_partition_at_least() -> None:
    few = replace(POLICY, max_readings_at_once=10)
    partitions = [held(0, 100.0, 11), held(1, 99.0, 6), held(2, 98.0, 4), held(3, 97.0, 0)]

    assert numbers(few.turn(partitions, 105.0, is_full=False)) == [3, 2, 1]
    assert numbers(few.turn(partitions[:1], 105.0, is_full=False)) == [0]


def test_while_memory_is_full_it_is_the_turn_of_all_that_have_something_to_store() -> None:
    partitions = [held(0, 104.0), held(1, 103.0, 0), held(2, 103.5)]

    assert numbers(POLICY.turn(partitions, 105.0, is_full=True)) == [2, 0]
    assert numbers(POLICY.turn(partitions, 105.0, is_full=False)) == []


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.booleans())
def test_every_partition_has_its_turn(n_readings: list[int], is_full: bool) -> None:
    few = replace(POLICY, max_readings_at_once=20)
    partitions = [held(i, 100.0, n) for i, n in enumerate(n_readings)]

    served = set()
    for turn in range(len(partitions)):
        for one in few.turn(partitions, 110.0, is_full=is_full):
            served.add(one.partition.number)
            one.turned_s, one.stored_offset = 110.0 + turn, one.next_offset

    assert served == {i for i, n in enumerate(n_readings) if n or not is_full}


@pytest.mark.parametrize(
    ("waiting", "is_full"),
    [
        (Waiting(n_pages=9, n_late=19, n_letters=29, n_payload_bytes=39), False),
        (Waiting(n_pages=10), True),
        (Waiting(n_late=20), True),
        (Waiting(n_letters=30), True),
        (Waiting(n_payload_bytes=40), True),
    ],
)
def test_memory_is_full_at_any_of_its_bounds(waiting: Waiting, is_full: bool) -> None:
    assert POLICY.is_full(waiting) is is_full


@pytest.mark.parametrize(
    ("waiting", "is_full"),
    [
        (Waiting(n_pages=4, n_late=9, n_letters=29, n_payload_bytes=39), False),
        (Waiting(n_pages=5), True),
        (Waiting(n_late=10), True),
    ],
)
def test_only_a_share_of_the_rows_may_wait(waiting: Waiting, is_full: bool) -> None:
    assert POLICY.is_full(waiting, share=0.5) is is_full


@pytest.mark.parametrize(
    ("share", "took_s", "next_share"),
    [(0.5, 8.1, 0.25), (0.5, 8.0, 0.5), (0.5, 2.1, 0.5), (0.5, 2.0, 1.0), (1.0, 0.1, 1.0)],
)
def test_a_checkpoint_that_took_long_makes_the_next_one_smaller(
    share: float, took_s: float, next_share: float
) -> None:
    assert POLICY.next_share(share, took_s) == next_share


def test_a_database_that_stays_slow_is_given_little_but_never_nothing() -> None:
    share = FIRST_SHARE
    for _ in range(100):
        share = POLICY.next_share(share, took_s=1000.0)

    assert 0 < share < FIRST_SHARE
