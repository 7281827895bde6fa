"""The load of the end-to-end bench keeps time, and its trends know their noise."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.steady.fleet import Group, concentrators
from tests.bench.steady.pacing import due_between, read_groups
from tests.bench.steady.running import Plan, wait_for_hour_s
from tests.bench.steady.trend import trend

SENDERS = concentrators([Group(n_points=3000, interval_s=1), Group(n_points=2000, interval_s=60)])


@given(st.integers(0, 10_000), st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_every_reading_is_due_once_and_after_its_interval(begin: int, steps: list[int]) -> None:
    edges = (begin + np.cumsum([0, *steps])).tolist()
    parts = [list(due_between(SENDERS, *span)) for span in pairwise(edges)]

    found = sorted(due for part in parts for due in part)
    assert found == sorted(due_between(SENDERS, edges[0], edges[-1]))
    assert len({(due.number, due.stamp_s) for due in found}) == len(found)
    for due in found:
        interval_s = SENDERS[due.number].group.interval_s
        assert due.stamp_s % interval_s == 0
        assert 0 <= due.at_s - (due.stamp_s + interval_s) < min(interval_s, 60)
    fast = sum(SENDERS[due.number].group.interval_s == 1 for due in found)
    assert fast == 3 * (edges[-1] - edges[0])


def test_groups_are_read_as_they_are_written() -> None:
    assert read_groups("3000x1,2000x60") == [
        Group(n_points=3000, interval_s=1),
        Group(n_points=2000, interval_s=60),
    ]


def test_a_rise_beyond_the_noise_is_one() -> None:
    at = np.arange(600.0)
    noise = np.random.default_rng(1).normal(0, 1, at.size)

    assert not trend(at.tolist(), noise.tolist()).is_rising
    assert trend(at.tolist(), (noise + at / 100).tolist()).is_rising
    assert abs(trend(at.tolist(), (noise + at / 100).tolist()).per_s - 0.01) < 0.001


def test_what_does_not_grow_is_seldom_said_to() -> None:
    at = np.arange(420.0)
    random = np.random.default_rng(2)
    n_rising = sum(
        trend(at.tolist(), np.repeat(random.normal(0, 1, 7), 60).tolist()).is_rising
        for _ in range(2000)
    )

    assert 5 <= n_rising <= 45  # one in a hundred


def test_memory_is_what_is_left_after_the_images_of_a_minute() -> None:
    at = np.arange(420.0)
    images = np.where(at % 60 < 50, np.random.default_rng(3).normal(100, 30, at.size), 0)
    leak = at / 100

    assert abs(trend(at.tolist(), (images + leak).tolist(), np.min).per_s - 0.01) < 0.001
    assert trend(at.tolist(), (images + leak).tolist(), np.min).is_rising
    assert not trend(at.tolist(), (images + leak).tolist()).is_rising


def test_two_minutes_say_nothing_of_a_trend() -> None:
    assert not trend(list(range(120)), [float(one) for one in range(120)]).is_rising


@given(st.floats(0, 7200), st.integers(180, 900))
def test_no_hour_begins_in_the_part_of_the_load_that_counts(now_s: float, seconds: int) -> None:
    plan = Plan(groups=[], seconds=seconds, warm_up_s=120)

    start_s = now_s + wait_for_hour_s(now_s, plan)

    hours = [hour for hour in range(0, 4 * 3600, 3600) if start_s < hour < start_s + seconds]
    assert all(hour - start_s <= 60 for hour in hours)
    assert start_s - now_s < 900
