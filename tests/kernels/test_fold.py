"""The fold against its twin, and cut into parts: the same outcomes, minutes, events and energy."""

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.layout import NONE, StampLimits
from tests.kernels import mode
from tests.kernels.builders import KernelLog
from tests.kernels.logs import FAST_INTERVALS_S, Scenario, scenarios
from tests.oracle import folding
from tests.oracle.ledger import join_ledgers
from tests.oracle.watching import EventLimits
from tests.oracle.words import NOT_READ

LIMITS = StampLimits(ahead_ms=300_000, oldest_ms=864_000_000)
TWIN_LIMITS = folding.StampLimits(ahead_ms=300_000, oldest_ms=864_000_000)
EVENTS = EventLimits(
    dip_below=900_000,
    swell_above=1_100_000,
    interruption_below=100_000,
    hysteresis=20_000,
    high_above=1_200_000,
    breach_hysteresis=5_000,
)
CUTS = st.lists(st.integers(0, 700), max_size=6)


@settings(max_examples=mode.scaled(150))
@given(scenarios())
def test_agrees_with_the_twin(scenario: Scenario) -> None:
    _assert_agreement(scenario)


@settings(max_examples=mode.scaled(100))
@given(scenarios(FAST_INTERVALS_S))
def test_agrees_with_the_twin_below_a_minute(scenario: Scenario) -> None:
    _assert_agreement(scenario)


@settings(max_examples=mode.scaled(80))
@given(scenarios(), CUTS, st.booleans())
def test_parts_of_a_log_give_what_the_whole_gives(
    scenario: Scenario, cuts: list[int], restarts: bool
) -> None:
    whole, parts = (KernelLog(scenario.devices, LIMITS, EVENTS) for _ in range(2))

    rows = whole.fold(scenario.log)
    outcomes = []
    for first, last in _parts(cuts, len(scenario.log)):
        parts = parts.copy() if restarts else parts
        outcomes += parts.fold(scenario.log[first:last]).outcomes

    assert outcomes == rows.outcomes
    assert parts.ledger() == whole.ledger()
    assert parts.edges == whole.edges
    assert parts.lanes.state.tobytes() == whole.lanes.state.tobytes()
    assert parts.states.tobytes() == whole.states.tobytes()


@settings(max_examples=mode.scaled(80))
@given(scenarios(), CUTS)
def test_a_restart_needs_no_page_of_before(scenario: Scenario, cuts: list[int]) -> None:
    # Energy is no candidate: the engine loads the pages that a lane's window still reaches.
    devices = {
        name: [replace(each, wants_power=False) for each in chain]
        for name, chain in scenario.devices.items()
    }
    whole, part = (KernelLog(devices, LIMITS, EVENTS) for _ in range(2))

    whole.fold(scenario.log)
    stored = []
    for first, last in _parts(cuts, len(scenario.log)):
        part.fold(scenario.log[first:last])
        stored.append(part.ledger())
        part = part.without_pages()

    assert join_ledgers(stored) == join_ledgers([whole.ledger()])
    assert part.edges == whole.edges


def _assert_agreement(scenario: Scenario) -> None:
    kernel = KernelLog(scenario.devices, LIMITS)
    twin = folding.LogTwin(scenario.devices, TWIN_LIMITS)

    rows = kernel.fold(scenario.log)
    expected = [twin.read(reading) for reading in scenario.log]

    assert rows.outcomes == [folded.outcome for folded in expected]
    assert rows.lanes == [folded.lane.device_id if folded.lane else NONE for folded in expected]
    in_service = [number for number, folded in enumerate(expected) if folded.lane]
    assert [rows.start_ms[n] for n in in_service] == [expected[n].start_ms for n in in_service]
    taken = [n for n in in_service if not expected[n].outcome.is_dead_letter]
    assert [tuple(rows.phases[n]) for n in taken] == [_padded(expected[n]) for n in taken]
    assert kernel.ledger() == twin.ledger


def _padded(folded: folding.Folded) -> tuple[int, ...]:
    return (*folded.phases, NOT_READ, NOT_READ)[:3]


def _parts(cuts: list[int], n_readings: int) -> list[tuple[int, int]]:
    ends = sorted({0, n_readings, *(cut for cut in cuts if cut < n_readings)})
    return list(itertools.pairwise(ends))
