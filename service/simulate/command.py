"""The command ``voltpass simulate``."""

from pathlib import Path
from typing import Literal, TypedDict, Unpack

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from service.simulate.plan import SimulationPlan, plan_of
from service.simulate.simulation import Made, simulate_into
from service.simulate.summary import summary_table

_DEFAULT = SimulationPlan()


class _Given(TypedDict):
    """The options that are fields of the plan."""

    seed: int
    meters: int
    feeders: int
    days: int
    start: str
    interval_s: int
    wire_format: Literal["arrow", "json"]


@click.command(short_help="Make the data of a simulated district whose truth is known.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the result; empty, or not there yet.",
)
@click.option("--seed", type=int, default=_DEFAULT.seed, show_default=True)
@click.option(
    "--meters", type=int, default=_DEFAULT.meters, show_default=True, help="All there are."
)
@click.option("--feeders", type=int, default=_DEFAULT.feeders, show_default=True)
@click.option("--days", type=int, default=_DEFAULT.days, show_default=True)
@click.option(
    "--start",
    metavar="DAY",
    default=_DEFAULT.start,
    show_default=True,
    help="The first day, on the clocks of China.",
)
@click.option(
    "--interval",
    "interval_s",
    type=int,
    metavar="SECONDS",
    default=_DEFAULT.interval_s,
    show_default=True,
    help="Length of a reading: whole minutes that divide an hour.",
)
@click.option(
    "--format",
    "wire_format",
    type=click.Choice(["arrow", "json"]),
    default=_DEFAULT.wire_format,
    show_default=True,
    help="Of the messages with readings.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any number of the plan, like events.last_gasp_lost_share=0.6; may be given again. "
    "docs/simulation.md lists them.",
)
def simulate(out: Path, settings: tuple[str, ...], **given: Unpack[_Given]) -> None:
    """Make registry, readings, meter events, declarations and the truth of a district, into --out.

    The same options give the same bytes. The files are described in docs/simulation.md.
    """
    plan = plan_of(dict(given), settings)
    console = Console(stderr=True)
    made = _with_progress(out, plan, console)
    console.print(summary_table(plan, made))
    console.print(f"written to {out}; what really happened is in {out / 'truth'}")


def _with_progress(out: Path, plan: SimulationPlan, console: Console) -> Made:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} feeder days"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("readings", total=None)
        return simulate_into(
            out, plan, lambda done, of_all: bar.update(task, completed=done, total=of_all)
        )
