"""What the order of a log changes, and what repetition does: nothing, within the windows."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import mode
from tests.kernels.builders import KernelLog, late_ledger
from tests.kernels.logs import (
    FAST_INTERVALS_S,
    SLOW_INTERVALS_S,
    Mishaps,
    Scenario,
    Segment,
    scenarios,
)
from tests.kernels.test_fold import EVENTS
from tests.oracle.assignments import Assignment
from tests.oracle.ledger import Ledger, PageKey, join_ledgers
from tests.oracle.words import MINUTE_MS, Outcome, Quality, Reading

PROMPT = Mishaps()
ANY_SEGMENTS = st.builds(
    Segment,
    device=st.integers(0, 2),
    n_readings=st.integers(1, 40),
    n_skipped=st.sampled_from((0, 0, 1, 30)),
    jump_ms=st.sampled_from((0, 0, 0, -300_000, 240_000)),
    habit=st.sampled_from(("steady", "limits", "failing", "wild")),
    trust=st.sampled_from(("good", "mixed")),
    wires=st.sampled_from(("all", "mixed")),
    is_unaligned=st.booleans(),
)
STEADY_SEGMENTS = st.builds(
    Segment,
    device=st.integers(0, 2),
    n_readings=st.integers(30, 130),
    n_skipped=st.sampled_from((0, 0, 1)),
    jump_ms=st.just(0),
    habit=st.sampled_from(("steady", "limits", "failing", "wild")),
    trust=st.sampled_from(("good", "mixed")),
    wires=st.sampled_from(("all", "mixed")),
)


def merged(scenario: Scenario, log: list[Reading]) -> Ledger:
    """Return what the kernels make of a log, its late rows merged."""
    kernel = KernelLog(scenario.devices)
    rows = kernel.fold(log)
    late = late_ledger(kernel.late_rows(log, rows))
    return without_energy(join_ledgers([kernel.ledger(), late]))


def without_energy(ledger: Ledger) -> Ledger:
    """Return the cells alone: late rows carry no energy."""
    for page in ledger.pages.values():
        page.energy = page.energy._replace(power_s=0, active_ws=0, reactive_vars=0)
    return ledger


@settings(max_examples=mode.scaled(60))
@given(
    scenarios(SLOW_INTERVALS_S, segments=ANY_SEGMENTS, mishaps=st.just(PROMPT)),
    st.integers(0, 2**32),
)
def test_readings_of_a_minute_or_more_may_come_in_any_order(scenario: Scenario, seed: int) -> None:
    shuffled = list(scenario.log)
    Random(seed).shuffle(shuffled)

    in_order, in_disorder = merged(scenario, scenario.log), merged(scenario, shuffled)

    assert in_disorder == in_order


@settings(max_examples=mode.scaled(100))
@given(
    interval_s=st.sampled_from(FAST_INTERVALS_S),
    n_phases=st.sampled_from((1, 3)),
    n_minutes=st.integers(2, 5),
    seed=st.integers(0, 2**32),
)
def test_readings_of_an_open_minute_may_come_in_any_order(
    interval_s: int, n_phases: int, n_minutes: int, seed: int
) -> None:
    rng = Random(seed)
    assignment = Assignment(
        device_id=1, point_id=1, nominal_mv=220_000, interval_s=interval_s, n_phases=n_phases
    )
    first_minute = 28_333_377
    minutes = [
        [
            random_reading(rng, (first_minute + minute) * MINUTE_MS + 1000 * at_s)
            for at_s in range(0, 60, interval_s)
            if at_s == 0 or rng.random() < 0.9  # behind an empty minute the next but one is a jump
        ]
        for minute in range(n_minutes)
    ]
    closing = [
        random_reading(rng, (first_minute + n_minutes + 1) * MINUTE_MS + 1000 * at_s)
        for at_s in (0, interval_s)
    ]

    in_order, in_disorder = (KernelLog({"meter": [assignment]}) for _ in range(2))
    outcomes = in_order.fold([reading for minute in minutes for reading in minute] + closing)
    others = in_disorder.fold(overlapping(minutes, rng) + closing)

    assert sorted(outcomes.outcomes) == sorted(others.outcomes)
    assert in_disorder.ledger() == in_order.ledger()


def random_reading(rng: Random, stamp_ms: int) -> Reading:
    volts = [rng.choice((rng.gauss(220, 9), 0.0, None, 1e9)) for _ in range(3)]
    quality = rng.choice((Quality.GOOD, Quality.GOOD, Quality.ESTIMATED, Quality.INVALID))
    return Reading("meter", stamp_ms, stamp_ms, volts[0], quality=quality)


def overlapping(minutes: list[list[Reading]], rng: Random) -> list[Reading]:
    """Return the readings such that those of a minute come among its own and the next one's."""
    keyed = [
        (number + rng.uniform(0, 1.999), reading)
        for number, minute in enumerate(minutes)
        for reading in minute
    ]
    # Two minutes are open: a reading two minutes later must not come before.
    return [reading for _, reading in sorted(keyed, key=lambda pair: pair[0])]


@settings(max_examples=mode.scaled(60))
@given(
    scenarios(segments=ANY_SEGMENTS, mishaps=st.just(PROMPT)),
    st.integers(0, 2**32),
)
def test_a_reading_repeated_at_once_changes_nothing(scenario: Scenario, seed: int) -> None:
    rng = Random(seed)
    repeated = [reading for reading in scenario.log for _ in range(rng.choice((1, 1, 2, 3)))]
    once, again = (KernelLog(scenario.devices, events=EVENTS) for _ in range(2))

    once.fold(scenario.log)
    again.fold(repeated)

    assert again.ledger() == once.ledger()
    assert merged(scenario, repeated) == merged(scenario, scenario.log)
    assert again.edges == once.edges
    assert again.lanes.state.tobytes() == once.lanes.state.tobytes()


@settings(max_examples=mode.scaled(60))
@given(
    scenarios(FAST_INTERVALS_S, segments=STEADY_SEGMENTS, mishaps=st.just(PROMPT)),
    st.integers(0, 2**32),
)
def test_a_reading_repeated_within_its_open_minutes_changes_nothing(
    scenario: Scenario, seed: int
) -> None:
    rng = Random(seed)
    log = [reading for reading in scenario.log if reading.device != "stranger"]
    repeated = []
    for position, reading in enumerate(log):
        # Up to 59 s of the device's own readings later.
        own = [each for each in log[max(0, position - 58) : position] if is_near(each, reading)]
        repeated.append(reading)
        repeated += [rng.choice(own)] if own and rng.random() < 0.3 else []
    once, again = (KernelLog(scenario.devices, events=EVENTS) for _ in range(2))

    once.fold(log)
    again.fold(repeated)

    assert again.ledger() == once.ledger()
    assert again.edges == once.edges


def is_near(earlier: Reading, later: Reading) -> bool:
    return (
        earlier.device == later.device
        and abs(later.stamp_ms - earlier.stamp_ms) < MINUTE_MS
        and earlier.v1 is not None
    )


@settings(max_examples=mode.scaled(60))
@given(
    scenarios(SLOW_INTERVALS_S, segments=ANY_SEGMENTS, mishaps=st.just(PROMPT)),
    st.integers(0, 2**32),
)
def test_a_reading_of_a_minute_or_more_repeated_at_any_time_changes_nothing(
    scenario: Scenario, seed: int
) -> None:
    rng = Random(seed)
    repeated = list(scenario.log)
    for reading in rng.choices(scenario.log, k=20):
        repeated.insert(rng.randrange(len(repeated) + 1), reading)

    assert merged(scenario, repeated) == merged(scenario, scenario.log)


def test_a_contradiction_is_settled_by_the_join_in_any_order() -> None:
    assignment = Assignment(device_id=1, point_id=1, nominal_mv=220_000, interval_s=60)
    volts = (231.0, 205.0, 220.0, 210.0)
    log = [Reading("meter", 0, 0, each) for each in volts]

    forwards, backwards = (KernelLog({"meter": [assignment]}) for _ in range(2))
    outcomes = forwards.fold(log).outcomes
    backwards.fold(log[::-1])

    assert outcomes == [Outcome.FOLDED, Outcome.FOLDED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert forwards.ledger() == backwards.ledger()
    assert forwards.ledger().pages[PageKey(1, 0)].minutes[0][0].cell == -682
