"""The verdict of a minute: exactly one, for every input, and which one."""

import itertools
from collections.abc import Sequence

import pytest

from kernels.layout import CELL_NONE
from tests.kernels import mode
from tests.kernels.scoring import kernel_scores
from tests.oracle.judging import Band, Masks, Rules, Scores, judge_page
from tests.oracle.ledger import Page
from tests.oracle.words import NOTHING, Candidate, Rank, Verdict, candidate

LOW_VOLTAGE = (-1000, 700)
INVALID = candidate(Rank.INVALID, 7, CELL_NONE)
ESTIMATED = candidate(Rank.ESTIMATED, 7, 2000)


def good(cell: int) -> Candidate:
    return candidate(Rank.GOOD, 7, cell)


# What a phase may be: not there, not trusted, dark, and every side of both bands.
PHASES = (
    NOTHING,
    INVALID,
    ESTIMATED,
    *map(good, (-10_000, -9001, -9000, -1001, -1000, 700, 701, 1001)),
)
RULES = (
    Rules(band=LOW_VOLTAGE),
    Rules(band=(-700, 700), optional={1}),
    Rules(band=None),
    Rules(band=None, optional={1}),
    Rules(band=LOW_VOLTAGE, optional={0, 1, 2}),
    Rules(band=LOW_VOLTAGE, assessment_band=(-3000, 1000)),
)
FLAGS = [*itertools.product((False, True), repeat=4)]


def pages_of(minutes: Sequence[Sequence[Candidate]]) -> list[Page]:
    """Return minutes, each with its phases, as pages; the last page is filled with its first minute."""
    return [
        Page([[*phase, *[phase[0]] * (60 - len(phase))] for phase in zip(*hour, strict=True)])
        for hour in (minutes[begin : begin + 60] for begin in range(0, len(minutes), 60))
    ]


def masks_of(due: bool, abnormal: bool, interrupted: bool, exempt: bool) -> Masks:
    hour, never = frozenset(range(60)), frozenset[int]()
    return Masks(
        due=hour if due else never,
        abnormal=hour if abnormal else never,
        interrupted=hour if interrupted else never,
        exempt=hour if exempt else never,
    )


def judged(
    *phases: Candidate,
    band: Band | None = LOW_VOLTAGE,
    optional: frozenset[int] = frozenset(),
    masks: Masks | None = None,
) -> tuple[Verdict, list[Verdict]]:
    """Return the verdict of one minute: of the point and of each phase."""
    page = pages_of([phases])[0]
    _, scores = kernel_scores([(page, Rules(band=band, optional=optional), masks or Masks())])
    return scores[0].verdicts[0], [phase[0] for phase in scores[0].phases]


@pytest.mark.parametrize("n_phases", [1, 3])
def test_every_minute_has_exactly_one_verdict_and_agrees_with_the_twin(n_phases: int) -> None:
    minutes = [*itertools.product(PHASES, repeat=n_phases)]
    flags = FLAGS[8:13] if mode.IS_PLAIN and n_phases == 3 else FLAGS
    cases = [
        (page, rules, masks_of(*flag))
        for page in pages_of(minutes)
        for rules in RULES
        for flag in flags
        if n_phases == 3 or not rules.optional
    ]

    n_due, scores = kernel_scores(cases)

    assert scores == [judge_page(*case) for case in cases]
    assert n_due == 60 * sum(bool(masks.due) for _, _, masks in cases)
    found = {verdict for each in scores for verdict in each.verdicts}
    assert found == set(Verdict)


def test_the_one_phase_of_a_point_has_the_point_s_verdict() -> None:
    # Of such a page only the marks are stored.
    cases = [
        (page, rules, masks_of(*flag))
        for page in pages_of([(phase,) for phase in PHASES])
        for rules in RULES
        for flag in FLAGS
        if not rules.optional
    ]

    _, scores = kernel_scores(cases)

    assert [each.phases for each in scores] == [[each.verdicts] for each in scores]


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        (-10_000, Verdict.INTERRUPTED),
        (-9001, Verdict.INTERRUPTED),
        (-9000, Verdict.UNDER),
        (-1001, Verdict.UNDER),
        (-1000, Verdict.PASS),
        (700, Verdict.PASS),
        (701, Verdict.OVER),
    ],
)
def test_both_edges_of_a_band_are_inside(cell: int, verdict: Verdict) -> None:
    assert judged(good(cell)) == (verdict, [verdict])


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ((701, 0, -1002), Verdict.UNDER),
        ((702, 0, -1001), Verdict.OVER),
        ((701, 0, -1001), Verdict.UNDER),
        ((0, 0, -1001), Verdict.UNDER),
        ((701, 0, 0), Verdict.OVER),
    ],
)
def test_the_greater_excess_wins_and_of_equal_ones_the_lower_voltage(
    cells: tuple[int, int, int], verdict: Verdict
) -> None:
    point, _ = judged(*map(good, cells))

    assert point == verdict


def test_a_dead_phase_beside_live_ones_is_left_out() -> None:
    point, phases = judged(good(0), good(-10_000), good(0))

    assert point == Verdict.PASS
    assert phases == [Verdict.PASS, Verdict.INTERRUPTED, Verdict.PASS]


def test_a_point_is_interrupted_when_all_measured_phases_are_dark() -> None:
    point, phases = judged(good(-10_000), ESTIMATED, NOTHING)

    assert point == Verdict.INTERRUPTED
    assert phases == [Verdict.INTERRUPTED] * 3


@pytest.mark.parametrize(
    ("phase", "verdict"),
    [
        (NOTHING, Verdict.INTERRUPTED),
        (INVALID, Verdict.INTERRUPTED),
        (ESTIMATED, Verdict.INTERRUPTED),
        (good(0), Verdict.PASS),
    ],
)
def test_a_known_interruption_counts_where_nothing_is_measured(
    phase: Candidate, verdict: Verdict
) -> None:
    assert judged(phase, masks=Masks(interrupted={0})) == (verdict, [verdict])


@pytest.mark.parametrize(
    ("phases", "verdict"),
    [
        ((good(0), INVALID, good(0)), Verdict.INVALID),
        ((good(0), INVALID, NOTHING), Verdict.INVALID),
        ((good(0), ESTIMATED, good(0)), Verdict.MISSING),
        ((good(0), NOTHING, good(0)), Verdict.MISSING),
        ((good(701), INVALID, NOTHING), Verdict.OVER),
        ((NOTHING, NOTHING, NOTHING), Verdict.MISSING),
    ],
)
def test_a_minute_passes_only_when_every_wired_phase_was_measured(
    phases: tuple[Candidate, ...], verdict: Verdict
) -> None:
    assert judged(*phases)[0] == verdict


@pytest.mark.parametrize(
    ("middle", "verdict"),
    [
        (NOTHING, Verdict.PASS),
        (good(701), Verdict.OVER),
        (INVALID, Verdict.INVALID),
        (ESTIMATED, Verdict.MISSING),
    ],
)
def test_the_middle_voltage_of_three_wires_may_be_absent(
    middle: Candidate, verdict: Verdict
) -> None:
    point, _ = judged(good(0), middle, good(0), optional=frozenset({1}))

    assert point == verdict


def test_an_exempt_minute_is_exempt_measured_or_not_unless_it_is_dark() -> None:
    exempt = Masks(exempt={0})

    verdicts = [judged(phase, masks=exempt)[0] for phase in (good(0), good(2000), NOTHING)]
    dark, _ = judged(good(-10_000), masks=exempt)

    assert verdicts == [Verdict.EXEMPT] * 3
    assert dark == Verdict.INTERRUPTED


def test_without_a_rule_only_measured_minutes_are_exempt() -> None:
    phases = (good(0), good(2000), good(-10_000), ESTIMATED, INVALID, NOTHING)

    verdicts = [judged(phase, band=None)[0] for phase in phases]

    assert verdicts == [
        Verdict.EXEMPT,
        Verdict.EXEMPT,
        Verdict.INTERRUPTED,
        Verdict.MISSING,
        Verdict.INVALID,
        Verdict.MISSING,
    ]


def test_an_abnormal_grid_state_has_a_band_of_its_own_but_makes_no_rule() -> None:
    abnormal = Masks(abnormal={0})

    with_a_rule = [judged(good(cell), masks=abnormal)[0] for cell in (-1001, 1000, 1001)]
    without, _ = judged(good(1001), band=None, masks=abnormal)

    assert with_a_rule == [Verdict.UNDER, Verdict.PASS, Verdict.OVER]
    assert without == Verdict.EXEMPT


def test_a_minute_out_of_service_is_missing_and_counted_nowhere() -> None:
    page = pages_of([(good(0),)])[0]

    n_due, scores = kernel_scores([(page, Rules(band=LOW_VOLTAGE), Masks(due=set()))])

    assert n_due == 0
    assert scores[0] == Scores(
        verdicts=[Verdict.MISSING] * 60,
        phases=[[Verdict.MISSING] * 60],
        counter=[0] * 7,
        phase_counters=[[0] * 7],
        measured=None,
        spread=None,
    )


def test_a_phase_outside_the_assessment_band_takes_its_minute_out_of_the_rate() -> None:
    page = pages_of([(good(0), good(2001), good(701)), (good(701), good(0), good(-10_000))])[0]
    rules = Rules(band=LOW_VOLTAGE, assessment_band=(-3000, 2000))

    _, (scores,) = kernel_scores([(page, rules, Masks())])

    assert scores.verdicts[:2] == [Verdict.EXEMPT, Verdict.OVER]
    assert [phase[0] for phase in scores.phases] == [Verdict.PASS, Verdict.EXEMPT, Verdict.OVER]
    assert scores.spread == (0, 701)
    assert scores.measured == (0, 2001)
