"""The judge: what it lays over the pages of many points is what the plain twin lays over each."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.layout import PPM_MAX, VERDICT_MASK
from service.domain.judging import make_judge
from service.domain.pages import PageColumns, empty_pages
from service.domain.registry import Exemption, Point, Registry
from service.domain.rules import load_rule_set
from service.errors import UnknownPointError
from tests.domain.builders import START, START_HOUR, abnormal, day_pages, make_point, outage
from tests.oracle.judging import Masks, Rules, judge_page
from tests.oracle.ledger import Page
from tests.oracle.words import CELL_NONE, NOTHING, Rank, candidate

SGCC = load_rule_set("sgcc-2003")
N_HOURS = 2
END = START + timedelta(hours=N_HOURS)
POINTS = [
    make_point(220, "1p", point_id=5),
    make_point(220, "3p4w", point_id=2),
    make_point(10_000, "3p3w", "A", point_id=9),
    make_point(110_000, "3p3w", "B", point_id=3),
    make_point(34_500, "3p3w", "B", band=(-300, 500), point_id=4),
]
TWIN = {
    5: Rules(band=(-1000, 700)),
    2: Rules(band=(-700, 700)),
    9: Rules(band=(0, 700), optional={1}),
    3: Rules(band=None, optional={1}),
    4: Rules(band=(-300, 500), optional={1}),
}
CELLS = st.one_of(st.integers(-1100, 1100), st.integers(-10_000, 30_000))
CANDIDATES = st.one_of(
    st.just(NOTHING),
    st.just(candidate(Rank.INVALID, 7, CELL_NONE)),
    CELLS.map(lambda cell: candidate(Rank.ESTIMATED, 4, cell)),
    CELLS.map(lambda cell: candidate(Rank.GOOD, 7, cell)),
)
MINUTES = st.lists(CANDIDATES, min_size=60, max_size=60)
SPAN = st.tuples(st.integers(0, 100), st.integers(1, 60))


def columns_of(pages: list[tuple[Point, int, Page]]) -> PageColumns:
    columns = empty_pages(np.array([point.n_phases for point, _, _ in pages], np.uint8))
    columns.point[:] = [point.point_id for point, _, _ in pages]
    columns.hour[:] = [hour for _, hour, _ in pages]
    columns.planes.cell[:] = [plane for _, _, page in pages for plane in page.cells()]
    columns.planes.mark[:] = [plane for _, _, page in pages for plane in page.marks()]
    return columns


def in_hour(span: tuple[int, int], hour: int) -> set[int]:
    start, n_minutes = span
    first = 60 * (hour - START_HOUR)
    return {m for m in range(60) if start <= first + m < start + n_minutes}


@pytest.mark.slow
@given(data=st.data(), spans=st.tuples(SPAN, SPAN, SPAN, SPAN), order=st.permutations(POINTS))
@settings(max_examples=30)
def test_pages_of_many_points_are_judged_as_the_twin_judges_each(
    data: st.DataObject, spans: tuple[tuple[int, int], ...], order: list[Point]
) -> None:
    validity, *others = spans
    points = [
        replace(
            point,
            valid_from=START + timedelta(minutes=validity[0]),
            valid_to=START + timedelta(minutes=sum(validity)),
        )
        if point.point_id in (2, 3)
        else point
        for point in order
    ]
    edges = [(START + timedelta(minutes=s), START + timedelta(minutes=s + n)) for s, n in others]
    registry = Registry(
        judgement=42,
        points=points,
        declarations=[abnormal(*edges[0], 5, 2, 4), outage(*edges[1], 5, 9, 3)],
        exemptions=[Exemption(point_id=9, from_at=edges[2][0], to_at=edges[2][1])],
    )
    hours = [START_HOUR + h for h in range(N_HOURS)]
    pages = [
        (point, hour, Page([data.draw(MINUTES) for _ in range(point.n_phases)]))
        for hour in hours
        for point in data.draw(st.permutations(points))[:3]
    ]
    columns = columns_of(pages)

    make_judge(registry, SGCC).judge(columns)

    assert columns.judgement == 42
    for i, (point, hour, page) in enumerate(pages):
        name = point.point_id
        twin = judge_page(
            page,
            TWIN[name],
            Masks(
                due=in_hour(validity, hour) if name in (2, 3) else frozenset(range(60)),
                abnormal=in_hour(others[0], hour) if name in (5, 2, 4) else frozenset(),
                interrupted=in_hour(others[1], hour) if name in (5, 9, 3) else frozenset(),
                exempt=in_hour(others[2], hour) if name == 9 else frozenset(),
            ),
        )
        first = columns.planes.first[i]
        marks = columns.planes.mark[first : first + point.n_phases]
        assert columns.scores.verdict[i].tolist() == twin.verdicts
        assert (marks & VERDICT_MASK).tolist() == twin.phases
        assert (marks & ~np.uint8(VERDICT_MASK)).tolist() == page.marks()
        assert columns.scores.counter[i].tolist() == twin.counter
        n_due = len(in_hour(validity, hour)) if name in (2, 3) else 60
        assert columns.scores.counter[i].sum() == n_due
        low, high = twin.spread or (CELL_NONE, CELL_NONE)
        assert (columns.scores.spread_min[i], columns.scores.spread_max[i]) == (low, high)


def test_a_judge_can_judge_the_same_pages_again() -> None:
    pages = day_pages([[800] * 60])
    strict = make_judge(Registry(judgement=1, points=[make_point()]), SGCC)
    declared = [abnormal(START, END)]
    mild = make_judge(Registry(judgement=2, points=[make_point()], declarations=declared), SGCC)

    counts = []
    for judge in (strict, mild, strict):
        judge.judge(pages)
        counts.append((pages.judgement, pages.scores.counter[0].tolist()))

    over, passed = [0, 0, 60, 0, 0, 0, 0], [0, 60, 0, 0, 0, 0, 0]
    assert counts == [(1, over), (2, passed), (1, over)]


def test_no_pages_are_judged_in_no_time() -> None:
    pages = empty_pages(np.zeros(0, np.uint8))

    make_judge(Registry(judgement=3), SGCC).judge(pages)

    assert pages.judgement == 3


@pytest.mark.parametrize("stranger", [-1, 0, 1, 4, 2_000_000])
def test_a_page_of_an_unknown_point_is_refused_before_anything_changes(stranger: int) -> None:
    pages = day_pages([[800] * 120])
    pages.point[:] = [5, stranger]
    judge = make_judge(
        Registry(judgement=7, points=[make_point(point_id=5), make_point(point_id=3)]), SGCC
    )

    with pytest.raises(
        UnknownPointError, match=f"1 point ids .* judgement 7, the first: {stranger}"
    ):
        judge.judge(pages)

    assert pages.judgement == 0
    assert (pages.planes.mark & VERDICT_MASK == 0).all()


@pytest.mark.parametrize(
    ("point", "band_ppm"),
    [
        (make_point(220), (900_000, 1_070_000)),
        (make_point(220, "3p4w"), (930_000, 1_070_000)),
        (make_point(110_000, "3p3w"), (0, PPM_MAX)),
        (make_point(110_000, "3p3w", band=(-300, 700)), (970_000, 1_070_000)),
    ],
)
def test_the_live_band_is_the_band_in_ppm(point: Point, band_ppm: tuple[int, int]) -> None:
    judge = make_judge(Registry(judgement=1, points=[point]), SGCC)

    ids = np.array([point.point_id], np.int32)
    assert judge.live_bands(ids).T.tolist() == [list(band_ppm)]
    with pytest.raises(UnknownPointError):
        judge.live_bands(ids + 1)
