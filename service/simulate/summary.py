"""What was made, as a table for people."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich.table import Table

from service.simulate.network import NO_UNIT, Role
from service.simulate.plan import SimulationPlan
from service.simulate.simulation import Made


def summary_table(plan: SimulationPlan, made: Made) -> Table:
    """Return the table that ends the command."""
    table = Table(title=f"simulated district, seed {plan.seed}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in [*_network_rows(made), *_happening_rows(made), *_file_rows(made)]:
        table.add_row(name, value)
    return table


def _network_rows(made: Made) -> Iterator[tuple[str, str]]:
    network = made.network
    roles = Counter(network.points.role.tolist())
    n_collecting = sum(one.home_unit != NO_UNIT for one in network.concentrators)
    yield "feeders", f"{len(network.feeders):,}"
    yield "public transformers", f"{sum(unit.is_public for unit in network.units):,}"
    yield "  of them with a terminal meter", f"{roles[Role.TERMINAL]:,}"
    yield "concentrators", f"{n_collecting:,}"
    yield "customers, low voltage", f"{roles[Role.CUSTOMER]:,}"
    yield "customers, 10 kV", f"{roles[Role.MEDIUM_VOLTAGE]:,}"
    yield "meters", f"{network.points.n_points:,}"
    yield "  of them fall silent without supply", f"{int(np.sum(network.points.self_powered)):,}"
    yield "  of them sleep at 0 V", f"{int(np.sum(network.points.sleeps)):,}"
    yield "  of them without transformer input", f"{roles[Role.RESERVE]:,}"


def _happening_rows(made: Made) -> Iterator[tuple[str, str]]:
    outages = made.scenario.outages
    kinds = Counter(outage.kind for outage in outages)
    yield "outages", f"{len(outages):,}"
    for kind, n in sorted(kinds.items()):
        yield f"  {kind.replace('_', ' ')}", f"{n:,}"
    n_silent = sum(not outage.leaves_evidence for outage in outages)
    yield "  of them without any evidence", f"{n_silent:,}"
    if made.scenario.n_left_out:
        yield "  left out, no time was free", f"{made.scenario.n_left_out:,}"
    n_points = sum(outage.extent.points.size for outage in outages)
    yield "outages of single points", f"{n_points:,}"
    yield "losses of communication", f"{len(made.scenario.losses):,}"


def _file_rows(made: Made) -> Iterator[tuple[str, str]]:
    yield "readings", f"{made.n_readings:,}"
    yield "  in files of", f"{made.n_bytes / 1e6:,.0f} MB"
    yield "meter events", f"{made.n_events:,}"
    yield "declarations", f"{made.n_declarations:,}"
    yield "fault calls", f"{made.n_calls:,}"
