"""Masks: an interval covers the minutes whose midpoint it covers, for its points and no others."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.domain.masks import Masks, mask_book
from service.domain.registry import Declaration, Exemption, Registry
from tests.domain.builders import START, START_HOUR, abnormal, make_point, outage

N_HOURS = 4
N_POINTS = 4
HOURS = np.tile(np.arange(START_HOUR, START_HOUR + N_HOURS, dtype=np.int32), N_POINTS)
POINTS = np.repeat(np.arange(1, N_POINTS + 1, dtype=np.int32), N_HOURS)


def second(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


REGISTRY = Registry(
    judgement=1,
    points=[replace(make_point(point_id=i), valid_from=START) for i in range(1, N_POINTS + 1)],
)


def masks_of(registry: Registry) -> Masks:
    return mask_book(registry).masks_for(POINTS, HOURS)


def minutes(masks: NDArray[np.uint64], point: int) -> set[int]:
    """Return the minutes since START that the masks of one point hold."""
    hours = masks[point == POINTS].tolist()
    return {60 * h + m for h, mask in enumerate(hours) for m in range(60) if mask >> m & 1}


@pytest.mark.parametrize(
    ("from_s", "to_s", "covered"),
    [
        (0, 60, {0}),
        (30, 31, {0}),  # from the midpoint on
        (29.999999, 30, set()),  # up to the midpoint, exclusive
        (30.000001, 90, set()),
        (30.000001, 90.000001, {1}),
        (3570, 3631, {59, 60}),  # over the hour
        (59 * 60, 121 * 60, set(range(59, 121))),
        (-7200, 61, {0}),
        (200 * 60, None, set(range(200, 240))),
    ],
)
def test_an_interval_covers_the_minutes_whose_midpoint_it_covers(
    from_s: float, to_s: float | None, covered: set[int]
) -> None:
    declared = outage(second(from_s), None if to_s is None else second(to_s), 2)

    masks = masks_of(replace(REGISTRY, declarations=[declared]))

    assert minutes(masks.interrupted, 2) == covered
    assert minutes(masks.interrupted, 1) == minutes(masks.interrupted, 3) == set()
    assert minutes(masks.abnormal, 2) == set()


@given(cut_s=st.integers(0, 7200), point=st.integers(1, N_POINTS))
def test_of_two_intervals_that_meet_exactly_one_covers_each_minute(cut_s: int, point: int) -> None:
    declared = [
        abnormal(second(0), second(cut_s), point),
        outage(second(cut_s), second(N_HOURS * 3600), point),
    ]

    masks = masks_of(replace(REGISTRY, declarations=declared))

    first, then = minutes(masks.abnormal, point), minutes(masks.interrupted, point)
    assert not first & then
    assert first | then == set(range(N_HOURS * 60))


SPANS = st.tuples(
    st.integers(-3000, 20_000),
    st.one_of(st.none(), st.integers(1, 9000)),
    st.frozensets(st.integers(-1, N_POINTS + 3), min_size=1),
    st.sampled_from(["abnormal_state", "outage"]),
)


@given(spans=st.lists(SPANS, max_size=12))
def test_many_intervals_cover_their_union(
    spans: list[tuple[int, int | None, frozenset[int], str]],
) -> None:
    declared = [
        Declaration(
            declaration_id=i,
            kind="outage" if kind == "outage" else "abnormal_state",
            point_ids=point_ids,
            from_at=second(start),
            to_at=None if n is None else second(start + n),
        )
        for i, (start, n, point_ids, kind) in enumerate(spans)
    ]

    masks = masks_of(replace(REGISTRY, declarations=declared))

    for kind, found in (("abnormal_state", masks.abnormal), ("outage", masks.interrupted)):
        for point in range(1, N_POINTS + 1):
            assert minutes(found, point) == {
                minute
                for minute in range(N_HOURS * 60)
                for start, n, point_ids, of_kind in spans
                if of_kind == kind and point in point_ids
                if minute * 60 + 30 >= start and (n is None or minute * 60 + 30 < start + n)
            }


def test_due_are_the_minutes_of_a_points_validity() -> None:
    points = [
        replace(make_point(point_id=1), valid_from=second(90 * 60), valid_to=second(130 * 60)),
        replace(make_point(point_id=2), valid_from=second(-9_999_960)),
        replace(make_point(point_id=3), valid_from=second(-60), valid_to=START),
        replace(make_point(point_id=4), valid_from=second(N_HOURS * 3600)),
    ]

    masks = masks_of(replace(REGISTRY, points=points))

    assert minutes(masks.due, 1) == set(range(90, 130))
    assert minutes(masks.due, 2) == set(range(240))
    assert minutes(masks.due, 3) == minutes(masks.due, 4) == set()


def test_a_residential_point_is_never_exempt() -> None:
    month = (datetime(2024, 2, 29, 16, tzinfo=UTC), datetime(2024, 3, 1, 2, tzinfo=UTC))
    exempt = [Exemption(point_id=i, from_at=month[0], to_at=month[1]) for i in (1, 2)]

    masks = masks_of(replace(REGISTRY, exemptions=exempt, residential_point_ids=frozenset({2})))

    assert minutes(masks.exempt, 1) == set(range(120))
    assert minutes(masks.exempt, 2) == set()


@pytest.mark.slow
def test_a_hundred_thousand_calm_pages_cost_no_more_than_some_passes_over_them() -> None:
    n_pages = 100_000
    point = make_point()
    points = [replace(point, point_id=i + 1) for i in range(n_pages)]
    declared = [outage(START, None, 1, 2, 3)]
    book = mask_book(Registry(judgement=1, points=points, declarations=declared))
    point_ids = np.random.default_rng(1).permutation(np.arange(4, n_pages, dtype=np.int32))
    hours = np.full(point_ids.size, START_HOUR, np.int32)
    taken_s, floor_s = [], []

    for _ in range(10):
        begin = time.perf_counter()
        book.masks_for(point_ids, hours)
        half = time.perf_counter()
        np.sort(point_ids.astype(np.int64) * 60 + hours)  # a peer that sees every page, too
        floor_s.append(time.perf_counter() - half)
        taken_s.append(half - begin)

    assert min(taken_s) < 12 * min(floor_s)  # 1 to 3 as measured; a search a page would be 100
