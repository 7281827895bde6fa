"""Minutes of several readings: what is shown, what closes them, what moves a lane."""

from collections.abc import Sequence

import pytest

import kernels
from kernels.layout import CELL_NONE
from tests.kernels.builders import NO_LIMITS, KernelLog, empty_pages, reading_columns, room_for
from tests.oracle.assignments import Assignment
from tests.oracle.ledger import PageKey
from tests.oracle.words import (
    NOTHING,
    Candidate,
    Outcome,
    Quality,
    Rank,
    Reading,
    candidate,
)

HOUR = 472_222
HOUR_MS = HOUR * 3_600_000
FOLDED, DUPLICATE, LATE = Outcome.FOLDED, Outcome.DUPLICATE, Outcome.LATE


def device(interval_s: int, *, n_phases: int = 1) -> Assignment:
    return Assignment(
        device_id=1, point_id=1, nominal_mv=220_000, interval_s=interval_s, n_phases=n_phases
    )


def read(at_s: float, volts: float | None = 220.0, quality: int = Quality.GOOD) -> Reading:
    """Return a reading that starts this many seconds into the hour."""
    stamp_ms = HOUR_MS + round(at_s * 1000)
    return Reading("meter", stamp_ms, stamp_ms, volts, quality=quality)


def fold(interval_s: int, log: Sequence[Reading]) -> tuple[list[Outcome], KernelLog]:
    kernel = KernelLog({"meter": [device(interval_s)]})
    return kernel.fold(log).outcomes, kernel


def minute_of(kernel: KernelLog, minute: int = 0) -> Candidate:
    page = kernel.ledger().pages.get(PageKey(1, HOUR))
    return page.minutes[0][minute] if page else NOTHING


@pytest.mark.parametrize(
    ("interval_s", "n_read", "share"),
    [
        (1, 29, None),
        (1, 30, 3),
        (1, 37, 3),
        (1, 38, 4),
        (1, 45, 5),
        (1, 53, 6),
        (1, 59, 6),
        (1, 60, 7),
        (2, 14, None),
        (2, 15, 3),
        (5, 6, 3),
        (10, 2, None),
        (10, 3, 3),
        (10, 4, 4),
        (10, 5, 5),
        (15, 2, 3),
        (20, 1, None),
        (20, 2, 4),
        (30, 1, 3),
        (30, 2, 7),
    ],
)
def test_a_minute_is_shown_from_its_half_on_at_each_further_eighth(
    interval_s: int, n_read: int, share: int | None
) -> None:
    log = [read(number * interval_s) for number in range(n_read)]

    _, kernel = fold(interval_s, log)

    assert minute_of(kernel) == (NOTHING if share is None else candidate(Rank.GOOD, share, 0))


@pytest.mark.parametrize(
    ("n_read", "found"),
    [
        (29, NOTHING),
        (30, candidate(Rank.GOOD, 4, 0)),
        (53, candidate(Rank.GOOD, 7, 0)),
        (60, candidate(Rank.GOOD, 7, 0)),
    ],
)
def test_the_lane_closes_a_minute_two_minutes_later(n_read: int, found: Candidate) -> None:
    log = [*(read(number) for number in range(n_read)), read(120)]

    _, kernel = fold(1, log)

    assert minute_of(kernel) == found


@pytest.mark.parametrize(
    ("n_good", "n_estimated", "n_invalid", "found"),
    [
        (30, 30, 0, candidate(Rank.GOOD, 4, 0)),
        (29, 1, 30, candidate(Rank.ESTIMATED, 4, 0)),
        (0, 30, 0, candidate(Rank.ESTIMATED, 4, 0)),
        (0, 60, 0, candidate(Rank.ESTIMATED, 7, 0)),
        (29, 0, 1, candidate(Rank.INVALID, 4, CELL_NONE)),
        (15, 14, 15, candidate(Rank.INVALID, 4, CELL_NONE)),
        (15, 14, 14, NOTHING),
        (0, 0, 60, candidate(Rank.INVALID, 7, CELL_NONE)),
        (0, 29, 29, NOTHING),
    ],
)
def test_the_best_source_with_half_of_the_readings_wins(
    n_good: int, n_estimated: int, n_invalid: int, found: Candidate
) -> None:
    qualities = [
        *[Quality.GOOD] * n_good,
        *[Quality.ESTIMATED] * n_estimated,
        *[Quality.INVALID] * n_invalid,
    ]
    log = [read(number, quality=quality) for number, quality in enumerate(qualities)]

    _, kernel = fold(1, [*log, read(120)])

    assert minute_of(kernel) == found


def test_a_minute_is_the_root_of_the_mean_of_squares() -> None:
    # The mean of 198 and 242 V is 220 V, the root of the mean of their squares 221.0973 V.
    _, kernel = fold(30, [read(0, 198.0), read(30, 242.0)])

    assert minute_of(kernel) == candidate(Rank.GOOD, 7, 50)


def test_of_two_readings_of_one_place_the_first_in_the_log_counts() -> None:
    outcomes, kernel = fold(30, [read(0, 220.0), read(0.4, 242.0), read(30, 220.0)])

    assert outcomes == [FOLDED, DUPLICATE, FOLDED]
    assert minute_of(kernel) == candidate(Rank.GOOD, 7, 0)


@pytest.mark.parametrize(
    ("at_s", "place"), [(-0.499, 0), (0.5, 0), (0.501, 1), (1.5, 1), (58.6, 59)]
)
def test_a_reading_takes_the_place_whose_midpoint_it_covers(at_s: float, place: int) -> None:
    outcomes, _ = fold(1, [read(place), read(at_s)])

    assert outcomes == [FOLDED, DUPLICATE]


def test_two_minutes_are_open() -> None:
    log = [read(60), read(0), read(125), read(61), read(1)]

    outcomes, _ = fold(1, log)

    assert outcomes == [FOLDED, FOLDED, FOLDED, FOLDED, LATE]


@pytest.mark.parametrize(
    ("interval_s", "ahead_s", "outcome"),
    [
        (1, 179, FOLDED),
        (1, 180, LATE),
        (60, 180, FOLDED),
        (60, 240, LATE),
        (900, 2 * 900 - 60 * 13, FOLDED),
        (900, 900 + 180, LATE),
    ],
)
def test_a_stamp_more_than_two_minutes_ahead_does_not_move_the_lane(
    interval_s: int, ahead_s: int, outcome: Outcome
) -> None:
    outcomes, _ = fold(interval_s, [read(0), read(ahead_s)])

    assert outcomes == [FOLDED, outcome]


@pytest.mark.parametrize("interval_s", [1, 60, 900])
def test_a_second_stamp_nearby_moves_the_lane(interval_s: int) -> None:
    first = read(36_000)
    second = read(36_000 + interval_s)

    outcomes, _ = fold(interval_s, [read(0), first, second, read(interval_s)])

    assert outcomes == [FOLDED, LATE, FOLDED, LATE]


@pytest.mark.parametrize(
    ("interval_s", "reach_ms"), [(1, 120_000), (30, 120_000), (60, 180_000), (900, 1_020_000)]
)
@pytest.mark.parametrize("direction", [1, -1])
def test_nearby_is_as_far_as_a_lane_moves_without_confirmation(
    interval_s: int, reach_ms: int, direction: int
) -> None:
    ahead = read(36_000)
    at_reach = ahead._replace(stamp_ms=ahead.stamp_ms + direction * reach_ms)
    beyond = ahead._replace(stamp_ms=at_reach.stamp_ms + direction)

    near, _ = fold(interval_s, [read(0), ahead, at_reach])
    far, _ = fold(interval_s, [read(0), ahead, beyond])

    assert near == [FOLDED, LATE, FOLDED]
    assert far == [FOLDED, LATE, LATE]


@pytest.mark.parametrize("interval_s", [1, 60, 900])
def test_a_repeated_stamp_confirms_no_jump(interval_s: int) -> None:
    ahead = read(36_000)

    outcomes, _ = fold(interval_s, [read(0), ahead, ahead, ahead, read(interval_s)])

    assert outcomes == [FOLDED, LATE, LATE, LATE, FOLDED]


def test_two_stamps_far_from_each_other_confirm_no_jump() -> None:
    outcomes, _ = fold(1, [read(0), read(1000), read(2000), read(1000), read(1)])

    assert outcomes == [FOLDED, LATE, LATE, LATE, FOLDED]


def test_a_lane_that_moves_forgets_the_stamp_ahead() -> None:
    outcomes, _ = fold(1, [read(0), read(1000), read(60), read(1001), read(61)])

    assert outcomes == [FOLDED, LATE, FOLDED, LATE, FOLDED]


@pytest.mark.parametrize(
    ("interval_s", "back_s", "outcome"),
    [
        (60, 60, FOLDED),
        (60, 120, LATE),
        (900, 29 * 60, FOLDED),
        (900, 44 * 60, LATE),
    ],
)
def test_readings_of_a_minute_or_more_are_late_before_twice_their_length(
    interval_s: int, back_s: int, outcome: Outcome
) -> None:
    at_s = 3600 + interval_s - 60  # its last minute is 60

    outcomes, _ = fold(interval_s, [read(3600), read(at_s - back_s)])

    assert outcomes == [FOLDED, outcome]


def test_a_complete_minute_is_final_before_the_lane_closes_it() -> None:
    log = [read(number, quality=Quality.ESTIMATED) for number in range(60)]

    _, before = fold(1, log[:59])
    _, after = fold(1, log)

    assert minute_of(before) == NOTHING
    assert minute_of(after) == candidate(Rank.ESTIMATED, 7, 0)


def test_a_fold_stops_where_its_pages_are_full_and_goes_on() -> None:
    # KernelLog starts with room for one reading, and grows by that.
    log = [read(3600 * hour) for hour in range(20)]

    outcomes, kernel = fold(3600, log)

    assert outcomes == [FOLDED] * 20
    assert sorted(kernel.ledger().pages) == [PageKey(1, HOUR + hour) for hour in range(20)]
    assert int(kernel.pages.used[0]) == 20


@pytest.mark.parametrize(("n_heads", "n_planes"), [(2, 9), (3, 2)])
def test_one_reading_may_open_three_pages(n_heads: int, n_planes: int) -> None:
    # It closes the last minute of one hour and the first of the next, and jumps to a third.
    estimates = [read(3540, quality=Quality.ESTIMATED), read(3600, quality=Quality.ESTIMATED)]
    kernel = KernelLog({"meter": [device(30)]})
    kernel.fold([*estimates, read(36_000)])
    confirming = reading_columns([read(36_030)], kernel.first_lane)

    narrow, wide = empty_pages(n_heads, n_planes), empty_pages(3, 3)
    refused = kernels.fold(kernel.lanes, narrow, confirming, NO_LIMITS, 0, room_for(1))
    done = kernels.fold(kernel.lanes, wide, confirming, NO_LIMITS, 0, room_for(1))

    assert (refused, done) == (0, 1)
    assert [int(n_used) for n_used in (*narrow.used, *wide.used)] == [0, 0, 3, 3]


def test_hours_are_found_in_any_order_of_their_pages() -> None:
    # 3600 s readings reach two hours; the window of a lane reaches back two of them.
    half = [read(1800 + 3600 * hour, 220.0 + hour) for hour in (2, 1, 3, 2, 4)]

    _, kernel = fold(3600, half)

    hours = [page.minutes[0][59].cell for _, page in sorted(kernel.ledger().pages.items())]
    assert hours == [46, 91, 137, 182, CELL_NONE]
