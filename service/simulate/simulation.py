"""The whole district, from a plan into a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.errors.simulation import SimulationError
from service.simulate.calls import draw_calls
from service.simulate.declarations import draw_declarations
from service.simulate.meter_events import draw_events
from service.simulate.network import Network
from service.simulate.network_building import build_network
from service.simulate.plan import SimulationPlan
from service.simulate.readings import FeederReadings
from service.simulate.registry_rows import write_registry
from service.simulate.scenario import Scenario, draw_scenario
from service.simulate.told_files import write_calls, write_declarations, write_events
from service.simulate.truth import Truth, write_truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a simulation made."""

    network: Network
    scenario: Scenario
    n_readings: int  # measured; some were sent twice, some never
    n_bytes: int  # of the files of readings
    n_events: int
    n_declarations: int
    n_calls: int
    figures: dict[str, object]


def simulate_into(
    out: Path, plan: SimulationPlan, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Made:
    """Write the district of a plan into ``out``; the same plan gives the same bytes.

    A feeder's day of readings is in memory at a time. `truth/figures.json` is written last, so a folder
    without it is not complete.

    Args:
        out: A folder that is empty or not there yet.
        plan: What to simulate.
        progress: Told the number of feeders' days that are done, and of all.

    Raises:
        SimulationError: The folder has something in it, or cannot be written.
    """
    try:
        _make_empty(out)
        return _simulate(out, plan, progress)
    except OSError as error:
        raise SimulationError(f"{out} cannot be written: {error}; choose another --out") from error


def _make_empty(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise SimulationError(f"{out} is not empty; choose another --out, or empty it")


def _simulate(out: Path, plan: SimulationPlan, progress: Callable[[int, int], None]) -> Made:
    network = build_network(plan)
    scenario = draw_scenario(plan, network)
    write_registry(out, plan, network)
    declarations = draw_declarations(plan, network, scenario)
    n_declarations = write_declarations(out / "outages.csv", declarations)
    n_calls = write_calls(out / "calls.csv", draw_calls(plan, network, scenario))
    events = draw_events(plan, network, scenario)
    n_events = write_events(out / "meter_events.jsonl", network, events)
    n_readings, n_bytes = _write_readings(out / "readings", plan, network, scenario, progress)
    truth = Truth(
        plan=plan, network=network, scenario=scenario, events=events, declarations=declarations
    )
    return Made(
        network=network,
        scenario=scenario,
        n_readings=n_readings,
        n_bytes=n_bytes,
        n_events=n_events,
        n_declarations=n_declarations,
        n_calls=n_calls,
        figures=write_truth(out / "truth", truth),
    )


def _write_readings(
    folder: Path,
    plan: SimulationPlan,
    network: Network,
    scenario: Scenario,
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write all readings; return how many were measured, and the bytes that they take."""
    n_readings = n_bytes = n_done = 0
    n_all = plan.feeders * plan.days
    for feeder in network.feeders:
        readings = FeederReadings(plan, network, feeder, scenario)
        for day_readings, day_bytes in readings.write(folder):
            n_readings += day_readings
            n_bytes += day_bytes
            n_done += 1
            progress(min(n_done, n_all), n_all)
    return n_readings, n_bytes
