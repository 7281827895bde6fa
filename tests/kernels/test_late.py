"""Late readings: folded like live ones, with the same result however they are cut."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import mode
from tests.kernels.builders import late_ledger
from tests.kernels.logs import INTERVALS_S
from tests.oracle import late
from tests.oracle.assignments import Assignment
from tests.oracle.late import LateRow
from tests.oracle.ledger import Ledger, PageKey, join_ledgers
from tests.oracle.words import MINUTE_MS, NOTHING, Candidate, Quality, Rank, Reading, candidate

HOUR = 472_222
HOUR_MS = HOUR * 3_600_000


@st.composite
def late_rows(draw: st.DrawFn) -> list[LateRow]:
    """Return late rows of two devices, with repetitions and contradictions, in the log's order."""
    rng = Random(draw(st.integers(0, 2**32)))
    rows: list[LateRow] = []
    for device_id in range(draw(st.integers(1, 2))):
        assignment = Assignment(
            device_id=device_id,
            point_id=1,
            nominal_mv=220_000,
            interval_s=draw(st.sampled_from(INTERVALS_S)),
            n_phases=3,
            stamps_end=draw(st.booleans()),
            zero_means=draw(st.sampled_from(("no_supply", "asleep"))),
        )
        n_places = draw(st.sampled_from((60, 130)))
        for number in draw(
            st.lists(st.integers(0, n_places), max_size=2 * n_places, unique=draw(st.booleans()))
        ):
            start_ms = HOUR_MS + number * assignment.interval_ms
            shift_ms = assignment.interval_ms if assignment.stamps_end else 0
            v1, v2, v3 = (rng.choice((rng.gauss(220, 9), 220.0, 0.0, None)) for _ in range(3))
            quality = rng.choice((Quality.GOOD, Quality.GOOD, Quality.GOOD, Quality.ESTIMATED))
            reading = Reading("meter", start_ms + shift_ms, 0, v1, v2, v3, quality)
            rows.append(LateRow(0, assignment, start_ms, reading))
    rng.shuffle(rows)
    return [row._replace(position=position) for position, row in enumerate(rows)]


@settings(max_examples=mode.scaled(100))
@given(late_rows())
def test_agrees_with_the_twin(rows: list[LateRow]) -> None:
    assert late_ledger(rows) == late.late_ledger(rows)


@settings(max_examples=mode.scaled(60))
@given(late_rows(), st.lists(st.integers(1, 250), max_size=5))
def test_the_result_does_not_depend_on_how_the_rows_are_cut_into_runs(
    rows: list[LateRow], cuts: list[int]
) -> None:
    # Each run folds all rows up to its own, and joins what they give into the pages.
    ends = [*sorted(cut for cut in cuts if cut < len(rows)), len(rows)]

    runs = join_ledgers([late_ledger(rows[:end]) for end in ends])

    assert runs == join_ledgers([late_ledger(rows)])


@pytest.mark.parametrize(
    ("n_read", "found"),
    [
        (29, NOTHING),
        (30, candidate(Rank.GOOD, 3, 0)),
        (59, candidate(Rank.GOOD, 6, 0)),
        (60, candidate(Rank.GOOD, 7, 0)),
    ],
)
def test_nothing_closes_a_late_minute_but_its_last_reading(n_read: int, found: Candidate) -> None:
    rows = rows_of(range(n_read))

    ledger = late_ledger(rows)

    assert first_minute(ledger) == found


def test_a_late_minute_yields_to_a_live_one_that_has_more_of_it() -> None:
    late_part = late_ledger(rows_of(range(30), volts=242.0))
    live = Ledger()
    live.page(1, HOUR, 1).minutes[0][0] = candidate(Rank.GOOD, 4, 0)

    joined = join_ledgers([late_part, live])

    assert first_minute(joined) == candidate(Rank.GOOD, 4, 0)


def rows_of(places: range, volts: float = 220.0) -> list[LateRow]:
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=220_000, interval_s=1)
    starts = [HOUR_MS + 1000 * place for place in places]
    assert all(start < HOUR_MS + MINUTE_MS for start in starts)
    return [
        LateRow(position, assignment, start, Reading("meter", start, start, volts))
        for position, start in enumerate(starts)
    ]


def first_minute(ledger: Ledger) -> Candidate:
    page = ledger.pages.get(PageKey(1, HOUR))
    return page.minutes[0][0] if page else NOTHING
