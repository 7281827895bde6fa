"""Random logs: a few devices with random habits, and what may happen to their readings."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from hypothesis import strategies as st

from tests.oracle.assignments import Assignment
from tests.oracle.words import MINUTE_MS, Quality, Reading

FAST_INTERVALS_S = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
SLOW_INTERVALS_S = (60, 120, 300, 900, 3600)
INTERVALS_S = FAST_INTERVALS_S + SLOW_INTERVALS_S
NOMINALS_MV = (220_000, 230_000, 380_000, 10_000_000, 110_000_000, 1_000_000_000)
# Minutes since the epoch: around its start, in the middle and at the end of an hour.
BEGINNINGS = (-1, 28_333_375, 28_333_439)
DAY_MS = 86_400_000

Habit = Literal["steady", "limits", "dark", "failing", "wild"]
Trust = Literal["good", "estimated", "invalid", "mixed"]
Wires = Literal["all", "two", "none", "mixed", "surplus"]
SHARES_OF_NOMINAL = (0.0, 0.0999999, 0.1, 0.9, 0.93, 0.9300001, 1.0, 1.07, 1.0700181, 1.1, 4.0)
WILD_VOLTS = (None, math.nan, -1.0, -0.0, 1e-9, 1e9, 1e308, math.inf, -math.inf)
WILD_POWERS = (None, math.nan, 0.0, -1e3, 1e300, -math.inf)
JUMPS_MS = (900, 30_000, -61_000, -130_000, 150_000, 240_000, 1_000_000, -11 * DAY_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some readings of one device, one after another, and how they differ from the ordinary."""

    device: int
    n_readings: int
    n_skipped: int  # intervals left out before
    jump_ms: int  # added to the stamps of this segment only, and not to its records
    habit: Habit = "steady"
    trust: Trust = "good"
    wires: Wires = "all"
    is_unaligned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """What happens to the readings on their way, each as a chance between 0 and 1."""

    repeated: float = 0.0
    contradicted: float = 0.0  # repeated with another voltage
    displaced: float = 0.0  # comes up to ``n_places`` later
    n_places: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A log, and the devices that wrote it."""

    devices: dict[str, list[Assignment]]
    log: list[Reading]


SEGMENTS = st.builds(
    Segment,
    device=st.integers(0, 2),
    n_readings=st.sampled_from((1, 2, 3, 7, 31, 70, 130)),
    n_skipped=st.sampled_from((0, 0, 0, 1, 2, 40, 200)),
    jump_ms=st.sampled_from((*[0] * 12, *JUMPS_MS)),
    habit=st.sampled_from(("steady", "limits", "dark", "failing", "wild")),
    trust=st.sampled_from(("good", "good", "estimated", "invalid", "mixed")),
    wires=st.sampled_from(("all", "all", "all", "two", "none", "mixed", "surplus")),
    is_unaligned=st.booleans(),
)
MISHAPS = st.builds(
    Mishaps,
    repeated=st.sampled_from((0.0, 0.05, 0.5)),
    contradicted=st.sampled_from((0.0, 0.0, 0.1)),
    displaced=st.sampled_from((0.0, 0.3, 1.0)),
    n_places=st.sampled_from((3, 60, 1000)),
)


@st.composite
def scenarios(
    draw: st.DrawFn,
    intervals_s: Sequence[int] = INTERVALS_S,
    *,
    segments: st.SearchStrategy[Segment] = SEGMENTS,
    mishaps: st.SearchStrategy[Mishaps] = MISHAPS,
    n_segments: int = 10,
) -> Scenario:
    """Return up to three devices of these intervals with a log of some segments."""
    begin_ms = draw(st.sampled_from(BEGINNINGS)) * MINUTE_MS
    found: dict[str, list[Assignment]] = {}
    for number in range(draw(st.integers(1, 3))):
        chain = [_assignment(draw, 2 * number, intervals_s)]
        if draw(st.sampled_from((False, False, False, True))):
            swap_ms = begin_ms + draw(st.integers(-90_000, 600_000))
            gap_ms = draw(st.sampled_from((0, 0, 30_000)))
            following = _assignment(draw, 2 * number + 1, intervals_s)
            chain = [replace(chain[0], to_ms=swap_ms), replace(following, from_ms=swap_ms + gap_ms)]
        found[f"meter-{number}"] = chain
    parts = draw(st.lists(segments, min_size=3, max_size=n_segments))
    rng = Random(draw(st.integers(0, 2**32)))
    log = list(_written(found, parts, begin_ms, rng))
    return Scenario(devices=found, log=_delivered(log, draw(mishaps), rng))


def _assignment(draw: st.DrawFn, device_id: int, intervals_s: Sequence[int]) -> Assignment:
    n_phases = draw(st.sampled_from((1, 3)))
    return Assignment(
        device_id=device_id,
        # Some devices share a point; points of one and of three phases are never the same.
        point_id=draw(st.sampled_from((device_id, 100))) * 10 + n_phases,
        nominal_mv=draw(st.sampled_from(NOMINALS_MV)),
        interval_s=draw(st.sampled_from(intervals_s)),
        n_phases=n_phases,
        voltage_ratio=draw(st.sampled_from((1.0, 1.0, 100.0))),
        stamps_end=draw(st.booleans()),
        self_powered=draw(st.booleans()),
        zero_means=draw(st.sampled_from(("no_supply", "no_supply", "asleep", "no_input"))),
        wants_power=draw(st.booleans()),
        live_band=draw(st.sampled_from(((930_000, 1_070_000), (900_000, 1_070_000)))),
    )


def _written(
    devices: dict[str, list[Assignment]], segments: Sequence[Segment], begin_ms: int, rng: Random
) -> Iterator[Reading]:
    """Yield the readings as the devices write them."""
    names = list(devices)
    clocks = dict.fromkeys(names, begin_ms)
    for segment in segments:
        name = names[segment.device % len(names)]
        for number in range(segment.n_readings):
            assignment = _in_force(devices[name], clocks[name])
            if number == 0:
                clocks[name] += segment.n_skipped * assignment.interval_ms
            clocks[name] += assignment.interval_ms
            yield _reading(name, assignment, segment, clocks[name], rng)


def _in_force(chain: Sequence[Assignment], clock_ms: int) -> Assignment:
    return next((each for each in chain if clock_ms < each.to_ms), chain[-1])


def _reading(
    name: str, assignment: Assignment, segment: Segment, clock_ms: int, rng: Random
) -> Reading:
    stamp_ms = clock_ms + segment.jump_ms
    if segment.is_unaligned:
        stamp_ms += rng.randrange(-assignment.interval_ms // 2, assignment.interval_ms // 2 + 1)
    volts = [_volts(assignment, segment, rng) for _ in range(3)]
    v1, v2, v3 = _wired(volts, assignment, segment, rng)
    has_power = rng.random() < 0.7
    return Reading(
        device=name if rng.random() < 0.98 else "stranger",
        stamp_ms=stamp_ms,
        record_ms=clock_ms + assignment.interval_ms + rng.choice((0, 1, 5_000, 50_000)),
        v1=v1,
        v2=v2,
        v3=v3,
        quality=_quality(segment, rng),
        p_w=_power(segment, rng) if has_power else None,
        q_var=_power(segment, rng) if has_power else None,
    )


def _volts(assignment: Assignment, segment: Segment, rng: Random) -> float | None:
    nominal = assignment.nominal_mv / 1000 / assignment.voltage_ratio
    match segment.habit:
        case "steady":
            return round(nominal * rng.gauss(1.0, 0.03), 2)
        case "limits":
            return nominal * rng.choice(SHARES_OF_NOMINAL)
        case "dark":
            return nominal * rng.choice((0.0, 0.0, 0.05, 0.11))
        case "failing":
            return nominal * rng.choice((0.0, 0.5, 1.0, 1.0, 1.3))
        case "wild":
            return rng.choice((*WILD_VOLTS, nominal, nominal))


def _wired(
    volts: Sequence[float | None], assignment: Assignment, segment: Segment, rng: Random
) -> list[float | None]:
    wires = segment.wires
    if wires == "mixed":
        wires = rng.choice(("all", "two", "none"))
    if assignment.n_phases == 1:
        is_read = [wires != "none", wires == "surplus", False]
    else:
        is_read = [wires != "none", wires not in {"two", "none"}, wires != "none"]
    return [each if read else None for each, read in zip(volts, is_read, strict=True)]


def _quality(segment: Segment, rng: Random) -> Quality:
    match segment.trust:
        case "good":
            return Quality.GOOD
        case "estimated":
            return Quality.ESTIMATED
        case "invalid":
            return Quality.INVALID
        case "mixed":
            return rng.choice(tuple(Quality))


def _power(segment: Segment, rng: Random) -> float | None:
    return rng.choice(WILD_POWERS) if segment.habit == "wild" else round(rng.gauss(800, 400), 1)


def _delivered(log: Sequence[Reading], mishaps: Mishaps, rng: Random) -> list[Reading]:
    """Return the readings in the order in which they come."""
    arriving: list[tuple[float, Reading]] = []
    for position, reading in enumerate(log):
        arriving.append((position + _delay(mishaps, rng), reading))
        if rng.random() < mishaps.repeated:
            arriving.append((position + _delay(mishaps, rng), reading))
        if rng.random() < mishaps.contradicted and reading.v1 is not None:
            arriving.append((position, reading._replace(v1=reading.v1 * rng.uniform(0.5, 1.5))))
    arriving.sort(key=lambda pair: pair[0])
    return [reading for _, reading in arriving]


def _delay(mishaps: Mishaps, rng: Random) -> float:
    is_displaced = rng.random() < mishaps.displaced
    return rng.uniform(0, mishaps.n_places) if is_displaced else 0.0
