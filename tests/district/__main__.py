"""``python -m tests.district``: simulate a district, run it through the service, hold it against its truth."""

import asyncio
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from service.simulate.plan import plan_of
from service.simulate.simulation import simulate_into
from tests.district.run import Options, answered
from tests.district.scorecard import Line, apart, scorecard, told_of
from tests.simulate.district import District

_N_SHOWN = 10  # of what is wrong, a line


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--meters", type=int, default=20_000, show_default=True)
@click.option("--feeders", type=int, default=60, show_default=True)
@click.option("--days", type=int, default=30, show_default=True)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="As in voltpass simulate."
)
@click.option("--real", is_flag=True, help="On Apache Kafka and TimescaleDB.")
@click.option(
    "--within", "within_s", type=float, default=3 * 3600, show_default=True, metavar="SECONDS"
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    help="Folder for files and logs, left there; a district that is there already is taken as it is.",
)
def main(
    settings: tuple[str, ...], real: bool, within_s: float, keep: Path | None, **given: int
) -> None:
    """Print the scorecard; the exit status is 1 when a limit is missed."""
    console = Console(stderr=True, soft_wrap=True)

    def tell(text: str) -> None:
        console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/dim] {text}")

    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary) / "district"
        plan = plan_of(dict(given), settings)
        if not (folder / "truth/figures.json").exists():
            simulate_into(folder, plan, lambda _done, _all: None)
            tell(f"simulated into {folder}")
        district = District(folder, plan)
        answers = asyncio.run(answered(district, Options(real, within_s, tell)))
        told = told_of(district, answers)
        lines = scorecard(district, answers, told)
        _show(Console(), f"seed {plan.seed}", lines, apart(district, answers, told))
    sys.exit(0 if all(line.is_kept for line in lines) else 1)


def _show(console: Console, title: str, lines: list[Line], beside: list[tuple[str, int]]) -> None:
    table = Table(title=f"A simulated district against its truth, {title}", title_justify="left")
    for heading in ("figure", "found", "limit", ""):
        table.add_column(heading)
    for line in lines:
        table.add_row(line.name, line.value, line.limit, "kept" if line.is_kept else "MISSED")
    console.print(table)
    for name, n in beside:
        console.print(f"{name}: {n:,}")
    for line in lines:
        for one in line.wrong[:_N_SHOWN]:
            console.print(f"{line.name}: {one}", markup=False)


if __name__ == "__main__":
    main()
