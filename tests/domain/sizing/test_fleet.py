"""The simulated fleet, held against what can be worked out by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from service.domain.sizing.coefficients import (
    Coefficients,
    RecordedCheckpoint,
    load_coefficients,
)
from service.domain.sizing.fleet import Fleet, simulate_fleet

FLEET = Fleet(n_consumers=4, n_partitions=32, n_points=40_000, database_cores=4, until_s=301.0)


def known(*, server_us: int = 10_000, client_us: int = 2000) -> Coefficients:
    """Coefficients with checkpoints that always take the same for a thousand points."""
    recorded = tuple(
        RecordedCheckpoint(
            with_pages=with_pages, client_us=Decimal(client_us), server_us=Decimal(server_us)
        )
        for with_pages in (True, False)
    )
    return replace(load_coefficients(), recorded=recorded)


def test_a_lone_consumer_does_what_it_would_on_paper() -> None:
    alone = replace(FLEET, n_consumers=1, n_partitions=8, n_points=10_000)

    report = simulate_fleet(alone, known())

    # Ten thousand points: 20 ms of its own, 100 ms of the server, 5 ms to commit, every five seconds.
    assert report.checkpoint_p99_s == pytest.approx(0.125)
    assert report.checkpoints_per_s == pytest.approx(1 / 5, rel=0.02)
    assert report.busy_cores == pytest.approx(0.1 / 5, rel=0.02)
    assert report.pages_per_s == pytest.approx(10_000 * 5 / 60, rel=0.05)
    assert report.age_p99_s == pytest.approx(5.125)
    assert report.open_most == 1


@pytest.mark.parametrize("n_consumers", [1, 8, 64])
def test_consumers_with_cores_enough_do_not_feel_each_other(n_consumers: int) -> None:
    fleet = replace(
        FLEET,
        n_consumers=n_consumers,
        n_partitions=8 * n_consumers,
        n_points=10_000 * n_consumers,
        database_cores=64,
    )

    report = simulate_fleet(fleet, known())

    assert report.checkpoint_p99_s == pytest.approx(0.125)
    assert report.busy_cores == pytest.approx(n_consumers * 0.02, rel=0.02)


def test_a_database_without_cores_enough_makes_figures_old() -> None:
    asked = replace(FLEET, n_consumers=64, n_partitions=512, n_points=640_000)

    enough = simulate_fleet(replace(asked, database_cores=4), known())
    short = simulate_fleet(replace(asked, database_cores=1), known())

    assert enough.age_p99_s < 5.5
    assert short.busy_cores == pytest.approx(1.0, rel=0.02)
    assert short.age_p99_s > 1.2 * enough.age_p99_s
    assert short.open_most > enough.open_most


def test_a_hot_partition_slows_its_own_consumer_only() -> None:
    even = simulate_fleet(FLEET, known())

    hot = simulate_fleet(replace(FLEET, hot_factor=30.0), known())

    assert hot.checkpoint_p50_s < even.checkpoint_p50_s  # the others have less
    assert hot.checkpoint_most_s > 2 * even.checkpoint_most_s


def test_after_a_death_all_wait_and_then_catch_up() -> None:
    fleet = replace(FLEET, dies_at_s=100.0)

    report = simulate_fleet(fleet, known())

    assert 30.0 < report.stopped_s < 33.0  # the session's timeout, then letting go and restoring
    assert report.stopped_s < report.age_most_s < report.stopped_s + 12.0
    # Twice as fast as readings come: the stop's backlog takes about as long as the stop.
    assert 2 * report.stopped_s - 12 < report.recovered_s < 2 * report.stopped_s + 12


def test_without_headroom_nothing_is_caught_up() -> None:
    report = simulate_fleet(replace(FLEET, dies_at_s=100.0, headroom=1.0), known())

    assert report.recovered_s > 190.0  # to the end


def test_the_same_seed_gives_the_same_result_and_another_one_another() -> None:
    recorded = load_coefficients()

    assert simulate_fleet(FLEET, recorded) == simulate_fleet(FLEET, recorded)
    assert simulate_fleet(FLEET, recorded) != simulate_fleet(replace(FLEET, seed=2), recorded)
