"""The event machine against its twin, and the shapes that IEC 61000-4-30 gives its events."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels.layout import EVENT_EDGE
from tests.kernels import mode
from tests.kernels.builders import KernelLog, records, room_for
from tests.kernels.logs import Mishaps, Scenario, Segment, scenarios
from tests.oracle.assignments import Assignment, ZeroMeans
from tests.oracle.folding import StampLimits, fold_log
from tests.oracle.watching import Breach, Edge, EventLimits, Kind, Watcher, events_of
from tests.oracle.words import Outcome, Quality, Reading

LIMITS = EventLimits(
    dip_below=900_000,
    swell_above=1_100_000,
    interruption_below=100_000,
    hysteresis=20_000,
    high_above=1_200_000,
    breach_hysteresis=5_000,
)
NO_LIMITS = StampLimits(ahead_ms=2**60, oldest_ms=0)
NOMINAL_V = 220.0

EVENTFUL = st.builds(
    Segment,
    device=st.integers(0, 2),
    n_readings=st.integers(1, 50),
    n_skipped=st.sampled_from((0, 0, 0, 5)),
    jump_ms=st.sampled_from((0, 0, 0, 0, -61_000, 240_000)),
    habit=st.sampled_from(("steady", "limits", "dark", "failing", "failing", "wild")),
    trust=st.sampled_from(("good", "good", "mixed")),
    wires=st.sampled_from(("all", "all", "two", "mixed")),
    is_unaligned=st.booleans(),
)
MISHAPS = st.builds(
    Mishaps,
    repeated=st.sampled_from((0.0, 0.2)),
    displaced=st.sampled_from((0.0, 0.1)),
    n_places=st.just(5),
)


@st.composite
def event_limits(draw: st.DrawFn) -> EventLimits:
    """Return thresholds in their order; the high one may be anywhere above nominal."""
    return EventLimits(
        dip_below=draw(st.sampled_from((900_000, 950_000))),
        swell_above=draw(st.sampled_from((1_050_000, 1_100_000))),
        interruption_below=draw(st.sampled_from((50_000, 100_000))),
        hysteresis=draw(st.sampled_from((0, 1, 20_000))),
        high_above=draw(st.sampled_from((1_010_000, 1_070_000, 1_200_000))),
        breach_hysteresis=draw(st.sampled_from((0, 1, 10_000))),
    )


@settings(max_examples=mode.scaled(120))
@given(scenarios(segments=EVENTFUL, mishaps=MISHAPS), event_limits(), st.sampled_from((8, 9, 64)))
def test_agrees_with_the_twin(scenario: Scenario, limits: EventLimits, n_edges: int) -> None:
    kernel = KernelLog(scenario.devices, events=limits, n_edges=n_edges)

    kernel.fold(scenario.log)

    twin = fold_log(scenario.log, scenario.devices, NO_LIMITS, limits)
    assert kernel.edges == twin.edges
    assert events_of(kernel.edges) == events_of(twin.edges)


@settings(max_examples=mode.scaled(100))
@given(
    st.lists(st.lists(st.integers(800_000, 1_300_000), min_size=3, max_size=3), max_size=40),
    event_limits(),
    st.tuples(st.integers(850_000, 950_000), st.integers(1_050_000, 1_150_000)),
)
def test_the_breach_of_a_lane_agrees_with_the_twin(
    voltages: list[list[int]], limits: EventLimits, live_band: tuple[int, int]
) -> None:
    # Of 1 MV nominal, a volt is one ppm.
    lane = Assignment(
        device_id=1,
        point_id=1,
        nominal_mv=10**9,
        interval_s=1,
        n_phases=3,
        live_band=live_band,
    )
    kernel, watcher = KernelLog({"meter": [lane]}, events=limits), Watcher(limits)

    breaches, expected = [], []
    for second, phases in enumerate(voltages):
        v1, v2, v3 = (float(ppm) for ppm in phases)
        kernel.fold([Reading("meter", 1000 * second, 0, v1, v2, v3)])
        watcher.watch(lane, 1000 * second, phases)
        breaches.append(int(kernel.states["breach"][0]))
        expected.append(int(watcher.lanes[1].breach))

    assert breaches == expected


def meter(n_phases: int = 1, interval_s: int = 1) -> Assignment:
    return Assignment(
        device_id=1, point_id=1, nominal_mv=220_000, interval_s=interval_s, n_phases=n_phases
    )


def edges_of(shares: Sequence[float | tuple[float, ...]], interval_s: int = 1) -> list[Edge]:
    """Return the edges of readings that follow each other, given as shares of nominal."""
    rows = [share if isinstance(share, tuple) else (share,) for share in shares]
    kernel = KernelLog({"meter": [meter(len(rows[0]), interval_s)]}, events=LIMITS)
    log = []
    for number, row in enumerate(rows):
        v1, v2, v3 = (*(share * NOMINAL_V for share in row), None, None)[:3]
        log.append(Reading("meter", 1000 * interval_s * number, 0, v1, v2, v3))
    kernel.fold(log)
    return kernel.edges


@pytest.mark.parametrize(
    ("shares", "kinds"),
    [
        ((1.0, 0.9, 1.0), []),
        ((1.0, 0.899, 1.0), [Kind.DIP]),
        ((1.0, 1.1, 1.0), []),
        ((1.0, 1.101, 1.0), [Kind.SWELL]),
        ((1.0, 0.1, 1.0), [Kind.DIP]),
        ((1.0, 0.099, 1.0), [Kind.INTERRUPTION]),
        ((1.0, 0.5, 0.0, 0.5, 1.0), [Kind.DIP, Kind.INTERRUPTION, Kind.DIP]),
    ],
)
def test_a_threshold_itself_is_outside_the_event(shares: list[float], kinds: list[Kind]) -> None:
    edges = edges_of(shares)

    assert [edge.kind for edge in edges if not edge.is_closed] == kinds
    assert len(edges) == 2 * len(kinds)


@pytest.mark.parametrize("zero_means", ["asleep", "no_input"])
def test_no_voltage_opens_no_event_where_it_says_nothing_about_supply(
    zero_means: ZeroMeans,
) -> None:
    lane = replace(meter(), zero_means=zero_means)
    kernel = KernelLog({"meter": [lane]}, events=LIMITS)

    shares = (1.0, 0.0, 0.099, 0.0, 1.0, 0.5, 1.0)
    kernel.fold(
        [Reading("meter", 1000 * at, 0, share * NOMINAL_V) for at, share in enumerate(shares)]
    )

    assert [edge.kind for edge in kernel.edges] == [Kind.DIP, Kind.DIP]
    assert kernel.edges[0].start_ms == 5000


def test_an_event_ends_by_the_hysteresis_inside_its_threshold() -> None:
    edges = edges_of([1.0, 0.85, 0.919, 0.92])

    assert [(edge.is_closed, edge.end_ms, edge.latest_ms) for edge in edges] == [
        (False, None, None),
        (True, 3000, 3000),
    ]


def test_the_edges_of_an_event_hold_what_the_interval_leaves_open() -> None:
    opened, closed = edges_of([1.0, 0.0, 0.02, 1.0], interval_s=900)

    assert (opened.earliest_ms, opened.start_ms) == (900_000, 900_000)
    assert (closed.end_ms, closed.latest_ms) == (2_700_000, 2_700_000)
    assert (opened.extreme_ppm, closed.extreme_ppm) == (0, 0)


def test_a_gap_before_and_after_an_event_widens_its_edges() -> None:
    kernel = KernelLog({"meter": [meter()]}, events=LIMITS)
    volts = {0: 220.0, 30: 0.0, 31: 5.0, 60: 220.0}

    kernel.fold([Reading("meter", 1000 * at_s, 0, each) for at_s, each in volts.items()])

    closed = kernel.edges[-1]
    assert (closed.earliest_ms, closed.start_ms) == (1000, 30_000)
    assert (closed.end_ms, closed.latest_ms) == (32_000, 60_000)


def test_a_dip_begins_on_any_phase_and_ends_on_all() -> None:
    edges = edges_of([(1.0, 1.0, 1.0), (0.8, 1.0, 1.0), (1.0, 0.7, 1.0), (1.0, 1.0, 1.0)])

    assert [edge.is_closed for edge in edges] == [False, True]
    assert edges[-1].phases == 0b011
    assert edges[-1].extreme_ppm == 700_000


def test_an_interruption_begins_on_all_phases_and_ends_on_any() -> None:
    edges = edges_of([(1.0, 1.0, 1.0), (0.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)])

    assert [(edge.kind, edge.is_closed) for edge in edges] == [
        (Kind.PHASE_LOSS, False),
        (Kind.INTERRUPTION, False),
        (Kind.PHASE_LOSS, True),
        (Kind.INTERRUPTION, True),
        (Kind.PHASE_LOSS, False),
    ]
    assert edges[-1].phases == 0b011


def test_a_swell_keeps_its_highest_voltage() -> None:
    edges = edges_of([1.0, 1.15, 1.3, 1.2, 1.0])

    assert [edge.extreme_ppm for edge in edges] == [1_150_000, 1_300_000]


def test_a_reading_that_fills_no_cell_is_watched_all_the_same() -> None:
    # Whether a cell changes depends on what was stored before; events depend on the log alone.
    lane = meter(interval_s=60)
    kernel = KernelLog({"meter": [lane]}, events=LIMITS)
    measured = Reading("meter", 60_000, 0, 220.0)
    estimate_of_two = Reading("meter", 120_000, 0, 0.0, quality=Quality.ESTIMATED)
    kernel.fold([Reading("meter", 120_000, 0, 220.0)])
    kernel.states["last_ms"] = 60_000

    outcomes = kernel.fold([measured, estimate_of_two]).outcomes

    assert outcomes == [Outcome.FOLDED, Outcome.DUPLICATE]
    assert [edge.kind for edge in kernel.edges] == [Kind.INTERRUPTION]


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome >= Outcome.LATE])
def test_late_and_refused_readings_are_not_watched(outcome: Outcome) -> None:
    kernel = KernelLog({"meter": [meter()]}, events=LIMITS)
    folded = room_for(1)
    folded.outcome[:], folded.lane[:] = outcome, 0
    edges = records(8, EVENT_EDGE)
    limits = kernels.EventLimits(900_000, 1_100_000, 100_000, 20_000, 1_200_000, 5_000)

    seen = kernels.watch(kernel.states, kernel.lanes.settings, folded, limits, 0, 1, edges)

    assert seen == 1
    assert int(edges["start_ms"][0]) == 0
    assert np.all(kernel.states["last_ms"] < 0)


@pytest.mark.parametrize("high_above", [1_010_000, 1_060_000])
def test_a_voltage_may_be_high_inside_its_band(high_above: int) -> None:
    lane = Assignment(
        device_id=1, point_id=1, nominal_mv=10**9, interval_s=1, live_band=(900_000, 1_070_000)
    )
    kernel = KernelLog({"meter": [lane]}, events=replace(LIMITS, high_above=high_above))

    kernel.fold([Reading("meter", 0, 0, 1_065_000.0)])

    assert int(kernel.states["breach"][0]) == Breach.HIGH


def test_a_watch_stops_before_its_room_is_too_small_for_one_reading() -> None:
    # The last of these readings makes four edges, when five of nine places for them are taken.
    shares = [(0.8, 1.2, 0.0), (1.0, 1.2, 0.0), (0.8, 1.2, 0.0), (0.0, 0.0, 0.0)]
    log = [
        Reading("meter", 1000 * at, 0, v1 * NOMINAL_V, v2 * NOMINAL_V, v3 * NOMINAL_V)
        for at, (v1, v2, v3) in enumerate(shares)
    ]
    narrow = KernelLog({"meter": [meter(3)]}, events=LIMITS, n_edges=9)
    wide = KernelLog({"meter": [meter(3)]}, events=LIMITS, n_edges=64)

    narrow.fold(log)
    wide.fold(log)

    assert narrow.edges == wide.edges
    assert len(wide.edges) == 9


def test_an_older_reading_is_not_watched() -> None:
    kernel = KernelLog({"meter": [meter()]}, events=LIMITS)

    kernel.fold([Reading("meter", 2000, 0, 220.0), Reading("meter", 1000, 0, 0.0)])

    assert kernel.edges == []


@pytest.mark.parametrize(
    ("shares", "breach"),
    [
        ([1.0], Breach.NONE),
        ([1.21], Breach.HIGH),
        ([1.21, 1.1], Breach.OVER),
        ([1.21, 1.066], Breach.OVER),
        ([1.21, 1.065], Breach.NONE),
        ([1.08], Breach.OVER),
        ([1.08, 1.069], Breach.OVER),
        ([1.08, 1.065], Breach.NONE),
        ([0.92], Breach.UNDER),
        ([0.92, 0.934], Breach.UNDER),
        ([0.92, 0.935], Breach.NONE),
    ],
)
def test_a_breach_holds_until_inside_by_the_hysteresis(shares: list[float], breach: Breach) -> None:
    lane = Assignment(
        device_id=1, point_id=1, nominal_mv=10**9, interval_s=1, live_band=(930_000, 1_070_000)
    )
    kernel = KernelLog({"meter": [lane]}, events=LIMITS)

    kernel.fold(
        [Reading("meter", 1000 * at, 0, round(share * 1e6)) for at, share in enumerate(shares)]
    )

    assert int(kernel.states["breach"][0]) == breach
