"""The whole simulation: the same bytes for the same plan, in bounded memory, complete or refused."""

import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.errors.simulation import SimulationError
from service.simulate.command import simulate
from service.simulate.network_building import build_network
from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.readings import FeederReadings
from service.simulate.scenario import draw_scenario
from service.simulate.simulation import simulate_into
from tests.simulate.district import SMALL, District, digest, make

pytestmark = pytest.mark.slow

TINY: dict[str, object] = {"meters": 60, "feeders": 2, "days": 2}


def test_the_same_plan_gives_the_same_bytes_and_another_seed_others(
    district: District, tmp_path: Path
) -> None:
    again = make(tmp_path / "again")
    other = make(tmp_path / "other", seed=8)

    assert digest(again.out) == digest(district.out)
    assert digest(other.out / "readings") != digest(district.out / "readings")
    for name in ("points.csv", "outages.csv", "meter_events.jsonl", "truth/point_outages.csv"):
        assert (other.out / name).read_bytes() != (district.out / name).read_bytes(), name


def test_what_happens_does_not_depend_on_how_it_is_delivered(
    district: District, tmp_path: Path
) -> None:
    lossy = make(tmp_path / "lossy", "delivery.reading_lost_share=0.2", "events.delayed_share=0.5")

    for name in ("points.csv", "outages.csv", "truth/outages.csv"):
        assert (lossy.out / name).read_bytes() == (district.out / name).read_bytes(), name


def test_more_days_take_no_more_memory(tmp_path: Path) -> None:
    short, long = (_peak_bytes(tmp_path / str(days), days) for days in (2, 10))

    assert long < 1.3 * short


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(SimulationError, match="is not empty; choose another --out"):
        simulate_into(tmp_path, SimulationPlan())

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    options = ["--meters", "60", "--feeders", "2", "--days", "1", "--set", "grid.mv_share=0.05"]

    result = CliRunner().invoke(simulate, ["--out", str(tmp_path / "out"), *options])

    assert result.exit_code == 0, result.output
    assert "meters" in result.stderr
    assert (tmp_path / "out/truth/figures.json").exists()


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    simulate_into(
        tmp_path / "out", plan_of(TINY, []), lambda done, of_all: told.append((done, of_all))
    )

    assert told[-1] == (4, 4)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("given", "settings", "says"),
    [
        ({"interval_s": 420}, [], "interval is 420 s; allowed: 60, 120"),
        ({"meters": 40, "feeders": 2}, [], "40 meters are too few for 2 feeders; at least 50"),
        ({"start": "2026-02-30"}, [], "2026-02-30"),
        ({"days": 0}, [], "days"),
        ({}, ["grid.mv_share"], "write section.name=value"),
        ({}, ["grid.mv_shares=0.1"], "unknown field `mv_shares`.*known settings: grid.meters"),
        ({}, ["grids.mv_share=0.1"], "unknown field `grids`"),
        ({}, ["seed.x=1"], "seed is no section"),
        ({}, ["events.last_gasp_lost_share=1.5"], "<= 1.0.*events.last_gasp_lost_share"),
        ({}, ["events.last_gasp_lost_share=much"], "Expected `float`, got `str`"),
        ({}, ["events.hold_off_min_s=60"], "hold_off_min_s is 60.0, above"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_can(
    given: dict[str, object], settings: list[str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(SimulationError, match=says):
        simulate_into(tmp_path, plan_of({**SMALL, **given}, settings))


def _peak_bytes(out: Path, days: int) -> int:
    """Return the most memory that the readings of a feeder took, without its outages."""
    quiet = [
        f"{section}.{name}=0"
        for section, names in {
            "faults": ("feeder_faults", "transformer_faults", "customer_faults", "reclosed"),
            "operation": ("maintenance", "temporary", "rationing"),
        }.items()
        for name in names
    ]
    plan = plan_of({"meters": 300, "feeders": 1, "days": days}, quiet)
    network = build_network(plan)
    readings = FeederReadings(plan, network, network.feeders[0], draw_scenario(plan, network))
    tracemalloc.start()
    try:
        for _ in readings.write(out):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
