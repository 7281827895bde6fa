"""Counting under many sets of rules at once is judging under each of them and counting."""

import itertools
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernels import tally
from kernels.layout import N_VERDICTS, NO_BAND, TALLY_ROOM, SetLimits, TallyPages
from tests.kernels import mode
from tests.kernels.scoring import Judged, bits, kernel_scores, page_planes
from tests.kernels.test_score import random_case
from tests.kernels.test_verdict import FLAGS, PHASES, good, masks_of, pages_of
from tests.oracle.judging import Band, Masks, Rules, judge_page
from tests.oracle.ledger import Page, empty_page
from tests.oracle.words import Rank, candidate

BANDS: tuple[Band | None, ...] = ((-1000, 700), (-700, 700), (0, 700), (-1000, 1000), None)
ASSESSED: tuple[Band | None, ...] = (None, None, (-3000, 2000), (-900, 650), (-32_767, 32_767))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetTwin:
    """One set of rules: the limits of each kind of point, and whether it knows exemption."""

    kinds: tuple[Rules, ...]
    exempts: bool


def random_set(rng: Random, n_kinds: int) -> RuleSetTwin:
    below = rng.choice((-9000, -9500, -10_000))
    kinds = [
        Rules(
            band=rng.choice(BANDS),
            abnormal_band=rng.choice(((-1000, 1000), (-500, 500))),
            assessment_band=rng.choice(ASSESSED),
            interruption_below=below,
        )
        for _ in range(n_kinds)
    ]
    return RuleSetTwin(kinds=tuple(kinds), exempts=rng.random() < 0.5)


def limits_of(sets: list[RuleSetTwin]) -> SetLimits:
    def column(
        edges: list[list[Band]], side: int
    ) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
        return np.array([[band[side] for band in row] for row in edges], np.int16)

    nowhere = (NO_BAND, NO_BAND)
    normal = [[kind.band or nowhere for kind in one.kinds] for one in sets]
    abnormal = [[kind.abnormal_band for kind in one.kinds] for one in sets]
    assessed = [[kind.assessment_band or nowhere for kind in one.kinds] for one in sets]
    return SetLimits(
        lower=column(normal, 0),
        upper=column(normal, 1),
        abnormal_lower=column(abnormal, 0),
        abnormal_upper=column(abnormal, 1),
        assessment_lower=column(assessed, 0),
        assessment_upper=column(assessed, 1),
        interruption_below=np.array([one.kinds[0].interruption_below for one in sets], np.int16),
        exempts=np.array([one.exempts for one in sets], np.uint8),
    )


def tallied(
    cases: list[Judged], kinds: list[int], slots: list[int], sets: list[RuleSetTwin]
) -> tuple[int, list[list[list[int]]]]:
    """Return the minutes due, and minutes by set, slot and verdict; room and sums are not clean before."""
    masks = [masks for _, _, masks in cases]
    sums = np.full((len(sets), max(slots, default=0) + 1, N_VERDICTS), 5, np.int32)
    n_due = tally(
        page_planes([page for page, _, _ in cases]),
        TallyPages(
            kind=np.array(kinds, np.int32),
            slot=np.array(slots, np.int32),
            optional_phases=np.array([bits(rules.optional) for _, rules, _ in cases], np.uint8),
            due=np.array([bits(each.due) for each in masks], np.uint64),
            abnormal=np.array([bits(each.abnormal) for each in masks], np.uint64),
            interrupted=np.array([bits(each.interrupted) for each in masks], np.uint64),
            exempt=np.array([bits(each.exempt) for each in masks], np.uint64),
        ),
        limits_of(sets),
        np.full(TALLY_ROOM, -7, np.int16),
        sums,
    )
    return n_due, (sums - 5).tolist()


def counter_of(case: Judged, kind: Rules, *, exempts: bool) -> list[int]:
    """Return what the twin makes of one page under one set."""
    page, rules, masks = case
    known = masks if exempts else replace(masks, exempt=frozenset())
    return judge_page(page, replace(kind, optional=rules.optional), known).counter


@settings(max_examples=mode.scaled(120))
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(1, 5))
@example(0, 0, 1)
def test_counts_what_judging_under_each_set_counts(seed: int, n_pages: int, n_sets: int) -> None:
    rng = Random(seed)
    cases = [random_case(rng) for _ in range(n_pages)]
    sets = [random_set(rng, 3) for _ in range(n_sets)]
    kinds = [rng.randrange(3) for _ in cases]
    slots = [rng.randrange(2) for _ in cases]

    n_due, sums = tallied(cases, kinds, slots, sets)

    expected = [[[0] * N_VERDICTS for _ in range(max(slots, default=0) + 1)] for _ in sets]
    for number, one in enumerate(sets):
        for case, kind, slot in zip(cases, kinds, slots, strict=True):
            counter = counter_of(case, one.kinds[kind], exempts=one.exempts)
            row = expected[number][slot]
            row[:] = [a + b for a, b in zip(row, counter, strict=True)]
    assert sums == expected
    assert n_due == sum(len(masks.due) for _, _, masks in cases)


@pytest.mark.parametrize("n_phases", [1, 3])
def test_every_kind_of_minute_counts_as_judge_and_score_count_it(n_phases: int) -> None:
    minutes = [*itertools.product(PHASES, repeat=n_phases)]
    optional = frozenset({1}) if n_phases == 3 else frozenset[int]()
    flags = FLAGS[8:11] if mode.IS_PLAIN and n_phases == 3 else FLAGS
    rules = [
        Rules(band=band, assessment_band=outer, optional=optional)
        for band in ((-1000, 700), (-700, 700), None)
        for outer in (None, (-1000, 900))
    ]
    cases = [(page, rules[0], masks_of(*flag)) for page in pages_of(minutes) for flag in flags]
    sets = [RuleSetTwin(kinds=(one,), exempts=True) for one in rules]

    _, sums = tallied(cases, [0] * len(cases), [*range(len(cases))], sets)

    for one, of_set in zip(rules, sums, strict=True):
        _, scores = kernel_scores([(page, one, masks) for page, _, masks in cases])
        assert of_set == [each.counter for each in scores]


def test_one_page_may_be_added_to_two_days() -> None:
    page = Page([[good(800)] * 30 + [good(0)] * 30])
    halves = [Masks(due=set(range(30))), Masks(due=set(range(30, 60)))]
    rules = Rules(band=(-1000, 700))

    n_due, sums = tallied(
        [(page, rules, half) for half in halves],
        [0, 0],
        [0, 1],
        [RuleSetTwin(kinds=(rules,), exempts=True)],
    )

    assert n_due == 60
    assert sums == [[[0, 0, 30, 0, 0, 0, 0], [0, 30, 0, 0, 0, 0, 0]]]


def test_each_edge_is_inside_under_each_set() -> None:
    page = empty_page(1)
    for minute, cell in enumerate((-1001, -1000, -701, -700, 700, 701, 1000, 1001)):
        page.minutes[0][minute] = candidate(Rank.GOOD, 7, cell)
    sets = [
        RuleSetTwin(kinds=(Rules(band=band),), exempts=True)
        for band in ((-1000, 700), (-700, 700), (-1000, 1000))
    ]

    n_due, sums = tallied([(page, Rules(band=None), Masks())], [0], [0], sets)

    passed_over_under = [(row[0][1], row[0][2], row[0][3]) for row in sums]
    assert passed_over_under == [(4, 3, 1), (2, 3, 3), (6, 1, 1)]
    assert n_due == 60


def test_of_both_sides_the_greater_excess_wins_and_a_tie_is_under() -> None:
    page = empty_page(3)
    for minute, cells in enumerate(((800, -800, 0), (801, -800, 0), (800, -801, 0))):
        for phase, cell in zip(page.minutes, cells, strict=True):
            phase[minute] = candidate(Rank.GOOD, 7, cell)

    _, sums = tallied(
        [(page, Rules(band=None), Masks())],
        [0],
        [0],
        [RuleSetTwin(kinds=(Rules(band=(-700, 700)),), exempts=True)],
    )

    assert sums[0][0][2:4] == [1, 2]  # over, under


def test_excesses_of_more_than_fifteen_bits_are_compared_as_they_are() -> None:
    page = empty_page(3)
    for phase, cell in zip(page.minutes, (30_000, -9500, 0), strict=True):
        phase[0] = candidate(Rank.GOOD, 7, cell)
    rules = Rules(band=(-9400, -9200), interruption_below=-10_000)

    _, sums = tallied(
        [(page, rules, Masks(due={0}))], [0], [0], [RuleSetTwin(kinds=(rules,), exempts=True)]
    )

    assert sums == [[[0, 0, 1, 0, 0, 0, 0]]]
