"""The counters of a page sum to its minutes due, and its extremes are those of what counts."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.layout import CELL_NONE
from tests.kernels import mode
from tests.kernels.scoring import Judged, kernel_scores
from tests.oracle.judging import Masks, Rules, judge_page
from tests.oracle.ledger import Page, empty_page
from tests.oracle.words import NOTHING, Candidate, Rank, Verdict, candidate

ASSESSED = (None, None, (-3000, 2000), (-900, 650))
BANDS = ((-1000, 700), (-700, 700), (0, 700), (-300, 700), None)


def random_candidate(rng: Random) -> Candidate:
    rank = rng.choice((Rank.MISSING, Rank.INVALID, Rank.ESTIMATED, Rank.GOOD, Rank.GOOD, Rank.GOOD))
    if rank == Rank.MISSING:
        return NOTHING
    if rank == Rank.INVALID:
        return candidate(rank, rng.randint(4, 7), CELL_NONE)
    cell = rng.choice((rng.randint(-1100, 1100), -10_000, rng.randint(-10_000, 30_000)))
    return candidate(rank, rng.randint(3, 7), cell)


def random_minutes(rng: Random) -> set[int]:
    n_minutes = rng.choice((0, 0, 1, 30, 60))
    return set(rng.sample(range(60), n_minutes))


def random_case(rng: Random) -> Judged:
    n_phases = rng.choice((1, 3))
    page = Page([[random_candidate(rng) for _ in range(60)] for _ in range(n_phases)])
    rules = Rules(
        band=rng.choice(BANDS),
        assessment_band=rng.choice(ASSESSED),
        interruption_below=rng.choice((-9000, -9000, -9500)),
        optional={1} if n_phases == 3 and rng.random() < 0.5 else set(),
    )
    masks = Masks(
        due=set(range(60)) - random_minutes(rng),
        abnormal=random_minutes(rng),
        interrupted=random_minutes(rng),
        exempt=random_minutes(rng),
    )
    return page, rules, masks


@settings(max_examples=mode.scaled(60))
@given(st.integers(0, 2**32), st.integers(0, 6))
def test_agrees_with_the_twin_and_sums_to_the_minutes_due(seed: int, n_pages: int) -> None:
    rng = Random(seed)
    cases = [random_case(rng) for _ in range(n_pages)]

    n_due, scores = kernel_scores(cases)

    assert scores == [judge_page(*case) for case in cases]
    due = [len(masks.due) for _, _, masks in cases]
    assert n_due == sum(due)
    assert [sum(each.counter) for each in scores] == due
    assert [{*map(sum, each.phase_counters)} for each in scores] == [{each} for each in due]


def test_judging_again_gives_the_same() -> None:
    cases = [random_case(Random(seed)) for seed in range(20)]

    first = kernel_scores(cases)
    second = kernel_scores(cases)

    assert first == second


def test_the_extremes_leave_out_what_is_dark_and_the_spread_what_is_unusual() -> None:
    page = empty_page(1)
    cells = {0: 300, 1: -200, 2: -10_000, 3: 900, 4: -900, 5: 2000}
    for minute, cell in cells.items():
        page.minutes[0][minute] = candidate(Rank.GOOD, 7, cell)
    page.minutes[0][6] = candidate(Rank.ESTIMATED, 7, 5000)
    masks = Masks(abnormal={3}, exempt={4}, due=set(range(60)) - {5})

    _, scores = kernel_scores([(page, Rules(band=(-1000, 700)), masks)])

    assert scores[0].measured == (-900, 900)
    assert scores[0].spread == (-200, 300)
    assert scores[0].counter[Verdict.INTERRUPTED] == 1


def test_a_point_without_a_rule_still_has_a_spread() -> None:
    page = empty_page(3)
    for phase, cell in enumerate((-350, 100, 650)):
        page.minutes[phase][0] = candidate(Rank.GOOD, 7, cell)

    _, scores = kernel_scores([(page, Rules(band=None), Masks())])

    assert scores[0].verdicts[0] == Verdict.EXEMPT
    assert scores[0].spread == (-350, 650)


def test_a_page_without_measurements_has_no_extremes() -> None:
    n_due, scores = kernel_scores([(empty_page(3), Rules(band=(-700, 700)), Masks())])

    assert n_due == 60
    assert scores[0].measured is None
    assert scores[0].spread is None
    assert np.sum(scores[0].counter) == scores[0].counter[Verdict.MISSING] == 60
