"""When communications incidents open, whose they are, and when they close."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.communication import Incident, SlotOutcome, close_slot
from service.domain.reporting import Cell, History, KeptCount, Place, SlotCount
from tests.domain.test_reporting import rule

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
SLOT = timedelta(minutes=15)
NOTHING = History(reaches_back=False, slots=())
FEEDER = Place("feeder", "F1")


def cell(
    n_reporting: int,
    n_due: int,
    *,
    concentrator: str = "",
    transformer: str = "",
    feeder: str = "F1",
    n_interrupted: int = 0,
) -> Cell:
    count = SlotCount(n_due=n_due, n_reporting=n_reporting, n_interrupted=n_interrupted)
    return Cell(concentrator=concentrator, transformer=transformer, feeder=feeder, count=count)


def concentrators(*n_reporting: int, n_due: int = 10) -> list[Cell]:
    """Return a feeder with concentrators K0, K1 ... of as many points each."""
    return [cell(n, n_due, concentrator=f"K{i}") for i, n in enumerate(n_reporting)]


def usually(cells: Sequence[Cell]) -> History:
    """Return that it has been so for seven days."""
    outcome = close_slot(AT, cells, NOTHING, {}, rule())
    day = {place: KeptCount(count=one.count, is_short=False) for place, one in outcome.kept.items()}
    return History(reaches_back=True, slots=[day] * 7)


def run(*slots: Sequence[Cell], history: History = NOTHING) -> list[SlotOutcome]:
    """Close slots one after another."""
    incidents: Mapping[Place, Incident] = {}
    outcomes = []
    for n, cells in enumerate(slots):
        outcomes.append(close_slot(AT + n * SLOT, cells, history, incidents, rule()))
        incidents = outcomes[-1].still_open
    return outcomes


def opened(outcome: SlotOutcome) -> set[str]:
    return {one.place.code for one in outcome.opened}


@pytest.mark.parametrize(
    ("n_reporting", "n_due", "is_opened"),
    [
        (70, 100, True),  # exactly 30 % below
        (71, 100, False),
        (12, 17, False),  # 5 points, 29.4 %
        (11, 16, True),  # 5 points, 31.2 %
        (12, 16, False),  # 4 points
        (4, 9, True),
        (0, 5, True),
        (0, 4, False),  # all of them, but too few
    ],
)
def test_an_incident_opens_at_thirty_percent_and_five_points_below(
    n_reporting: int, n_due: int, is_opened: bool
) -> None:
    (outcome,) = run([cell(n_reporting, n_due)])

    assert bool(outcome.opened) == is_opened


def test_an_incident_says_what_would_have_reported_and_how_many_did_not() -> None:
    history = usually([cell(95, 100)])

    first, second = run([cell(40, 80)], [cell(30, 80)], history=history)

    incident = Incident(
        place=FEEDER, from_at=AT, against="usual", n_due=80, n_usual=76, n_silent=36
    )
    assert first.opened == [incident]
    assert [one.n_silent for one in second.worsened] == [46]


@pytest.mark.parametrize(
    ("n_reporting", "is_closed"),
    [(60, False), (75, False), (80, False), (81, True), (100, True)],
)
def test_it_closes_when_less_than_twenty_percent_are_missing(
    n_reporting: int, is_closed: bool
) -> None:
    _, second = run([cell(0, 100)], [cell(n_reporting, 100)])

    assert [one.to_at for one in second.closed] == ([AT + SLOT] if is_closed else [])


def test_it_closes_when_fewer_than_five_points_are_missing() -> None:
    _, second = run([cell(0, 8)], [cell(4, 8)])

    assert [one.to_at for one in second.closed] == [AT + SLOT]


def test_a_place_that_grows_or_shrinks_has_lost_nothing() -> None:
    history = usually([cell(50, 100)])

    assert run([cell(20, 40)], [cell(200, 400)], history=history)[1].opened == []
    assert opened(run([cell(140, 400)], history=history)[0]) == {"F1"}


def test_points_without_supply_are_no_loss_of_communication() -> None:
    (outcome,) = run([cell(20, 20, n_interrupted=80)], history=usually([cell(100, 100)]))

    assert outcome.opened == []
    assert outcome.kept[FEEDER].count.n_interrupted == 80


def test_an_incident_closes_when_what_is_silent_turns_out_to_be_without_supply() -> None:
    _, second, third = run([cell(50, 100)], [cell(50, 50, n_interrupted=50)], [])

    assert [one.to_at for one in second.closed] == [AT + SLOT]
    assert third.closed == []


def test_an_incident_closes_when_its_place_has_left_the_registry() -> None:
    _, second = run([cell(50, 100)], [])

    assert [one.to_at for one in second.closed] == [AT + SLOT]


def test_a_long_loss_does_not_become_usual() -> None:
    history = usually([cell(60, 100)])
    first, second = run([cell(0, 100)], [cell(0, 100)], history=history)
    lost = History(reaches_back=True, slots=[second.kept] * 7)

    still = close_slot(AT + 2 * SLOT, [cell(40, 100)], lost, second.still_open, rule())
    again = close_slot(AT + 2 * SLOT, [cell(55, 100)], lost, second.still_open, rule())

    assert first.kept[FEEDER].is_short
    assert still.closed == []
    assert [one.place for one in again.closed] == [FEEDER]


def test_what_falls_short_of_all_points_only_is_usual_after_seven_days() -> None:
    (first,) = run([cell(60, 100)])
    week = History(reaches_back=True, slots=[first.kept] * 7)

    later = close_slot(AT + 672 * SLOT, [cell(60, 100)], week, first.still_open, rule())

    assert [one.against for one in first.opened] == ["expected"]
    assert [one.place for one in later.closed] == [FEEDER]


@pytest.mark.parametrize(
    ("n_reporting", "whose"),
    [
        ((0, 0, 0, 0), {"F1"}),  # all of it
        ((0, 0, 0, 10), {"F1"}),  # most of it
        ((0, 0, 10, 10), {"K0", "K1"}),  # not more than half
        ((0, 10, 10, 10), {"K0"}),
        ((6, 6, 6, 6), {"F1"}),  # no concentrator loses five
        ((0, 6, 6, 6), {"F1"}),  # one of them, and what is left falls short, too
        ((10, 10, 9, 10), set()),
    ],
)
def test_a_loss_is_the_largest_place_s_that_mostly_has_it(
    n_reporting: tuple[int, ...], whose: set[str]
) -> None:
    (outcome,) = run(concentrators(*n_reporting))

    assert opened(outcome) == whose


def test_one_large_concentrator_has_its_loss_though_it_is_most_of_the_feeder() -> None:
    (outcome,) = run([cell(0, 60, concentrator="K0"), cell(40, 40, concentrator="K1")])

    assert opened(outcome) == {"K0"}


def test_of_places_with_the_same_points_the_larger_kind_has_the_loss() -> None:
    lost = cell(0, 20, concentrator="K1", transformer="T1")

    (outcome,) = run([lost, cell(60, 60, transformer="T2")])

    assert opened(outcome) == {"T1"}


def test_a_concentrator_of_several_transformers_and_feeders_has_the_loss() -> None:
    lost = [cell(0, 8, concentrator="K1", transformer=f"T{n}", feeder=f"F{n}") for n in range(3)]
    rest = [cell(60, 60, transformer=f"S{n}", feeder=f"F{n}") for n in range(3)]

    (outcome,) = run(lost + rest)

    assert opened(outcome) == {"K1"}


def test_transformers_take_their_concentrators_loss_and_the_feeder_theirs() -> None:
    cells = [
        cell(0, 6, concentrator=f"K{t}{k}", transformer=f"T{t}") for t in range(3) for k in range(2)
    ]

    (all_lost,) = run(cells)
    (one_lost,) = run([*cells[:2], cell(90, 90, transformer="T9")])

    assert opened(all_lost) == {"F1"}
    assert opened(one_lost) == {"T0"}


def test_while_a_feeder_s_incident_lasts_its_places_have_none_of_their_own() -> None:
    outcomes = run(
        concentrators(0, 0, 0, 0), concentrators(0, 0, 10, 10), concentrators(0, 10, 10, 10),
        [*concentrators(0, 10, 10, 10, n_due=10), cell(50, 50)],
    )  # fmt: skip

    assert [opened(one) for one in outcomes] == [{"F1"}, set(), set(), {"K0"}]
    assert [one.place.code for one in outcomes[3].closed] == ["F1"]


def test_a_loss_that_spreads_leaves_what_is_open_where_it_is() -> None:
    outcomes = run(
        concentrators(0, 10, 10, 10), concentrators(0, 0, 10, 10), concentrators(0, 0, 0, 0),
        concentrators(10, 0, 0, 0),
    )  # fmt: skip

    assert [opened(one) for one in outcomes] == [{"K0"}, {"K1"}, {"F1"}, set()]
    assert [one.place.code for one in outcomes[3].closed] == ["K0"]


COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30))
CELLS = st.lists(
    st.tuples(st.sampled_from(["", "K1", "K2", "K3"]), st.sampled_from(["", "T1", "T2"]),
              st.sampled_from(["", "F1", "F2"]), COUNTS),
    max_size=8, unique_by=lambda one: one[:3],
)  # fmt: skip


def built(drawn: Sequence[tuple[str, str, str, tuple[int, int]]]) -> list[Cell]:
    return [
        cell(min(counts), max(counts), concentrator=k, transformer=t, feeder=f)
        for k, t, f, counts in drawn
    ]


@given(slots=st.lists(CELLS, min_size=1, max_size=5))
def test_order_of_counts_does_not_matter_and_every_loss_has_an_incident(
    slots: list[list[tuple[str, str, str, tuple[int, int]]]],
) -> None:
    outcomes = run(*[built(drawn) for drawn in slots])
    mirrored = run(*[built(drawn)[::-1] for drawn in slots])

    for one, other, drawn in zip(outcomes, mirrored, slots, strict=True):
        assert one.still_open == other.still_open
        held = one.still_open.keys()
        for each in built(drawn):
            lost = each.count.n_due - each.count.n_reporting
            if lost >= 5 and 10 * lost >= 3 * each.count.n_due and len(each.places()) == 1:
                total = one.kept[each.places()[0]].count
                if total == each.count:
                    assert each.places()[0] in held
        for place in held:
            count = one.kept[place].count
            assert count.n_due - count.n_reporting >= 5
            assert 10 * (count.n_due - count.n_reporting) >= 2 * count.n_due
    ends = [(done.place, done.from_at, done.to_at) for one in outcomes for done in one.closed]
    assert len(ends) == len(set(ends))
