"""How long an event lasted that readings showed: each edge is known to one interval, either way."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from service.domain.event_bounds import SeenEvent, duration_bounds_s

START = datetime(2024, 3, 1, tzinfo=UTC)


def seen(earliest_s: float, start_s: float, end_s: float, latest_s: float) -> SeenEvent:
    earliest_at, start_at, end_at, latest_at = (
        START + timedelta(seconds=each) for each in (earliest_s, start_s, end_s, latest_s)
    )
    return SeenEvent(earliest_at=earliest_at, start_at=start_at, end_at=end_at, latest_at=latest_at)


@pytest.mark.parametrize(
    ("event", "interval_s", "bounds"),
    [
        (seen(0, 0, 10, 10), 1, (Fraction(8), Fraction(12))),
        (seen(0, 0, 1, 1), 1, (Fraction(1, 100), Fraction(3))),
        (seen(0, 0, 60, 60), 60, (Fraction(1, 100), Fraction(180))),
        (seen(0, 0, 300, 300), 60, (Fraction(180), Fraction(420))),
        (
            seen(-5, 0, 10.5, 13),
            1,
            (Fraction(17, 2), Fraction(20)),
        ),  # readings were missing on both sides
        (seen(0, 0, 0, 0), 1, (Fraction(1, 100), Fraction(2))),
    ],
)
def test_the_shortest_and_the_longest(
    event: SeenEvent, interval_s: int, bounds: tuple[Fraction, Fraction]
) -> None:
    assert duration_bounds_s(event, interval_s, 50) == bounds


def test_half_a_cycle_goes_by_the_frequency() -> None:
    shortest, _ = duration_bounds_s(seen(0, 0, 1, 1), 1, 60)

    assert shortest == Fraction(1, 120)
