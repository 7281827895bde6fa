from datetime import UTC, datetime

import numpy as np
import pytest

from service.domain.registry import Point
from service.ingest.live import (
    NOBODY,
    HeldPoints,
    Holds,
    Interrupted,
    LaneEvents,
    declared_breaches,
    held_breaches,
    lane_events,
    network_state,
)
from service.ingest.live_places import area_points, places_of
from service.metrics import Area, FeederState


def point(point_id: int, feeder: str = "F1", region: str = "R1") -> Point:
    return Point(
        point_id=point_id,
        point=f"P{point_id}",
        nominal_mv=220_000,
        wiring="1p",
        point_class="D",
        feeder=feeder,
        region=region,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )


def lanes(*rows: tuple[int, int, int, bool]) -> LaneEvents:
    """Make lanes of (point, last_ms, breach, is_dark)."""
    points, last_ms, breach, is_dark = zip(*rows, strict=True)
    return LaneEvents(
        np.array(points, np.int32),
        np.array(last_ms, np.int64),
        np.full(len(points), 900_000, np.int64),
        np.array(breach, np.uint8),
        np.array(is_dark, np.bool_),
        np.full(len(points), 1_250_000, np.int32),
    )


AREAS: dict[int, Area] = {1: "urban", 2: "urban", 3: "rural"}
PLACES = places_of(
    [point(1), point(2), point(3, "F2"), point(4, ""), point(5, "F2", "R2")],
    AREAS,
)


def test_points_are_counted_by_area_and_kind() -> None:
    state = network_state(
        lanes((1, 9, 1, False), (2, 9, 2, False), (3, 9, 3, False), (4, 9, 3, False)), PLACES
    )

    counted = {key: n for key, n in state.breaches.items() if n}
    assert counted == {
        ("urban", "under"): 1,
        ("urban", "over"): 1,
        ("rural", "high"): 1,
        ("none", "high"): 1,  # without a customer
    }


def test_a_dark_point_is_without_supply_and_not_below_its_band_too() -> None:
    state = network_state(lanes((1, 9, 1, True), (3, 9, 1, True)), PLACES)

    assert not any(state.breaches.values())
    assert state.interruptions == {"urban": 1, "rural": 1, "special_remote": 0, "none": 0}


def test_of_two_lanes_the_one_with_the_newest_reading_speaks_for_the_point() -> None:
    state = network_state(lanes((1, 9, 1, True), (1, 10, 0, False), (2, 3, 0, False)), PLACES)

    assert not any(state.breaches.values())
    assert not any(state.interruptions.values())


def test_feeders_in_trouble_are_listed_with_all_their_points() -> None:
    state = network_state(
        lanes((1, 9, 1, False), (2, 9, 0, True), (3, 9, 0, False), (4, 9, 2, False)), PLACES
    )

    assert state.feeders == [
        FeederState(
            region="R1", feeder="F1", n_points=2, n_under=1, n_over=0, n_high=0, n_interrupted=1
        )
    ]


def test_feeders_of_one_name_in_two_regions_are_two() -> None:
    state = network_state(lanes((3, 9, 3, False), (5, 9, 3, False)), PLACES)

    assert [(one.region, one.feeder, one.n_points) for one in state.feeders] == [
        ("R1", "F2", 1),
        ("R2", "F2", 1),
    ]


def test_points_that_the_registry_has_lost_do_not_count() -> None:
    state = network_state(lanes((0, 9, 3, True), (77, 9, 3, True)), PLACES)

    assert not any(state.breaches.values())
    assert not state.feeders


def test_without_partitions_there_is_nothing_to_count() -> None:
    state = network_state(lane_events([]), places_of([], {}))

    assert not any(state.breaches.values())
    assert not state.feeders


def held(**silent_to_ms: int) -> Holds:
    """Make silent points: ``P1=7`` is silent up to 7 ms."""
    points = np.array([int(name[1:]) for name in silent_to_ms], np.int32)
    times = np.array(list(silent_to_ms.values()), np.int64)
    return Holds(HeldPoints(point=points, silent_to_ms=times), np.zeros(0, np.int32))


def test_a_silent_point_is_in_no_breach_but_counted_as_held() -> None:
    seen = lanes((1, 9, 1, False), (2, 9, 2, False), (3, 9, 3, False), (4, 9, 0, False))

    state = network_state(seen, PLACES, held(P1=9, P3=20, P4=20))

    assert {key: n for key, n in state.breaches.items() if n} == {("urban", "over"): 1}
    assert [(one.feeder, one.n_troubled, one.n_held) for one in state.feeders] == [
        ("F1", 1, 1),
        ("F2", 0, 1),
    ]
    assert state.n_held == {"communication": 2, "declared_window": 0, "stale": 0}
    assert held_breaches(seen, held(P1=9, P3=20, P4=20).silent) == {1: "under", 3: "high"}


def test_a_silent_point_that_is_read_again_speaks_for_itself() -> None:
    seen = lanes((1, 10, 3, False), (2, 3, 1, False), (2, 10, 2, False))

    state = network_state(seen, PLACES, held(P1=9, P2=9))

    assert sum(state.breaches.values()) == 2
    assert not any(state.n_held.values())
    assert held_breaches(seen, held(P1=9, P2=9).silent) == {}


def test_darkness_that_was_measured_is_never_held_back() -> None:
    seen = lanes((1, 5, 1, True))

    state = network_state(seen, PLACES, held(P1=9))

    assert state.interruptions["urban"] == 1
    assert not any(state.n_held.values())
    assert held_breaches(seen, held(P1=9).silent) == {}


def test_a_breach_inside_a_declared_window_is_held_but_dangerous_voltage_is_not() -> None:
    seen = lanes((1, 9, 1, False), (2, 9, 2, False), (3, 9, 3, False))
    window = Holds(NOBODY, np.array([1, 3], np.int32))

    state = network_state(seen, PLACES, window)

    assert {key: n for key, n in state.breaches.items() if n} == {
        ("urban", "over"): 1,
        ("rural", "high"): 1,
    }
    assert state.n_held["declared_window"] == 1
    assert declared_breaches(seen, window) == {1: "under"}


def test_a_reading_that_is_too_old_is_in_no_breach_and_its_darkness_still_counts() -> None:
    seen = lanes((1, 9, 1, False), (2, 10, 1, False), (3, 9, 0, True), (5, 9, 3, False))

    state = network_state(seen, PLACES, Holds(NOBODY, np.zeros(0, np.int32), stale_before_ms=10))

    assert {key: n for key, n in state.breaches.items() if n} == {("urban", "under"): 1}
    assert state.n_held == {"communication": 0, "declared_window": 0, "stale": 2}
    assert state.interruptions["rural"] == 1
    assert state.high == []


def test_a_point_above_20_percent_is_named_with_its_highest_voltage() -> None:
    (found,) = network_state(lanes((3, 9, 3, False), (2, 9, 2, False)), PLACES).high

    assert (found.point, found.feeder, found.highest_v, found.nominal_v) == (
        "P3",
        "F2",
        275.0,
        220.0,
    )


def test_areas_have_all_points_of_the_registry() -> None:
    assert area_points(PLACES) == {"urban": 2, "rural": 1, "special_remote": 0, "none": 2}


NOON_MS = 1_772_424_000_000
QUARTER_MS = 900_000


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "is_edge"),
    [
        (-QUARTER_MS + 1, 2**62, True),  # it went within the reading, and lasts
        (-1, 2**62, True),
        (0, 2**62, False),  # it went when the reading was over
        (-3 * QUARTER_MS, -QUARTER_MS + 1, True),  # it came back within the reading
        (-3 * QUARTER_MS, -QUARTER_MS, False),
        (-QUARTER_MS + 10, -QUARTER_MS + 20, True),  # it was away for a moment
    ],
)
def test_a_reading_in_which_supply_went_or_came_back_is_no_breach(
    from_ms: int, to_ms: int, is_edge: bool
) -> None:
    held = holds((1, NOON_MS + from_ms, NOON_MS + to_ms if to_ms < 2**62 else to_ms))

    state = network_state(lanes((1, NOON_MS, 1, False)), PLACES, held)

    assert state.breaches.get(("urban", "under"), 0) == (0 if is_edge else 1)
    assert sum(state.n_held.values()) == 0  # its outage tells it


def test_an_outage_takes_no_breach_of_other_points_nor_one_above_the_band() -> None:
    held = holds((2, 0, 2**62), (3, 0, 2**62), (3, NOON_MS, 2**62))

    state = network_state(
        lanes((1, NOON_MS, 1, False), (2, NOON_MS, 2, False), (3, NOON_MS, 3, False)), PLACES, held
    )

    assert {key: n for key, n in state.breaches.items() if n} == {
        ("urban", "under"): 1,
        ("urban", "over"): 1,
        ("rural", "high"): 1,
    }


def holds(*interrupted: tuple[int, int, int]) -> Holds:
    """Make what keeps breaches from being counted of interruptions (point, from, to)."""
    points, from_ms, to_ms = zip(*interrupted, strict=True)
    return Holds(
        silent=NOBODY,
        declared=np.zeros(0, np.int32),
        interrupted=Interrupted(
            np.array(points, np.int32), np.array(from_ms, np.int64), np.array(to_ms, np.int64)
        ),
    )
