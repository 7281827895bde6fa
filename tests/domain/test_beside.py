"""Days under many rule sets: each is what judging a copy of the pages by that set alone comes to."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.layout import (
    CELL_NONE,
    EXEMPT,
    N_VERDICTS,
    OVER,
    PASS,
    RANK_ESTIMATED,
    RANK_GOOD,
    RANK_INVALID,
    RANK_SHIFT,
)
from service.domain.beside import BesideJudge, DayCounts, day_spans, make_beside_judge
from service.domain.judging import make_judge
from service.domain.pages import PageColumns, empty_pages
from service.domain.periods import day_start
from service.domain.registry import Exemption, Point, Registry
from service.domain.rules import RuleSet, load_rule_set, rule_set_names
from service.errors import UnknownPointError
from tests.domain.builders import START, START_HOUR, abnormal, day_pages, make_point, outage

EVERY_SET = [load_rule_set(name) for name in rule_set_names()]
SGCC, MONITOR = load_rule_set("sgcc-2003"), load_rule_set("dlt-645-monitor")
ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns")]
POINTS = [
    make_point(220, "1p", point_id=5),
    make_point(230, "3p4w", point_id=2),
    make_point(10_000, "3p3w", "A", point_id=9),
    make_point(110_000, "3p3w", "B", point_id=3),
    make_point(34_500, "3p3w", "B", band=(-300, 500), point_id=4),
    replace(
        make_point(220, "1p", point_id=7),
        valid_from=START + timedelta(minutes=17),
        valid_to=START + timedelta(minutes=200),
    ),
]
DAYS = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2)]
MARKS = [rank << RANK_SHIFT for rank in (0, RANK_INVALID, RANK_ESTIMATED, RANK_GOOD, RANK_GOOD)]
SPAN = st.tuples(st.integers(0, 3000), st.integers(1, 1500))


def registry_of(spans: Sequence[tuple[int, int]]) -> Registry:
    """Return the points with an abnormal state, an outage and an exemption at these minutes."""
    edges = [(START + timedelta(minutes=s), START + timedelta(minutes=s + n)) for s, n in spans]
    return Registry(
        judgement=42,
        points=POINTS,
        declarations=[abnormal(*edges[0], 5, 2, 4, 9), outage(*edges[1], 5, 9, 3)],
        exemptions=[Exemption(point_id=9, from_at=edges[2][0], to_at=edges[2][1])],
    )


def pages_of(rng: np.random.Generator, n_pages: int) -> PageColumns:
    """Return pages of some points and hours of the days, with cells of every kind."""
    hours = START_HOUR + rng.integers(-30, 60, n_pages)
    points = rng.integers(0, len(POINTS), n_pages)
    keys = sorted(
        {(POINTS[p].point_id, int(h), int(p)) for p, h in zip(points, hours, strict=True)}
    )
    pages = empty_pages(np.array([POINTS[p].n_phases for _, _, p in keys], np.uint8))
    pages.point[:] = [point_id for point_id, _, _ in keys]
    pages.hour[:] = [hour for _, hour, _ in keys]
    shape = pages.planes.cell.shape
    pages.planes.cell[:] = np.where(
        rng.random(shape) < 0.9,
        rng.integers(-1300, 1300, shape),
        rng.integers(-10_000, 5000, shape),
    )
    pages.planes.mark[:] = rng.choice(np.array(MARKS, np.uint8), shape)
    pages.planes.cell[pages.planes.mark == 0] = CELL_NONE
    return pages


def recounted(
    pages: PageColumns,
    registry: Registry,
    rule_set: RuleSet,
    days: Sequence[tuple[int, date]],
    zone: ZoneInfo,
) -> list[list[int]]:
    """Return the minutes of each day, from the verdicts that judging by one set alone writes."""
    copy = deepcopy(pages)
    make_judge(registry, rule_set).judge(copy)
    points: dict[int, Point] = {point.point_id: point for point in registry.points}
    counts = []
    for point_id, day in days:
        begin = max(day_start(day, zone), points[point_id].valid_from)
        end = day_start(day + timedelta(days=1), zone)
        end = min(end, points[point_id].valid_to or end)
        first, last = (int(at.timestamp()) // 60 for at in (begin, end))
        found = [0] * N_VERDICTS
        for page in np.flatnonzero(copy.point == point_id):
            for m in range(60):
                if first <= int(copy.hour[page]) * 60 + m < last:
                    found[copy.scores.verdict[page, m]] += 1
        counts.append(found)
    return counts


def counted(
    judge: BesideJudge, pages: PageColumns, days: Sequence[tuple[int, date]], zone: ZoneInfo
) -> DayCounts:
    spans = day_spans([point for point, _ in days], [day for _, day in days], zone)
    return judge.count(pages, spans)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_pages=st.integers(0, 40),
    spans=st.tuples(SPAN, SPAN, SPAN),
    rule_sets=st.lists(st.sampled_from(EVERY_SET), min_size=1, max_size=6),
    zone=st.sampled_from(ZONES),
    asked=st.sets(
        st.tuples(st.sampled_from([2, 3, 4, 5, 7, 9]), st.sampled_from(DAYS)), max_size=12
    ),
)
@settings(max_examples=40, deadline=None)
def test_each_set_counts_what_judging_by_it_alone_comes_to(
    seed: int,
    n_pages: int,
    spans: tuple[tuple[int, int], ...],
    rule_sets: list[RuleSet],
    zone: ZoneInfo,
    asked: set[tuple[int, date]],
) -> None:
    registry, pages, days = (
        registry_of(spans),
        pages_of(np.random.default_rng(seed), n_pages),
        sorted(asked),
    )
    before = deepcopy(pages)

    found = counted(make_beside_judge(registry, rule_sets), pages, days, zone)

    assert found.minutes.shape == (len(rule_sets), len(days), N_VERDICTS)
    for rule_set, minutes in zip(rule_sets, found.minutes, strict=True):
        assert minutes.tolist() == recounted(pages, registry, rule_set, days, zone), rule_set.name
    assert (pages.planes.mark == before.planes.mark).all()


def test_sets_that_differ_in_targets_only_are_judged_once() -> None:
    names = ("sgcc-2003", "sgcc-pledge-2005", "en-50160", "sgcc-pledge-2023")
    registry = Registry(judgement=1, points=POINTS)

    judge = make_beside_judge(registry, [load_rule_set(name) for name in names])

    assert judge.limits.exempts.size == 2
    sgcc, pledge_2005, european, pledge_2023 = judge.judged_as.tolist()
    assert sgcc == pledge_2005 == pledge_2023 != european


def test_a_page_at_the_edge_of_days_is_cut_between_them() -> None:
    zone = ZoneInfo("Asia/Kolkata")  # a day begins at 18:30 UTC
    pages = day_pages([[0] * 30 + [800] * 30], first_hour=START_HOUR + 18)
    judge = make_beside_judge(Registry(judgement=1, points=[make_point()]), [SGCC])

    both = counted(judge, pages, [(1, DAYS[1]), (1, DAYS[2])], zone)
    second = counted(judge, pages, [(1, DAYS[2])], zone)
    other = counted(judge, pages, [(1, DAYS[0])], zone)

    passed, over = [0] * N_VERDICTS, [0] * N_VERDICTS
    passed[PASS], over[OVER] = 30, 30
    assert both.minutes.tolist() == [[passed, over]]
    assert second.minutes.tolist() == [[over]]
    assert (other.minutes.sum(), other.has_page.tolist()) == (0, [False])


def test_a_set_without_a_power_factor_exempts_nobody() -> None:
    pages = day_pages([[800] * 60])
    whole_day = Exemption(point_id=1, from_at=START, to_at=START + timedelta(days=1))
    registry = Registry(judgement=1, points=[make_point()], exemptions=[whole_day])
    european = load_rule_set("en-50160")
    assert european.power_factor is None

    found = counted(
        make_beside_judge(registry, [SGCC, european]), pages, [(1, DAYS[1])], ZoneInfo("UTC")
    )
    make_judge(registry, european).judge(pages)

    assert found.minutes[0, 0, EXEMPT] == 60
    assert found.minutes[1, 0, EXEMPT] == 0
    assert pages.scores.counter[0, EXEMPT] == 0


def test_a_minute_outside_the_assessment_band_leaves_the_rate() -> None:
    outer = MONITOR.assessment_bands[0]
    assert outer.upper_percent is not None
    beyond = int(outer.upper_percent * 100) + 1
    pages = day_pages([[0] * 20 + [beyond - 1] * 20 + [beyond] * 20])
    registry = Registry(judgement=1, points=[make_point()])

    found = counted(make_beside_judge(registry, [MONITOR]), pages, [(1, DAYS[1])], ZoneInfo("UTC"))
    make_judge(registry, MONITOR).judge(pages)

    for minutes in (found.minutes[0, 0], pages.scores.counter[0]):
        assert (minutes[PASS], minutes[OVER], minutes[EXEMPT]) == (20, 20, 20)


def test_a_page_of_an_unknown_point_is_refused() -> None:
    judge = make_beside_judge(Registry(judgement=7, points=[make_point(point_id=5)]), [SGCC])

    with pytest.raises(UnknownPointError, match="judgement 7, the first: 6"):
        counted(judge, day_pages([[0] * 60], point_id=6), [(6, DAYS[1])], ZoneInfo("UTC"))
